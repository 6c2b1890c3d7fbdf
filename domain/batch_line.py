"""One line of a batch: a subject, or a JSON object with a subject and what differs from the defaults.

A line that begins with `{` is an object, any other that is not blank a subject; a subject that begins so or
has white space around it is written as an object. A member that is null is as one left out. A list takes the
place of the default's, an empty one too; the members of `set` are laid over the default's; an empty text is
refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from domain import json_text
from domain.errors import InputError
from domain.setting import Origin, Setting

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from domain.setting import Settings, Value

MAX_LINE_BYTES = 32 << 10
"""Longer lines are refused."""

SUBJECT = "subject"

_WHITE_SPACE = " \t\v\f\r"
"""What may stand around a subject or an object; other white space, such as of Unicode, belongs to the subject."""


@attrs.define  # made for every line, and a third of the time of a frozen one
class BatchLine:
    """What one line asks for.

    Attributes:
        subject: Of the token, not judged yet.
        settings: Options that go before the defaults, by name.
    """

    subject: str
    settings: Settings = attrs.field(factory=dict)


def read_line(line: bytes) -> BatchLine | None:
    """Return what `line` asks for, None where there is nothing on it but white space.

    Raises:
        InputError: it is too long, not UTF-8, or an object that cannot be used.
    """
    if len(line) > MAX_LINE_BYTES:
        raise InputError(f"the line is over {MAX_LINE_BYTES} bytes", "shorten it")
    try:
        text = line.decode().strip(_WHITE_SPACE)
    except UnicodeDecodeError as error:
        raise InputError("the line is not UTF-8", "write it anew") from error
    if not text:
        return None
    return _read_object(text) if text[0] == "{" else BatchLine(text)


def _read_object(text: str) -> BatchLine:
    try:
        members = json_text.parse(text)
    except ValueError as error:
        raise InputError(f"the line is no JSON object: {error}", "mend it") from error
    unknown = [name for name in members if name != SUBJECT and name not in _MEMBERS]
    if unknown:
        known = ", ".join((SUBJECT, *_MEMBERS))
        raise InputError(f"there is no member {json_text.describe(unknown[0])}", f"the members are {known}")
    if not isinstance(members.get(SUBJECT), str):
        raise InputError('"subject" is missing or no text', "name whom the token is for")
    return BatchLine(members[SUBJECT], dict(_read_settings(members)))


def _read_settings(members: Mapping[str, Any]) -> Any:
    for name, (option, read) in _MEMBERS.items():
        if members.get(name) is None:
            continue
        try:
            yield option, Setting(read(members[name]), Origin.FLAG, f'"{name}"')
        except ValueError as error:
            raise InputError(f'"{name}" is {error}', "mend the line") from error


def _read_text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("no text")
    if not value:
        raise ValueError("empty")
    return value


def _read_texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError("no list of texts")
    return tuple(value)


def _read_assignments(value: Any) -> tuple[str, ...]:
    """Return an object as --set would be given it, a member each."""
    if not isinstance(value, dict):
        raise ValueError("no JSON object")
    if any("=" in name or not name for name in value):
        raise ValueError("an object with a name that is empty or has '=' in it, which --set cannot carry")
    return tuple(f"{name}={json_text.serialize(item)}" for name, item in value.items())


_MEMBERS: Mapping[str, tuple[str, Callable[[Any], Value]]] = {
    "sans": ("san", _read_texts),
    "principals": ("principal", _read_texts),
    "not_before": ("not-before", _read_text),
    "not_after": ("not-after", _read_text),
    "cert_not_before": ("cert-not-before", _read_text),
    "cert_not_after": ("cert-not-after", _read_text),
    "cnf": ("cnf", _read_text),
    "set": ("set", _read_assignments),
}
"""The members of a line: the option that each stands for, and how its value is read."""
