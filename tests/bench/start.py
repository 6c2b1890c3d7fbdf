"""How long a whole process takes beside the real step's, in turn."""

import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence

import attrs

from tests.bench.place import Place
from tests.support.peer_programs import explain_absence, find_program, serve_ca

RUNS = 15
"""Counted runs of each command."""


@attrs.frozen
class Case:
    """Two command lines that do the same work.

    Attributes:
        name: What the work is.
        ours, peer: Their words; no peer where there is none to compare with.
    """

    name: str
    ours: Sequence[str]
    peer: Sequence[str] | None


def measure_start(place: Place) -> None:
    """Run every case and print a row for each."""
    step, step_ca = find_program("step"), find_program("step-ca")
    for name, program in (("step", step), ("step-ca", step_ca)):
        if program is None:
            print(f"bench: {explain_absence(name)}", file=sys.stderr)
    columns = f"{'ours ms':>8} {'x bare':>7} {'step ms':>8} {'ratio':>6}"
    print(f"{'whole process':<44} {columns}   ({RUNS} runs each, medians)")
    floor = Case("the bare interpreter (a floor)", [place.python, "-c", "pass"], None)
    bare = _measure([floor], place.environment)
    _measure(_list_offline_cases(place, step), place.environment, bare)
    if step_ca is not None:
        with serve_ca(step_ca, place.folder / "step", place.url):
            words = ["ca", "token", "internal.example.com", *place.password]
            online = Case("online, key of 600,000 rounds", [*place.own, *words], step and [step, *words])
            _measure([online], place.environment, bare)


def _list_offline_cases(place: Place, step: str | None) -> list[Case]:
    """Return the cases that ask no CA."""
    sealed = ["ca", "token", "internal.example.com", "--offline", *place.password]
    plain = ["ca", "token", "internal.example.com", *place.declared]
    return [
        Case("help", [*place.own, "token", "--help"], step and [step, "ca", "token", "--help"]),
        Case("offline, plaintext PEM key, no ca.json", ["env", "STEPPATH=/nonexistent", *place.own, *plain],
             step and ["env", "STEPPATH=/nonexistent", step, *plain]),
        Case("offline, ca.json, key of 600,000 rounds", [*place.own, *sealed], step and [step, *sealed]),
    ]  # fmt: skip


def _measure(cases: Sequence[Case], environment: Mapping[str, str], bare: float | None = None) -> float:
    """Run the two commands of each case in turn, after one warm-up, print medians and ratios, return the last of ours.

    Args:
        cases: What to run.
        environment: Of the processes.
        bare: Seconds that the bare interpreter takes, None before they are known.
    """
    ours = 0.0
    for case in cases:
        times = [
            (time_run(case.ours, environment), case.peer and time_run(case.peer, environment)) for _ in range(RUNS + 1)
        ]
        ours = statistics.median(pair[0] for pair in times[1:])
        row = f"{case.name:<44} {ours * 1000:8.0f} {f'{ours / bare:.1f}' if bare else '':>7}"
        if case.peer:
            peers = [(own, float(peer or 0)) for own, peer in times[1:]]
            peer = statistics.median(pair[1] for pair in peers)
            ratio = statistics.median(own / other for own, other in peers)
            row += f" {peer * 1000:8.0f} {ratio:6.2f}"
        print(row, flush=True)
    return ours


def time_run(words: Sequence[str], environment: Mapping[str, str]) -> float:
    """Return the seconds that a process takes; raises where it fails."""
    begin = time.perf_counter()
    subprocess.run(words, env=environment, check=True, capture_output=True, cwd="/", stdin=subprocess.DEVNULL)
    return time.perf_counter() - begin
