"""Work on all cores whose results are handed over in the order of its pieces, with few of them in flight.

Workers are forked, so that an open key need not be handed to them, and hand over themselves, each in its turn: the
first process copies no results, and whatever ends it, even SIGKILL, ends no write in the middle. They end
with it, however it ends: the pipes on which they wait then have no other side.
"""

from __future__ import annotations

import os
import pickle
import select
import signal
import time
import traceback
from collections import deque
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, NoReturn, Self, TypeVar

import attrs

from domain.errors import OutputError, StepOttError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from contextlib import AbstractContextManager

_Piece = TypeVar("_Piece")
_Summary = TypeVar("_Summary")
_Goods = TypeVar("_Goods")

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
"""Those that the first process answers for all."""

_LENGTH_BYTES = 8
"""Of the length that goes before a message on a pipe."""

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

    def run(
        self,
        make: Callable[[_Piece], tuple[_Summary, _Goods]],
        hand_over: Callable[[_Goods, int], None],
        pieces: Iterable[_Piece | None],
        note: Callable[[_Summary], None],
        settle: Callable[[int], None] = lambda _: None,
    ) -> None:
        """Make something of each piece and hand it over (see `domain.batch.ports.Workforce`).

        Raises:
            OutputError: a worker cannot be started, or has died.
        """
        broken: list[StepOttError] = []
        with _heeding_children(), _Crew(self, make, hand_over, note, settle) as crew:
            for piece in _end_at_error(pieces, broken):
                if piece is None:
                    crew.finish()
                else:
                    crew.take_on(piece)
            crew.finish()
        if broken:
            raise broken[0]


def _end_at_error(pieces: Iterable[Any], broken: list[StepOttError]) -> Iterator[Any]:
    """Give the pieces up to an error, which then stands in `broken`: those before it are still handed over."""
    try:
        yield from pieces
    except StepOttError as error:
        broken.append(error)


class _Crew:
    """The workers of one run, started when there is a piece for each; pieces go round them in turn.

    A worker tells in short what it has made of its piece, is given its turn, hands over, and tells that it has.
    """

    def __init__(
        self,
        pool: WorkerPool,
        make: Callable[[Any], tuple[Any, Any]],
        hand_over: Callable[[Any, int], None],
        note: Callable[[Any], None],
        settle: Callable[[int], None],
    ) -> None:
        self._pool = pool
        self._make = make
        self._hand_over = hand_over
        self._note = note
        self._settle = settle
        self._workers: list[_Worker] = []
        self._turns: deque[_Worker] = deque()
        self._told: list[Any] = []  # what the first in turn has told of its piece: one thing or none
        self._taken_on = 0

    def __enter__(self) -> Self:
        with _starting():
            self._ending, self._going_on = os.pipe()  # nothing is written to it: closed, it tells the workers to end
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
                    self._settle(worker.process)
            finally:
                for worker in self._workers:
                    worker.bury()
                os.close(self._ending)
                for summary in self._told:
                    self._note(summary)

    def _await_stop(self, worker: _Worker) -> None:
        """Wait until the worker has handed over as much as it will, has died, or its time is up.

        Who has told nothing of its piece by now will hand nothing over: it looks whether to end in between.
        """
        deadline = time.monotonic() + GRACE_SECONDS
        with suppress(StepOttError):
            while worker.has_news(0 if not self._told else max(deadline - time.monotonic(), 0)):
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
            self._workers.append(self._start())
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
        while not self._told:
            with self._news() as message:
                if message is not None:
                    summary, error = message
                    if error is not None:
                        self._turns.clear()  # nobody else gets a turn
                        raise error
                    self._told.append(summary)

    def _collect(self) -> None:
        """Wait until the first in turn has handed over, note that, and give the next its turn."""
        while self._told:
            with self._news() as message:
                if message is not None:
                    _, error = message
                    self._turns.popleft()
                    self._note(self._told.pop())
                    if error is not None:
                        self._turns.clear()
                        raise error
        if self._turns:
            self._turns[0].send(None)

    @contextmanager
    def _news(self) -> Iterator[Any]:
        """Wait for the first in turn, and give its message if that is whole by now; a signal ends the wait alone."""
        worker = self._turns[0]
        worker.has_news(None)
        with self._pool.hold_back():
            yield worker.receive() if worker.absorb() else None

    def _start(self) -> _Worker:
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)  # until the worker leaves them to this process
        try:
            with _starting():
                worker = _fork()
            if worker.process == 0:
                self._serve(worker)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        return worker

    def _serve(self, first: _Worker) -> NoReturn:
        """Be a worker: work on pieces until there is nobody to hand them out, and end."""
        try:
            for number in _SIGNALS:
                signal.signal(number, signal.SIG_IGN)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
            if self._pool.is_apart:
                os.setpgid(0, 0)
            for other in self._workers:
                other.close()
            os.close(self._going_on)
            while self._work_on_piece(first):
                pass
        finally:
            os._exit(0)  # what the first process has yet to do is not for this one

    def _work_on_piece(self, first: _Worker) -> bool:
        """Work on the next piece; return whether to go on."""
        made, error = _try(self._make, first.receive())
        summary, goods = made or (None, None)
        first.send((summary, error))
        awaited = [self._ending, first.reading] if error is None else [self._ending]
        if self._ending in _list_readable(awaited, None):
            return False
        first.receive()
        first.send(_try(self._hand_over, goods, self._ending))
        return True


@attrs.define(eq=False)
class _Worker:
    """A worker as the first process sees it, and the other way round.

    Attributes:
        process: The worker's, 0 where this is it.
        reading: This process's end of the pipe from the other.
        writing: This process's end of the pipe to the other.
    """

    process: int
    reading: int
    writing: int
    _message: bytearray = attrs.field(factory=bytearray, repr=False)  # what there is of the next one

    def send(self, message: Any) -> None:
        data = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
        waiting = memoryview(len(data).to_bytes(_LENGTH_BYTES) + data)
        with _telling_of_death():
            while waiting:
                waiting = waiting[os.write(self.writing, waiting) :]

    def receive(self) -> Any:
        """Return the next message, waiting for it where it has not been absorbed."""
        while not self.absorb():
            pass
        data = self._message[_LENGTH_BYTES:]
        self._message.clear()
        return pickle.loads(data)  # noqa: S301  # of a process that is a fork of this one, or the other way round

    def absorb(self) -> bool:
        """Read what there is of the next message, waiting for a part of it; return whether it is whole.

        Raises:
            OutputError: the other has died.
        """
        if missing := self._count_missing():
            with _telling_of_death():
                if not (part := os.read(self.reading, missing)):
                    raise EOFError
            self._message += part
        return not self._count_missing()

    def _count_missing(self) -> int:
        """Return how many bytes are to be read next, none where the message is whole."""
        has = len(self._message)
        wanted = _LENGTH_BYTES
        if has >= wanted:
            wanted += int.from_bytes(self._message[:_LENGTH_BYTES])
        return wanted - has

    def has_news(self, seconds: float | None) -> bool:
        """Return whether there is something to absorb, if only the other's end, within a time; None is for ever."""
        return bool(_list_readable([self.reading], seconds))

    def close(self) -> None:
        _close((self.reading, self.writing))

    def kill(self) -> None:
        """End the worker, stopped or not, and wait for its end: what it works on nobody wants any more."""
        with suppress(ProcessLookupError, ChildProcessError):  # somebody else may have waited for it
            os.kill(self.process, signal.SIGKILL)
            os.waitid(os.P_PID, self.process, os.WEXITED | os.WNOWAIT)

    def bury(self) -> None:
        """Let go of the worker, which has ended."""
        self.close()
        with suppress(ChildProcessError):
            os.waitpid(self.process, 0)


def _fork() -> _Worker:
    """Return the worker in the first process, and in the worker the first process.

    Raises:
        OSError: there are not enough processes or descriptors.
    """
    ends: list[int] = []
    try:
        ends += os.pipe()
        ends += os.pipe()
        process = os.fork()
    except OSError:
        _close(ends)
        raise
    theirs, to_them, from_them, to_us = ends
    _close((to_them, from_them) if process == 0 else (theirs, to_us))
    return _Worker(0, theirs, to_us) if process == 0 else _Worker(process, from_them, to_them)


def _close(descriptors: Iterable[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)


def _list_readable(descriptors: Sequence[int], seconds: float | None) -> list[int]:
    """Return which descriptors can be read or have no other side, waiting for one so long; None is for ever."""
    poll = select.poll()  # a select takes no descriptor over 1023
    for descriptor in descriptors:
        poll.register(descriptor, select.POLLIN)
    return [descriptor for descriptor, _ in poll.poll(None if seconds is None else seconds * 1000)]


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


@contextmanager
def _starting() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(f"a worker cannot be started: {error.strerror}", "try fewer by --workers") from error


@contextmanager
def _telling_of_death() -> Iterator[None]:
    try:
        yield
    except (OSError, EOFError) as error:
        raise OutputError("a worker has died", "try again with fewer --workers, or with more memory") from error


def _try(work: Callable[..., Any], *arguments: Any) -> tuple[Any, Exception | None]:
    """Return the result of `work`, or what it raised, with where."""
    try:
        return work(*arguments), None
    except Exception as error:  # noqa: BLE001  # the first process raises it
        error.add_note("".join(traceback.format_exception(error)))
        return None, error
