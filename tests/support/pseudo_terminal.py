"""A program on a terminal of its own, and the person who sits before it."""

import fcntl
import os
import select
import shutil
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from time import monotonic
from typing import Any

import attrs

from tests.support.peer_programs import REPOSITORY
from tests.support.running import PROCESS_SECONDS, Result

PATIENCE_SECONDS = 60
"""How long to wait for a text that does not come: a bound, never waited for by a test that passes."""

INTERRUPT, STOP, ENTER = b"\x03", b"\x1a", b"\r"

TAKE_TERMINAL = """
import fcntl, os, sys, termios
slave = int(sys.argv[1])
fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
for stream in map(int, sys.argv[2].split()):
    os.dup2(slave, stream)
os.close(slave)
os.execv(sys.argv[3], sys.argv[3:])
"""
"""Makes a terminal the controlling one of the process, and some of its streams, then becomes the program to run."""


@attrs.define
class TerminalSession:
    """A process whose controlling terminal is a pseudo-terminal; its stdin, stdout and stderr are not.

    Attributes:
        shown: What stood on the terminal so far.
    """

    process: subprocess.Popen[bytes]
    master: int
    slave: int
    before: list[Any]
    shown: str = ""
    waited: int = 0

    def wait_for(self, text: str) -> str:
        """Return what the terminal shows up to the next `text` after that of the last such wait."""
        start = self.waited
        while text not in self.shown[start:]:
            ready, _, _ = select.select([self.master], [], [], PATIENCE_SECONDS)
            assert ready, f"no {text!r} in {self.shown!r}"
            self.shown += os.read(self.master, 65_536).decode("utf-8", "replace")
        self.waited = self.shown.index(text, start) + len(text)
        return self.shown[start : self.waited]

    def type(self, keys: bytes) -> None:
        """Type `keys`."""
        os.write(self.master, keys)

    def interrupt(self) -> None:
        """Send SIGINT to the process, as a keyboard does."""
        os.kill(self.process.pid, signal.SIGINT)

    def finish(self) -> Result:
        """Return how the process ended."""
        out, err = self.process.communicate(timeout=PROCESS_SECONDS)
        return Result(self.process.returncode, out.decode(), err.decode())

    def is_echoing(self) -> bool:
        """Return whether the terminal shows what is typed."""
        return bool(termios.tcgetattr(self.slave)[3] & termios.ECHO)

    def wait_until(self, holds: Callable[[], bool]) -> None:
        """Wait until something holds that no text on the terminal tells of."""
        deadline = monotonic() + PATIENCE_SECONDS
        while not holds():
            assert monotonic() < deadline, self.shown

    def is_as_before(self) -> bool:
        """Return whether the terminal has the settings that it had before the process."""
        return bool(termios.tcgetattr(self.slave) == self.before)


@contextmanager
def run_on_terminal(
    command: Sequence[str],
    environment: Mapping[str, str] | None = None,
    streams: str = "",
    size: tuple[int, int] = (24, 80),
) -> Iterator[TerminalSession]:
    """Run `command` on a terminal of `size` lines and columns, which is also its `streams`; it ends with the block."""
    master, slave = os.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-c", TAKE_TERMINAL, str(slave), streams, *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=REPOSITORY,
        env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", **(environment or {})},
        start_new_session=True,
        pass_fds=(slave,),
    )
    try:
        yield TerminalSession(process, master, slave, termios.tcgetattr(slave))
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()
        os.close(master)
        os.close(slave)


@contextmanager
def run_shell_on_terminal(environment: Mapping[str, str] | None = None) -> Iterator[TerminalSession]:
    """Run a shell with job control on a terminal, one that leaves the editing of lines to the terminal."""
    bash = shutil.which("bash")
    assert bash is not None
    surroundings = {"PS1": "$ ", "PYTHON": sys.executable, **(environment or {})}
    command = [bash, "--noprofile", "--norc", "--noediting", "-i"]
    with run_on_terminal(command, surroundings, streams="0 1 2") as session:
        session.wait_for("$ ")
        yield session


@contextmanager
def run_cli_on_terminal(*words: str, environment: Mapping[str, str] | None = None) -> Iterator[TerminalSession]:
    """Run a command line of step-ott on a terminal."""
    with run_on_terminal([sys.executable, "-m", "entrypoints.cli", *words], environment) as session:
        yield session
