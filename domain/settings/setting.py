"""A value of an option, with where it comes from: flag, then environment, then configuration."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import IntEnum
from typing import TypeAlias

import attrs

from domain.errors import MissingSettingError, StepOttError, UsageError

Value: TypeAlias = str | bool | tuple[str, ...]


AMBIENT = frozenset(
    {
        "ca-config",
        "ca-url",
        "context",
        "force",
        "kid",
        "kms",
        "password-file",
        "provisioner",
        "provisioner-password-file",
        "request-timeout",
        "root",
        "timeout",
    }
)
"""Options that describe a place or a habit, not a request: environment and configuration may hold them for
whatever request uses them, and only a flag that can have no effect is refused."""


class Origin(IntEnum):
    """Where a setting comes from; a higher one wins. An argument is one of a function, in a Python program."""

    CONFIGURATION = 1
    ENVIRONMENT = 2
    FLAG = 3
    ARGUMENT = 4


@attrs.frozen(repr=False)
class Setting:
    """An option's value.

    Attributes:
        value: Text, a boolean, or a tuple of texts, by the option's kind.
        origin: Where it comes from.
        spelled: How the user wrote its name: `--san`, `STEP_SAN`, or a key and its file.
    """

    value: Value
    origin: Origin
    spelled: str

    def values(self) -> tuple[str | bool, ...]:
        """Return its value, or each of several."""
        return self.value if isinstance(self.value, tuple) else (self.value,)

    def shown(self, text: str) -> str:
        """Return what gave `text`, its value or one of several, with the text: `--root ca.crt`."""
        return show_value(self.spelled, text)


def show_value(spelled: str, text: str) -> str:
    """Return the name of an option as the user wrote it, with a value: a key and its file want a colon between."""
    return f"{spelled}{':' if ' ' in spelled else ''} {text}"


Settings: TypeAlias = Mapping[str, Setting]
"""Settings by the option's name, without dashes in front."""


def layer(*layers: Settings) -> dict[str, Setting]:
    """Return the settings of all `layers`; for an option in several, the one of the highest origin."""
    merged: dict[str, Setting] = {}
    for settings in layers:
        for name, setting in settings.items():
            if name not in merged or setting.origin > merged[name].origin:
                merged[name] = setting
    return merged


def drop_absent(settings: Settings) -> dict[str, Setting]:
    """Return the settings without booleans that are false and values that are empty."""
    return {name: setting for name, setting in settings.items() if setting.value not in (False, "", ())}


def spell(settings: Settings, name: str) -> str:
    """Return how the user wrote the option `name`, or how it would be written as a flag."""
    setting = settings.get(name)
    return f"--{name}" if setting is None else setting.spelled


_FLAG = re.compile(r"(?<![\w-])--([a-z0-9]+(?:-[a-z0-9]+)*)(?![\w-])")


def respell(error: StepOttError, settings: Settings) -> StepOttError:
    """Return the error with the options that it is about named as the user wrote them.

    Who knows no settings names options as flags: at the beginning of what happened, and in the advice.
    """

    def replace(flag: re.Match[str]) -> str:
        return spell(settings, flag[1])

    begin = _FLAG.match(error.what)
    what = error.what
    if begin is not None:
        rest = what[begin.end() :]
        what = replace(begin) + rest
        if begin[1] in settings and _begins_with_value(rest, settings[begin[1]]):
            what = settings[begin[1]].shown(rest[1:])
    return type(error)(what, _FLAG.sub(replace, error.fix))


def _begins_with_value(rest: str, setting: Setting) -> bool:
    """Return whether what follows the option's name is its value, as it is or in quotes."""
    return any(rest.startswith((f" {value} ", f" {value!r}")) for value in setting.values())


@contextmanager
def naming_sources(settings: Settings) -> Iterator[None]:
    """Let every error within name what gave the settings that it is about (see `respell`)."""
    try:
        yield
    except StepOttError as error:
        raise respell(error, settings) from error


def counts(given: Settings, name: str) -> bool:
    """Return whether the setting is there and must have an effect on this very request."""
    return name in given and (name not in AMBIENT or given[name].origin >= Origin.FLAG)


def exclude(one: str, other: str, given: Settings) -> UsageError:
    """Return the error for two options that cannot stand together."""
    first, second = spell(given, one), spell(given, other)
    return UsageError(f"{first} and {second} cannot be used together", "leave one of them out")


def require(option: str, missing: str, given: Settings) -> MissingSettingError:
    """Return the error for an option that needs another one."""
    asking, wanted = spell(given, option), spell(given, missing)
    return MissingSettingError(f"{asking} needs {wanted}", f"add {wanted}, or leave {asking} out")


def check_unicode(text: str, whose: str) -> None:
    """Check that `text`, which `whose` names in the error, is Unicode: what JSON can carry.

    Raises:
        UsageError: it came from bytes that are not UTF-8.
    """
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise UsageError(f"{whose} is not UTF-8", "tokens and settings carry only Unicode text") from error


def is_folder_name(value: object) -> bool:
    """Return whether something is a text by which a folder can be called within another."""
    return isinstance(value, str) and value not in ("", ".", "..") and "/" not in value and "\0" not in value
