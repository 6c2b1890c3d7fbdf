"""A token on stdout, or on another stream that the process was started with."""

import fcntl
import os
import select
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from adapters.output.streams import OpenStream, find_descriptor
from domain.errors import OutputError
from tests.support.offline_place import OfflinePlace, prepare_place
from tests.support.peer_programs import REPOSITORY
from tests.support.running import PROCESS_SECONDS


@pytest.mark.parametrize(
    ("path", "descriptor"),
    [
        ("/dev/stdin", 0),
        ("/dev/stdout", 1),
        ("/dev/../dev//stderr", 2),
        ("/dev/fd/7", 7),
        ("/proc/self/fd/12", 12),
        ("/proc/thread-self/fd/1", 1),
        pytest.param(f"/proc/{os.getpid()}/fd/1", 1, id="this process's"),
        pytest.param(f"/proc/{os.getppid()}/fd/1", None, id="another process's"),
        ("/dev/fd/x", None),
        ("/dev/fd/99999999999999999999", None),
        ("/dev/null", None),
        ("stdout", None),
        ("1", None),
        ("nul\0/1", None),
    ],
)
def test_a_stream_is_told_by_its_name(path: str, descriptor: int | None) -> None:
    """The names that the system has for a process's own descriptors, and no other process's."""
    assert find_descriptor(path) == descriptor


def test_a_stream_that_is_not_open_is_refused_at_once() -> None:
    """Before anything of the program's own could come by the number."""
    with pytest.raises(OutputError, match="--output-file /dev/fd/999 is not open"):
        OpenStream("/dev/fd/999", 999).check()


@pytest.fixture
def place(tmp_path: Path) -> OfflinePlace:
    """A place to mint in without a CA."""
    return prepare_place(tmp_path)


def run_shell(script: str, place: OfflinePlace, *words: str) -> "subprocess.CompletedProcess[str]":
    """Run a shell script in which "$@" is a command line that mints a token, with `words`."""
    command = [sys.executable, "-m", "entrypoints.cli", "token", "a.test", *place.flags, *words]
    return subprocess.run(
        ["bash", "-c", script, "bash", *command], capture_output=True, text=True, cwd=REPOSITORY, timeout=60,
        env={"PATH": os.environ["PATH"], "HOME": str(place.path)}, stdin=subprocess.DEVNULL, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("force", [[], ["--force"]], ids=["", "force"])
@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
def test_standard_output_by_its_name_is_written_to(name: str, force: Sequence[str], place: OfflinePlace) -> None:
    """The token alone, as into a file, and the system's own link stays one."""
    before = os.lstat("/dev/stdout")
    done = run_shell('"$@"', place, "--output-file", name, *force)
    assert (done.returncode, done.stdout.count("."), done.stdout.endswith("\n")) == (0, 2, False), done.stderr
    assert os.lstat("/dev/stdout") == before


def test_a_file_behind_a_stream_is_added_to(place: OfflinePlace) -> None:
    """What a shell has opened is neither cut nor replaced, nor are its permissions changed."""
    path = place.path / "log"
    path.write_text("before ")
    path.chmod(0o644)
    before = path.stat()
    done = run_shell(f'"$@" 3>>{path}', place, "--output-file", "/dev/fd/3", "--force")
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert path.read_text().startswith("before eyJ") and path.read_text().count(".") == 2
    assert (path.stat().st_ino, path.stat().st_mode) == (before.st_ino, before.st_mode)


def test_a_dash_is_no_output_file(place: OfflinePlace) -> None:
    """Elsewhere it is a standard stream: it is refused by name, and a file that is called so has a way to be named."""
    done = run_shell('"$@"', place, "--output-file", "-")
    assert (done.returncode, done.stdout) == (2, "")
    assert "--output-file - is not a file: leave it out to write to standard output" in done.stderr


def test_standard_error_by_its_name_is_written_to(place: OfflinePlace) -> None:
    """Beside what is said there anyway."""
    done = run_shell('"$@"', place, "--output-file", "/dev/stderr")
    assert (done.returncode, done.stdout) == (0, "") and done.stderr.splitlines()[-1].count(".") == 2


@pytest.mark.parametrize(
    ("redirection", "said"),
    [
        ("", "--output-file /dev/fd/9 is not open"),
        ("9</dev/null", "--output-file /dev/fd/9 cannot be written: Bad file descriptor"),
        ("9>/dev/full", "--output-file /dev/fd/9 cannot be written: No space left on device"),
    ],
)
def test_a_stream_that_takes_nothing_is_an_error(redirection: str, said: str, place: OfflinePlace) -> None:
    """The error names it and says why; the token does not go elsewhere."""
    done = run_shell(f'"$@" {redirection}', place, "--output-file", "/dev/fd/9")
    assert (done.returncode, done.stdout) == (1, "") and said in done.stderr and "Traceback" not in done.stderr


def fill(descriptor: int) -> int:
    """Fill a pipe, and return how many bytes it took."""
    flags = fcntl.fcntl(descriptor, fcntl.F_GETFL)
    fcntl.fcntl(descriptor, fcntl.F_SETFL, flags | os.O_NONBLOCK)
    count = 0
    while select.select([], [descriptor], [], 0)[1]:
        count += os.write(descriptor, b"x" * 4096)
    fcntl.fcntl(descriptor, fcntl.F_SETFL, flags)
    return count


@pytest.mark.parametrize("words", [[], ["--output-file", "/dev/stdout"]], ids=["stdout", "file"])
def test_ctrl_c_is_answered_while_nobody_reads(words: Sequence[str], place: OfflinePlace) -> None:
    """A pipe that is full holds nobody up, and nothing of the token is in it."""
    reader, writer = os.pipe()
    count = fill(writer)
    command = [sys.executable, "-m", "entrypoints.cli", "token", "a.test", *place.flags, *words]
    with subprocess.Popen(
        command, stdout=writer, stderr=subprocess.PIPE, cwd=REPOSITORY, text=True,
        env={"PATH": os.environ["PATH"], "HOME": str(place.path)},
    ) as process:  # fmt: skip
        os.close(writer)
        assert process.stderr is not None and process.stderr.readline().startswith("✔ Provisioner")
        process.send_signal(signal.SIGINT)
        assert process.wait(PROCESS_SECONDS) == 130
        assert process.stderr.read() == "step-ott: interrupted\n"
    with open(reader, "rb") as rest:
        assert len(rest.read()) == count


def test_a_token_longer_than_a_pipe_takes_at_once_arrives_whole(place: OfflinePlace) -> None:
    """However slowly it is read."""
    (place.path / "data.json").write_text('{"a":"' + "x" * 300_000 + '"}')
    done = run_shell('"$@" | cat', place, "--set-file", str(place.path / "data.json"))
    assert (done.returncode, done.stdout.count("."), len(done.stdout) > 400_000) == (0, 2, True), done.stderr
