"""What a fuzz target is, and what is checked of each input that it gets.

An input succeeds, or is refused by an error of `domain.errors` in words; never by another exception
(a `PanicException` of a library in Rust is a BaseException), never endlessly, and nothing that stdout
or stderr get could repaint a terminal.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from time import perf_counter
from typing import Any, TypeAlias

import attrs

from domain.errors import StepOttError
from domain.formats.terminal_text import MAX_LINE_LENGTH, show_line
from tests.fuzz.mutation import Make
from tests.support.running import Result, invoke

MAX_SECONDS = 10.0
"""Far more than any input takes, and far less than one does that is not bounded."""

Run: TypeAlias = Callable[[Any], object]


class FoundError(AssertionError):
    """An input does what no input may."""


@attrs.frozen
class Target:
    """Something that reads what comes from outside.

    Attributes:
        name: What it reads.
        inputs: What makes inputs for it.
        open: What reads one, within a context such as a folder or a server.
        refusals: The errors by which it refuses one; a ValueError for parsers whose callers name the input.
    """

    name: str
    inputs: Make[Any]
    open: Callable[[], AbstractContextManager[Run]]
    refusals: tuple[type[Exception], ...] = (StepOttError,)


def parser(name: str, inputs: Make[Any], read: Run, *refusals: type[Exception]) -> Target:
    """Return the target for a function that needs nothing else."""
    return Target(name, inputs, lambda: nullcontext(read), refusals or (StepOttError,))


def examine(run: Run, value: Any, refusals: tuple[type[Exception], ...]) -> bool:
    """Return whether an input is taken.

    Raises:
        FoundError: it is neither taken nor refused, or not as it should be.
    """
    began = perf_counter()
    try:
        is_taken = run(value) is not REFUSED
    except FoundError:
        raise
    except refusals as error:
        is_taken = False
        _check_words(str(error.what if isinstance(error, StepOttError) else error))
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        raise FoundError(f"{type(error).__name__} escapes: {str(error)[:300]}") from error
    spent = perf_counter() - began
    if spent > MAX_SECONDS:
        raise FoundError(f"it took {spent:.1f} seconds")
    return is_taken


REFUSED = object()
"""What reads an input returns this where it refused it in its own way."""


def run_command(
    words: Sequence[str], environment: dict[str, str] | None = None, stdin: bytes = b"", reports: bool = False
) -> object:
    """Run a command line in this process and check what it prints; `reports` where it prints though it fails."""
    return check_result(invoke(*words, environment=environment, stdin=stdin), reports)


def check_result(result: Result, reports: bool = False) -> object:
    """Check how a run ended, and return it so that `examine` knows whether its input was taken.

    Raises:
        FoundError: its status, its lines or what stands in them is wrong.
    """
    lines = result.err.split("\n")
    if result.status not in (0, 1, 2) or lines.pop() != "":
        raise FoundError(f"status {result.status}, stderr ends with {result.err[-100:]!r}")
    for line in lines:
        _check_line(line)
    if result.status and not reports and (result.out or not lines or not lines[-1].startswith("step-ott: ")):
        raise FoundError(f"a failure is told as {result.out[:100]!r}, {result.err[-200:]!r}")
    for line in result.out.split("\n"):
        if not line.isprintable():
            raise FoundError(f"stdout has {line[:200]!r}")
    return REFUSED if result.status else result


def _check_line(line: str) -> None:
    if len(line) > MAX_LINE_LENGTH or not line.isprintable() or "Traceback" in line:
        raise FoundError(f"stderr has a line of {len(line)} characters: {line[:200]!r}")


def _check_words(text: str) -> None:
    shown = show_line(text)
    if not shown or " object at 0x" in shown or "Traceback" in shown or len(shown) > MAX_LINE_LENGTH:
        raise FoundError(f"no words: {shown[:200]!r}")
