"""Text from outside on its way to a terminal: harmless, on one line, and still legible."""

import json
import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.formats import json_text
from domain.formats.terminal_text import escape, escape_json, shorten

DANGEROUS = {"Cc", "Cf", "Cs", "Zl", "Zp"}
"""Unicode's categories of controls, formats (bidi controls among them), surrogates, and separators of lines."""


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("you@example.com", "you@example.com"),
        ("Bürgeramt Köln — 東京 ✔ 🙂", "Bürgeramt Köln — 東京 ✔ 🙂"),
        ("\x1b[2J\x1b]0;title\x07", "\\x1b[2J\\x1b]0;title\\x07"),
        ("a\r\nb\tc\0", "a\\x0d\\x0ab\\x09c\\x00"),
        ("\x7f", "\\x7f"),
        ("\x80\x9b31m\x9f", "\\x80\\x9b31m\\x9f"),
        ("\u2028\u2029\x85", "\\u2028\\u2029\\x85"),
        ("\u202a\u202b\u202c\u202d\u202e", "\\u202a\\u202b\\u202c\\u202d\\u202e"),
        ("\u2066\u2067\u2068\u2069", "\\u2066\\u2067\\u2068\\u2069"),
        ("\u200e\u200f\u061c", "\\u200e\\u200f\\u061c"),
        ("ad\u200bmin ad\u00admin \ufeff", "ad\\u200bmin ad\\xadmin \\ufeff"),
        ("\u206a\ufff9", "\\u206a\\ufff9"),
        ("\U000e0041", "\\U000e0041"),
        ("\ud800", "\\ud800"),
        ("", ""),
    ],
)
def test_what_a_terminal_would_act_upon_is_escaped(text: str, shown: str) -> None:
    """C0, DEL, C1, bidi controls, line separators and what is invisible turn into escapes; letters stay."""
    assert escape(text) == shown


@settings(max_examples=300)
@given(st.text(alphabet=st.characters()))
def test_nothing_dangerous_comes_through(text: str) -> None:
    """Whatever the text, its escaped form has one line and no control, and can be encoded."""
    shown = escape(text)
    assert DANGEROUS.isdisjoint(map(unicodedata.category, shown))
    assert len(shown.splitlines()) <= 1
    assert shown.encode("utf-8").decode("utf-8") == shown


@settings(max_examples=100)
@given(st.text())
def test_escaping_twice_is_escaping_once(text: str) -> None:
    """An error may be escaped where it is made and again where it is shown."""
    assert escape(escape(text)) == escape(text)


@settings(max_examples=300)
@given(st.recursive(st.text(alphabet=st.characters()) | st.none() | st.integers(), st.lists, max_leaves=5))
def test_json_keeps_its_value_and_shows_nothing_raw(value: object) -> None:
    """Whatever stands in JSON: its shown form means the same, and has nothing that `escape` would change."""
    shown = json_text.display(value)
    assert json.loads(shown) == value
    assert escape(shown) == shown


def test_json_and_text_escape_the_same_characters() -> None:
    """The two go by one rule, for every character that there is."""
    for code in range(0x11_0000):
        character = chr(code)
        is_kept = escape(character) == character
        assert (escape_json(character) == character) is is_kept, hex(code)


@settings(max_examples=200)
@given(text=st.text(max_size=300), limit=st.integers(60, 200))
def test_a_long_text_keeps_its_ends_and_says_how_much_is_left_out(text: str, limit: int) -> None:
    """What is shown and what is left out together are the whole."""
    shown = shorten(text, limit)
    if len(text) <= limit:
        assert shown == text
        return
    begin, count, end = re.fullmatch(r"(.*) \.\.\. ([\d,]+) characters left out \.\.\. (.*)", shown, re.DOTALL).groups()  # type: ignore[union-attr]
    assert len(shown) <= limit
    assert text.startswith(begin) and text.endswith(end)
    assert len(begin) + int(count.replace(",", "")) + len(end) == len(text)
