"""A worker: a forked process that works on pieces, and pickled messages to and from it by two pipes."""

from __future__ import annotations

import os
import pickle
import select
import signal
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import attrs

from adapters.process.interruption import SIGNALS
from domain.batch.ports import BatchSink, Work
from domain.errors import OutputError

_THREADS_SECONDS = 1.0
"""How long a fork waits for threads that end, and no longer for one that does not."""

_LENGTH_BYTES = 8
"""Of the length that goes before a message on a pipe."""


@attrs.define(eq=False)
class Worker:
    """A worker as the first process sees it, and the first process as the worker sees it.

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
        """Send a message, waiting for room where the other reads slowly.

        Raises:
            OutputError: the other has died.
        """
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


def start(serve: Callable[[Worker], None]) -> Worker:
    """Fork a worker and return it; there `serve` is called with the first process, and the worker ends.

    Raises:
        OutputError: there are not enough processes or descriptors.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)  # until the worker leaves them to this process
    try:
        _await_threads()
        with starting():
            worker = _fork()
        if worker.process == 0:
            try:
                for number in SIGNALS:
                    signal.signal(number, signal.SIG_IGN)
                signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
                serve(worker)
            finally:
                os._exit(0)  # what the first process has yet to do is not for this one
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return worker


def _await_threads() -> None:
    """Wait for the end of threads that have done their work, such as one that opened a device.

    At its very end a thread takes a lock of OpenSSL's, which in a fork of that moment would stay locked for ever.
    """
    deadline = time.monotonic() + _THREADS_SECONDS
    with suppress(OSError):  # there may be no /proc
        while len(os.listdir("/proc/self/task")) > 1 and time.monotonic() < deadline:
            time.sleep(0.001)


def _fork() -> Worker:
    """Return the worker in the first process, and in the worker the first process."""
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
    return Worker(0, theirs, to_us) if process == 0 else Worker(process, from_them, to_them)


def work_on_piece(first: Worker, work: Work, sink: BatchSink, ending: int) -> bool:
    """Work on the next piece that the first process sends, and hand over in turn; return whether to go on.

    It is told in short what was made, gives this worker its turn, and is told that it has handed over; each with what
    was raised. Where `ending` can be read in between, nothing more is wanted.
    """
    made, error = _try(work.make, first.receive())
    summary, goods = made or (None, None)
    first.send((summary, error))
    awaited = [ending, first.reading] if error is None else [ending]
    if ending in list_readable(awaited, None):
        return False
    first.receive()
    first.send(_try(sink.take, goods, ending))
    return True


def _try(work: Callable[..., Any], *arguments: Any) -> tuple[Any, Exception | None]:
    """Return the result of `work`, or what it raised, with where."""
    try:
        return work(*arguments), None
    except Exception as error:  # noqa: BLE001  # the first process raises it
        error.add_note("".join(traceback.format_exception(error)))
        return None, error


def _close(descriptors: Iterable[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)


def list_readable(descriptors: Sequence[int], seconds: float | None) -> list[int]:
    """Return which descriptors can be read or have no other side, waiting for one so long; None is for ever."""
    poll = select.poll()  # a select takes no descriptor over 1023
    for descriptor in descriptors:
        poll.register(descriptor, select.POLLIN)
    return [descriptor for descriptor, _ in poll.poll(None if seconds is None else seconds * 1000)]


@contextmanager
def starting() -> Iterator[None]:
    """Turn what the system says about a process or pipe that it does not give into an OutputError."""
    try:
        yield
    except OSError as error:
        raise OutputError(f"a worker cannot be started: {error.strerror}", "try fewer with --workers") from error


@contextmanager
def _telling_of_death() -> Iterator[None]:
    try:
        yield
    except (OSError, EOFError) as error:
        raise OutputError("a worker has died", "try again with fewer --workers, or with more memory") from error
