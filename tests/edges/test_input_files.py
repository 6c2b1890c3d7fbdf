"""Files that are not there yet: named pipes, process substitution, and whatever else may be silent."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from time import monotonic

import pytest

from adapters.batch.line_source import LineSource
from adapters.machine import input_files
from adapters.machine.input_files import LocalFiles
from domain.errors import InputError
from tests.support.offline_place import OfflinePlace, prepare_place
from tests.support.peer_programs import REPOSITORY
from tests.support.running import PROCESS_SECONDS


@pytest.fixture
def pipe(tmp_path: Path) -> str:
    """The path of a named pipe."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    return str(path)


@pytest.fixture
def hurry(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, float], None]:
    """Shortens a time, by the name that it has in the module."""
    monkeypatch.setattr(input_files, "TELLING_SECONDS", 0.01)
    return lambda name, seconds: monkeypatch.setattr(input_files, name, seconds)


class LateWriter:
    """Writes into a pipe once it is told that the pipe is waited for."""

    def __init__(self, path: str, content: bytes) -> None:
        self.path = path
        self.content = content
        self.told: list[str] = []

    def hear(self, text: str) -> None:
        """Note what is told, and write after the first time."""
        self.told.append(text)
        if len(self.told) == 1:
            threading.Thread(target=self._write).start()

    def _write(self) -> None:
        with open(self.path, "wb") as file:
            file.write(self.content)


def test_a_writer_that_comes_later_is_waited_for(pipe: str, hurry: Callable[[str, float], None]) -> None:
    """It is told what is waited for, and then read to its end."""
    writer = LateWriter(pipe, b"secret" * 50_000)
    assert LocalFiles(writer.hear).read(pipe, 1 << 20) == writer.content
    assert writer.told[0] == f"waiting for somebody to write into {pipe}, which is a pipe"


def test_a_pipe_without_a_writer_is_given_up(pipe: str, hurry: Callable[[str, float], None]) -> None:
    """The error names the pipe, how long it was waited for and what to do, and nobody goes on waiting."""
    hurry("WRITER_SECONDS", 0.05)
    before, told = set(threading.enumerate()), list[str]()
    with pytest.raises(InputError) as caught:
        LocalFiles(told.append).read(pipe, 100)
    assert str(caught.value) == (
        f"{pipe} cannot be read: nobody has opened it for writing within 50ms: start the program that writes into it"
    )
    assert (len(told), set(threading.enumerate()) - before) == (1, set())


def test_a_writer_that_stays_silent_is_given_up(pipe: str, hurry: Callable[[str, float], None]) -> None:
    """Whoever has a pipe open and never closes it keeps nobody."""
    hurry("CONTENT_SECONDS", 0.05)
    told: list[str] = []
    with open(os.open(pipe, os.O_RDWR), "wb", buffering=0) as writer:
        writer.write(b"half")
        with pytest.raises(InputError, match=f"{pipe} cannot be read: it has not ended within 50ms"):
            LocalFiles(told.append).read(pipe, 100)
    assert told == [f"waiting for {pipe} to end"]


def test_a_pipe_over_the_bound_is_refused_at_once(pipe: str) -> None:
    """Nobody waits for the end of what is too long already."""
    with open(os.open(pipe, os.O_RDWR), "wb", buffering=0) as writer:
        writer.write(b"x" * 11)
        with pytest.raises(InputError, match="over 10 bytes"):
            LocalFiles().read(pipe, 10)


def test_standard_input_that_stays_silent_is_given_up(
    hurry: Callable[[str, float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be somebody else's, who never ends it."""
    hurry("CONTENT_SECONDS", 0.05)
    reader, writer = os.pipe()
    told: list[str] = []
    with open(reader) as stdin, open(writer, "wb"):
        monkeypatch.setattr(sys, "stdin", stdin)
        with pytest.raises(InputError, match="standard input cannot be read: it has not ended within 50ms"):
            LocalFiles(told.append).read("-", 100)
    assert told == ["waiting for standard input to end"]


def test_a_list_of_lines_waits_for_its_writer_likewise(pipe: str, hurry: Callable[[str, float], None]) -> None:
    """A batch that reads a pipe waits for its writer, and then for lines as long as they take."""
    hurry("WRITER_SECONDS", 0.05)
    with pytest.raises(InputError, match="nobody has opened it for writing within 50ms"):
        LineSource(pipe, longest=100, at_once=1, open_file=LocalFiles().open)
    hurry("WRITER_SECONDS", 60)
    writer = LateWriter(pipe, b"a\nb\n")
    source = LineSource(pipe, longest=100, at_once=1, open_file=LocalFiles(writer.hear).open)
    assert [text for lines in source.read() if lines is not None for text in lines.texts] == [b"a", b"b"]


# -- In processes of their own ----------------------------------------------------------------------


@pytest.fixture
def place(tmp_path: Path) -> OfflinePlace:
    """A place to mint in without a CA, whose key has a password."""
    place = prepare_place(tmp_path)
    subprocess.run(
        ["openssl", "pkcs8", "-topk8", "-in", "key.pem", "-out", "sealed.pem", "-passout", "pass:secret"],
        cwd=tmp_path, check=True, capture_output=True,
    )  # fmt: skip
    (tmp_path / "key.pem").unlink()
    (tmp_path / "sealed.pem").rename(tmp_path / "key.pem")
    return place


def run_shell(script: str, place: OfflinePlace) -> "subprocess.CompletedProcess[str]":
    """Run a shell script in which "$@" is a command line that mints a token but for its password."""
    command = [sys.executable, "-m", "entrypoints.cli", "token", "a.test", *place.flags]
    return subprocess.run(
        ["bash", "-c", script, "bash", *command], capture_output=True, text=True, cwd=REPOSITORY, check=False,
        env={"PATH": os.environ["PATH"], "HOME": str(place.path), "PIPE": str(place.path / "pipe")},
        stdin=subprocess.DEVNULL, timeout=PROCESS_SECONDS,
    )  # fmt: skip


@pytest.mark.parametrize(
    "script",
    [
        '"$@" --password-file <(echo secret)',
        '"$@" --password-file <(exec 2>&-; echo sec; echo ret) || "$@" --password-file <(printf secret)',
        'mkfifo "$PIPE"; echo secret > "$PIPE" & "$@" --password-file "$PIPE"',
        'echo secret | "$@" --password-file -',
        'echo secret | "$@" --password-file /dev/stdin',
        '"$@" --password-file - <<< secret',
        '"$@" --password-file /dev/fd/7 7<<< secret',
    ],
)
def test_a_password_comes_by_whatever_a_shell_can_make(script: str, place: OfflinePlace) -> None:
    """Process substitution, named pipes, pipes, here strings."""
    done = run_shell(script, place)
    assert (done.returncode, done.stdout.count(".")) == (0, 2), done.stderr


@pytest.mark.parametrize("option", ["--password-file", "--set-file", "--cnf-file", "--root", "--key"])
def test_ctrl_c_is_answered_while_a_pipe_is_waited_for(option: str, place: OfflinePlace, pipe: str) -> None:
    """Every option that names a file is told what it waits for, and can be interrupted."""
    words: Sequence[str] = ["token", "a.test", *place.flags, option, pipe]
    with subprocess.Popen(
        [sys.executable, "-m", "entrypoints.cli", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        cwd=REPOSITORY, env={"PATH": os.environ["PATH"], "HOME": str(place.path)},
    ) as process:  # fmt: skip
        try:
            assert process.stderr is not None
            assert process.stderr.readline() == f"waiting for somebody to write into {pipe}, which is a pipe\n"
            begin = monotonic()
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=PROCESS_SECONDS)
        finally:
            process.kill()
    assert (process.returncode, out, err) == (130, "", "step-ott: interrupted\n")
    assert monotonic() - begin < 15
