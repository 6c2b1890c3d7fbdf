"""Parsed JSON objects as attrs classes: each member by its type alone, unknown ones passed over.

What does not fit costs no more than what does, and all of it is told at once. Types are `str`, `bool`, `Any`,
`None`, `dict[str, Any]`, `list[…]`, attrs classes, and unions of those that are different in JSON.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeAlias, TypeVar, cast, get_args, get_origin

import attrs

_T = TypeVar("_T")
_Reader: TypeAlias = Callable[[Any], Any]
"""A parsed value to what it stands for, or a `_MisfitError`."""

_WORDS = {str: "text", bool: "true or false", dict: "a JSON object", list: "a list", NoneType: "null"}


class _MisfitError(Exception):
    """What does not fit: a list of places, such as `.authority.claims`, each with what is wrong there."""

    def __init__(self, misfits: list[tuple[str, str]]) -> None:
        super().__init__(misfits)
        self.misfits = misfits

    def within(self, place: str) -> list[tuple[str, str]]:
        """Return what does not fit as it is seen from outside of `place`."""
        return [(place + inner, what) for inner, what in self.misfits]


def read_record(value: Any, cls: type[_T]) -> _T:
    """Return `value`, parsed JSON, as an instance of the attrs class `cls`.

    Raises:
        ValueError: naming every member that is missing or of the wrong type.
    """
    try:
        return cast("_T", _find_reader(cast("Any", cls))(value))
    except _MisfitError as error:
        told = "; ".join(f"{place.removeprefix('.') or 'it'} {what}" for place, what in error.misfits)
        raise ValueError(told) from None


@cache
def _find_reader(wanted: Any) -> _Reader:
    if wanted is Any:
        return lambda value: value
    kinds = get_args(wanted) if isinstance(wanted, UnionType) else (wanted,)
    readers = {_find_kind(kind): _find_kind_reader(kind) for kind in kinds}
    expected = " or ".join(_WORDS[kind] for kind in readers if kind is not NoneType)

    def read(value: Any) -> Any:
        reader = readers.get(type(value))
        if reader is None:
            raise _MisfitError([("", f"is not {expected}")])
        return reader(value)

    return read


def _find_kind(wanted: Any) -> type:
    """Return the type that `json_text.parse` gives to the values that are wanted."""
    return dict if attrs.has(wanted) else get_origin(wanted) or wanted


def _find_kind_reader(wanted: Any) -> _Reader:
    """Return what reads values of the right kind."""
    if attrs.has(wanted):
        return _make_record_reader(wanted)
    if get_origin(wanted) is list:
        return _make_list_reader(*get_args(wanted))
    return lambda value: value


def _make_list_reader(wanted: Any) -> _Reader:
    read_item = _find_reader(wanted)

    def read(items: list[Any]) -> list[Any]:
        found = []
        for index, item in enumerate(items):
            try:
                found.append(read_item(item))
            except _MisfitError as error:
                raise _MisfitError(error.within(f"[{index}]")) from None
        return found

    return read


def _make_record_reader(cls: Any) -> _Reader:
    fields = [(field.name, _find_reader(field.type), field.default is attrs.NOTHING) for field in attrs.fields(cls)]

    def read(members: Mapping[str, Any]) -> Any:
        values: dict[str, Any] = {}
        misfits: list[tuple[str, str]] = []
        for name, reader, is_required in fields:
            if name in members:
                try:
                    values[name] = reader(members[name])
                except _MisfitError as error:
                    misfits += error.within(f".{name}")
            elif is_required:
                misfits.append((f".{name}", "is missing"))
        if misfits:
            raise _MisfitError(misfits)
        return cls(**values)

    return read
