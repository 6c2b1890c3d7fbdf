"""How commands that tell something print it: words for people, JSON for programs.

A report is a mapping of facts by name, in the order to show them. Beside what JSON can carry, a fact may be a
list of findings, a line each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from domain import json_text
from domain.finding import Finding, Outcome
from domain.terminal_text import escape

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

TEXT, JSON = "text", "json"
FORMATS = (TEXT, JSON)

COLOURS = {"label": "cyan", "note": "dark_grey", "warning": "yellow"} | {
    Outcome.PASSED.value: "green",
    Outcome.FAILED.value: "red",
    Outcome.UNCHECKED.value: "blue",
}
"""What each part of a text is coloured, on a terminal that shows colours."""

_OUTCOME_WIDTH = max(len(outcome.value) for outcome in Outcome)

Paint: TypeAlias = "Callable[[str, str], str]"
"""A text and the part that it is (a key of `COLOURS`) to the text as it is printed."""


def render(facts: Mapping[str, Any], form: str, note: str = "", paint: Paint | None = None) -> str:
    """Return `facts` as text, a line each, with `note` as the last; or as one line of JSON."""
    if form == JSON:
        return json_text.serialize({name: _to_json(value) for name, value in facts.items()}) + "\n"
    paint = paint or _leave_plain
    lines = [line for name, value in facts.items() for line in _render_fact(name, value, paint)]
    return "\n".join([*lines, *([paint(f"note: {note}", "note")] if note else [])]) + "\n"


def choose_paint() -> Paint:
    """Return colours where stdout is a terminal that shows them (NO_COLOR and FORCE_COLOR count), else none."""
    from termcolor import can_colorize, colored  # noqa: PLC0415  # only where something is told

    if not can_colorize():
        return _leave_plain
    return lambda text, part: colored(text, COLOURS[part], force_color=True)


def _leave_plain(text: str, _: str) -> str:
    return text


def _to_json(value: Any) -> Any:
    if isinstance(value, list):
        return [item.members() if isinstance(item, Finding) else item for item in value]
    return value


def _render_fact(name: str, value: Any, paint: Paint) -> list[str]:
    label = name.replace("_", " ")
    if name == "warnings":
        return [paint(f"warning: {escape(str(text))}", "warning") for text in value]
    label = paint(f"{label}:", "label")
    if isinstance(value, list) and value and all(isinstance(item, Finding) for item in value):
        return [_render_finding(item, paint) for item in value]
    if isinstance(value, list) and all(isinstance(item, dict) for item in value):
        return [label, *(f"  {_join(item)}" for item in value)]
    if isinstance(value, dict):
        return [f"{label} {_join(value)}"]
    if isinstance(value, list):
        return [f"{label} {', '.join(escape(_plain(item)) for item in value)}"]
    return [f"{label} {escape(_plain(value))}"]


def _render_finding(finding: Finding, paint: Paint) -> str:
    outcome = finding.outcome.value
    remedy = f": {escape(finding.remedy)}" if finding.remedy else ""
    return f"{paint(outcome.ljust(_OUTCOME_WIDTH), outcome)}  {escape(finding.rule)}: {escape(finding.reason)}{remedy}"


def _join(members: Mapping[str, Any]) -> str:
    return ", ".join(f"{escape(name)} {escape(_plain(value))}" for name, value in members.items())


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json_text.serialize(value)
