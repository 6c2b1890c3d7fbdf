"""From the words of the command line to the command that they name."""

from collections.abc import Sequence

from domain.errors import UsageError
from entrypoints.argv import HELP_WORDS, parse_words
from entrypoints.commands import COMMANDS, VERSION, Command
from entrypoints.dispatch import dispatch
from entrypoints.help import describe_command, describe_program
from entrypoints.runs import RUNS, print_text


def run_words(words: Sequence[str]) -> int:
    """Run the command line `words`, without the program's name, and return its exit status.

    Raises:
        StepOttError: it cannot be done.
    """
    rest = list(words)
    if rest[:1] == ["ca"]:
        del rest[0]
    if not rest or rest[0] in HELP_WORDS:
        return print_text(describe_program())
    if rest[0] in ("--version", "-version"):
        rest[0] = VERSION.name
    if rest[0] == "help":
        if rest[1:2] in ([], *([word] for word in HELP_WORDS)):
            return print_text(describe_program())
        rest = [rest[1], "--help"]
    command = _find_command(rest[0])
    parsed = parse_words(rest[1:], command.options)
    if parsed.wants_help:
        return print_text(describe_command(command))
    return dispatch(command.name, parsed.positional, parsed.settings, RUNS)


def _find_command(word: str) -> Command:
    for command in COMMANDS:
        if command.name == word:
            return command
    listed = ", ".join(command.name for command in COMMANDS)
    raise UsageError(f"there is no command {word!r}", f"the commands are {listed}")
