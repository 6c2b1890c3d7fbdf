"""JSON objects as typed dictionaries: each member by its JSON type alone."""

from typing import Any, Required, TypedDict

import pytest

from adapters.ca.json_record import read_record
from domain.formats.json_text import Number, parse


class Inner(TypedDict, total=False):
    """A record within a record."""

    flag: bool | None


class Outer(TypedDict, total=False):
    """A member of each type."""

    name: Required[str]
    inner: Required[Inner]
    other: Inner | None
    names: list[str] | None
    either: str | list[str]
    members: dict[str, Any] | None
    anything: list[Any] | None


def test_members_are_read_by_their_types_and_unknown_ones_kept_as_they_are() -> None:
    """What fits is taken as it is."""
    text = '{"name":"a","inner":{"flag":true},"names":["b"],"either":["c"],"members":{"d":1.5},"anything":[{}],"x":1}'
    read = {"name": "a", "inner": {"flag": True}, "names": ["b"], "either": ["c"], "members": {"d": Number("1.5")}}
    assert read_record(parse(text), Outer) == {**read, "anything": [{}], "x": 1}
    sparse = {"name": "a", "inner": {}, "other": None, "names": None}
    assert read_record(sparse, Outer) == sparse
    assert read_record(parse(text), Outer) == parse(text)


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
def test_all_that_does_not_fit_is_named_by_its_place(value: Any, said: str) -> None:
    """Every member at once, a list's first alone."""
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        read_record(value, Outer)
    assert str(caught.value) == said
