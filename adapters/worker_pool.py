"""Work on all cores, in the order of its pieces, with few of them in flight.

Workers are forked, so that an open key need not be handed to them. They end with this process,
however it ends: each waits for its next piece on a pipe that then has no other side.
"""

from __future__ import annotations

import signal
import traceback
from collections import deque
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from domain.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
    from multiprocessing.connection import Connection
    from multiprocessing.context import ForkProcess

_Piece = TypeVar("_Piece")
_Result = TypeVar("_Result")
_Answer = TypeVar("_Answer")

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
"""Those that the first process answers for all."""


def map_in_order(
    work: Callable[[_Piece], _Result], pieces: Iterable[_Piece | None], workers: int
) -> Generator[_Result]:
    """Give what `work` makes of each piece, in their order; `pieces` are taken as results are.

    A piece that is None says that the next may be long in coming: all that is under way is given before
    it is waited for. A single worker is this process itself, and so is the only one that a single piece needs.

    Raises:
        OutputError: a worker cannot be started, or has died.
        Exception: what `work` raised, in whatever process.
    """
    if workers == 1:
        yield from (work(piece) for piece in pieces if piece is not None)
        return
    held: list[_Piece] = []
    with _Pool(work, workers) as pool:
        for piece in pieces:
            if piece is None:
                yield from map(work, held)
                held.clear()
                yield from pool.drain()
            elif held or pool.is_busy():
                for following in (*held, piece):
                    # A worker has one piece at a time: with two, it could wait to give while it is waited for to take.
                    done = [pool.collect()] if pool.is_full() else []
                    pool.hand_out(following)
                    yield from done
                held.clear()
            else:
                held.append(piece)
        yield from map(work, held)
        yield from pool.drain()


class _Pool(Generic[_Piece, _Result]):
    """Forked workers, each at its end of a pipe, started when there is a piece for it; pieces go round them in turn."""

    def __init__(self, work: Callable[[_Piece], _Result], count: int) -> None:
        self._work = work
        self._count = count
        self._ends: list[Connection] = []
        self._processes: list[ForkProcess] = []
        self._turns: deque[int] = deque()
        self._handed_out = 0

    def __enter__(self) -> _Pool[_Piece, _Result]:
        return self

    def __exit__(self, *_: object) -> None:
        for end in self._ends:
            end.close()
        for process in self._processes:
            process.kill()  # what it works on, if anything, nobody wants any more
            process.join()
            process.close()

    def is_full(self) -> bool:
        return len(self._turns) >= self._count

    def is_busy(self) -> bool:
        return bool(self._turns)

    def hand_out(self, piece: _Piece) -> None:
        turn = self._handed_out % self._count
        if turn == len(self._ends):
            self._start()
        self._handed_out += 1
        self._turns.append(turn)
        self._talk(lambda: self._ends[turn].send(piece))

    def collect(self) -> _Result:
        result, error = self._talk(self._ends[self._turns.popleft()].recv)
        if error is not None:
            raise error
        return result  # type: ignore[no-any-return]

    def drain(self) -> Iterator[_Result]:
        """Give all results that are under way."""
        while self.is_busy():
            yield self.collect()

    def _start(self) -> None:
        from multiprocessing import get_context  # noqa: PLC0415  # slow to load

        context = get_context("fork")
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)  # until the worker leaves them to this process
        try:
            own, theirs = context.Pipe()
            self._ends.append(own)
            process = context.Process(target=_serve, args=(self._work, theirs, tuple(self._ends)), daemon=True)
            process.start()
        except OSError as error:
            raise OutputError(f"a worker cannot be started: {error.strerror}", "try fewer by --workers") from error
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        theirs.close()
        self._processes.append(process)

    def _talk(self, talk: Callable[[], _Answer]) -> _Answer:
        try:
            return talk()
        except (OSError, EOFError) as error:
            raise OutputError("a worker has died", "try again with --workers 1, or with more memory") from error


def _serve(work: Callable[[Any], Any], end: Connection, others: Sequence[Connection]) -> None:
    """Work on pieces until there is nobody to hand them out."""
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
    for other in others:
        other.close()
    try:
        while True:
            end.send(_try(work, end.recv()))
    except (EOFError, OSError):
        return


def _try(work: Callable[[Any], Any], piece: Any) -> tuple[Any, Exception | None]:
    """Return the result of `work`, or what it raised, with where."""
    try:
        return work(piece), None
    except Exception as error:  # noqa: BLE001  # the first process raises it
        error.add_note("".join(traceback.format_exception(error)))
        return None, error
