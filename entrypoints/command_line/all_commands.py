"""All commands, and which of them a command line names."""

from collections.abc import Sequence

from domain.errors import UsageError
from entrypoints.command_line.ca_commands import CA_COMMANDS
from entrypoints.command_line.commands import TOKEN_COMMANDS, Command
from entrypoints.command_line.enroll_commands import ENROLL_COMMANDS
from entrypoints.command_line.ssh_commands import SSH_COMMANDS

COMMANDS: Sequence[Command] = (*TOKEN_COMMANDS, *ENROLL_COMMANDS, *SSH_COMMANDS, *CA_COMMANDS)


def find_command(words: Sequence[str]) -> tuple[Command, list[str]]:
    """Return the command that the words begin with, and the words behind its name.

    Raises:
        UsageError: there is no such command.
    """
    for command in COMMANDS:
        name = command.name.split()
        if list(words[: len(name)]) == name:
            return command, list(words[len(name) :])
    begun = [command.name for command in COMMANDS if command.name.startswith(f"{words[0]} ")]
    typed = " ".join(words[:2]) if begun else words[0]
    listed = ", ".join(begun or [command.name for command in COMMANDS])
    raise UsageError(f"there is no command {typed!r}", f"the commands are {listed}")
