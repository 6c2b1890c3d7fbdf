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
    _refuse_known(words)
    begun = [command.name for command in COMMANDS if command.name.startswith(f"{words[0]} ")]
    typed = " ".join(words[:2]) if begun else words[0]
    listed = ", ".join(begun or [command.name for command in COMMANDS])
    raise UsageError(f"there is no command {typed!r}", f"the commands are {listed}")


def _refuse_known(words: Sequence[str]) -> None:
    """Refuse a command of step's by its name."""
    from entrypoints.command_line.refused_commands import REFUSED_COMMANDS  # noqa: PLC0415  # only for the error

    for name, (why, fix) in REFUSED_COMMANDS.items():
        if list(words[: len(name.split())]) == name.split():
            raise UsageError(f"{name!r} is a command of step alone: {why}", fix)
