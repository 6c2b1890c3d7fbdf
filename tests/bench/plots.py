"""Plots of `batch`: its rate against workers; its time and memory against subjects. Into docs/plots/.

Measured here, and drawn by the interpreter that has matplotlib: `python tests/bench/plots.py MEASURED FOLDER`.
"""

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.bench.place import Place

ROUNDS = 5
"""Runs with each number of workers, in turn; the best counts, for what else runs on the machine only takes away."""

MOST_WORKERS = 4
SUBJECTS = tuple(10**exponent for exponent in range(1, 7))
SAMPLED_EVERY = 0.02
"""Seconds between two looks at the memory."""

LIMIT_MIB = 200
"""What a batch of any length must stay under, all its processes together."""


def measure_plots(place: "Place") -> None:
    """Measure what the plots show, print it, and draw them."""
    from tests.bench.batch import measure_rate
    from tests.support.peer_programs import REPOSITORY

    counts = range(1, max(MOST_WORKERS, len(os.sched_getaffinity(0))) + 1)
    rounds = [[measure_rate(place, count) for count in counts] for _ in range(ROUNDS)]
    rates = {count: max(of) for count, of in zip(counts, zip(*rounds, strict=True), strict=True)}
    print(f"\n{'workers':>10} {'tokens/s':>10}")
    for count, rate in rates.items():
        print(f"{count:10} {rate:10,.0f}")
    print(f"\n{'subjects':>10} {'seconds':>10} {'MiB':>10}   (all cores, all processes together)")
    lengths = [(count, *_measure_length(place, count)) for count in SUBJECTS]
    measured = place.folder / "measured.json"
    measured.write_text(json.dumps({"cores": len(os.sched_getaffinity(0)), "rates": rates, "lengths": lengths}))
    folder = REPOSITORY / "docs" / "plots"
    folder.mkdir(exist_ok=True)
    subprocess.run([place.python, __file__, str(measured), str(folder)], env=place.environment, check=True)
    print(f"drawn: {folder}")


def _measure_length(place: "Place", count: int) -> tuple[float, float]:
    """Return the seconds that a batch of so many lines takes, and the most MiB that it held."""
    from tests.bench.batch import batch_words, write_lines

    words = batch_words(place, write_lines(place, count), len(os.sched_getaffinity(0)))
    with (place.folder / "tokens.ndjson").open("wb") as output:
        begin = time.perf_counter()
        process = subprocess.Popen(words, env=place.bare_environment, stdout=output, stderr=subprocess.DEVNULL, cwd="/")
        peak = _Peak(process.pid)
        status, seconds = process.wait(), time.perf_counter() - begin
        most = peak.stop()
    assert status == 0
    print(f"{count:10,} {seconds:10.2f} {most:10.1f}", flush=True)
    return seconds, most


class _Peak:
    """Watches the memory of a process and its children: of what several share, each counts its part (Pss)."""

    def __init__(self, pid: int) -> None:
        self._pid, self._most, self._over = pid, 0, threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def stop(self) -> float:
        """Return the most MiB that were seen."""
        self._over.set()
        self._thread.join()
        return self._most / 1024

    def _watch(self) -> None:
        while not self._over.wait(SAMPLED_EVERY):
            self._most = max(self._most, sum(map(_read_share, _list_family(self._pid))))


def _list_family(pid: int) -> "Iterator[int]":
    """Give the process and its children."""
    yield pid
    try:
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            yield from _list_family(int(child))
    except OSError:
        return


def _read_share(pid: int) -> int:
    """Return the KiB that count as the process's, none where it is gone."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


def draw(measured: Any, folder: Path) -> None:
    """Draw the plots, the same bytes for the same figures."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams.update({"svg.hashsalt": "step-ott", "svg.fonttype": "none", "axes.grid": True, "grid.alpha": 0.3})
    _draw_workers(measured, folder / "batch-workers.svg")
    counts, seconds, memory = zip(*measured["lengths"], strict=True)
    _draw_length(counts, seconds, "seconds", folder / "batch-time.svg")
    _draw_length(counts, memory, "MiB, all processes together", folder / "batch-memory.svg", LIMIT_MIB)


def _draw_workers(measured: Any, path: Path) -> None:
    rates = {int(count): rate for count, rate in measured["rates"].items()}
    figure, axes = _open_figure("workers", "tokens a second")
    cores, one = measured["cores"], rates[1]
    axes.plot([1, cores, max(rates)], [one, one * cores, one * cores], "--", color="grey", label="one times cores")
    axes.plot(list(rates), list(rates.values()), "o-", label="batch")
    axes.set_xticks(list(rates))
    axes.set_ylim(bottom=0)
    axes.legend(loc="lower right")
    _save(figure, path)


def _draw_length(
    counts: "Sequence[int]", values: "Sequence[float]", label: str, path: Path, limit: int | None = None
) -> None:
    figure, axes = _open_figure("subjects", label)
    axes.set_xscale("log")
    axes.plot(counts, values, "o-")
    if limit is None:
        axes.set_yscale("log")
    else:
        axes.axhline(limit, linestyle="--", color="grey")
        axes.set_ylim(0, limit * 1.1)
    _save(figure, path)


def _open_figure(across: str, upward: str) -> tuple[Any, Any]:
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(6, 3.5), layout="constrained")
    axes.set_xlabel(across)
    axes.set_ylabel(upward)
    return figure, axes


def _save(figure: Any, path: Path) -> None:
    figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})


if __name__ == "__main__":
    draw(json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2]))
