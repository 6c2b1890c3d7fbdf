"""Mappings that a program gives, copied strictly to what JSON can carry, so that nothing changes its meaning."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from domain.errors import StepOttError, UsageError
from domain.formats import json_text

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_DOCUMENT_BYTES = 1 << 20
"""As much as a file of user data may have, too."""

_FIX = "give text, numbers, booleans, None, lists and mappings"


def copy_user_data(value: object, argument: str) -> Mapping[str, Any]:
    """Return a copy of data for the CA's templates, as step-ca will read it.

    Raises:
        UsageError: it is not a mapping, or holds something that JSON or step-ca has no place for.
    """
    from domain.token.user_data import parse_document

    try:
        return parse_document(write_object(value, argument))
    except UsageError:
        raise
    except StepOttError as error:
        raise UsageError(f"{argument}= cannot be used: {error.what}", _FIX) from None


def write_object(value: object, argument: str, limit: int = MAX_DOCUMENT_BYTES) -> bytes:
    """Return a mapping as JSON of at most `limit` bytes; no error shows anything of its values.

    Raises:
        UsageError: it is not a mapping, or holds something that has no place in JSON, is too large or too deep.
    """
    import json

    if not isinstance(value, Mapping):
        raise UsageError(f"{argument}= is of type {type(value).__name__}", "give a mapping")
    try:
        text = json.dumps(_Copier(limit).copy(value, 0), allow_nan=False, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise UsageError(f"{argument}= cannot be JSON: it has a text with half of a surrogate pair", _FIX) from None
    except ValueError as error:
        raise UsageError(f"{argument}= cannot be JSON: {error}", _FIX) from None
    if len(text) > limit:
        raise UsageError(f"{argument}= is over {limit:,} bytes of JSON", "give less")
    return text


def read_plainly(value: Any) -> Any:
    """Return parsed JSON of one's own as `json.loads` has it: numbers that are no plain integers are floats."""
    if isinstance(value, json_text.Number):
        return float(value.digits)
    if isinstance(value, Mapping):
        return {name: read_plainly(member) for name, member in value.items()}
    return [read_plainly(item) for item in value] if isinstance(value, list | tuple) else value


class _Copier:
    """Copies values, so many and so much of them as JSON may have: whatever leads back to itself ends too."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._size = 0

    def copy(self, value: object, depth: int) -> Any:
        """Return the value as what `json` writes without a change.

        Raises:
            ValueError: saying what is wrong with it.
        """
        if depth > json_text.MAX_DEPTH:
            raise ValueError(f"it is nested more than {json_text.MAX_DEPTH} levels deep, or holds itself")
        self._size += 1 + (len(value) if isinstance(value, str) else 0)
        if self._size > self._limit:
            raise ValueError(f"it is over {self._limit:,} bytes long, or holds itself")
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, str):
            return str.__str__(value)
        if isinstance(value, int | float):
            return self._copy_number(value)
        if isinstance(value, Mapping):
            return dict(self._copy_members(value, depth))
        if isinstance(value, list | tuple):
            return [self.copy(item, depth + 1) for item in value]
        raise ValueError(f"something of type {type(value).__name__} has no place there")

    def _copy_members(self, members: Mapping[Any, Any], depth: int) -> Iterator[tuple[str, Any]]:
        for name, member in members.items():
            if not isinstance(name, str):
                raise ValueError(f"a key is of type {type(name).__name__}, not str")
            yield self.copy(name, depth), self.copy(member, depth + 1)

    def _copy_number(self, value: float) -> float:
        if isinstance(value, int):
            if value.bit_length() > json_text.MAX_INTEGER_DIGITS * 3:  # before its digits are counted
                raise ValueError(f"an integer has more than {json_text.MAX_INTEGER_DIGITS} digits")
            return int(value)
        if not math.isfinite(value):
            raise ValueError("NaN and Infinity are not JSON numbers")
        return float(value)
