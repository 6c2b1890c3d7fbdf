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
    ) -> None:
        """Make something of each piece and hand it over (see `domain.ports.Workforce`).

        Raises:
            OutputError: a worker cannot be started, or has died.
        """
        broken: list[StepOttError] = []
        with _Crew(self, make, hand_over, note) as crew:
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
    ) -> None:
        self._pool = pool
        self._make = make
        self._hand_over = hand_over
        self._note = note
        self._workers: list[_Worker] = []
        self._turns: deque[_Worker] = deque()
        self._told: list[Any] = []  # what the first in turn has told of its piece: one thing or none
        self._taken_on = 0

    def __enter__(self) -> Self:
        with _starting():
            self._ending, self._going_on = os.pipe()  # nothing is written to it: closed, it tells the workers to end
        return self

    def __exit__(self, *_: object) -> None:
        """End all workers; one that is handing over first comes to where it can stop, and that is noted."""
        os.close(self._going_on)
        try:
            # Who has told nothing by now will hand nothing over: it looks whether to end in between.
            if self._turns and (self._told or self._turns[0].has_news(wait=False)):
                with suppress(StepOttError):
                    self._hear()
                    self._turns[0].has_news(wait=True)
        finally:
            for worker in self._workers:
                worker.dismiss()
            os.close(self._ending)
            for summary in self._told:
                self._note(summary)

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
        if not self._told:
            self._turns[0].has_news(wait=True)
            with self._pool.hold_back():
                summary, error = self._turns[0].receive()
                if error is not None:
                    self._turns.clear()  # nobody else gets a turn
                    raise error
                self._told.append(summary)

    def _collect(self) -> None:
        """Wait until the first in turn has handed over, note that, and give the next its turn."""
        self._turns[0].has_news(wait=True)
        with self._pool.hold_back():
            _, error = self._turns[0].receive()
            self._turns.popleft()
            self._note(self._told.pop())
            if error is not None:
                self._turns.clear()
                raise error
        if self._turns:
            self._turns[0].send(None)

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
        if self._ending in _list_readable(awaited, wait=True):
            return False
        first.receive()
        first.send(_try(self._hand_over, goods, self._ending))
        return True


@attrs.frozen
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

    def send(self, message: Any) -> None:
        data = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
        waiting = memoryview(len(data).to_bytes(_LENGTH_BYTES) + data)
        with _telling_of_death():
            while waiting:
                waiting = waiting[os.write(self.writing, waiting) :]

    def receive(self) -> Any:
        data = self._read(int.from_bytes(self._read(_LENGTH_BYTES)))
        return pickle.loads(data)  # noqa: S301  # of a process that is a fork of this one, or the other way round

    def _read(self, length: int) -> bytearray:
        data = bytearray()
        with _telling_of_death():
            while len(data) < length:
                if not (part := os.read(self.reading, length - len(data))):
                    raise EOFError
                data += part
        return data

    def has_news(self, *, wait: bool) -> bool:
        """Return whether there is something to receive, if only that the other has died."""
        return bool(_list_readable([self.reading], wait=wait))

    def close(self) -> None:
        _close((self.reading, self.writing))

    def dismiss(self) -> None:
        """End the worker: what it works on, if anything, nobody wants any more."""
        self.close()
        os.kill(self.process, signal.SIGKILL)
        with suppress(ChildProcessError):  # whoever started this process may have had it ignore SIGCHLD
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


def _list_readable(descriptors: Sequence[int], *, wait: bool) -> list[int]:
    """Return which descriptors can be read or have no other side, waiting until one does where it is told to."""
    poll = select.poll()  # a select takes no descriptor over 1023
    for descriptor in descriptors:
        poll.register(descriptor, select.POLLIN)
    return [descriptor for descriptor, _ in poll.poll(None if wait else 0)]


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
