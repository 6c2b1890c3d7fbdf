"""What a batch takes of memory: a bounded amount, however long its list is."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.offline_place import prepare_place
from tests.support.peer_programs import REPOSITORY
from tests.support.running import PROCESS_SECONDS, list_children

MIB = 1 << 20
MOST, GROWTH = 200 * MIB, 6 * MIB
LINES = {10_000, 50_000}
EVERY = 2_000
"""Memory is looked at whenever so many more rows have come."""


def proportional_bytes(process: int) -> int:
    """Return what the process and its children take together, what they share counted once."""
    return sum(map(_proportional_bytes, [process, *list_children(process)]))


def _proportional_bytes(process: int) -> int:
    try:
        with open(f"/proc/{process}/smaps_rollup") as file:
            return sum(int(line.split()[1]) << 10 for line in file if line.startswith("Pss:"))
    except (FileNotFoundError, ProcessLookupError):  # it has just ended
        return 0


@pytest.mark.skipif(not os.path.exists("/proc/self/smaps_rollup"), reason="no /proc here that tells of shared memory")
def test_memory_does_not_grow_with_the_list(tmp_path: Path) -> None:
    """All processes together stay below the bound, and after 10,000 lines take as much as after 50,000."""
    place = prepare_place(tmp_path)
    (tmp_path / "hosts").write_text("".join(f"host-{number}.example.com\n" for number in range(max(LINES))))
    words = [sys.executable, "-m", "entrypoints.cli", "batch", str(tmp_path / "hosts"), *place.flags, "--workers=2"]
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "STEPPATH": str(tmp_path / "step")}
    seen: dict[int, int] = {}
    with subprocess.Popen(words, cwd=REPOSITORY, env=environment, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        for count, _ in enumerate(process.stdout, 1):
            if count % EVERY == 0:
                seen[count] = proportional_bytes(process.pid)
        assert process.wait(PROCESS_SECONDS) == 0
    early = max(size for count, size in seen.items() if count <= min(LINES))
    assert len(seen) == max(LINES) // EVERY
    assert max(seen.values()) < MOST
    assert max(seen.values()) - early < GROWTH, seen
