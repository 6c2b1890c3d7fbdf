"""One line of a batch: a subject, or a JSON object with a subject and what differs from the defaults.

A line that begins with `#` is a comment, one that begins with `{` an object, any other that is not blank a bare
subject. Lists come in many formats (names with aliases, columns, notes at the end of a line, JSON), so a bare subject
has nothing in it that parts one field from another or quotes one, does not begin as a list or an option does, and
has nothing that cannot be seen; what has is written as an object. A member that is null is as one left out. A list
takes the place of the default's, an empty one too; the members of `set` are laid over the default's; an empty text is
refused.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any
from unicodedata import category

import attrs

from domain.errors import InputError
from domain.formats import json_text
from domain.settings.setting import Origin, Setting, Settings, Value

MAX_LINE_BYTES = 32 << 10
"""Longer lines are refused."""

SUBJECT = "subject"

COMMENT = "#"

_WHITE_SPACE = " \t\v\f\r"
"""What may stand around a subject, an object or a comment, such as the carriage return of a Windows line."""

_is_plain = re.compile(r"""[^][{} ,#"';\\-][^ ,#"';\\]*""").fullmatch
"""Whether a text that can be printed may be a bare subject: one check, for every line passes it."""

_BEGINNINGS = {
    "[": "write one subject per line (jq -r '.[]')",
    "]": "write one subject per line (jq -r '.[]')",
    "}": "write each JSON object on one line (jq -c)",
    "-": "give options on the command line, and one subject per line",
}
"""What a bare subject cannot begin with, and what to do."""

_MARKS = {
    COMMENT: ("'#'", "put the comment on a line of its own"),
    ",": ("a comma", "write one subject per line"),
    ";": ("a semicolon", "write one subject per line"),
    '"': ("a quotation mark", "remove it"),
    "'": ("an apostrophe", "remove it"),
    "\\": ("a backslash", "remove it"),
}
"""What a bare subject cannot contain, and what to do."""

_UNSEEN = {"Cc": "control", "Cf": "invisible"}
"""Categories of Unicode that a bare subject has nothing of, and what their characters are called."""

_TRANSLATED = {end: f"end lines with line feeds (tr '{shown}' '\\n')" for end, shown in (("\r", r"\r"), ("\0", r"\0"))}
"""What to do about characters that end a line elsewhere."""

_MAX_SHOWN = 200
"""A longer subject is not repeated in the error."""


@attrs.define  # made for every line, and a third of the time of a frozen one
class BatchLine:
    """What one line asks for.

    Attributes:
        subject: Of the token, not judged yet.
        settings: Options that go before the defaults, by name.
    """

    subject: str
    settings: Settings = attrs.field(factory=dict)


def is_comment(line: bytes) -> bool:
    """Return whether the line is for people alone, whatever its length and encoding."""
    return line.lstrip(_WHITE_SPACE.encode()).startswith(COMMENT.encode())


def read_bare(line: bytes) -> str | None:
    """Return the subject of a line that is a bare one, which JSON writes as it stands; None for any other line."""
    try:
        text = line.decode().strip(_WHITE_SPACE)
    except UnicodeDecodeError:
        return None
    return text if _is_plain(text) and text.isprintable() and len(line) <= MAX_LINE_BYTES else None


def read_line(line: bytes) -> BatchLine | None:
    """Return what `line` asks for, None where there is nothing on it but white space or a comment.

    Raises:
        InputError: it is too long, not UTF-8, a bare subject that must be an object, or one that cannot be used.
    """
    if len(line) > MAX_LINE_BYTES:
        _check_comment(line, InputError(f"the line is over {MAX_LINE_BYTES} bytes", "shorten it"))
        return None
    try:
        text = line.decode().strip(_WHITE_SPACE)
    except UnicodeDecodeError:
        _check_comment(line, InputError("the line is not UTF-8", "convert it to UTF-8"))
        return None
    if not text or text[0] == COMMENT:
        return None
    if text[0] == "{":
        return _read_object(text)
    if read_bare(line) is None:
        _check_bare(text)
    return BatchLine(text)


def _check_comment(line: bytes, error: InputError) -> None:
    """Raise the error, unless the line is a comment."""
    if not is_comment(line):
        raise error


def _check_bare(text: str) -> None:
    """Look what a bare subject has in it.

    Raises:
        InputError: something that a subject hardly has; it says how to write that if it is meant.
    """
    if (inner := _read_quoted(text)) is not None:
        raise InputError("a bare subject cannot be a JSON string in quotes", f"use jq -r, or write {_write(inner)}")
    if (oddity := _find_oddity(text)) is not None:
        fault, fix = oddity
        raise InputError(f"a bare subject cannot {fault}", f"{fix}, or write this subject as {_write(text)}")


def _write(subject: str) -> str:
    """Return the object with the subject, in ASCII alone, so that what cannot be seen can."""
    written = json.dumps({SUBJECT: subject})
    return written if len(written) <= _MAX_SHOWN else f'{{"{SUBJECT}": …}}'


def _read_quoted(text: str) -> str | None:
    """Return what a JSON string holds, one in the middle of a list too; None where the text is not one."""
    if text[0] != '"':
        return None
    try:
        inner = json_text.parse(text.removesuffix(","))
    except ValueError:
        return None
    return inner if isinstance(inner, str) else None


def _find_oddity(text: str) -> tuple[str, str] | None:
    """Return what a bare subject cannot do, and what to do where that is not meant; None for nothing."""
    if fix := _BEGINNINGS.get(text[0]):
        return f"begin with '{text[0]}'", fix
    for mark, (name, fix) in _MARKS.items():
        if mark in text:
            return f"contain {name}", fix
    if any(map(str.isspace, text.replace("\r", ""))):
        return "contain white space", "write one subject per line"
    for character in text:
        if kind := _UNSEEN.get(category(character)):
            return (
                f"contain the {kind} character U+{ord(character):04X}",
                _TRANSLATED.get(character, "remove it"),
            )
    return None  # it may have characters that this Python does not know yet


def _read_object(text: str) -> BatchLine:
    try:
        members = json_text.parse(text)
    except ValueError as error:
        raise InputError(f"the line is not a JSON object: {error}", "fix it") from error
    unknown = [name for name in members if name != SUBJECT and name not in _MEMBERS]
    if unknown:
        known = ", ".join((SUBJECT, *_MEMBERS))
        raise InputError(f"unknown member {json_text.describe(unknown[0])}", f"the members are {known}")
    if not isinstance(members.get(SUBJECT), str):
        raise InputError('"subject" is missing or not text', "name what the token is for")
    return BatchLine(members[SUBJECT], dict(_read_settings(members)))


def _read_settings(members: Mapping[str, Any]) -> Any:
    for name, (option, read) in _MEMBERS.items():
        if members.get(name) is None:
            continue
        try:
            yield option, Setting(read(members[name]), Origin.FLAG, f'"{name}"')
        except ValueError as error:
            raise InputError(f'"{name}" is {error}', "fix the line") from error


def _read_text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("not text")
    if not value:
        raise ValueError("empty")
    return value


def _read_texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError("not a list of texts")
    return tuple(value)


def _read_assignments(value: Any) -> tuple[str, ...]:
    """Return an object as --set would be given it, a member each."""
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    if any("=" in name or not name for name in value):
        raise ValueError("an object with a name that is empty or has '=' in it, which cannot be set")
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
