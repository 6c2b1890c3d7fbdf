"""`--output-file` while its process is killed: the old file or the whole new one, and an exit status that says which.

`make kills` tries more of them; docs/security.md has what came of it.
"""

import os
import random
import re
import signal
import subprocess
import sys
from pathlib import Path
from time import monotonic

import attrs
import pytest

from tests.support.offline_place import OfflinePlace, prepare_place
from tests.support.peer_programs import REPOSITORY
from tests.support.running import PROCESS_SECONDS, execute

COUNT = int(os.environ.get("FILE_KILLS", "24"))
NUMBERS = (signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


@pytest.fixture
def place(tmp_path: Path) -> OfflinePlace:
    """A place to mint in without a CA."""
    return prepare_place(tmp_path)


@attrs.frozen
class Attempt:
    """A run that writes a file in a folder of its own, and is killed at a moment.

    Attributes:
        folder: The folder.
        number: The signal.
        replaces: Whether the file is there already, and is replaced.
        moment: Seconds after its start.
    """

    folder: Path
    number: signal.Signals
    replaces: bool
    moment: float

    def run(self, place: OfflinePlace) -> int:
        """Run it, and return its exit status, negative for a signal."""
        self.folder.mkdir()
        path = self.folder / "token"
        if self.replaces:
            path.write_text("old")
        words = ["token", "a.test", *place.flags, "--output-file", str(path), *(["--force"] if self.replaces else [])]
        with subprocess.Popen(
            [sys.executable, "-m", "entrypoints.cli", *words], cwd=REPOSITORY, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", "STEPPATH": str(place.path / "step")},
        ) as process:  # fmt: skip
            try:
                process.wait(self.moment)
            except subprocess.TimeoutExpired:
                process.send_signal(self.number)
            return process.wait(PROCESS_SECONDS)

    def check(self, status: int) -> bool:
        """Return whether the file is the new one, and refuse whatever does not go together."""
        path = self.folder / "token"
        there = path.read_text() if path.exists() else ""
        is_new = re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+", there) is not None
        assert is_new or there == ("old" if self.replaces else ""), self
        assert not is_new or path.stat().st_mode & 0o777 == 0o600, self
        if self.number is not signal.SIGKILL:
            assert is_new == (status == 0), (self, status)
        left = [name for name in os.listdir(self.folder) if name != "token"]
        if self.replaces and self.number is signal.SIGKILL:  # whose moment between two names none can hold back
            assert all(name.startswith(".step-ott-") for name in left), self
        else:
            assert left == [], self
        return is_new


def test_a_kill_at_any_moment_leaves_the_old_file_or_the_new_one(place: OfflinePlace, tmp_path: Path) -> None:
    """For every signal, with and without a file to replace, from the start of a run to its end."""
    moments, ended, length = random.Random(12), {True: 0, False: 0}, 0.0
    for count in range(COUNT):
        if count % 20 == 0:  # a machine's speed changes
            start = monotonic()
            assert Attempt(tmp_path / f"whole-{count}", signal.SIGKILL, False, PROCESS_SECONDS).run(place) == 0
            length = monotonic() - start
        number, replaces = NUMBERS[count % 4], count // 4 % 2 == 1
        begin = moments.choice((0.0, 0.0, 0.8))  # the last fifth more often: there the file comes about
        attempt = Attempt(tmp_path / str(count), number, replaces, moments.uniform(begin, 1.2) * length)
        ended[attempt.check(attempt.run(place))] += 1
    left = sum(name != "token" for count in range(COUNT) for name in os.listdir(tmp_path / str(count)))
    print(f"{COUNT} kills: {ended[True]} files were new, {ended[False]} as before, {left} hidden ones left")


AT_THE_STEP = """
import os, signal, sys
step, when, number = sys.argv.pop(1), sys.argv.pop(1), int(sys.argv.pop(1))
take = getattr(os, step)

def kill(*arguments, **options):
    if when == "before":
        os.kill(os.getpid(), number)
    result = take(*arguments, **options)
    if when == "after":
        os.kill(os.getpid(), number)
    return result

setattr(os, step, kill)
from entrypoints.cli import run
run()
"""
"""Runs a command line that gets a signal before or after it takes a step of the system's."""


@pytest.mark.parametrize("file_system", ["with nameless files", "without"])
@pytest.mark.parametrize("number", NUMBERS[1:], ids=lambda number: number.name)
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(("step", "replaces"), [("link", False), ("replace", True)])
def test_a_signal_at_the_very_step_is_told_by_the_exit_status(
    step: str, replaces: bool, when: str, number: signal.Signals, file_system: str, place: OfflinePlace
) -> None:
    """The file is there and the status 0, or it is not and the process ends by the signal."""
    program = AT_THE_STEP if file_system == "with nameless files" else f"import os; del os.O_TMPFILE\n{AT_THE_STEP}"
    folder = place.path / "out"
    folder.mkdir()
    if replaces:
        (folder / "token").write_text("old")
    words = ["token", "a.test", *place.flags, "--output-file", str(folder / "token"), "--force"]
    done = subprocess.run(
        [sys.executable, "-c", program, step, when, str(int(number)), *words[: len(words) - (not replaces)]],
        capture_output=True, cwd=REPOSITORY, env={"PATH": os.environ["PATH"], "HOME": str(place.path)}, check=False,
        timeout=PROCESS_SECONDS,
    )  # fmt: skip
    attempt = Attempt(folder, number, replaces, 0)
    assert attempt.check(done.returncode) and done.returncode == 0 and b"Traceback" not in done.stderr


@pytest.mark.parametrize("number", NUMBERS[1:], ids=lambda number: number.name)
def test_a_signal_before_the_file_is_begun_leaves_none(number: signal.Signals, place: OfflinePlace) -> None:
    """The last moment at which a signal is answered at once is that before the file is written."""
    program = AT_THE_STEP.replace("getattr(os, step)", "getattr(TokenFile, step)").replace(
        "setattr(os, step", "setattr(TokenFile, step"
    )
    folder = place.path / "out"
    folder.mkdir()
    words = ["token", "a.test", *place.flags, "--output-file", str(folder / "token")]
    done = subprocess.run(
        [sys.executable, "-c", f"from adapters.output.token_file import TokenFile\n{program}", "deliver", "before",
         str(int(number)), *words],
        capture_output=True, cwd=REPOSITORY, env={"PATH": os.environ["PATH"], "HOME": str(place.path)}, check=False,
        timeout=PROCESS_SECONDS,
    )  # fmt: skip
    assert done.returncode == (130 if number is signal.SIGINT else -number)
    assert not Attempt(folder, number, False, 0).check(done.returncode)


def test_a_file_that_is_there_is_refused_before_anything_is_asked(place: OfflinePlace) -> None:
    """No key is opened, no file read and no CA asked for a token that could not be written."""
    path = place.path / "token"
    path.write_text("old")
    for name, said in ((path, "exists: add --force"), (place.path / "missing" / "token", "No such file")):
        words = ["--ca-url", "127.0.0.1:1", "--root", str(place.path / "root.crt"), "--password-file", "/nonexistent"]
        result = execute("token", "a.test", *words, "--output-file", str(name), environment={"STEPPATH": str(path)})
        assert (result.status, result.out) == (1, "") and said in result.err, result.err
