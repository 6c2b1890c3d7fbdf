"""What commands print: text, and reports as the terminal shows them."""

import sys
from collections.abc import Mapping
from typing import Any


def print_text(text: str) -> int:
    """Write `text` to stdout, and return the exit status 0."""
    from adapters.output.streams import write_stdout  # noqa: PLC0415

    write_stdout(text)
    return 0


def print_report(facts: Mapping[str, Any], form: str, note: str = "") -> int:
    """Print facts as `entrypoints.use_cases.report` renders them, and return the exit status 0."""
    from entrypoints.use_cases.report import choose_canvas, choose_paint, fit_encoding, render  # noqa: PLC0415

    text = render(facts, form, note, choose_paint(), choose_canvas())
    return print_text(fit_encoding(text, form, getattr(sys.stdout, "encoding", None)))
