"""Waits that signals end: SIGHUP has what is waited for done now, SIGINT and SIGTERM end it all."""

from __future__ import annotations

import os
import select
import signal
import time
from contextlib import suppress
from typing import Any, Self

from domain.formats.duration import NANOSECONDS

_LOOK_SECONDS = 30.0
"""How long is waited before the clock is looked at again: it may be put right, or the machine may have slept."""

ENDING = (signal.SIGINT, signal.SIGTERM)


class EndedError(BaseException):
    """A signal has ended what goes on; nothing but the alarm itself answers it."""


class SignalAlarm:
    """The alarm of a daemon (see `domain.enroll.ports.Alarm`), which answers signals in its block and ends that.

    Signals that the process was started to ignore stay ignored.
    """

    def __enter__(self) -> Self:
        self._read, self._write = os.pipe()
        os.set_blocking(self._write, False)
        handlers: dict[signal.Signals, Any] = {signal.SIGHUP: self._wake, **dict.fromkeys(ENDING, _end)}
        before = {number: signal.getsignal(number) for number in handlers}
        self._before = {number: handler for number, handler in before.items() if handler is not signal.SIG_IGN}
        for number in self._before:
            signal.signal(number, handlers[number])
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> bool:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        os.close(self._read)
        os.close(self._write)
        return kind is not None and issubclass(kind, EndedError)

    def wait_until(self, moment: int) -> None:
        while (left := (moment - time.time_ns()) / NANOSECONDS) > 0:
            if select.select([self._read], [], [], min(left, _LOOK_SECONDS))[0]:
                break
        while select.select([self._read], [], [], 0)[0]:
            os.read(self._read, 1024)

    def _wake(self, *_: object) -> None:
        with suppress(BlockingIOError):  # it is awake already
            os.write(self._write, b"\0")


def _end(*_: object) -> None:
    raise EndedError
