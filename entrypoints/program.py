"""From the words of the command line to the command that they name."""

from collections.abc import Sequence

from entrypoints.command_line.commands import COMPLETE, TOKEN_COMMANDS, VERSION, Command

_ALSO_BEHIND_CA = frozenset({"help", "--version", "-version", *(command.name for command in TOKEN_COMMANDS)})


def run_words(words: Sequence[str]) -> int:
    """Run the command line `words`, without the program's name, and return its exit status.

    Raises:
        StepOttError: it cannot be done.
    """
    if words and words[0] == COMPLETE:
        from entrypoints.command_line.all_commands import COMMANDS  # noqa: PLC0415
        from entrypoints.wiring.completion import complete  # noqa: PLC0415

        return complete(words[1:], COMMANDS)
    from entrypoints.lean_imports import OF_ATTRS, OF_CRYPTOGRAPHY, import_without, leaving_out  # noqa: PLC0415

    import_without("attrs", OF_ATTRS)
    from entrypoints.command_line.argv import is_help_word, parse_words  # noqa: PLC0415

    rest = _read_name(words)
    asks_help = rest[:1] == ["help"]
    if asks_help:
        rest = _read_name(rest[1:])
    if not rest or is_help_word(rest[0]):
        return _print_help()
    if rest[0] in ("--version", "-version"):
        rest[0] = VERSION.name
    command, rest = _find_command(rest)
    parsed = parse_words(["--help"] if asks_help else rest, command.options, command.name)
    if parsed.wants_help:
        return _print_help(command)
    from entrypoints.command_line.dispatch import dispatch  # noqa: PLC0415
    from entrypoints.commands import run_command  # noqa: PLC0415

    with leaving_out(OF_CRYPTOGRAPHY):
        return dispatch(command.name, parsed.positional, parsed.settings, run_command)


def _read_name(words: Sequence[str]) -> list[str]:
    """Return a command's words, nothing where the program's help is asked for; `ca token` is `token`."""
    from entrypoints.command_line.argv import drop_refused_help, is_help_word  # noqa: PLC0415

    rest = drop_refused_help(words)
    if rest[:1] not in (["ca"], ["ssh"]):
        return rest
    behind = drop_refused_help(rest[1:])
    if not behind or is_help_word(behind[0]):
        return []
    return behind if rest[0] == "ca" and behind[0] in _ALSO_BEHIND_CA else [rest[0], *behind]


def _find_command(words: Sequence[str]) -> tuple[Command, list[str]]:
    """Return the command that the words begin with, and the words behind its name; most are about tokens."""
    for command in TOKEN_COMMANDS:
        if command.name == words[0]:
            return command, list(words[1:])
    from entrypoints.command_line.all_commands import find_command  # noqa: PLC0415

    return find_command(words)


def _print_help(command: Command | None = None) -> int:
    """Print the help of a command, or of the program, and return the exit status 0."""
    from entrypoints.command_line.help import describe_command, describe_program  # noqa: PLC0415
    from entrypoints.wiring.output import print_text  # noqa: PLC0415

    return print_text(describe_program() if command is None else describe_command(command))
