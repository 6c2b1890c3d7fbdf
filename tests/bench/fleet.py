"""How long certificates for a list of names take: a shell loop over step, and `batch --certificates`, in turn."""

import os
import shutil
import statistics
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from tests.bench.batch import write_lines
from tests.bench.place import Place
from tests.support.peer_programs import explain_absence, find_program, serve_ca

ROUNDS = 3
CERTIFICATES = 50
REQUESTS = (1, 4)
_LOOP = 'while read -r name; do "$@" "$name" "$out/$name.crt" "$out/$name.key" || exit 1; done < "$lines"'


def measure_fleet(place: Place) -> None:
    """Print how long both take for the same names at the same step-ca, and the medians of their ratios."""
    step, step_ca = find_program("step"), find_program("step-ca")
    if step is None or step_ca is None:
        print(f"bench: {explain_absence('step' if step is None else 'step-ca')}")
        return
    lines = write_lines(place, CERTIFICATES)
    with serve_ca(step_ca, place.folder / "step", place.url):
        rounds = [_measure_round(place, step, lines) for _ in range(ROUNDS)]
    loads = ", ".join(f"{load:.1f}" for load in os.getloadavg())
    print(f"\n{f'{CERTIFICATES} certificates, key of 600,000 rounds':<44} {'seconds':>8} {'ratio':>6}   ", end="")
    print(f"({ROUNDS} rounds; load {loads} on {len(os.sched_getaffinity(0))} cores)")
    looped = [times[0] for times in rounds]
    print(f"{'step ca certificate in a shell loop':<44} {statistics.median(looped):8.2f}")
    for column, requests in enumerate(REQUESTS, 1):
        taken = [times[column] for times in rounds]
        ratio = statistics.median(one / other for one, other in zip(taken, looped, strict=True))
        name = f"batch --certificates --requests {requests}"
        print(f"{name:<44} {statistics.median(taken):8.2f} {ratio:6.2f}", flush=True)


def _measure_round(place: Place, step: str, lines: Path) -> list[float]:
    """Return the seconds of the loop, and those of a batch for each number of requests."""
    loop = ["sh", "-c", _LOOP, "sh", step, "ca", "certificate", "--force", *place.password]
    seconds = [_time(place, lines, loop)]
    for requests in REQUESTS:
        batch = [*place.own, "batch", str(lines), "--certificates", str(place.folder / "certs"), *place.password]
        seconds.append(_time(place, lines, [*batch, "--requests", str(requests)]))
    return seconds


def _time(place: Place, lines: Path, words: Sequence[str]) -> float:
    """Return the seconds that a run takes, which gives a certificate and a key for each line."""
    folder = place.folder / "certs"
    folder.mkdir()
    environment = {**place.environment, "out": str(folder), "lines": str(lines)}
    try:
        begin = time.perf_counter()
        subprocess.run(words, env=environment, check=True, capture_output=True, cwd="/")
        taken = time.perf_counter() - begin
        if len(list(folder.iterdir())) != 2 * CERTIFICATES:
            raise RuntimeError("not every line has its certificate")
        return taken
    finally:
        shutil.rmtree(folder)
