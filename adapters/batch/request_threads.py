"""Work that waits for a network most of the time: in threads, handed over in the order of its pieces.

The first thread hands over, the others make; signals come to the first alone. The first signal ends the handing out
of pieces, and what is on its way is still handed over; a second one does not wait for that.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from queue import SimpleQueue
from typing import TYPE_CHECKING, Self

from adapters.batch.worker_pool import end_at_error
from domain.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from contextlib import AbstractContextManager

    from domain.batch.portion import Goods, Lines, Portion
    from domain.batch.ports import BatchSink, Work
    from domain.errors import StepOttError


class RequestThreads:
    """A `Workforce` (see `domain.batch.ports`) of threads.

    Attributes:
        count: How many work at a time.
        hold_back: Holds signals back while something is handed over.
    """

    def __init__(self, count: int, hold_back: Callable[[], AbstractContextManager[None]]) -> None:
        self.count = count
        self.hold_back = hold_back

    def run(self, work: Work, sink: BatchSink, pieces: Iterable[Lines | None]) -> None:
        """Make something of each piece and hand it over.

        Raises:
            OutputError: there can be no thread.
        """
        broken: list[StepOttError] = []
        with _Crew(self, work, sink) as crew:
            try:
                for piece in end_at_error(pieces, broken):
                    if piece is None:
                        crew.finish()
                    else:
                        crew.take_on(piece)
            except KeyboardInterrupt:
                crew.end()
                crew.finish()
                raise
            crew.finish()
        if broken:
            raise broken[0]


class _Task:
    """A piece, and what was made of it."""

    def __init__(self, piece: Lines) -> None:
        self.piece = piece
        self._made: tuple[Portion, Goods] | None = None
        self._failure: BaseException | None = None
        self._is_done = threading.Event()

    def do(self, work: Work) -> None:
        try:
            self._made = work.make(self.piece)
        except BaseException as error:  # noqa: BLE001  # the first thread raises it
            self._failure = error
        finally:
            self._is_done.set()

    def give_up(self) -> None:
        """Have nothing made of it."""
        self._is_done.set()

    def result(self) -> tuple[Portion, Goods] | None:
        """Wait for its end, and return what was made, None for nothing, or raise what was raised."""
        self._is_done.wait()
        if self._failure is not None:
            raise self._failure
        return self._made


class _Crew:
    """The threads of one run, and the pieces that are on their way."""

    def __init__(self, threads: RequestThreads, work: Work, sink: BatchSink) -> None:
        self._threads, self._work, self._sink = threads, work, sink
        self._waiting: SimpleQueue[_Task | None] = SimpleQueue()
        self._turns: deque[_Task] = deque()
        self._started = 0
        self._begin = threading.Lock()  # so that pieces are begun in their order, to the last one
        self._is_ending = False

    def __enter__(self) -> Self:
        self._ending, self._going_on = os.pipe()
        return self

    def __exit__(self, *_: object) -> None:
        """Let the threads end that have nothing to do; nobody waits for the others."""
        self.end()
        self._waiting.put(None)
        os.close(self._going_on)
        os.close(self._ending)

    def take_on(self, piece: Lines) -> None:
        """Have a piece worked on; where everyone has one and some wait, the first in turn is handed over before."""
        if len(self._turns) >= 2 * self._threads.count:
            self._hand_over()
        with self._threads.hold_back():
            if self._started < self._threads.count:
                self._start()
            task = _Task(piece)
            self._turns.append(task)
            self._waiting.put(task)

    def _start(self) -> None:
        try:
            threading.Thread(target=self._serve, daemon=True).start()
        except RuntimeError as error:
            if not self._started:
                raise OutputError("a thread cannot be started", "try again with more memory") from error
            return
        self._started += 1

    def end(self) -> None:
        """Have nothing begun any more."""
        self._is_ending = True

    def _serve(self) -> None:
        while (task := self._begin_next()) is not None:
            task.do(self._work)

    def _begin_next(self) -> _Task | None:
        """Wait for the next piece and return it; None at the end."""
        with self._begin:
            while (task := self._waiting.get()) is not None and self._is_ending:
                task.give_up()
            if task is None:
                self._waiting.put(None)  # for the next thread
            return task

    def finish(self) -> None:
        """Wait until all that has been begun has been handed over."""
        while self._turns:
            self._hand_over()

    def _hand_over(self) -> None:
        """Wait for what comes of the first in turn, and hand it over; a signal ends the wait alone."""
        made = self._turns[0].result()
        if made is None:
            self._turns.clear()  # nor has any behind it been begun
            return
        portion, goods = made
        with self._threads.hold_back():
            self._turns.popleft()
            try:
                self._sink.take(goods, self._ending)
            finally:
                self._work.note(portion)
