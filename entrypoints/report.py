"""How commands that tell something print it: words for people, JSON for programs."""

from collections.abc import Mapping
from typing import Any

from domain import json_text
from domain.terminal_text import escape

TEXT, JSON = "text", "json"


def render(facts: Mapping[str, Any], form: str, note: str) -> str:
    """Return `facts` as text, a line each, with `note` as the last; or as one line of JSON."""
    if form == JSON:
        return json_text.serialize(facts) + "\n"
    lines = [line for name, value in facts.items() for line in _render_fact(name, value)]
    return "\n".join([*lines, f"note: {note}"]) + "\n"


def _render_fact(name: str, value: Any) -> list[str]:
    label = name.replace("_", " ")
    if name == "warnings":
        return [f"warning: {escape(str(text))}" for text in value]
    if isinstance(value, list) and all(isinstance(item, dict) for item in value):
        return [f"{label}:", *(f"  {_join(item)}" for item in value)]
    if isinstance(value, dict):
        return [f"{label}: {_join(value)}"]
    if isinstance(value, list):
        return [f"{label}: {', '.join(escape(_plain(item)) for item in value)}"]
    return [f"{label}: {escape(_plain(value))}"]


def _join(members: Mapping[str, Any]) -> str:
    return ", ".join(f"{escape(name)} {escape(_plain(value))}" for name, value in members.items())


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json_text.serialize(value)
