"""JSON as step-ca reads a token's: leniently, and no two members alike (go-jose, its fork of encoding/json).

Names of members are told apart by case. Bytes that are not UTF-8, and halves of surrogate pairs, are U+FFFD each.
A member that appears twice fails the object that is read, but not one that is passed over.
"""

import json
import re
from typing import Any

from domain.formats.json_text import MAX_DEPTH, Number, refuse_constant

_ESCAPED_BYTE = re.compile("[\udc80-\udcff]")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_ESCAPE = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<half>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)
_MAX_PLAIN_DIGITS = 15
"""A longer whole number may be another one in the CA, which reads floats of 64 bits: its digits are kept."""


class RepeatedMembers(dict[str, Any]):
    """An object in which a member appears twice: nothing that step-ca can read, where it reads it."""


class NestedTooDeeplyError(ValueError):
    """A text has more levels than step-ott reads; step-ca may read it."""


def parse(data: bytes) -> Any:
    """Return what step-ca reads in a JSON text.

    Returns:
        dict, list, str, int, bool, None or `Number`; `RepeatedMembers` for an object that cannot be read.

    Raises:
        NestedTooDeeplyError: it has over 64 levels.
        ValueError: it is not JSON.
    """
    text = _ESCAPED_BYTE.sub("\ufffd", data.decode("utf-8", "surrogateescape"))
    _check_depth(text)
    if "\\u" in text:
        text = _ESCAPE.sub(_complete_escape, text)
    try:
        return json.loads(
            text,
            object_pairs_hook=_read_members,
            parse_float=Number,
            parse_int=_read_integer,
            parse_constant=refuse_constant,
        )
    except json.JSONDecodeError as error:
        raise ValueError(f"{error.msg} at character {error.pos + 1}") from error


def can_be_decoded(value: Any) -> bool:
    """Return whether Go reads a value whose type nobody names: no member twice, no number beyond 64-bit floats."""
    remaining = [value]
    while remaining:
        item = remaining.pop()
        if isinstance(item, RepeatedMembers) or (isinstance(item, Number) and is_overflowing(item)):
            return False
        if isinstance(item, dict):
            remaining.extend(item.values())
        elif isinstance(item, list):
            remaining.extend(item)
    return True


def is_overflowing(number: Number) -> bool:
    """Return whether a number lies beyond floats of 64 bits, where Go reads none (Go, strconv.ParseFloat)."""
    return abs(float(number.digits)) == float("inf")


def _check_depth(text: str) -> None:
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return
    depth = 0
    for character in re.sub(r"[^][{}]", "", _STRING.sub("", text)):
        depth += 1 if character in "[{" else -1
        if depth > MAX_DEPTH:
            raise NestedTooDeeplyError(f"nested more than {MAX_DEPTH} levels deep")


def _complete_escape(match: re.Match[str]) -> str:
    """Return an escape as it is, unless it is half of a surrogate pair."""
    return "\\ufffd" if match["half"] else match[0]


def _read_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    return members if len(members) == len(pairs) else RepeatedMembers(members)


def _read_integer(digits: str) -> int | Number:
    return Number(digits) if len(digits) > _MAX_PLAIN_DIGITS or digits == "-0" else int(digits)
