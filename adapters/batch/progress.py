"""The progress of a batch, on stderr: a bar by tqdm on a terminal, and only messages elsewhere."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any, TextIO

from domain.formats.terminal_text import show_line


class ProgressBar:
    """Shows what is done, how fast, and how long it will still take (see `domain.batch.ports.Progress`).

    Attributes:
        stream: Standard error, None where it is closed.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self.stream = stream
        self._bar: Any = None

    @contextlib.contextmanager
    def watching(self, count: Callable[[], int | None], done: int) -> Iterator[None]:
        if self.stream is None or not self.stream.isatty():
            yield
            return
        from tqdm import tqdm  # noqa: PLC0415  # only on a terminal

        tqdm.set_lock(threading.RLock())
        tqdm.monitor_interval = 0
        self._bar = tqdm(total=count(), initial=done, unit=" lines", file=self.stream, dynamic_ncols=True)
        try:
            yield
        finally:
            with contextlib.suppress(OSError, ValueError):
                self._bar.close()
            self._bar = None

    def advance(self, count: int) -> None:
        """Say that so many more lines are done; a terminal that has hung up stops no batch."""
        if self._bar is not None:
            with contextlib.suppress(OSError, ValueError):
                self._bar.update(count)

    def say(self, text: str) -> None:
        """Tell something beside the bar; where stderr is closed or full, nobody wants it."""
        with contextlib.suppress(OSError, ValueError):
            if self._bar is not None:
                self._bar.write(show_line(text), file=self.stream)
            elif self.stream is not None:
                print(show_line(text), file=self.stream, flush=True)
