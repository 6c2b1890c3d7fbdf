"""The alarm of a daemon: time that no clock shows, and signals."""

import os
import signal
import time

import pytest

from adapters.process import alarm
from adapters.process.alarm import SignalAlarm
from domain.formats.duration import HOUR, MINUTE, NANOSECONDS

MILLISECOND = NANOSECONDS // 1000


def test_what_is_over_is_not_waited_for() -> None:
    """Nothing, and what is due since long."""
    with SignalAlarm() as one:
        assert [one.wait(0), one.wait(-HOUR), one.wait(MILLISECOND)] == [0, 0, 0]


@pytest.mark.parametrize("change", [-10 * 365 * 24 * HOUR, -MINUTE, MINUTE, 365 * 24 * HOUR])
def test_a_changed_clock_is_noticed(change: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """As soon as the alarm looks at the clocks again; what is left is told."""
    shown = iter([time.time_ns(), time.time_ns() + change])
    monkeypatch.setattr(alarm, "_LOOK_SECONDS", 0.01)
    monkeypatch.setattr(alarm.time, "time_ns", lambda: next(shown))
    with SignalAlarm() as one:
        assert HOUR - MINUTE < one.wait(HOUR) < HOUR


def test_a_clock_that_is_put_back_keeps_no_wait_from_ending(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is short is over before anybody looks at the clock."""
    shown = iter([time.time_ns(), time.time_ns() - 365 * 24 * HOUR])
    monkeypatch.setattr(alarm.time, "time_ns", lambda: next(shown))
    with SignalAlarm() as one:
        assert one.wait(10 * MILLISECOND) == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("before", [signal.SIG_IGN, signal.SIG_DFL])
def test_signals_count_that_were_ignored(number: signal.Signals, before: signal.Handlers) -> None:
    """They end the block, and are as they were behind it; SIGHUP ends a wait."""
    usual = signal.signal(number, before)
    try:
        with SignalAlarm() as one:
            os.kill(os.getpid(), signal.SIGHUP)
            assert one.wait(HOUR) == 0
            os.kill(os.getpid(), number)
            one.wait(HOUR)
            pytest.fail("it goes on")
        assert signal.getsignal(number) is before
    finally:
        signal.signal(number, usual)
