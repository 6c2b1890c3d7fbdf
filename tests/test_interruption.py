"""Ctrl-C and SIGTERM: at once, or when what must be whole is."""

import signal

import pytest

from adapters.interruption import SIGNALS, Interruption

NUMBERS = pytest.mark.parametrize("number", SIGNALS)


@NUMBERS
def test_a_signal_interrupts_at_once(number: signal.Signals) -> None:
    """Both signals are as Ctrl-C is, and afterwards are answered as before."""
    before = [signal.getsignal(each) for each in SIGNALS]
    with pytest.raises(KeyboardInterrupt), Interruption().answered():  # noqa: PT012
        signal.raise_signal(number)
        pytest.fail("it went on")
    assert [signal.getsignal(each) for each in SIGNALS] == before


@NUMBERS
def test_a_signal_waits_for_what_must_be_whole(number: signal.Signals) -> None:
    """The block runs to its end, and nothing behind it does."""
    interruption, done = Interruption(), []
    with pytest.raises(KeyboardInterrupt), interruption.answered():  # noqa: PT012
        with interruption.held_back():
            signal.raise_signal(number)
            done.append("whole")
        done.append("behind")
    assert done == ["whole"]


def test_a_signal_interrupts_once() -> None:
    """What is done on the way out, such as noting what was whole, is not interrupted by the same signal again."""
    interruption, done = Interruption(), []
    with interruption.answered():
        with pytest.raises(KeyboardInterrupt), interruption.held_back():
            signal.raise_signal(signal.SIGINT)
        with interruption.held_back():
            done.append("noted")
    assert done == ["noted"]


def test_a_second_signal_does_not_wait() -> None:
    """Whoever insists is heard in the middle."""
    interruption = Interruption()
    with pytest.raises(KeyboardInterrupt), interruption.answered(), interruption.held_back():  # noqa: PT012
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGTERM)
        pytest.fail("it went on")


def test_an_error_within_is_the_one_that_is_raised() -> None:
    """What went wrong in the block is not hidden by the signal, which then interrupts the next one."""
    interruption = Interruption()
    with interruption.answered():
        with pytest.raises(OSError, match="full"), interruption.held_back():  # noqa: PT012
            signal.raise_signal(signal.SIGINT)
            raise OSError("full")
        with pytest.raises(KeyboardInterrupt), interruption.held_back():
            pass


def test_a_signal_that_was_ignored_stays_so() -> None:
    """A batch that a script runs in the background is not ended by the script's Ctrl-C."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with Interruption().answered():
            signal.raise_signal(signal.SIGINT)
            assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
