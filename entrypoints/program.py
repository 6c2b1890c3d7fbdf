"""From the words of the command line to the command that they name."""

from collections.abc import Sequence

from domain.errors import UsageError
from entrypoints.command_line.commands import COMMANDS, COMPLETE, VERSION, Command


def run_words(words: Sequence[str]) -> int:
    """Run the command line `words`, without the program's name, and return its exit status.

    Raises:
        StepOttError: it cannot be done.
    """
    if words and words[0] == COMPLETE:
        from entrypoints.wiring.completion import complete  # noqa: PLC0415

        return complete(words[1:], COMMANDS)
    from entrypoints.lean_imports import OF_ATTRS, OF_CRYPTOGRAPHY, import_without, leaving_out  # noqa: PLC0415

    import_without("attrs", OF_ATTRS)
    from entrypoints.command_line.argv import HELP_WORDS, drop_refused_help, is_help_word, parse_words  # noqa: PLC0415

    rest = drop_refused_help(words)
    if rest[:1] == ["ca"]:
        rest = drop_refused_help(rest[1:])
    if not rest or is_help_word(rest[0]):
        return _print_help()
    if rest[0] in ("--version", "-version"):
        rest[0] = VERSION.name
    if rest[0] == "help":
        if rest[1:2] in ([], *([word] for word in HELP_WORDS)):
            return _print_help()
        rest = [rest[1], "--help"]
    command = _find_command(rest[0])
    parsed = parse_words(rest[1:], command.options)
    if parsed.wants_help:
        return _print_help(command)
    from entrypoints.command_line.dispatch import dispatch  # noqa: PLC0415
    from entrypoints.commands import run_command  # noqa: PLC0415

    names = [each.name for each in COMMANDS]
    with leaving_out(OF_CRYPTOGRAPHY):
        return dispatch(command.name, parsed.positional, parsed.settings, names, run_command)


def _find_command(word: str) -> Command:
    for command in COMMANDS:
        if command.name == word:
            return command
    listed = ", ".join(command.name for command in COMMANDS)
    raise UsageError(f"there is no command {word!r}", f"the commands are {listed}")


def _print_help(command: Command | None = None) -> int:
    """Print the help of a command, or of the program, and return the exit status 0."""
    from entrypoints.command_line.help import describe_command, describe_program  # noqa: PLC0415
    from entrypoints.wiring.output import print_text  # noqa: PLC0415

    return print_text(describe_program() if command is None else describe_command(command))
