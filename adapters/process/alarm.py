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
"""How long is waited before the clocks are looked at again: one may be put right, or the machine may have slept."""

_JUMP = NANOSECONDS
"""How much the clock of the machine must go otherwise than time does to have been changed."""

_TIME: int = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""The clock that nobody changes, and that goes on while the machine sleeps where the system has such a one."""

ENDING = (signal.SIGINT, signal.SIGTERM)


class EndedError(BaseException):
    """A signal has ended what goes on; nothing but the alarm itself answers it."""


class SignalAlarm:
    """The alarm of a daemon (see `domain.enroll.ports.Alarm`), which answers signals in its block and ends that.

    It answers those too that the process was started to ignore, as a shell has SIGINT ignored for what a script starts
    with `&`: there is no other way to end a daemon in order, and step does so.
    """

    def __enter__(self) -> Self:
        self._read, self._write = os.pipe()
        os.set_blocking(self._write, False)
        handlers: dict[signal.Signals, Any] = {signal.SIGHUP: self._wake, **dict.fromkeys(ENDING, _end)}
        self._before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> bool:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        os.close(self._read)
        os.close(self._write)
        return kind is not None and issubclass(kind, EndedError)

    def wait(self, nanoseconds: int) -> int:
        end = _elapsed() + nanoseconds
        while (left := end - _elapsed()) > 0:
            begun, shown = _elapsed(), time.time_ns()
            if select.select([self._read], [], [], min(left / NANOSECONDS, _LOOK_SECONDS))[0]:
                break
            passed = _elapsed() - begun
            if abs(time.time_ns() - shown - passed) > _JUMP and left > passed:
                return left - passed
        while select.select([self._read], [], [], 0)[0]:
            os.read(self._read, 1024)
        return 0

    def _wake(self, *_: object) -> None:
        with suppress(BlockingIOError):  # it is awake already
            os.write(self._write, b"\0")


def _end(*_: object) -> None:
    raise EndedError


def _elapsed() -> int:
    return time.clock_gettime_ns(_TIME)
