"""A command line in a process of its own, and what it cost."""

import os
import subprocess
import sys
import time
from pathlib import Path

import attrs

from tests.support.peer_programs import REPOSITORY


@attrs.frozen
class Cost:
    """How a run ended, and what it took: seconds on the clock and of the processor, and memory at its most."""

    status: int
    out: str
    err: str
    seconds: float
    processor_seconds: float
    mebibytes: int


PROBE = """
import sys, time
from entrypoints.cli import main
status = main(sys.argv[2:])
with open("/proc/self/status") as told, open(sys.argv[1], "w") as file:
    peak = next(line.split()[1] for line in told if line.startswith("VmHWM"))
    file.write(f"{time.process_time()} {peak}")
sys.exit(status)
"""
"""Runs a command line, and writes how many KiB it needed at most; what wait4 says counts the parent's as well."""


def measure_run(*words: str, folder: Path) -> Cost:
    """Run a command line whose step path is an empty folder in `folder`."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "STEPPATH": str(folder / "step")}
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", PROBE, str(folder / "cost"), *words],
        stdin=subprocess.DEVNULL, capture_output=True, cwd=REPOSITORY, env=environment, timeout=120, check=False,
    )  # fmt: skip
    seconds = time.monotonic() - started
    processor_seconds, peak = (folder / "cost").read_text().split()
    cost = Cost(
        done.returncode, done.stdout.decode(), done.stderr.decode(), seconds, float(processor_seconds), int(peak) >> 10
    )
    if os.environ.get("SHOW_COSTS"):
        print(f"{cost.seconds:.2f} s, {cost.processor_seconds:.2f} s of the processor, {cost.mebibytes} MiB")
    return cost
