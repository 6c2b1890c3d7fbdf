"""Signals that end the process: at once, or when what must be whole is."""

import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from time import monotonic

import pytest

from adapters.process.interruption import ENDING, SIGNALS, Interruption, deciding, wait_for
from tests.support.peer_programs import REPOSITORY

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


# -- What decides -----------------------------------------------------------------------------------

DECIDE = """
import os, signal, sys
from adapters.process.interruption import deciding
number, is_last, fails, is_ignored = map(int, sys.argv[1:])
if is_ignored:
    signal.signal(number, signal.SIG_IGN)
with deciding(is_last=bool(is_last)):
    os.kill(os.getpid(), number)
    print("decided", flush=True)
    assert not fails
os.kill(os.getpid(), number)
print("after", flush=True)
"""


def decide(number: signal.Signals, *, is_last: bool = False, fails: bool = False, ignored: bool = False) -> list[str]:
    """Return what a process says that gets a signal while it decides, and one after it, and how it ends."""
    flags = [str(int(flag)) for flag in (number, is_last, fails, ignored)]
    done = subprocess.run(
        [sys.executable, "-c", DECIDE, *flags], capture_output=True, text=True, cwd=REPOSITORY, timeout=60, check=False
    )
    return [*done.stdout.split(), str(done.returncode)]


@pytest.mark.parametrize("number", ENDING)
def test_a_signal_does_what_it_does_when_it_is_decided(number: signal.Signals) -> None:
    """It waits for the block, also where that fails, and then ends the process as ever."""
    assert decide(number) == ["decided", str(-number)]
    assert decide(number, fails=True) == ["decided", str(-number)]


@pytest.mark.parametrize("number", ENDING)
def test_a_signal_comes_too_late_when_all_is_decided(number: signal.Signals) -> None:
    """Where nothing comes after the block, the exit status is what the block has made it; a failure decides nothing."""
    assert decide(number, is_last=True) == ["decided", "after", "0"]
    assert decide(number, is_last=True, fails=True) == ["decided", str(-number)]


@pytest.mark.parametrize("number", ENDING)
def test_a_signal_that_is_ignored_is_ignored_after_a_decision(number: signal.Signals) -> None:
    """Nothing is held back that would not have done anything."""
    assert decide(number, ignored=True) == ["decided", "after", "0"]


def test_another_thread_decides_as_well() -> None:
    """A program that mints on a thread of its own keeps its signals to the first one."""
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(lambda: deciding().__enter__()).result() is None


# -- Waiting ----------------------------------------------------------------------------------------


def test_a_wait_gives_what_the_work_gives() -> None:
    """What it returns, or what it raises."""
    assert wait_for(lambda: 42) == 42
    with pytest.raises(ZeroDivisionError):
        wait_for(lambda: 1 // 0)


def test_a_wait_for_which_there_is_no_thread_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system allows no more of them the work is done all the same."""

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    assert wait_for(threading.get_ident) == threading.get_ident()


def test_a_wait_is_interrupted() -> None:
    """The signal that comes while a library works is answered before it has done."""
    is_over = threading.Event()

    def work() -> None:
        os.kill(os.getpid(), signal.SIGINT)  # as a terminal does: to the process, not to this thread
        is_over.wait(60)

    begin = monotonic()
    with pytest.raises(KeyboardInterrupt):
        wait_for(work)
    is_over.set()
    assert monotonic() - begin < 30
