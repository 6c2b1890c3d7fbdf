"""A value for programs, with the words that people read in its place."""

from collections.abc import Iterable
from typing import Any

import attrs

from domain.formats import json_text


@attrs.frozen
class WordedValue:
    """What programs get as a value that JSON can carry, and people as a line of words.

    Attributes:
        value: For programs.
        words: For people; text from outside in it is not escaped yet.
    """

    value: Any
    words: str


def word_value(value: Any) -> str:
    """Return a value as people read it: text as it is, anything else as JSON."""
    return value if isinstance(value, str) else json_text.serialize(value)


def word_item(value: Any) -> str:
    """Return a value for a list of several: text that could be taken for two items, or for none, in quotes."""
    is_plain = not isinstance(value, str) or (value and "," not in value and value == value.strip())
    return word_value(value) if is_plain else json_text.serialize(value)


def join_items(values: Iterable[Any]) -> str:
    """Return values, one after the other, with commas between."""
    return ", ".join(map(word_item, values))
