"""Which CA the user's settings mean, and how to reach it: what all commands that ask a CA have in common."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from typing import TypeVar

import attrs

from domain.ca.url import CaUrl, parse_ca_url
from domain.errors import UsageError, naming
from domain.formats.duration import NANOSECONDS, parse_duration
from domain.masking import mask_address
from domain.settings.setting import (
    Origin,
    Settings,
    check_unicode,
    counts,
    drop_absent,
    exclude,
    require,
    spell,
)

NEEDS = {"ca-config": "offline"}
"""Options that have no effect without another one."""

EXCLUDES = (("offline", "request-timeout"), ("offline", "timeout"))
"""Pairs of options of which one leaves the other without effect."""

INPUT_FILES = ("ca-config", "root")
"""Options that name a file to read, where `-` is standard input."""

DEFAULT_TIMEOUT, DEFAULT_REQUEST_TIMEOUT = 60 * NANOSECONDS, 15 * NANOSECONDS

_T = TypeVar("_T")


@attrs.frozen(eq=False, kw_only=True, repr=False)
class AuthorityOptions:
    """A command's settings, checked, with the CA that they mean.

    Attributes:
        ca_url: The CA's address, None where the settings have none.
        timeout, request_timeout: Nanoseconds for all requests to the CA, and for one.
        settings: All settings; those without a field here are asked for by name.
    """

    ca_url: CaUrl | None
    timeout: int
    request_timeout: int
    settings: Settings = attrs.field(repr=False)

    def flag(self, name: str) -> bool:
        """Return whether the switch is on."""
        return name in self.settings

    def text(self, name: str) -> str | None:
        """Return the option's text, None where it is not given."""
        setting = self.settings.get(name)
        return None if setting is None else str(setting.value)

    def texts(self, name: str) -> tuple[str, ...]:
        """Return the texts of a repeatable option, none where it is not given."""
        return list_texts(self.settings, name)

    def is_given(self, name: str) -> bool:
        """Return whether a flag or the environment, not only configuration, gives the option."""
        return name in self.settings and self.settings[name].origin > Origin.CONFIGURATION

    def is_flag(self, name: str) -> bool:
        """Return whether the option stands on the command line, or its counterpart in the call of a Python program."""
        return name in self.settings and self.settings[name].origin >= Origin.FLAG

    def naming(self, name: str, path: str | None = None) -> AbstractContextManager[None]:
        """Let every `InputError` within say that it is about the file of the option `name`, and what gave it.

        Args:
            name: The option's.
            path: The file, where the option may name several; one that is not the option's is named by itself.
        """
        path = path or self.text(name) or ""
        return naming(self.show(name, path), path)

    def show(self, name: str, path: str) -> str:
        """Return a file with what gave it, for errors: the option `name`, or where it is not given, nothing."""
        setting = self.settings.get(name)
        return path if setting is None else setting.shown(path)

    def spell(self, name: str) -> str:
        """Return how the user wrote the option, for errors and notices."""
        return spell(self.settings, name)


def read_authority_options(settings: Settings) -> AuthorityOptions:
    """Return what `settings` say of the CA, checked by the rules that need no other option.

    Raises:
        UsageError: the settings do not go together, or a value is malformed.
    """
    given = drop_absent(settings)
    check_texts(given)
    judge_pairs(given, NEEDS, EXCLUDES)
    return AuthorityOptions(
        ca_url=parse_option(given, "ca-url", parse_ca_url),
        timeout=parse_option(given, "timeout", _parse_timeout) or DEFAULT_TIMEOUT,
        request_timeout=parse_option(given, "request-timeout", _parse_timeout) or DEFAULT_REQUEST_TIMEOUT,
        settings=given,
    )


def judge_pairs(given: Settings, needs: Mapping[str, str], excludes: Iterable[tuple[str, str]]) -> None:
    """Check that every option has what it needs, and stands beside none that it excludes.

    Raises:
        UsageError: naming both options.
    """
    for option, missing in needs.items():
        if counts(given, option) and missing not in given:
            raise require(option, missing, given)
    for one, other in excludes:
        if counts(given, one) and counts(given, other):
            raise exclude(one, other, given)


def judge_standard_input(given: Settings, names: Iterable[str]) -> None:
    """Check that at most one of the options in `names` reads standard input.

    Raises:
        UsageError: two do.
    """
    readers = [name for name in sorted(names) if name in given for value in given[name].values() if value == "-"]
    if len(readers) > 1:
        first, second = (spell(given, name) for name in readers[:2])
        raise UsageError(f"{first} and {second} both read standard input", "give one of them a file")


def check_texts(given: Settings) -> None:
    """Check that every text is Unicode and not empty.

    Raises:
        UsageError: naming the option.
    """
    for setting in given.values():
        texts = setting.values()
        for number, text in enumerate(texts, 1):
            if text == "":
                item = f"item {number} of {len(texts)} in " if len(texts) > 1 else ""
                raise UsageError(f"{item}{setting.spelled} is empty", "give a value, or leave it out")
            if isinstance(text, str):
                check_unicode(text, setting.spelled)


def parse_option(given: Settings, name: str, parse: Callable[[str], _T]) -> _T | None:
    """Return the option's value as `parse` reads it, None where it is not given.

    Raises:
        UsageError: `parse` raised a ValueError.
    """
    if name not in given:
        return None
    text = str(given[name].value)
    try:
        return parse(text)
    except ValueError as error:
        raise UsageError(f"{given[name].shown(repr(mask_address(text)))} cannot be used", str(error)) from error


def list_texts(given: Settings, name: str) -> tuple[str, ...]:
    """Return the texts of a repeatable option, none where it is not given."""
    value = given[name].value if name in given else ()
    return value if isinstance(value, tuple) else ()


def _parse_timeout(text: str) -> int:
    nanoseconds = parse_duration(text)
    if nanoseconds <= 0:
        raise ValueError("not above zero")
    return nanoseconds
