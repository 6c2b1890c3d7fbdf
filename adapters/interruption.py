"""Ctrl-C and SIGTERM, held back while something is done that must be done whole."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interruption:
    """Turns the first of the signals into a KeyboardInterrupt, at once or as soon as what is being done is whole.

    A second one does not wait.
    """

    def __init__(self) -> None:
        self._is_held_back = False
        self._has_come = False

    @contextmanager
    def answered(self) -> Iterator[None]:
        """Answer the signals while the block runs; one that this process was started to ignore stays ignored."""
        before = {number: signal.getsignal(number) for number in SIGNALS}
        heeded = {number: handler for number, handler in before.items() if handler is not signal.SIG_IGN}
        for number in heeded:
            signal.signal(number, self._answer)
        try:
            yield
        finally:
            for number, handler in heeded.items():
                signal.signal(number, handler)

    @contextmanager
    def held_back(self) -> Iterator[None]:
        """Hold the first signal back until the block has run."""
        self._is_held_back = True
        try:
            yield
        finally:
            self._is_held_back = False
        if self._has_come:
            self._has_come = False
            raise KeyboardInterrupt

    def _answer(self, *_: Any) -> None:
        if self._is_held_back and not self._has_come:
            self._has_come = True
            return
        raise KeyboardInterrupt
