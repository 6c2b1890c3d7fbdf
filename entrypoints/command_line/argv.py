"""A command line's words to typed values: the options of a command by `grammar`, and their values by Go's spellings.

A switch takes `=true` and `=false`; a repeatable option accumulates, of another the last one counts.
"""

from collections.abc import Mapping, Sequence

from domain.errors import UsageError
from domain.settings.setting import Origin, Setting, Settings, Value, show_value
from entrypoints.command_line.grammar import OPTIONS_END, index_options, strip_dashes, take_apart
from entrypoints.command_line.options import Option, ValueKind

TRUE_WORDS = ("1", "t", "T", "TRUE", "true", "True")
FALSE_WORDS = ("0", "f", "F", "FALSE", "false", "False")
HELP_WORDS = ("-h", "--h", "-help", "--help")


class ParsedWords:
    """What a command line says: positional words, settings, and whether it asks for help."""

    def __init__(self, positional: Sequence[str], settings: Mapping[str, Setting], wants_help: bool = False) -> None:
        self.positional = tuple(positional)
        self.settings = settings
        self.wants_help = wants_help


def parse_words(words: Sequence[str], options: Sequence[Option], command: str = "") -> ParsedWords:
    """Return what `words`, without program and command, say by the options of the command.

    Args:
        words: The words.
        options: The command's.
        command: Its name, by which options of step's are known that it does not take.

    Raises:
        UsageError: an unknown option, a missing or senseless value, or two names of one option.
    """
    by_name = index_options(options)
    positional: list[str] = []
    settings: dict[str, Setting] = {}
    for written, option, value in take_apart(words, by_name):
        if not written:
            positional.append(value or "")
        elif is_help_word(written):
            if value is None or parse_switch(value, written):
                return ParsedWords((), {}, wants_help=True)
        elif option is not None:
            settings[option.name] = _take_option(written, option, value, settings.get(option.name))
        elif (written, value) != OPTIONS_END:
            raise _unknown(written, by_name, command)
    return ParsedWords(positional, settings)


def _take_option(written: str, option: Option, value: str | None, before: Setting | None) -> Setting:
    """Return the setting that an option and its value make, after what was given of it `before`."""
    name = strip_dashes(written)
    shown = f"-{name}" if len(name) == 1 else f"--{name}"
    if before is not None and before.spelled != shown:
        raise UsageError(f"{before.spelled} and {shown} are the same option", "use one of the two names")
    taken: Value = value or ""
    if option.kind == ValueKind.SWITCH:
        taken = value is None or parse_switch(value, shown)
    elif not value:
        raise UsageError(f"{shown} needs a value", f"write {shown} <{option.metavar}>, or leave it out")
    elif option.kind == ValueKind.LIST:
        taken = (*(before.value if before is not None and isinstance(before.value, tuple) else ()), value)
    return Setting(taken, Origin.FLAG, shown)


def drop_refused_help(words: Sequence[str]) -> list[str]:
    """Return the words without those in front that say that help is not wanted, such as `--help=false`.

    Raises:
        UsageError: the value of one is neither true nor false.
    """
    rest = list(words)
    while rest and is_help_word(rest[0]):
        name, equals, value = rest[0].partition("=")
        if not equals or parse_switch(value, name):
            break
        del rest[0]
    return rest


def is_help_word(word: str) -> bool:
    """Return whether `word` is the switch for help, with a value or without."""
    return word.partition("=")[0] in HELP_WORDS


def parse_environment(environment: Mapping[str, str], options: Sequence[Option]) -> dict[str, Setting]:
    """Return the settings that environment variables give; an empty variable counts as absent."""
    settings: dict[str, Setting] = {}
    for option in options:
        text = environment.get(option.environment)
        if text:
            value: Value = text
            if option.kind == ValueKind.SWITCH:
                value = parse_switch(text, option.environment)
            elif option.kind == ValueKind.LIST:
                value = tuple(part.strip() for part in text.split(","))
            settings[option.name] = Setting(value, Origin.ENVIRONMENT, option.environment)
    return settings


def complete_settings(
    given: Settings, values: Mapping[str, tuple[object, str]], options: Sequence[Option]
) -> dict[str, Setting]:
    """Return the settings `given` by flags and environment, with those in configuration files.

    What stands there of an option that is given is not looked at; keys that are no options of this command belong to
    other commands of step.

    Args:
        values: A key to its JSON value and its file.

    Raises:
        UsageError: a value is not of its option's kind.
    """
    settings = dict(given)
    for option in options:
        for name in (option.name, *option.aliases):
            if name in values and option.name not in settings:
                value, path = values[name]
                spelled = f'"{name}" in {path}'
                settings[option.name] = Setting(_configured(value, option, spelled), Origin.CONFIGURATION, spelled)
    return settings


def parse_switch(text: str, spelled: str) -> bool:
    """Return what a switch's value means, in Go's spellings (Go, strconv.ParseBool)."""
    if text in TRUE_WORDS:
        return True
    if text in FALSE_WORDS:
        return False
    raise UsageError(f"{show_value(spelled, repr(text))} is neither true nor false", "write true or false")


def _configured(value: object, option: Option, spelled: str) -> Value:
    if option.kind == ValueKind.SWITCH:
        if isinstance(value, bool):
            return value
        if isinstance(value, str):
            return parse_switch(value, spelled)
    elif isinstance(value, str):
        return (value,) if option.kind == ValueKind.LIST else value
    elif isinstance(value, list) and option.kind == ValueKind.LIST and all(isinstance(v, str) for v in value):
        return tuple(value)
    wanted = {"switch": "true or false", "list": "text or a list of texts", "text": "text"}[option.kind]
    raise UsageError(f"{spelled} is not {wanted}", "fix the file")


def _unknown(written: str, by_name: Mapping[str, Option], command: str) -> UsageError:
    from difflib import get_close_matches  # noqa: PLC0415  # only for the error

    from entrypoints.command_line.refused_options import REFUSED  # noqa: PLC0415  # likewise

    name = strip_dashes(written)
    if name in REFUSED.get(command, {}):
        why, fix = REFUSED[command][name]
        return UsageError(f"{written} is an option of step alone: {why}", fix)

    close = get_close_matches(name, by_name, n=1)
    return UsageError(
        f"there is no option {written}", f"did you mean --{close[0]}?" if close else "--help lists them all"
    )


def take_none(positional: Sequence[str], command: str) -> None:
    """Refuse any positional word."""
    if positional:
        raise UsageError(f"{command} takes no {positional[0]!r}", "leave it out")


def take_one(positional: Sequence[str], command: str, what: str, fix: str) -> str:
    """Return the only positional word."""
    if len(positional) != 1:
        raise UsageError(f"{command} takes one {what}", fix)
    return positional[0]


def take_pair(positional: Sequence[str], command: str, first: str, second: str) -> tuple[str, str]:
    """Return the two positional words."""
    if len(positional) != 2:
        raise UsageError(f"{command} takes {first} and {second}", "name both")
    return positional[0], positional[1]


def take_certificate_and_key(positional: Sequence[str], command: str) -> tuple[str, str]:
    """Return the two positional words: the file of a certificate, and that of its key."""
    return take_pair(positional, command, "the file of a certificate", "that of its key")


def take_output_file(positional: Sequence[str], command: str) -> str | None:
    """Return the only positional word, the file to write; None where there is none, and the output is printed."""
    if len(positional) > 1:
        raise UsageError(f"{command} takes one file, not {len(positional)}", "leave the others out")
    if positional and positional[0] in ("", "-"):
        raise UsageError(f"{positional[0]!r} is not a file to write", "leave it out to have it printed")
    return positional[0] if positional else None


def take_token(positional: Sequence[str], command: str) -> str:
    """Return the only positional word, which is a token or says where one is."""
    fix = "give it as it is, as a file, or - for standard input"
    word = take_one(positional, command, "token", fix)
    if not word.strip():
        raise UsageError("the token is empty", fix)
    return word
