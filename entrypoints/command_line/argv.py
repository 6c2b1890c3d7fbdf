"""A command line's words to typed values, by Go's grammar (Go, package flag; urfave/cli).

`--flag value`, `--flag=value` and one dash for either; the next word is always the value, even where
it starts with a dash; a switch never takes the next word, but takes `=true` and `=false`; a repeatable
option accumulates, of another the last one counts; `--` ends options; positional words stand anywhere.
"""

from collections.abc import Iterator, Mapping, Sequence

import attrs

from domain.errors import UsageError
from domain.settings.setting import Origin, Setting, Settings, Value, show_value
from entrypoints.command_line.options import Option, ValueKind

TRUE_WORDS = ("1", "t", "T", "TRUE", "true", "True")
FALSE_WORDS = ("0", "f", "F", "FALSE", "false", "False")
HELP_WORDS = ("-h", "--h", "-help", "--help")


@attrs.frozen
class ParsedWords:
    """What a command line says: positional words, settings, and whether it asks for help."""

    positional: tuple[str, ...]
    settings: Mapping[str, Setting]
    wants_help: bool = False


def parse_words(words: Sequence[str], options: Sequence[Option]) -> ParsedWords:
    """Return what `words`, without program and command, say by the options of the command.

    Raises:
        UsageError: an unknown option, a missing or senseless value, or two names of one option.
    """
    reader = _WordReader({name: option for option in options for name in (option.name, *option.aliases)})
    remaining = iter(words)
    for word in remaining:
        if word == "--":
            reader.positional += remaining
        elif is_help_word(word):
            if asks_for_help(word):
                return ParsedWords((), {}, wants_help=True)
        elif len(word) < 2 or word[0] != "-":
            reader.positional.append(word)
        else:
            reader.take_option(word, remaining)
    return ParsedWords(tuple(reader.positional), reader.settings)


@attrs.define
class _WordReader:
    """Takes a command line's words one after the other."""

    by_name: Mapping[str, Option]
    positional: list[str] = attrs.field(factory=list)
    settings: dict[str, Setting] = attrs.field(factory=dict)

    def take_option(self, word: str, remaining: Iterator[str]) -> None:
        """Take `word`, which starts with a dash, and its value from the words that remain."""
        name, equals, value = word[2 if word[1] == "-" else 1 :].partition("=")
        option = self.by_name.get(name)
        if option is None:
            raise _unknown(word, name, self.by_name)
        shown = f"-{name}" if len(name) == 1 else f"--{name}"
        before = self.settings.get(option.name)
        if before is not None and before.spelled != shown:
            raise UsageError(f"{before.spelled} and {shown} are the same option", "use one of the two names")
        taken: Value
        if option.kind is ValueKind.SWITCH:
            taken = parse_switch(value, shown) if equals else True
        else:
            taken = value if equals else next(remaining, "")
            if not taken:
                raise UsageError(f"{shown} needs a value", f"write {shown} <{option.metavar}>, or leave it out")
        if option.kind is ValueKind.LIST:
            earlier = before.value if before is not None and isinstance(before.value, tuple) else ()
            taken = (*earlier, str(taken))
        self.settings[option.name] = Setting(taken, Origin.FLAG, shown)


def is_help_word(word: str) -> bool:
    """Return whether `word` is the switch for help, with a value or without."""
    return word.partition("=")[0] in HELP_WORDS


def asks_for_help(word: str) -> bool:
    """Return whether the switch for help is on: without a value, or with one that is true.

    Raises:
        UsageError: its value is neither true nor false.
    """
    name, equals, value = word.partition("=")
    return not equals or parse_switch(value, name)


def parse_environment(environment: Mapping[str, str], options: Sequence[Option]) -> dict[str, Setting]:
    """Return the settings that environment variables give; an empty variable counts as absent."""
    settings: dict[str, Setting] = {}
    for option in options:
        text = environment.get(option.environment)
        if text:
            value: Value = text
            if option.kind is ValueKind.SWITCH:
                value = parse_switch(text, option.environment)
            elif option.kind is ValueKind.LIST:
                value = tuple(part.strip() for part in text.split(","))
            settings[option.name] = Setting(value, Origin.ENVIRONMENT, option.environment)
    return settings


def parse_configuration(values: Mapping[str, tuple[object, str]], options: Sequence[Option]) -> dict[str, Setting]:
    """Return the settings in configuration files: `values` maps a key to its JSON value and its file.

    Keys that are no options of this command belong to other commands of step.

    Raises:
        UsageError: a value is not of its option's kind.
    """
    settings: dict[str, Setting] = {}
    for option in options:
        for name in (option.name, *option.aliases):
            if name in values and option.name not in settings:
                value, path = values[name]
                spelled = f'"{name}" in {path}'
                settings[option.name] = Setting(_configured(value, option, spelled), Origin.CONFIGURATION, spelled)
    return settings


def complete_settings(
    given: Settings, values: Mapping[str, tuple[object, str]], options: Sequence[Option]
) -> dict[str, Setting]:
    """Return the settings `given` by flags and environment, with those of configuration (see `parse_configuration`).

    What stands there of an option that is given is not looked at.

    Raises:
        UsageError: a value is not of its option's kind.
    """
    return {**given, **parse_configuration(values, [option for option in options if option.name not in given])}


def parse_switch(text: str, spelled: str) -> bool:
    """Return what a switch's value means, in Go's spellings (Go, strconv.ParseBool)."""
    if text in TRUE_WORDS:
        return True
    if text in FALSE_WORDS:
        return False
    raise UsageError(f"{show_value(spelled, repr(text))} is neither true nor false", "write true or false")


def _configured(value: object, option: Option, spelled: str) -> Value:
    if option.kind is ValueKind.SWITCH:
        if isinstance(value, bool):
            return value
        if isinstance(value, str):
            return parse_switch(value, spelled)
    elif isinstance(value, str):
        return (value,) if option.kind is ValueKind.LIST else value
    elif isinstance(value, list) and option.kind is ValueKind.LIST and all(isinstance(v, str) for v in value):
        return tuple(value)
    wanted = {"switch": "true or false", "list": "text or a list of texts", "text": "text"}[option.kind.value]
    raise UsageError(f"{spelled} is not {wanted}", "fix the file")


def _unknown(word: str, name: str, by_name: Mapping[str, Option]) -> UsageError:
    from difflib import get_close_matches  # noqa: PLC0415  # only for the error

    shown = word.partition("=")[0]
    close = get_close_matches(name, by_name, n=1)
    return UsageError(
        f"there is no option {shown}", f"did you mean --{close[0]}?" if close else "--help lists them all"
    )
