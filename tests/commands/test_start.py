"""Ctrl-C from the first moment of the process on: a word, the exit status 130, no traceback."""

import os
import random
import re
import signal
import subprocess
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests.support.offline_place import OfflinePlace, prepare_place
from tests.support.peer_programs import REPOSITORY
from tests.support.running import PROCESS_SECONDS, Result

OWN = [str(path) for folder in ("adapters", "domain", "entrypoints") for path in (REPOSITORY / folder).rglob("*.py")]
SCRIPT = Path(sysconfig.get_path("scripts")) / "step-ott"
WAYS = [[sys.executable, "-m", "entrypoints.cli"], [str(SCRIPT)]]

INTERRUPT_AT_IMPORT = """
import os, signal, sys
left = int(sys.argv.pop(1))

def count(event, arguments):
    global left
    if event == "import":
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGINT)

from entrypoints.cli import run
sys.addaudithook(count)
run()
"""
"""Runs a command line that gets SIGINT when it is about to import its so-manieth module."""


@pytest.fixture
def place(tmp_path: Path) -> OfflinePlace:
    """A place to mint in without a CA."""
    return prepare_place(tmp_path)


def environment_of(place: OfflinePlace) -> Mapping[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "STEPPATH": str(place.path / "step")}


def run_interrupted(place: OfflinePlace, at_import: int) -> Result:
    """Mint a token in a process that is interrupted at an import."""
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPT_AT_IMPORT, str(at_import), "token", "a.test", *place.flags],
        capture_output=True, cwd=REPOSITORY, env=environment_of(place), timeout=PROCESS_SECONDS, check=False,
    )  # fmt: skip
    return Result(done.returncode, done.stdout.decode(), done.stderr.decode())


@pytest.mark.parametrize("at_import", [*range(1, 12), 20, 50, 100, 130, 160])
def test_ctrl_c_is_answered_while_modules_load(at_import: int, place: OfflinePlace) -> None:
    """The very first import of the program's own, and any other, may be interrupted."""
    assert run_interrupted(place, at_import) == Result(130, "", "step-ott: interrupted\n")


def test_a_run_imports_more_than_is_tried(place: OfflinePlace) -> None:
    """The numbers above are all within a run, which without an interrupt succeeds."""
    assert run_interrupted(place, 1_000_000).token


def test_what_loads_before_ctrl_c_is_answered_is_next_to_nothing() -> None:
    """The program's first modules import nothing that an interpreter has not loaded for itself."""
    probe = "import os, sys; before = set(sys.modules); import entrypoints.cli\n"
    probe += "print(*sorted(set(sys.modules) - before))"
    done = subprocess.run(
        [sys.executable, "-S", "-c", probe], capture_output=True, text=True, cwd=REPOSITORY, timeout=60, check=True
    )
    assert set(done.stdout.split()) == {"__future__", "entrypoints", "entrypoints.cli", "gc"}


@pytest.mark.parametrize("way", WAYS, ids=["module", "script"])
def test_ctrl_c_at_any_moment_prints_no_traceback_of_the_program_s(way: Sequence[str], place: OfflinePlace) -> None:
    """Before the program's first line the interpreter answers as it does (see docs/security.md), then the program."""
    moments = random.Random(8)
    for _ in range(20):
        with subprocess.Popen(
            [*way, "token", "a.test", *place.flags], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=REPOSITORY,
            env=environment_of(place),
        ) as process:  # fmt: skip
            try:
                process.wait(moments.uniform(0, 0.4))
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGINT)
            out, err = (stream.decode() for stream in process.communicate(timeout=PROCESS_SECONDS))
        check_end(process.returncode, out, err)


def check_end(status: int, out: str, err: str) -> None:
    """Refuse an end that is neither the program's own nor the interpreter's, before the program's first line."""
    if "Traceback" in err:
        own = [frame for frame in re.findall(r'File "(.+)", line \d+, in (\S+)', err) if frame[0] in OWN]
        assert set(own) <= {(f"{REPOSITORY}/entrypoints/{name}.py", "<module>") for name in ("__init__", "cli")}, err
        # The interpreter itself has taken the interrupt, and gone on.
        assert status != 0 or "Exception ignored" in err or err.startswith("Error processing line")
    elif status == 0:
        assert out.count(".") == 2
    elif status == 130:
        assert (out, err.splitlines()[-1]) == ("", "step-ott: interrupted")
    else:
        assert (status, out, err) == (-signal.SIGINT, "", "")
