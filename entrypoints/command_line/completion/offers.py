"""What can stand at the cursor of a command line, whatever the shell, by the tables of commands and options."""

from collections.abc import Callable, Mapping, Sequence

from entrypoints.command_line.commands import Command
from entrypoints.command_line.grammar import OPTIONS_END, index_options, strip_dashes, take_apart
from entrypoints.command_line.options import Option, ValueKind

PROGRAM_SWITCHES = (("--help", "describe the program"), ("--version", "print the version"))
COMMAND_SWITCHES = (("-h", "describe the command"), ("--help", "describe the command"))
"""Options that the table of options does not have, and what they do."""

GROUP_MEANINGS = {"ca": "certificates, and the CA itself", "ssh": "SSH certificates"}
"""What commands have in common whose first word this is."""

WORDS, FILES, FOLDERS = "words", "files", "folders"
_MEANT = {"file": FILES, "chain": FILES, "folder": FOLDERS} | dict.fromkeys(
    ("-", "dns", "duration", "email", "ip", "time", "token", "uri"), WORDS
)
"""Words of a placeholder that stand for something else, and what completes that."""

Offers = tuple[str, str, Sequence[tuple[str, str]]]
"""Whether names of `FILES` or `FOLDERS` can stand at the cursor, else `WORDS`; the beginning of the current word that
these follow, as in `--format=`; and all words that can stand there, whatever is typed of one, each with its meaning."""

Know = Callable[[str, Mapping[str, str], Sequence[Option]], Sequence[tuple[str, str]]]
"""Gives the names that are known of a kind (see `Option.known`), by the options that are given, and all of them."""


def find_offers(words: Sequence[str], commands: Sequence[Command], know: Know) -> Offers:
    """Return what can stand in place of the last of `words`, which are those behind the program's name."""
    *before, current = words
    asks_help = before[:1] == ["help"] or before[:2] == ["ca", "help"]
    typed = before[before.index("help") + 1 :] if asks_help else before
    named = dict[str, str]()
    for command in commands:
        for name in _list_names(command):
            if not asks_help and typed[: len(name)] == name:
                return _continue_command(command, typed[len(name) :], current, know)
            if name[: len(typed)] == typed:
                is_whole = len(name) == len(typed) + 1
                named[name[len(typed)]] = command.summary if is_whole else GROUP_MEANINGS.get(name[len(typed)], "")
    if before in ([], ["ca"]):
        named["help"] = "describe a command"
    return WORDS, "", [*(PROGRAM_SWITCHES if current[:1] == "-" and not before else ()), *named.items()]


def _list_names(command: Command) -> list[list[str]]:
    """Return the words that a command can be called by."""
    name = command.name.split()
    return [name, ["ca", *name]] if len(name) == 1 else [name]


def _continue_command(command: Command, before: Sequence[str], current: str, know: Know) -> Offers:
    by_name = index_options(command.options)
    given: dict[str, str] = {}
    option, value, is_positional, has_ended = None, None, True, False
    for written, option, value in take_apart(before, by_name):
        has_ended = has_ended or (written, value) == OPTIONS_END
        is_positional = is_positional and bool(written)
        if option is not None:
            given[option.name] = value or ""
    written, equals, _ = current.partition("=")
    kept = ""
    if option is None or value is not None or option.kind == ValueKind.SWITCH:  # no value is missing
        if has_ended or current[:1] != "-":
            return offer_value(command.positional if is_positional else "")
        if not equals:
            free = [one for one in command.options if one.kind == ValueKind.LIST or one.name not in given]
            return WORDS, "", [*((name, one.help) for one in free for name in one.spellings()), *COMMAND_SWITCHES]
        option, kept = by_name.get(strip_dashes(written)), written + equals
    if option is not None and option.known:
        return WORDS, kept, know(option.known, given, command.options)
    return offer_value("" if option is None else option.metavar, kept)


def offer_value(placeholder: str, kept: str = "") -> Offers:
    """Return what can stand for a value that the help shows as `placeholder`, behind what is `kept`.

    That is an option's metavar or a command's positional words, as in `<token|file|->`. Words joined by `|` are the
    choices themselves, unless one of them stands for something else.
    """
    words = placeholder.strip("[<>]").split("|")
    meant = {_MEANT[word] for word in words if word in _MEANT}
    choices = words if len(words) > 1 and not meant else []
    return FILES if FILES in meant else FOLDERS if FOLDERS in meant else WORDS, kept, [(one, "") for one in choices]
