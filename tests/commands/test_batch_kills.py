"""Batches that are killed somewhere: what is printed is what is counted, whole, and going on gives each line once.

`make kills` tries more of them; each is told by its number, by which it can be tried again.
"""

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest

from tests.support.offline_place import OfflinePlace, prepare_place
from tests.support.peer_programs import REPOSITORY
from tests.support.running import PROCESS_SECONDS, list_children

KILLS = int(os.environ.get("BATCH_KILLS", "18"))
LINES = 1_200
VICTIMS, NUMBERS = ("worker", "process", "group"), (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
OUTPUTS = ("pipe", "file", "folder")
LONG = json.dumps({"chain": "x" * 6_000})
"""Of a row that no pipe takes whole."""


@attrs.frozen
class Killing:
    """What is done to a batch.

    Attributes:
        victim, number: Who gets which signal.
        output: Where the rows go, or the files.
        workers: How many there are.
        rows: After how many rows at least.
        delay: How many seconds later still.
        is_long: Whether rows are longer than a pipe takes whole.
    """

    victim: str
    number: signal.Signals
    output: str
    workers: int
    rows: int
    delay: float
    is_long: bool


def choose(seed: int) -> Killing:
    """Return the killing of that number: each kind in its turn, at any time."""
    chance = random.Random(seed)  # to be had again
    is_worker_alone = seed % 2 == 1  # where the row and its count are two processes' business
    return Killing(
        victim="worker" if is_worker_alone else VICTIMS[seed // 2 % 3],
        number=signal.SIGKILL if is_worker_alone else NUMBERS[seed // 6 % 3],
        output=OUTPUTS[chance.randrange(3)],
        workers=chance.choice([1, 2]),
        rows=chance.randrange(1, LINES),
        delay=chance.random() / 200,
        is_long=chance.random() < 0.25,
    )


@attrs.frozen
class Outcome:
    """What a batch leaves: its rows, what it said, and the line to go on with."""

    rows: list[dict[str, Any]]
    said: str
    next_line: int


class Batch:
    """A batch that can be run, killed and gone on with."""

    def __init__(self, place: OfflinePlace, killing: Killing) -> None:
        self.killing = killing
        self.hosts, self.path, self.folder = place.path / "hosts", place.path / "rows", place.path / "tokens"
        self.hosts.write_text("".join(f"host-{number}.test\n" for number in range(1, LINES + 1)))
        (place.path / "set.json").write_text(LONG if killing.is_long else "{}")
        flags = [*place.flags, "--set-file", str(place.path / "set.json"), f"--workers={killing.workers}"]
        self.words = [sys.executable, "-m", "entrypoints.cli", "batch", str(self.hosts), *flags]
        if killing.output == "folder":
            self.words.append(f"--output-dir={self.folder}")
        self.environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "STEPPATH": str(place.path / "step")}

    def run(self, begin: int, *, is_killed: bool) -> Outcome:
        """Run it from a line on; return what it leaves."""
        is_piped = self.killing.output == "pipe" or self.killing.rows % 2 == 0
        self.path.write_bytes(b"")
        words = [*self.words, f"--resume-from={begin}"] if begin > 1 else self.words
        with (
            self.path.open("wb") as file,
            subprocess.Popen(
                words, cwd=REPOSITORY, env=self.environment, start_new_session=True, stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE if is_piped else file, stderr=subprocess.PIPE,
            ) as process,
        ):  # fmt: skip
            printed = b""
            if is_killed:
                printed = b"".join(self._await_rows(process))
                self._kill(process)
            assert process.stderr is not None
            printed += b"" if process.stdout is None else process.stdout.read()
            said = process.stderr.read().decode()  # it has an end when the last of its processes has
            process.wait(PROCESS_SECONDS)
        printed = printed if is_piped else self.path.read_bytes()
        assert printed.endswith(b"\n") or not printed, f"a row is cut: {printed[-200:]!r}"
        rows = [json.loads(row) for row in printed.splitlines()]
        return Outcome(rows, said, self._read_end(said, rows, begin))

    def _await_rows(self, process: subprocess.Popen[bytes]) -> Iterator[bytes]:
        """Give rows as they come, until there are as many as are waited for."""
        for _ in range(self.killing.rows):
            if process.stdout is None:
                while process.poll() is None and self.path.read_bytes().count(b"\n") < self.killing.rows:
                    pass
                return
            yield process.stdout.readline()

    def _kill(self, process: subprocess.Popen[bytes]) -> None:
        """Send the signal."""
        moment = time.monotonic() + self.killing.delay
        while time.monotonic() < moment:
            pass
        try:
            if self.killing.victim == "group":
                os.killpg(process.pid, self.killing.number)
            elif self.killing.victim == "process":
                process.send_signal(self.killing.number)
            else:
                os.kill(random.choice(list_children(process.pid)), self.killing.number)
        except (ProcessLookupError, FileNotFoundError, IndexError):
            pass  # it was quicker

    def _read_end(self, said: str, rows: list[dict[str, Any]], begin: int) -> int:
        """Return where to go on: where it says, or, where it had no last word, behind the last row."""
        assert "Traceback" not in said
        behind = rows[-1]["line"] + 1 if rows else begin
        counted = re.search(r"([\d,]+) minted", said)
        if counted is not None:
            assert int(counted[1].replace(",", "")) == len(rows), f"{said}, but there are {len(rows)} rows"
        told = re.search(r"continue with --resume-from (\d+)", said)
        assert told is None or int(told[1]) == behind, said
        return behind

    def list_files(self) -> list[str]:
        return sorted(os.listdir(self.folder)) if self.killing.output == "folder" else []


@pytest.mark.parametrize("seed", range(KILLS))
def test_what_is_printed_is_counted_and_going_on_gives_each_line_once(tmp_path: Path, seed: int) -> None:
    """Whoever is killed by whatever signal: rows are whole, files have rows, and nothing is doubled or missing."""
    killing = choose(seed)
    batch = Batch(prepare_place(tmp_path), killing)
    first = batch.run(1, is_killed=True)
    files = [row["file"] for row in first.rows if "file" in row]
    assert sorted(files) == batch.list_files()
    rest = batch.run(first.next_line, is_killed=False)
    rows = [*first.rows, *rest.rows]
    assert [row["line"] for row in rows] == list(range(1, LINES + 1)), (killing, first.said)
    assert len({row["jti"] for row in rows}) == LINES
    assert sorted(row["file"] for row in rows if "file" in row) == batch.list_files()
