"""From the words of the command line to the command that they name."""

from collections.abc import Sequence

from domain.errors import UsageError
from entrypoints.command_line.argv import HELP_WORDS, asks_for_help, is_help_word, parse_words
from entrypoints.command_line.commands import COMMANDS, VERSION, Command
from entrypoints.command_line.completion.shells import COMPLETE
from entrypoints.command_line.dispatch import dispatch
from entrypoints.command_line.help import describe_command, describe_program
from entrypoints.runs import RUNS, print_text


def run_words(words: Sequence[str]) -> int:
    """Run the command line `words`, without the program's name, and return its exit status.

    Raises:
        StepOttError: it cannot be done.
    """
    if words[:1] == [COMPLETE]:
        from entrypoints.wiring.completion import complete  # noqa: PLC0415

        return complete(words[1:], COMMANDS)
    rest = _drop_refused_help(words)
    if rest[:1] == ["ca"]:
        rest = _drop_refused_help(rest[1:])
    if not rest or is_help_word(rest[0]):
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


def _drop_refused_help(words: Sequence[str]) -> list[str]:
    """Return the words without those in front that say that help is not wanted, such as `--help=false`."""
    rest = list(words)
    while rest and is_help_word(rest[0]) and not asks_for_help(rest[0]):
        del rest[0]
    return rest


def _find_command(word: str) -> Command:
    for command in COMMANDS:
        if command.name == word:
            return command
    listed = ", ".join(command.name for command in COMMANDS)
    raise UsageError(f"there is no command {word!r}", f"the commands are {listed}")
