"""`ca bootstrap` while its process is killed: all files as before or all whole and new, and the same again is right."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path

import pytest

from tests.support.file_tree import read_tree
from tests.support.hostile_ca import HostileCa, answer, root, serve
from tests.support.peer_programs import REPOSITORY
from tests.support.running import PROCESS_SECONDS, invoke

pytestmark = pytest.mark.usefixtures("undisturbed")

FINGERPRINT = sha256(root().der).hexdigest()
STEPS = ("mkdir", "open", "fsync", "link", "replace", "unlink")
"""What of the system's a run that writes files calls, each several times."""

AT_A_STEP = """
import os, sys
main, number = os.getpid(), int(sys.argv.pop(1))
wanted, when = int(sys.argv.pop(1)), sys.argv.pop(1)
count = 0

def watch(name):
    take = getattr(os, name)
    def call(*arguments, **options):
        global count
        path = str(arguments[0])
        if path.startswith(os.environ["STEPPATH"]) or path.startswith("/proc/self/fd") or name == "fsync":
            count += 1
        is_it = count == wanted
        if is_it and when == "before":
            os.kill(main, number)
        try:
            return take(*arguments, **options)
        finally:
            if is_it and when == "after":
                os.kill(main, number)
    setattr(os, name, call)

for name in {steps!r}:
    watch(name)
end = os._exit
os._exit = lambda status: (os.write(2, b"steps: %d." % count), end(status))
from entrypoints.cli import run
run()
"""
"""Runs a command line that gets a signal at a step, by it or by the child that gives names, which goes on."""

Tree = Mapping[str, tuple[str, bytes]]


def run_into(ca: HostileCa, folder: Path, words: Sequence[str], number: int, step: int, when: str) -> tuple[int, int]:
    """Set a step path up, and return the exit status, negative for a signal, and how many steps that took."""
    command = [
        sys.executable, "-c", AT_A_STEP.format(steps=STEPS), str(number), str(step), when,
        "ca", "bootstrap", "--ca-url", ca.url, "--fingerprint", FINGERPRINT, *words,
    ]  # fmt: skip
    done = subprocess.run(
        command, capture_output=True, cwd=REPOSITORY, timeout=PROCESS_SECONDS, check=False, stdin=subprocess.DEVNULL,
        env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", "STEPPATH": str(folder)}, start_new_session=True,
    )  # fmt: skip
    assert b"Traceback" not in done.stderr
    return done.returncode, max(map(int, re.findall(rb"steps: ([0-9]+)", done.stderr)), default=0)


def set_up(ca: HostileCa, folder: Path, words: Sequence[str]) -> None:
    """Set a step path up."""
    given = ("--ca-url", ca.url, "--fingerprint", FINGERPRINT, *words)
    assert invoke("ca", "bootstrap", *given, environment={"STEPPATH": str(folder)}).status == 0


def read_files(folder: Path) -> Tree:
    """Return the files of a step path, hidden ones left out."""
    tree = read_tree(folder) if folder.exists() else {}
    return {name: one for name, one in tree.items() if one[0][0] == "-" and ".step-ott-" not in name}


WAYS: Mapping[str, tuple[Sequence[str], Sequence[str]]] = {
    "fresh": ((), ()),
    "a fresh context": ((), ("--context", "production")),
    "anew": (("--redirect-url", "https://a.test/old"), ("--force",)),
    "a context anew": (("--context", "a", "--redirect-url", "https://a.test"), ("--context", "a", "--force")),
}
"""What was set up before, nothing where nothing was, and what is then."""


def prepare(way: str, ca: HostileCa, folder: Path) -> None:
    """Set up what is there before; the root of it is another one."""
    before, _ = WAYS[way]
    if before:
        set_up(ca, folder, before)
        for path in folder.rglob("root_ca.crt"):
            path.write_text("the root before\n")


KILLS = [(signal.SIGKILL, way) for way in WAYS] + [
    (signal.SIGTERM, "a fresh context"), (signal.SIGTERM, "a context anew"), (signal.SIGINT, "fresh")
]  # fmt: skip


@pytest.mark.parametrize(("number", "way"), KILLS, ids=str)
def test_a_kill_at_any_step_leaves_all_old_or_all_new(way: str, number: signal.Signals, tmp_path: Path) -> None:
    """At each step of a run; the status says which, but for SIGKILL."""
    words, ended = WAYS[way][1], set[bool]()
    with serve(lambda _: answer({"ca": root().pem.decode()})) as ca:
        prepare(way, ca, tmp_path / "whole")
        status, steps = run_into(ca, tmp_path / "whole", words, number, -1, "never")
        wanted = read_files(tmp_path / "whole")
        assert status == 0 and steps > 8
        for step in range(1, steps + 1):
            folder = tmp_path / f"at{step:03}"
            prepare(way, ca, folder)
            before = read_files(folder)
            status, _ = run_into(ca, folder, words, number, step, "after")
            after = read_files(folder)
            assert after in (before, wanted), (step, after)
            ended.add(after == wanted)
            if number is signal.SIGKILL:
                assert status == -number, (step, steps)
            else:
                assert status in (0, -number, 130) and (after == wanted) is (status == 0), (step, status)
                assert not [name for name in read_tree(folder) if ".step-ott-" in name], step
            set_up(ca, folder, words)
            assert read_files(folder) == wanted, step
    assert True in ended
