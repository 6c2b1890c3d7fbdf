"""The process: `python -m entrypoints.cli COMMAND …`, or `step-ott COMMAND …`.

The one place that turns errors into an exit status. At its top only what the interpreter has loaded for itself is
imported, so that there is next to no time before Ctrl-C is answered by a word.
"""

from __future__ import annotations

import gc
import os
import sys
from _signal import SIGINT, default_int_handler, getsignal, signal  # type: ignore[import-not-found]  # within `signal`

TYPE_CHECKING = False  # that of `typing`, which takes longer to load than all that is here
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn

INTERRUPTED = 130
"""The exit status after SIGINT, as shells count it."""


def main(words: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit status."""
    try:
        from domain.errors import StepOttError  # noqa: PLC0415

        try:
            from entrypoints.program import run_words  # noqa: PLC0415

            return run_words(sys.argv[1:] if words is None else words)
        except StepOttError as error:
            return _fail(str(error), error.exit_code)
    except KeyboardInterrupt:
        return _fail("interrupted", INTERRUPTED)
    except Exception as error:  # no traceback ever; STEP_OTT_DEBUG asks for one
        if os.environ.get("STEP_OTT_DEBUG"):
            raise
        kind = type(error).__name__
        return _fail(f"something unexpected happened ({kind}): set STEP_OTT_DEBUG=1 to see where", 1)


def run() -> NoReturn:
    """Run the command line of this process, and end it.

    A process this short gains nothing from collecting garbage, nor from taking the interpreter apart at its
    end; together they are a fifth of its time. Whatever is written is flushed where it is written.
    """
    if getsignal(SIGINT) is default_int_handler:  # one that the process was started to ignore stays ignored
        signal(SIGINT, _end_at_once)
    from entrypoints.process import take_over  # noqa: PLC0415

    take_over()
    gc.disable()
    status = main()
    from contextlib import suppress  # noqa: PLC0415

    with suppress(OSError, ValueError, AttributeError):
        sys.stderr.flush()
    os._exit(status)


def _end_at_once(*_: object) -> None:
    """Answer SIGINT; who has something to put back or to finish first answers it instead for as long."""
    try:
        if sys.stderr is not None:  # something else may have come by its number
            os.write(2, b"step-ott: interrupted\n")
    finally:
        os._exit(INTERRUPTED)


def _fail(text: str, status: int) -> int:
    from contextlib import suppress  # noqa: PLC0415

    from domain.formats.terminal_text import show_line  # noqa: PLC0415

    if sys.stderr is not None:  # print would take stdout for it
        with suppress(OSError, ValueError):  # it is full; the status still tells
            print(show_line(f"step-ott: {text}"), file=sys.stderr, flush=True)
    return status


if __name__ == "__main__":
    run()
