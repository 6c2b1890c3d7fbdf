"""Signals that end the process: answered while a library works, held back while something must be done whole."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

_T = TypeVar("_T")

SIGNALS = (signal.SIGINT, signal.SIGTERM)
"""Those that end a batch in order, answered by its first process."""

ENDING = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM)
"""Those by which people and machines end processes, but for SIGKILL, which nobody can hold back."""


def begin(work: Callable[[], _T]) -> Callable[..., _T]:
    """Let `work` go on beside this thread; what is returned waits for its end, which it gives away once.

    Libraries look at no signals while they derive a key or ask a device, but leave the interpreter to other threads:
    so the work goes on one of its own, and signals are answered. The wait returns what the work does, or raises that;
    where it is interrupted, what comes of the work is nobody's. It takes the seconds to wait at the most, for ever by
    default, and raises a TimeoutError after these.
    """
    outcome: list[_T] = []
    failure: list[BaseException] = []
    is_done = threading.Lock()  # whose wait a signal interrupts
    is_done.acquire()

    def go() -> None:
        try:
            outcome.append(work())
        except BaseException as error:  # noqa: BLE001  # handed over to the thread that waits
            failure.append(error)
        finally:
            is_done.release()

    def wait(seconds: float = -1) -> _T:
        if not is_done.acquire(timeout=seconds):
            raise TimeoutError
        if thread.is_alive():
            thread.join()  # no fork meets it at its end, where it may hold a lock that a child would wait for
        if failure:
            raise failure.pop()  # which then goes with its traceback, and with what hangs on that
        return outcome.pop()

    thread = threading.Thread(target=go, daemon=True)
    try:
        thread.start()
    except RuntimeError:  # there can be no more of them
        go()
    return wait


def wait_for(work: Callable[[], _T]) -> _T:
    """Return what `work` returns, or raise what it raises; signals are answered while it goes on (see `begin`)."""
    return begin(work)()


@contextmanager
def deciding(*, is_last: bool = False) -> Iterator[None]:
    """Hold back the signals that end the process while the block runs; after it they do what they would have done.

    Args:
        is_last: Whether all is done when the block has succeeded, so that the process's exit status is decided: those
            that have come, and those that still come, then do nothing any more.
    """
    come: list[int] = []
    try:
        before = {number: signal.getsignal(number) for number in ENDING}
        heeded = {number: handler for number, handler in before.items() if handler not in (signal.SIG_IGN, None)}
        for number in heeded:
            signal.signal(number, lambda it, _: come.append(it))
    except ValueError:  # another thread than the first, which signals do not end in the middle of anything
        yield
        return
    is_decided = False
    try:
        yield
        is_decided = is_last
    finally:
        if not is_decided:
            for number, handler in heeded.items():
                signal.signal(number, handler)
            for held_back in come:
                signal.raise_signal(held_back)


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
