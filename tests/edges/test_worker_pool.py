"""Workers: in order, few in flight, each handing over in its turn, and none that outlives the first process."""

import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from mmap import mmap
from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.batch.worker_pool import WorkerPool
from adapters.process.interruption import Interruption
from domain.errors import InputError, KeyFormatError, OutputError
from tests.support.peer_programs import REPOSITORY
from tests.support.pool_work import run_pool
from tests.support.running import PROCESS_SECONDS, list_children

_Piece = TypeVar("_Piece")


def run(
    make: Callable[[_Piece], object],
    pieces: Iterable[_Piece | None],
    workers: int,
    hand_over: Callable[[object, int], None] = lambda _, __: None,
) -> list[object]:
    """Return what was noted; what is made is both told and handed over."""
    noted: list[object] = []

    def double(piece: _Piece) -> tuple[object, object]:
        made = make(piece)
        return made, made

    run_pool(WorkerPool(workers, nullcontext, is_apart=False), double, hand_over, pieces, noted.append)
    return noted


@pytest.fixture(autouse=True)
def _no_worker_is_left(threads_are_no_matter: None) -> Iterator[None]:
    """However a run has ended, its workers have."""
    before = {*list_children(os.getpid())}
    yield
    assert {*list_children(os.getpid())} <= before


def square(number: int) -> int:
    return number * number


def tell_process(_: int) -> int:
    return os.getpid()


class Ledger:
    """What was handed over, in its order, by whatever process."""

    def __init__(self) -> None:
        self._shared = memoryview(mmap(-1, 8_192)).cast("Q")

    def enter(self, made: object, _: int = -1) -> None:
        """Enter a number."""
        assert isinstance(made, int)
        self._shared[0] += 1
        self._shared[self._shared[0]] = made

    def entries(self) -> list[int]:
        """Return the numbers."""
        return self._shared[1 : self._shared[0] + 1].tolist()


@settings(max_examples=25)
@given(pieces=st.lists(st.none() | st.integers(0, 1_000), max_size=30), workers=st.integers(1, 4))
def test_results_are_handed_over_in_the_order_of_the_pieces(pieces: list[int | None], workers: int) -> None:
    """Each piece gives one result, in its place, however many workers there are and wherever there is a pause."""
    ledger = Ledger()
    wanted = [square(piece) for piece in pieces if piece is not None]
    assert run(square, pieces, workers, ledger.enter) == wanted
    assert ledger.entries() == wanted


@pytest.mark.parametrize(("workers", "pieces", "processes"), [(1, 9, 1), (4, 1, 1), (4, 2, 2), (2, 9, 2), (4, 9, 4)])
def test_workers_are_started_as_there_is_work(workers: int, pieces: int, processes: int) -> None:
    """No more are started than there are pieces, and none is the first process, which a signal may end at any time."""
    ledger = Ledger()
    made = run(tell_process, range(pieces), workers, lambda _, __: ledger.enter(os.getpid()))
    assert len(set(made)) == processes and os.getpid() not in made
    assert ledger.entries() == made


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_pieces_are_taken_as_results_are(workers: int) -> None:
    """What is in flight is bounded by the number of workers, however slowly results are handed over."""
    ledger = Ledger()

    def pieces() -> Iterator[int]:
        for number in range(100):
            assert number <= len(ledger.entries()) + workers + 1
            yield number

    assert len(run(square, pieces(), workers, ledger.enter)) == 100


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("burst", [1, 2, 7])
def test_results_are_handed_over_before_a_pause(workers: int, burst: int) -> None:
    """Whoever waits for the next piece has everything that came of those before it."""
    ledger = Ledger()

    def pieces() -> Iterator[int | None]:
        for number in range(4 * burst):
            if number and number % burst == 0:
                yield None
                assert len(ledger.entries()) == number
            yield number

    assert len(run(square, pieces(), workers, ledger.enter)) == 4 * burst


def test_pieces_and_summaries_of_any_size_pass() -> None:
    """More than a pipe holds, both ways and from all workers at once, stops nobody."""
    pieces = [bytes([number]) * (1 << 20) for number in range(8)]
    assert run(bytes.upper, pieces, 3) == [piece.upper() for piece in pieces]


FORKED_BESIDE_A_THREAD = """
import contextlib, os, threading, time
from adapters.batch import worker
from adapters.batch.worker_pool import WorkerPool
from tests.support.pool_work import run_pool
is_waiting, sleep, fork = threading.Event(), time.sleep, os.fork
def sleep_and_tell(seconds):
    is_waiting.set()
    sleep(seconds)
def count_and_fork():
    counts.append(len(os.listdir("/proc/self/task")))
    return fork()
time.sleep, os.fork, counts, worker._THREADS_SECONDS = sleep_and_tell, count_and_fork, [], 60
threading.Thread(target=is_waiting.wait, args=(60,), daemon=True).start()
pool = WorkerPool(1, contextlib.nullcontext, is_apart=False)
run_pool(pool, lambda _: ((), ()), lambda *_: None, [1], lambda _: None)
print(counts)
"""


def test_no_worker_is_forked_while_a_thread_ends() -> None:
    """A thread that still runs may hold a lock, which would stay locked in the worker: its end is waited for."""
    with start(FORKED_BESIDE_A_THREAD) as process:
        out, err = process.communicate(timeout=PROCESS_SECONDS)
    assert (out, err) == (b"[1]\n", b"")


# -- Errors -----------------------------------------------------------------------------------------


def die_of_seven(number: int) -> int:
    if number == 7:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_a_worker_that_dies_at_its_work_is_an_error(workers: int) -> None:
    """What came before it is handed over and noted; then it is said that one has died, and nobody waits for it."""
    ledger, noted = Ledger(), []
    pool = WorkerPool(workers, nullcontext, is_apart=False)
    with pytest.raises(OutputError, match="a worker has died: try again"):
        run_pool(pool, lambda number: (die_of_seven(number),) * 2, ledger.enter, range(20), noted.append)
    assert ledger.entries() == noted == list(range(7))


def test_a_worker_that_dies_handing_over_has_that_noted() -> None:
    """Some of it may have been handed over: who counts that is told of the piece."""
    ledger, noted = Ledger(), []

    def enter(number: int, _: int) -> None:
        ledger.enter(number)
        die_of_seven(number)

    with pytest.raises(OutputError, match="a worker has died"):
        run_pool(
            WorkerPool(2, nullcontext, is_apart=False), lambda number: (number,) * 2, enter, range(20), noted.append
        )
    assert ledger.entries() == noted == list(range(8))


class OddError(Exception):
    """An error that nobody expects."""


def refuse_three(number: int) -> int:
    if number == 3:
        raise KeyFormatError("the key is broken", "get another")
    if number == 7:
        raise OddError("seven")
    return number


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("is_made", [True, False], ids=["making", "handing over"])
def test_what_a_worker_raises_is_raised_here(workers: int, is_made: bool) -> None:
    """As it was raised, after what came before it was handed over; nothing is after it."""
    ledger = Ledger()

    def enter(number: int, _: int) -> None:
        if not is_made:
            refuse_three(number)
        ledger.enter(number)

    pool = WorkerPool(workers, nullcontext, is_apart=False)
    with pytest.raises(KeyFormatError) as raised:
        run_pool(
            pool, lambda number: (refuse_three(number) if is_made else number,) * 2, enter, range(9), lambda _: None
        )
    assert (raised.value.what, raised.value.fix) == ("the key is broken", "get another")
    assert ledger.entries() == [0, 1, 2]
    with pytest.raises(OddError, match="seven"):
        run(refuse_three, range(4, 9), workers)


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_pieces_that_end_in_an_error_are_handed_over_first(workers: int) -> None:
    """Input that fails in the middle takes nothing with it."""
    ledger = Ledger()

    def pieces() -> Iterator[int]:
        yield from range(5)
        raise InputError("the list cannot be read")

    with pytest.raises(InputError, match="the list cannot be read"):
        run(square, pieces(), workers, ledger.enter)
    assert ledger.entries() == [0, 1, 4, 9, 16]


@pytest.mark.parametrize("missing", ["process", "second pipe", "first pipe"])
def test_a_worker_that_cannot_be_started_is_an_error(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    """A machine that gives no more processes is told in plain words, with what to try; nothing is left open."""
    pipe = os.pipe
    before = len(os.listdir("/proc/self/fd"))

    def refuse(*_: object) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr("os.fork", refuse)
    if missing != "process":
        first = [pipe()] if missing == "second pipe" else []
        monkeypatch.setattr("os.pipe", lambda: first.pop() if first else refuse())
    with pytest.raises(OutputError, match="a worker cannot be started: Resource temporarily unavailable: try fewer"):
        run(square, range(9), 2)
    assert len(os.listdir("/proc/self/fd")) == before


# -- Signals ----------------------------------------------------------------------------------------


def test_an_interrupt_notes_what_was_handed_over() -> None:
    """Who waits for room looks whether more is wanted; what it has handed over by then is noted, and nothing after."""
    interruption, ledger, noted = Interruption(), Ledger(), []
    waiting, asleep = os.pipe()

    def hand_over(number: int, ending: int) -> None:
        if number == 3:
            os.write(asleep, b".")
            assert select.select([ending], [], [], PROCESS_SECONDS)[0]
        ledger.enter(number)

    def pieces() -> Iterator[int]:
        for number in range(99):
            if number == 5:  # of two workers, one hands over number 3 and one has made number 4
                assert os.read(waiting, 1)
                os.kill(os.getpid(), signal.SIGINT)
            yield number

    pool = WorkerPool(2, interruption.held_back, is_apart=False)
    with pytest.raises(KeyboardInterrupt), interruption.answered():
        run_pool(pool, lambda number: (number, number), hand_over, pieces(), noted.append)
    assert ledger.entries() == noted == [0, 1, 2, 3]


def test_an_interrupt_waits_for_nobody_who_only_works() -> None:
    """A worker that takes long at its piece, or for ever, is ended: it has nothing half handed over."""
    interruption, noted = Interruption(), []
    waiting, asleep = os.pipe()

    def make(number: int) -> tuple[int, int]:
        if number == 1:
            os.write(asleep, b".")
            signal.pause()
        return number, number

    def pieces() -> Iterator[int | None]:
        yield 0
        yield None
        yield 1
        assert os.read(waiting, 1)
        os.kill(os.getpid(), signal.SIGTERM)
        yield 2

    pool = WorkerPool(2, interruption.held_back, is_apart=False)
    with pytest.raises(KeyboardInterrupt), interruption.answered():
        run_pool(pool, make, lambda _, __: None, pieces(), noted.append)
    assert noted == [0]


class StopError(OutputError):
    """What a worker that is stopped and goes on again would raise."""


def stop(_: int, __: int = -1) -> tuple[int, int]:
    """Stop this process, for ever but for SIGCONT."""
    os.kill(os.getpid(), signal.SIGSTOP)
    raise StopError("it goes on")


def interrupt_when_stopped() -> Iterator[int]:
    """Give two pieces; when the worker has stopped at the first, have this process interrupted."""
    before = {*list_children(os.getpid())}  # such as servers of other tests
    yield 1
    (worker,) = {*list_children(os.getpid())} - before
    os.waitid(os.P_PID, worker, os.WSTOPPED | os.WNOWAIT)
    os.kill(os.getpid(), signal.SIGINT)
    yield 2


@pytest.mark.parametrize("is_handing_over", [False, True], ids=["making", "handing over"])
def test_an_interrupt_waits_for_nobody_who_is_stopped(is_handing_over: bool) -> None:
    """A worker that somebody has stopped is killed; what it was at is settled before that is noted."""
    interruption, done = Interruption(), list[str]()
    make, hand_over = (lambda number: (number, number), stop) if is_handing_over else (stop, lambda _, __: None)
    pool = WorkerPool(1, interruption.held_back, is_apart=False)
    with pytest.raises(KeyboardInterrupt), interruption.answered():
        run_pool(
            pool,
            make,
            hand_over,
            interrupt_when_stopped(),
            lambda _: done.append("noted"),
            lambda _: done.append("settled"),
        )
    assert done == (["settled", "noted"] if is_handing_over else ["settled"])


STOPPED_IN_A_MESSAGE = """
import os, signal, threading
from adapters.process.interruption import Interruption
from adapters.batch.worker_pool import WorkerPool
from tests.support.pool_work import run_pool
def make(number):
    worker, first = os.getpid(), os.getppid()
    def stop():
        os.kill(first, signal.SIGUSR1)
        os.kill(worker, signal.SIGSTOP)
    write, calls = os.write, iter(range(99))
    def write_some(descriptor, data):
        if len(data) < 1 << 20 and next(calls) == 1:
            stop()
        return write(descriptor, data[:4096])
    os.write = write_some
    return bytes(1 << 20), number
interruption = Interruption()
signal.signal(signal.SIGUSR1, lambda *_: threading.Timer(0, os.kill, (os.getpid(), signal.SIGINT)).start())
try:
    with interruption.answered():
        run_pool(WorkerPool(1, interruption.held_back, is_apart=False), make, lambda _, __: None, [1], print)
except KeyboardInterrupt:
    print("interrupted")
"""


def test_an_interrupt_waits_for_no_message_that_is_stopped_in_the_middle() -> None:
    """Part of what a worker tells of its piece holds no signal back."""
    with start(STOPPED_IN_A_MESSAGE) as process:
        out, err = process.communicate(timeout=PROCESS_SECONDS)
    assert (out, err) == (b"interrupted\n", b"")


@pytest.mark.parametrize("is_ignored", [False, True], ids=["heeded", "ignored"])
def test_a_dead_worker_can_be_asked_about(is_ignored: bool) -> None:
    """When it is settled what it was at, the system still knows it, whatever is done about ended children."""
    known = list[bool]()

    def settle(process: int) -> None:
        known.append(os.path.exists(f"/proc/{process}/task/{process}/io"))

    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN if is_ignored else signal.SIG_DFL)
    try:
        pool = WorkerPool(2, nullcontext, is_apart=False)
        with pytest.raises(OutputError, match="a worker has died"):
            run_pool(
                pool,
                lambda number: (number, die_of_seven(number)),
                lambda _, __: None,
                range(20),
                lambda _: None,
                settle,
            )
        assert signal.getsignal(signal.SIGCHLD) is (signal.SIG_IGN if is_ignored else signal.SIG_DFL)
    finally:
        signal.signal(signal.SIGCHLD, before)
    assert known == [True, True]


ENDLESS = """
import contextlib, itertools, os, sys
from adapters.batch.worker_pool import WorkerPool
from tests.support.pool_work import run_pool
def hand_over(made, ending):
    print(os.getpid(), os.getpgid(0), flush=True)
pool = WorkerPool(3, contextlib.nullcontext, is_apart=sys.argv[1] == "apart")
run_pool(pool, lambda _: ((), ()), hand_over, itertools.count(), lambda _: None)
"""


@pytest.mark.parametrize("group", ["together", "apart"])
def test_workers_end_with_the_first_process_even_when_it_is_killed(group: str) -> None:
    """After SIGKILL to it, which it cannot answer, none of them is left, whatever process groups they are in."""
    with start(ENDLESS, group) as process:
        assert process.stdout is not None
        seen = {tuple(map(int, process.stdout.readline().split())) for _ in range(30)}
        workers = {worker for worker, _ in seen}
        assert len(seen) == 3 and process.pid not in workers
        assert {of for _, of in seen} == (workers if group == "apart" else {os.getpgid(0)})
        handles = [os.pidfd_open(worker) for worker in workers]
        process.kill()
        process.communicate(timeout=PROCESS_SECONDS)
    for handle in handles:
        assert select.select([handle], [], [], PROCESS_SECONDS)[0]  # readable once the process has ended
        os.close(handle)


INTERRUPTED_AT_BIRTH = """
import contextlib, os, signal, sys
from adapters.batch.worker_pool import WorkerPool
from tests.support.pool_work import run_pool
signal.signal(signal.SIGTERM, lambda *_: sys.exit("answered by a worker"))
def interrupt():
    os.kill(os.getpid(), signal.SIGINT)
    os.kill(os.getpid(), signal.SIGTERM)
os.register_at_fork(after_in_child=interrupt)
def work(_):
    os.kill(os.getpid(), signal.SIGINT)
    os.kill(os.getpid(), signal.SIGTERM)
    return signal.pthread_sigmask(signal.SIG_BLOCK, ()) == set(), None
noted = []
run_pool(WorkerPool(2, contextlib.nullcontext, is_apart=False), work, lambda _, __: None, range(6), noted.append)
print(noted, signal.pthread_sigmask(signal.SIG_BLOCK, ()))
"""


def test_workers_leave_signals_to_the_first_process() -> None:
    """Ctrl-C and SIGTERM go to a whole group: no worker answers, not even one that has only just been forked."""
    with start(INTERRUPTED_AT_BIRTH) as process:
        out, err = process.communicate(timeout=PROCESS_SECONDS)
    assert (process.returncode, err) == (0, b"")
    assert out == b"[True, True, True, True, True, True] set()\n"


def start(script: str, *words: str) -> subprocess.Popen[bytes]:
    """Run a script in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", script, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=REPOSITORY
    )
