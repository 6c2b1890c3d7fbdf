"""Workers: in order, few in flight, and none that outlives the first process."""

import multiprocessing
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.worker_pool import map_in_order
from domain.errors import KeyFormatError, OutputError
from tests.peer_programs import REPOSITORY
from tests.running import PROCESS_SECONDS


def square(number: int) -> int:
    return number * number


def tell_process(_: int) -> int:
    return os.getpid()


@settings(deadline=None, max_examples=25)
@given(pieces=st.lists(st.none() | st.integers(), max_size=30), workers=st.integers(1, 4))
def test_results_come_in_the_order_of_the_pieces(pieces: list[int | None], workers: int) -> None:
    """Each piece gives one result, in its place, however many workers there are and wherever there is a pause."""
    assert list(map_in_order(square, pieces, workers)) == [square(piece) for piece in pieces if piece is not None]
    assert multiprocessing.active_children() == []


@pytest.mark.parametrize(("workers", "pieces", "processes"), [(1, 9, 1), (4, 1, 1), (4, 2, 2), (2, 9, 2), (4, 9, 4)])
def test_workers_are_started_as_there_is_work(workers: int, pieces: int, processes: int) -> None:
    """A single piece is worked on in the first process, and no more are started than there are pieces."""
    seen = list(map_in_order(tell_process, range(pieces), workers))
    assert len(set(seen)) == processes
    assert (os.getpid() in seen) is (processes == 1)


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_pieces_are_taken_as_results_are(workers: int) -> None:
    """What is in flight is bounded by the number of workers, however slowly results are taken."""
    taken = 0

    def pieces() -> Iterator[int]:
        nonlocal taken
        for number in range(100):
            taken += 1
            yield number

    for given_so_far, _ in enumerate(map_in_order(square, pieces(), workers), 1):
        assert taken <= given_so_far + workers


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("burst", [1, 2, 7])
def test_results_are_given_before_a_pause(workers: int, burst: int) -> None:
    """Whoever waits for the next piece has everything that came of those before it."""
    results: list[int] = []

    def pieces() -> Iterator[int | None]:
        for number in range(4 * burst):
            if number and number % burst == 0:
                yield None
                assert len(results) == number
            yield number

    for result in map_in_order(square, pieces(), workers):
        results.append(result)  # noqa: PERF402  # seen as they come
    assert len(results) == 4 * burst


def test_pieces_and_results_of_any_size_pass() -> None:
    """More than a pipe holds, both ways and from all workers at once, stops nobody."""
    pieces = [bytes([number]) * (1 << 20) for number in range(8)]
    assert list(map_in_order(bytes.upper, pieces, 3)) == [piece.upper() for piece in pieces]


def test_a_worker_that_dies_is_an_error() -> None:
    """Results before it are given; then it is said that one has died, and nobody waits for it."""
    given_so_far = []
    with pytest.raises(OutputError, match="a worker has died: try again"):  # noqa: PT012
        for result in map_in_order(die_of_seven, range(20), 2):
            given_so_far.append(result)  # noqa: PERF402  # kept when the error comes
    assert given_so_far == list(range(len(given_so_far))) and len(given_so_far) in (6, 7)
    assert multiprocessing.active_children() == []


def die_of_seven(number: int) -> int:
    if number == 7:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


class OddError(Exception):
    """An error that nobody expects."""


@pytest.mark.parametrize("workers", [1, 2])
def test_what_the_work_raises_is_raised_here(workers: int) -> None:
    """An error of a worker's arrives as it was raised, in the place of the result."""
    results = map_in_order(refuse_three, range(9), workers)
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(KeyFormatError) as raised:
        next(results)
    assert (raised.value.what, raised.value.fix) == ("the key is broken", "get another")
    with pytest.raises(OddError, match="seven"):
        list(map_in_order(refuse_three, range(4, 9), workers))
    assert multiprocessing.active_children() == []


def refuse_three(number: int) -> int:
    if number == 3:
        raise KeyFormatError("the key is broken", "get another")
    if number == 7:
        raise OddError("seven")
    return number


def test_a_worker_that_cannot_be_started_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that gives no more processes is told in plain words, with what to try."""

    def refuse(_: object) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr("multiprocessing.process.BaseProcess.start", refuse)
    with pytest.raises(OutputError, match="a worker cannot be started: Resource temporarily unavailable: try fewer"):
        list(map_in_order(square, range(9), 2))


def test_workers_end_when_nobody_wants_more() -> None:
    """Closing the results in the middle leaves no process behind."""
    results = map_in_order(tell_process, range(1_000), 3)
    assert next(results) != os.getpid()
    assert multiprocessing.active_children() != []
    results.close()
    assert multiprocessing.active_children() == []


# -- Signals ----------------------------------------------------------------------------------------

ENDLESS = """
import itertools, os
from adapters.worker_pool import map_in_order
for process in map_in_order(lambda _: os.getpid(), itertools.count(), 3):
    print(process, flush=True)
"""


def test_workers_end_with_the_first_process_even_when_it_is_killed() -> None:
    """After SIGKILL, which it cannot answer, none of them is left."""
    with start(ENDLESS) as process:
        assert process.stdout is not None
        seen = {int(process.stdout.readline()) for _ in range(30)}
        assert len(seen) == 3 and process.pid not in seen
        handles = [os.pidfd_open(worker) for worker in seen]
        process.kill()
        process.communicate(timeout=PROCESS_SECONDS)
    for handle in handles:
        assert select.select([handle], [], [], PROCESS_SECONDS)[0]  # readable once the process has ended
        os.close(handle)


INTERRUPTED_AT_BIRTH = """
import os, signal, sys
from adapters.worker_pool import map_in_order
signal.signal(signal.SIGTERM, lambda *_: sys.exit("answered by a worker"))
def interrupt():
    os.kill(os.getpid(), signal.SIGINT)
    os.kill(os.getpid(), signal.SIGTERM)
os.register_at_fork(after_in_child=interrupt)
def work(_):
    os.kill(os.getpid(), signal.SIGINT)
    os.kill(os.getpid(), signal.SIGTERM)
    return signal.pthread_sigmask(signal.SIG_BLOCK, ()) == set()
print(list(map_in_order(work, range(6), 2)), signal.pthread_sigmask(signal.SIG_BLOCK, ()))
"""


def test_workers_leave_signals_to_the_first_process() -> None:
    """Ctrl-C and SIGTERM go to a whole group: no worker answers, not even one that has only just been forked."""
    with start(INTERRUPTED_AT_BIRTH) as process:
        out, err = process.communicate(timeout=PROCESS_SECONDS)
    assert (process.returncode, err) == (0, b"")
    assert out == b"[True, True, True, True, True, True] set()\n"


def start(script: str) -> subprocess.Popen[bytes]:
    """Run a script in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=REPOSITORY
    )
