"""Work for a pool of workers, put together from functions."""

from collections.abc import Callable, Iterable
from types import SimpleNamespace
from typing import Any

from adapters.batch.worker_pool import WorkerPool


def run_pool(
    pool: WorkerPool,
    make: Callable[[Any], tuple[Any, Any]],
    hand_over: Callable[[Any, int], object],
    pieces: Iterable[Any],
    note: Callable[[Any], object],
    settle: Callable[[int], object] = lambda _: None,
) -> None:
    """Have the pool make, hand over, note and settle by these."""
    work: Any = SimpleNamespace(make=make, note=note)
    sink: Any = SimpleNamespace(take=hand_over, settle=settle)
    pool.run(work, sink, pieces)
