"""How commands print their reports: words for people, JSON for programs.

A report is a mapping of values by name, in the order to show them. Beside what JSON can carry, a value may be a
list of check results, a line each; a `WordedValue`, which has words of its own; or a `Timeline`, which is drawn on a
terminal and appears nowhere else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import attrs

from domain.formats import json_text
from domain.formats.terminal_text import MAX_LINE_LENGTH, show_line, spell_json
from domain.inspect.timeline import Strokes, Timeline, draw_timeline
from domain.report.check_result import CheckResult, Outcome
from domain.report.worded_value import WordedValue, join_items, word_item, word_value
from domain.settings.print_form import JSON, TEXT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

COLOURS = {"label": "cyan", "timeline": "cyan", "warning": "yellow"} | {
    Outcome.PASSED.value: "green",
    Outcome.FAILED.value: "red",
    Outcome.UNCHECKED.value: "blue",
}
"""What each part of a text is coloured, on a terminal that shows colours."""

_OUTCOME_WIDTH = max(len(outcome.value) for outcome in Outcome)

Paint: TypeAlias = "Callable[[str, str], str]"
"""A text and the part that it is (a key of `COLOURS`) to the text as it is printed."""


@attrs.frozen
class Canvas:
    """A terminal to draw on: its columns, and the characters that it shows."""

    width: int
    strokes: Strokes


def render(
    facts: Mapping[str, Any], form: str, paint: Paint = lambda text, _: text, canvas: Canvas | None = None
) -> str:
    """Return `facts` as text, a line each, or as one line of JSON."""
    if form == JSON:
        return json_text.display(list_members(facts)) + "\n"
    return "".join(f"{line}\n" for name, value in facts.items() for line in _render_fact(name, value, paint, canvas))


def can_carry(text: str, encoding: str | None) -> bool:
    """Return whether `encoding` has all characters of `text`; None is that of a stream of text."""
    try:
        text.encode(encoding or "utf-8")
    except UnicodeEncodeError:
        return False
    return True


def fit_encoding(text: str, form: str, encoding: str | None) -> str:
    """Return a report with what `encoding` does not have as escapes, those of JSON where it is JSON."""
    if can_carry(text, encoding):
        return text
    if form == TEXT:
        return text.encode(str(encoding), "backslashreplace").decode(str(encoding))
    return "".join(character if can_carry(character, encoding) else spell_json(character) for character in text)


def list_members(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return `facts` as the members of a JSON object."""
    return {name: _to_json(value) for name, value in facts.items() if not isinstance(value, Timeline)}


def _to_json(value: Any) -> Any:
    if isinstance(value, WordedValue):
        return value.value
    if isinstance(value, list):
        return [item.members() if isinstance(item, CheckResult) else item for item in value]
    return value


def _render_fact(name: str, value: Any, paint: Paint, canvas: Canvas | None) -> list[str]:
    if isinstance(value, Timeline):
        drawn = [] if canvas is None else draw_timeline(value, canvas.width, canvas.strokes)
        return [paint(line, "timeline") for line in drawn]
    if name == "warnings":
        return [paint(show_line(f"warning: {text}"), "warning") for text in value]
    words = f"{name.replace('_', ' ')}:"
    label = paint(words, "label")
    if isinstance(value, list) and value and all(isinstance(item, CheckResult) for item in value):
        return [_render_finding(item, paint) for item in value]
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        return [label, *(show_line(f"  {_join(item)}") for item in value)]
    return [f"{label} {show_line(_word(value), MAX_LINE_LENGTH - len(words) - 1)}"]


def _render_finding(finding: CheckResult, paint: Paint) -> str:
    outcome = finding.outcome.value
    told = f"{finding.rule}: {finding.reason}" + (f": {finding.remedy}" if finding.remedy else "")
    return f"{paint(outcome.ljust(_OUTCOME_WIDTH), outcome)}  {show_line(told, MAX_LINE_LENGTH - _OUTCOME_WIDTH - 2)}"


def _word(value: Any) -> str:
    if isinstance(value, WordedValue):
        return value.words
    if isinstance(value, dict):
        return _join(value)
    return join_items(value) if isinstance(value, list) else word_value(value) or '""'


def _join(members: Mapping[str, Any]) -> str:
    return ", ".join(f"{word_item(name)} {word_item(value)}" for name, value in members.items())
