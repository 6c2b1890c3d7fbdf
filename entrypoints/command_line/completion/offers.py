"""What can stand at the cursor of a command line, whatever the shell, by the tables of commands and options."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from entrypoints.command_line.commands import Command
from entrypoints.command_line.grammar import OPTIONS_END, index_options, strip_dashes, take_apart
from entrypoints.command_line.options import Option, ValueKind

PROGRAM_WORDS = (("help", "describe a command"),)
"""Words that stand where a command stands and are none, and what they do."""

PROGRAM_SWITCHES = (("--help", "describe the program"), ("--version", "print the version"))
COMMAND_SWITCHES = (("-h", "describe the command"), ("--help", "describe the command"))
"""Options that the table of options does not have, and what they do."""

WORDS, FILES, FOLDERS = "words", "files", "folders"

_FILES = {"file", "chain"}
_FOLDERS = {"folder"}
_FREE = {"-", "dns", "duration", "email", "ip", "time", "token", "uri"}

Described = Sequence[tuple[str, str]]
"""Words, each with what it means."""

Know = Callable[[str, Mapping[str, str], Sequence[Option]], Described]
"""Gives the names that are known of a kind (see `Option.known`), by the options that are given, and all of them."""


class Offers:
    """What can stand at the cursor.

    Attributes:
        words: All words that can, whatever of the current one is typed.
        names: `FILES` or `FOLDERS` where names of such can stand as well, else `WORDS`.
        kept: The beginning of the current word that a name or a word of these follows, such as `--format=`.
    """

    def __init__(self, words: Iterable[tuple[str, str]] = (), names: str = WORDS, kept: str = "") -> None:
        self.words = list(words)
        self.names = names
        self.kept = kept


def find_offers(words: Sequence[str], commands: Sequence[Command], know: Know) -> Offers:
    """Return what can stand in place of the last of `words`, which are those behind the program's name."""
    *before, current = words
    if before[:1] == ["ca"]:
        del before[0]
    named = [*((command.name, command.summary) for command in commands), *PROGRAM_WORDS]
    if not before:
        return Offers([*(PROGRAM_SWITCHES if current[:1] == "-" else ()), *named])
    for command in commands:
        if command.name == before[0]:
            return _continue_command(command, before[1:], current, know)
    return Offers(named if before == ["help"] else ())


def _continue_command(command: Command, before: Sequence[str], current: str, know: Know) -> Offers:
    by_name = index_options(command.options)
    given: dict[str, str] = {}
    option, value, is_positional, has_ended = None, None, True, False
    for written, option, value in take_apart(before, by_name):
        has_ended = has_ended or (written, value) == OPTIONS_END
        is_positional = is_positional and bool(written)
        if option is not None:
            given[option.name] = value or ""

    def offer_option(option: Option, kept: str = "") -> Offers:
        known = know(option.known, given, command.options) if option.known else ()
        return Offers(known, kept=kept) if option.known else offer_value(option.metavar, kept)

    if option is not None and value is None and option.kind != ValueKind.SWITCH:
        return offer_option(option)
    if has_ended or current[:1] != "-":
        return offer_value(command.positional if is_positional else "")
    written, equals, _ = current.partition("=")
    if equals:
        option = by_name.get(strip_dashes(written))
        return Offers() if option is None else offer_option(option, written + equals)
    free = [option for option in command.options if option.kind == ValueKind.LIST or option.name not in given]
    rows = [(spelling, option.help) for option in free for spelling in option.spellings()]
    return Offers([*rows, *COMMAND_SWITCHES])


def offer_value(placeholder: str, kept: str = "") -> Offers:
    """Return what can stand for a value that the help shows as `placeholder`.

    Args:
        placeholder: An option's metavar or a command's positional words, as in `<token|file|->`. Words joined by
            `|` are the choices themselves, unless one of them stands for something else.
        kept: As in `Offers`.
    """
    words = placeholder.strip("<>").split("|")
    if len(words) > 1 and not {*words} & {*_FILES, *_FOLDERS, *_FREE}:
        return Offers(((word, "") for word in words), kept=kept)
    return Offers(names=FILES if {*words} & _FILES else FOLDERS if {*words} & _FOLDERS else WORDS, kept=kept)
