"""What commands print: text, and reports as the terminal shows them."""

import sys
from collections.abc import Mapping
from typing import Any

MAX_CANVAS_WIDTH = 80
"""A timeline across the whole of a wide terminal tells no more."""


def print_text(text: str) -> int:
    """Write `text` to stdout, and return the exit status 0."""
    from adapters.output.streams import write_stdout  # noqa: PLC0415

    write_stdout(text)
    return 0


def print_report(facts: Mapping[str, Any], form: str) -> int:
    """Print facts as `entrypoints.use_cases.report` renders them, and return the exit status 0.

    They are coloured where stdout is a terminal that shows colours (NO_COLOR and FORCE_COLOR count); something is drawn
    only if it is a terminal in truth.
    """
    import shutil  # noqa: PLC0415  # only where something is told

    from termcolor import can_colorize, colored  # noqa: PLC0415

    from domain.inspect.timeline import ASCII, LINES  # noqa: PLC0415
    from entrypoints.use_cases.report import COLOURS, Canvas, can_carry, fit_encoding, render  # noqa: PLC0415

    encoding, looks = getattr(sys.stdout, "encoding", None), dict[str, Any]()
    if can_colorize():
        looks["paint"] = lambda text, part: colored(text, COLOURS[part], force_color=True)
        if sys.stdout is not None and sys.stdout.isatty():
            width = min(shutil.get_terminal_size().columns, MAX_CANVAS_WIDTH)
            looks["canvas"] = Canvas(width, LINES if can_carry(LINES.text(), encoding) else ASCII)
    return print_text(fit_encoding(render(facts, form, **looks), form, encoding))
