"""JSON as step-ott reads it (strictly) and writes it (one form only).

Read: UTF-8, no member twice, no NaN or Infinity, at most 64 levels deep. A number with a fraction or an
exponent, or a negative zero, is kept as the digits that were written (`Number`): reading and writing
loses none.
Written: members in sorted order, no white space, as go-jose does it; UTF-8 unescaped, where go-jose spells
`<`, `>`, `&` and two line separators as escapes, which mean the same.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from json.encoder import encode_basestring
from typing import Any, NoReturn

import attrs

from domain.formats.terminal_text import escape_json, spell_json

MAX_DEPTH = 64
MAX_INTEGER_DIGITS = 4300
"""Longer integers are refused: turning them into numbers takes time that grows with the square."""

MAX_VALUES = 500_000
"""Longer lists and objects are refused before they are made: `[],` is three bytes, and takes 70 in memory."""

_MARK = "\ufeff"
_BYTE_ORDER_MARK = _MARK.encode()

_HTML = re.compile("[<>&]")
"""What Go escapes in JSON, so that it can stand in HTML."""

MAX_SHOWN = 40
"""Longer text from outside is not quoted in errors."""


@attrs.frozen(repr=False)
class Number:
    """A JSON number that is not a plain integer, as it was written; no text, where text is wanted."""

    digits: str


class MalformedJsonError(ValueError):
    """A text is not JSON at all."""


class ForbiddenJsonError(ValueError):
    """A text is JSON, but holds what step-ott does not take, such as a member twice."""


def parse(data: bytes | str) -> Any:
    """Return what the JSON text `data` stands for.

    Returns:
        dict, list, str, int, bool, None or `Number`.

    Raises:
        MalformedJsonError: not JSON, or not UTF-8.
        ForbiddenJsonError: a member twice, NaN, Infinity, more than 64 levels, an endless integer, half of a
            surrogate pair, or more than 500,000 values and names (commas, colons and brackets in texts count too).
    """
    try:
        text = data if isinstance(data, str) else data.decode("utf-8")
        if text[:1] == _MARK:  # of which `parse_document` takes one
            raise MalformedJsonError("one byte order mark too many before it")
        _check_count(text)
        value = json.loads(
            text,
            object_pairs_hook=_refuse_repeated_members,
            parse_float=Number,
            parse_int=_parse_integer,
            parse_constant=refuse_constant,
        )
    except ForbiddenJsonError:
        raise
    except RecursionError as error:
        raise ForbiddenJsonError(f"nested more than {MAX_DEPTH} levels deep") from error
    except UnicodeDecodeError as error:
        raise MalformedJsonError("not UTF-8") from error
    except json.JSONDecodeError as error:
        raise MalformedJsonError(f"{error.msg} at character {error.pos + 1}") from error
    _check_tree(value)
    return value


def parse_document(data: bytes) -> Any:
    """Return what a JSON text that is a file, or the body of an answer, stands for; a byte order mark may begin it.

    Raises:
        MalformedJsonError, ForbiddenJsonError: as `parse` does.
    """
    return parse(drop_mark(data))


def drop_mark(data: bytes) -> bytes:
    """Return `data` without the byte order mark that some editors put before UTF-8 (RFC 8259, section 8.1)."""
    return data.removeprefix(_BYTE_ORDER_MARK)


def serialize(value: Any) -> str:
    """Return `value` (of the types that `parse` returns, or a tuple) as JSON in sorted order.

    Raises:
        TypeError: it is of another type, such as float, or holds something that is.
    """
    return _WRITERS.get(type(value), _write_kin)(value)


def _write_members(value: Mapping[str, Any]) -> str:
    return "{" + ",".join([f"{encode_basestring(name)}:{serialize(value[name])}" for name in sorted(value)]) + "}"


def _write_items(value: Sequence[Any]) -> str:
    return "[" + ",".join([serialize(item) for item in value]) + "]"


_WRITERS: dict[type, Callable[[Any], str]] = {
    str: encode_basestring,
    int: str,
    bool: lambda value: "true" if value else "false",
    type(None): lambda _: "null",
    Number: lambda value: value.digits,
    dict: _write_members,
    Mapping: _write_members,
    list: _write_items,
    tuple: _write_items,
}
"""How each type is written: looked up, since a token has many values and a row of `isinstance` takes twice the time."""


def _write_kin(value: Any) -> str:
    """Return what `serialize` does for a type that is derived from one of those that it knows."""
    for kind, write in _WRITERS.items():
        if isinstance(value, kind):
            return write(value)
    raise TypeError(f"{type(value).__name__} has no JSON form here")


def print_as_go(value: Any, indent: str = "   ") -> str:
    """Return `value` on several lines, as Go's MarshalIndent writes what it read: members in their order.

    What a terminal would act upon, or not show, is escaped, as are `<`, `>` and `&` (Go, encoding/json).
    """
    return "".join(_write_indented(value, "\n", indent))


def _write_indented(value: Any, begin: str, indent: str) -> Iterator[str]:
    if not isinstance(value, dict | list) or not value:
        yield _HTML.sub(lambda found: spell_json(found[0]), display(value))
        return
    is_object, deeper = isinstance(value, dict), begin + indent
    for number, item in enumerate(value):
        yield ("," if number else "{" if is_object else "[") + deeper
        if is_object:
            yield f"{''.join(_write_indented(item, '', ''))}: "
        yield from _write_indented(value[item] if is_object else item, deeper, indent)
    yield begin + ("}" if is_object else "]")


def display(value: Any) -> str:
    """Return `value` as `serialize` does, with escapes for what a terminal would act upon or not show.

    It is for every JSON that is printed, and stands for the same value.
    """
    text = serialize(value)
    return text if text.isprintable() else escape_json(text)


def describe(value: Any) -> str:
    """Return a parsed value as an error may show it: short text quoted, anything else by its kind alone."""
    if isinstance(value, str):
        return repr(value) if len(value) <= MAX_SHOWN else f"a text of {len(value)} characters"
    kinds = {bool: "a boolean", int: "a number", Number: "a number", list: "a list", dict: "an object"}
    return kinds.get(type(value), "null")


def _check_count(text: str) -> None:
    if len(text) > MAX_VALUES and sum(map(text.count, "[{,:")) > MAX_VALUES:
        raise ForbiddenJsonError(f"more than {MAX_VALUES} values")


def _refuse_repeated_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        seen: set[str] = set()
        repeated = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise ForbiddenJsonError(f"member {describe(repeated)} appears twice")
    return members


def _parse_integer(digits: str) -> int | Number:
    if len(digits.lstrip("-")) > MAX_INTEGER_DIGITS:
        raise ForbiddenJsonError(f"an integer of more than {MAX_INTEGER_DIGITS} digits")
    return Number(digits) if digits == "-0" else int(digits)


def refuse_constant(name: str) -> NoReturn:
    """Refuse NaN and Infinity, which Python reads otherwise."""
    raise MalformedJsonError(f"{name} is not a JSON number")


def _check_tree(value: Any) -> None:
    """Refuse more than MAX_DEPTH levels, and text that UTF-8 cannot carry."""
    level, remaining = 0, [value]
    while remaining:
        deeper: list[Any] = []
        for item in remaining:
            if isinstance(item, str):
                _check_text(item)
            elif isinstance(item, dict):
                deeper.extend(item)
                deeper.extend(item.values())
            elif isinstance(item, list):
                deeper.extend(item)
        level += any(isinstance(item, dict | list) for item in remaining)
        if level > MAX_DEPTH:
            raise ForbiddenJsonError(f"nested more than {MAX_DEPTH} levels deep")
        remaining = deeper


def _check_text(text: str) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ForbiddenJsonError("a string with half of a surrogate pair") from error
