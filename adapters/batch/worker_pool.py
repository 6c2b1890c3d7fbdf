"""Work on all cores whose results are handed over in the order of its pieces, with few of them in flight.

Workers are forked, so that an open key need not be handed to them, and hand over themselves, each in its turn: the
first process copies no results, and whatever ends it, even SIGKILL, ends no write in the middle. They end
with it, however it ends: the pipes on which they wait then have no other side.
"""

from __future__ import annotations

import os
import signal
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any, Self

import attrs

from adapters.batch.worker import Worker, list_readable, start, starting, work_on_piece
from domain.batch.portion import Lines
from domain.batch.ports import BatchSink, Work
from domain.errors import StepOttError

GRACE_SECONDS = 0.3
"""How long a worker that is handing over has to come to where it can stop, before it is killed."""


class WorkerPool:
    """Forks workers for one run after the other.

    Attributes:
        count: How many work at a time.
        hold_back: Holds signals back while what has been handed over is noted.
        is_apart: Whether workers leave this process's group, so that SIGKILL to the group cuts no write of theirs.
    """

    def __init__(self, count: int, hold_back: Callable[[], AbstractContextManager[None]], *, is_apart: bool) -> None:
        self.count = count
        self.hold_back = hold_back
        self.is_apart = is_apart

    def run(self, work: Work, sink: BatchSink, pieces: Iterable[Lines | None]) -> None:
        """Make something of each piece and hand it over (see `domain.batch.ports.Workforce`).

        Raises:
            OutputError: a worker cannot be started, or has died.
        """
        broken: list[StepOttError] = []
        with _heeding_children(), _Crew(self, work, sink) as crew:
            for piece in end_at_error(pieces, broken):
                if piece is None:
                    crew.finish()
                else:
                    crew.take_on(piece)
            crew.finish()
        if broken:
            raise broken[0]


def end_at_error(pieces: Iterable[Any], broken: list[StepOttError]) -> Iterator[Any]:
    """Give the pieces up to an error, which then stands in `broken`: those before it are still handed over."""
    try:
        yield from pieces
    except StepOttError as error:
        broken.append(error)


@attrs.define(eq=False)
class _Crew:
    """The workers of one run, started when there is a piece for each; pieces go round them in turn.

    A worker tells in short what it has made of its piece, is given its turn, hands over, and tells that it has.
    """

    _pool: WorkerPool
    _work: Work
    _sink: BatchSink
    _workers: list[Worker] = attrs.field(factory=list, init=False)
    _turns: deque[Worker] = attrs.field(factory=deque, init=False)
    _told: list[Any] = attrs.field(factory=list, init=False)  # what the first in turn has told: one thing or none
    _taken_on: int = attrs.field(default=0, init=False)
    _ending: int = attrs.field(init=False)  # of a pipe that nothing is written to: closed, it tells the workers to end
    _going_on: int = attrs.field(init=False)  # its other end

    def __enter__(self) -> Self:
        with starting():
            self._ending, self._going_on = os.pipe()
        return self

    def __exit__(self, *_: object) -> None:
        """End all workers; one that is handing over first comes to where it can stop, and what it has done is noted.

        It gets little time for that: it may be stopped, or wait for a reader in the middle of a long row.
        """
        with self._pool.hold_back():
            os.close(self._going_on)
            try:
                if self._turns:
                    self._await_stop(self._turns[0])
                for worker in self._workers:
                    worker.kill()
                for worker in self._workers:
                    self._sink.settle(worker.process)
            finally:
                for worker in self._workers:
                    worker.bury()
                os.close(self._ending)
                for summary in self._told:
                    self._work.note(summary)

    def _await_stop(self, worker: Worker) -> None:
        """Wait until the worker has handed over as much as it will, has died, or its time is up.

        Who has told nothing of its piece by now will hand nothing over: it looks whether to end in between.
        """
        deadline = time.monotonic() + GRACE_SECONDS
        with suppress(StepOttError):
            while list_readable([worker.reading], max(deadline - time.monotonic(), 0) if self._told else 0):
                if not worker.absorb():
                    continue
                summary, error = worker.receive()
                if self._told or error is not None:
                    return
                self._told.append(summary)

    def take_on(self, piece: Any) -> None:
        """Have a piece worked on; where everyone has one, the first in turn hands over before."""
        turn = self._taken_on % self._pool.count
        self._taken_on += 1
        if turn == len(self._workers):
            self._workers.append(start(self._serve))
        worker = self._workers[turn]
        if self._turns and self._turns[0] is worker:
            self._hear()
            worker.send(piece)  # at hand as soon as it has handed over
            self._collect()
        else:
            worker.send(piece)
        self._turns.append(worker)
        if len(self._turns) == 1:
            worker.send(None)

    def finish(self) -> None:
        """Wait until all that is under way has been handed over."""
        while self._turns:
            self._hear()
            self._collect()

    def _hear(self) -> None:
        """Wait for what the first in turn tells of its piece."""
        with self._message() as (summary, error):
            if error is None:
                self._told.append(summary)

    def _collect(self) -> None:
        """Wait until the first in turn has handed over, note that, and give the next its turn."""
        with self._message():
            self._turns.popleft()
            self._work.note(self._told.pop())
        if self._turns:
            self._turns[0].send(None)

    @contextmanager
    def _message(self) -> Iterator[Any]:
        """Wait for a message of the first in turn, give it, and raise the error in it; a signal ends the wait alone."""
        worker, is_whole = self._turns[0], False
        while not is_whole:
            list_readable([worker.reading], None)
            with self._pool.hold_back():
                if is_whole := worker.absorb():
                    result, error = worker.receive()
                    yield result, error
                    if error is not None:
                        self._turns.clear()  # nobody else gets a turn
                        raise error

    def _serve(self, first: Worker) -> None:
        """Be a worker: work on pieces until there is nobody to hand them out."""
        if self._pool.is_apart:
            os.setpgid(0, 0)
        for other in self._workers:
            other.close()
        os.close(self._going_on)
        while work_on_piece(first, self._work, self._sink, self._ending):
            pass


@contextmanager
def _heeding_children() -> Iterator[None]:
    """Let ended workers be asked about: whoever started this process may have had it ignore SIGCHLD."""
    before = signal.getsignal(signal.SIGCHLD)
    if before is signal.SIG_IGN:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    try:
        yield
    finally:
        if before is signal.SIG_IGN:
            signal.signal(signal.SIGCHLD, before)
