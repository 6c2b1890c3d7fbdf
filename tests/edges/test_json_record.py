"""JSON objects as attrs classes or typed dictionaries: each member by its JSON type alone."""

from typing import Any, Required, TypedDict

import attrs
import pytest

from adapters.ca.json_record import read_record
from domain.formats.json_text import Number, parse


@attrs.frozen
class Inner:
    """A record within a record."""

    flag: bool | None = None


@attrs.frozen
class Outer:
    """A member of each type."""

    name: str
    inner: Inner
    other: Inner | None = None
    names: list[str] | None = None
    either: str | list[str] = ""
    members: dict[str, Any] | None = None
    anything: list[Any] | None = None


class TypedInner(TypedDict, total=False):
    """A record within a record."""

    flag: bool | None


class TypedOuter(TypedDict, total=False):
    """The same as a typed dictionary."""

    name: Required[str]
    inner: Required[TypedInner]
    other: TypedInner | None
    names: list[str] | None
    either: str | list[str]
    members: dict[str, Any] | None
    anything: list[Any] | None


def test_members_are_read_by_their_types_and_unknown_ones_passed_over() -> None:
    """What fits is taken as it is."""
    text = '{"name":"a","inner":{"flag":true},"names":["b"],"either":["c"],"members":{"d":1.5},"anything":[{}],"x":1}'
    assert read_record(parse(text), Outer) == Outer("a", Inner(True), None, ["b"], ["c"], {"d": Number("1.5")}, [{}])
    assert read_record({"name": "a", "inner": {}, "other": None, "names": None}, Outer) == Outer("a", Inner())
    assert read_record(parse(text), TypedOuter) == parse(text)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "it is not a JSON object"),
        ([], "it is not a JSON object"),
        ({}, "name is missing; inner is missing"),
        ({"name": 1, "inner": []}, "name is not text; inner is not a JSON object"),
        ({"name": None, "inner": {}}, "name is not text"),
        ({"name": "a", "inner": {"flag": 1}}, "inner.flag is not true or false"),
        ({"name": "a", "inner": {}, "names": ["b", 5]}, "names[1] is not text"),
        ({"name": "a", "inner": {}, "names": "b"}, "names is not a list"),
        ({"name": "a", "inner": {}, "either": {}}, "either is not text or a list"),
        ({"name": Number("1.5"), "inner": {}}, "name is not text"),
    ],
)
@pytest.mark.parametrize("cls", [Outer, TypedOuter])
def test_all_that_does_not_fit_is_named_by_its_place(value: Any, said: str, cls: type[object]) -> None:
    """Every member at once, a list's first alone."""
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        read_record(value, cls)
    assert str(caught.value) == said
