"""Where a token goes: standard output, or another stream that this process was started with."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from collections.abc import Callable

from adapters.process.interruption import deciding
from domain.errors import OutputError, explain_unwritten

ATOMIC_BYTES = 4096
"""The most that a pipe takes whole or not at all, where it has room without blocking (POSIX, PIPE_BUF; on Linux)."""

_STANDARD_STREAMS = {"/dev/stdin": 0, "/dev/stdout": 1, "/dev/stderr": 2}


class StandardOutput:
    """The token and a newline on stdout, nothing else (see `domain.ports.TokenSink`).

    Attributes:
        is_last: Whether the process has nothing else to do (see `deciding`).
    """

    def __init__(self, *, is_last: bool = False) -> None:
        self.is_last = is_last

    def check(self) -> None:
        """Have nothing against it: whether it can be written shows when it is."""

    def deliver(self, token: str) -> None:
        try:
            descriptor = sys.stdout.fileno()
        except (OSError, ValueError, AttributeError):
            descriptor = None
        _pour(f"{token}\n", write_stdout, descriptor, self.is_last)


class OpenStream:
    """A `TokenSink` into a descriptor that this process was started with; nothing of what is there is replaced or cut.

    Attributes:
        path: What the user calls it.
        descriptor: A copy of it, made before anything else could come by its number; None where it is not open.
        is_last: Whether the process has nothing else to do (see `deciding`).
    """

    def __init__(self, path: str, descriptor: int, *, is_last: bool = False) -> None:
        self.path = path
        self.is_last = is_last
        self.descriptor: int | None = None
        with contextlib.suppress(OSError):
            self.descriptor = os.dup(descriptor)

    def check(self) -> None:
        if self.descriptor is None:
            raise OutputError(f"--output-file {self.path} is not open", "name a file, or a descriptor that is")

    def deliver(self, token: str) -> None:
        """Write the token, without a newline as into a file (see `domain.ports.TokenSink`)."""
        self.check()
        _pour(token, self._write, self.descriptor, self.is_last)

    def _write(self, text: str) -> None:
        assert self.descriptor is not None  # noqa: S101  # for the type checker: it has been looked at
        waiting = text.encode("ascii")
        try:
            while waiting := waiting[os.write(self.descriptor, waiting) :]:
                pass
        except OSError as error:
            raise explain_unwritten(f"--output-file {self.path}", error, "run it again") from error


def _pour(text: str, write: Callable[[str], None], descriptor: int | None, is_last: bool) -> None:
    """Write `text` as there is room for it; with its end, which for most tokens is all, the token is complete."""
    begin = 0
    while True:
        if descriptor is not None:
            await_room(descriptor)
        if len(text) - begin <= ATOMIC_BYTES:
            break
        write(text[begin : begin + ATOMIC_BYTES])
        begin += ATOMIC_BYTES
    with deciding(is_last=is_last):
        write(text[begin:])


def await_room(descriptor: int, seconds: float | None = None) -> bool:
    """Return whether a write would not block, having waited for that so long, in a way that signals interrupt.

    Args:
        descriptor: Where it would go.
        seconds: How long; None is for ever.
    """
    import select  # noqa: PLC0415  # only for tokens

    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    return bool(poll.poll(None if seconds is None else max(seconds, 0) * 1000))


def find_descriptor(path: str) -> int | None:
    """Return which of this process's descriptors `path` names, None where it names a file."""
    folder, name = os.path.split(os.path.abspath(path))
    try:
        folder = os.path.realpath(folder)
    except (OSError, ValueError):
        return None
    if (standard := _STANDARD_STREAMS.get(os.path.join(folder, name))) is not None:
        return standard
    is_number = name.isascii() and name.isdecimal() and len(name) < 10
    return int(name) if is_number and _holds_own_descriptors(folder) else None


def _holds_own_descriptors(folder: str) -> bool:
    """Return whether the names in `folder` are this process's descriptors (proc(5); /dev/fd elsewhere)."""
    parts = folder.split("/")
    is_process = parts[:3] == ["", "proc", str(os.getpid())] and parts[-1] == "fd"
    return folder == "/dev/fd" or (is_process and (len(parts) == 4 or parts[3] == "task"))


def write_stdout(text: str) -> None:
    """Write `text` to standard output, all of it.

    Raises:
        OutputError: standard output is closed or full.
    """
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except (OSError, ValueError, AttributeError) as error:
        _discard_stdout()
        if isinstance(error, OSError) and error.errno != errno.EBADF:
            raise explain_unwritten("standard output", error, "run it again") from error
        raise OutputError("standard output is closed", "run it again with one that is open") from error


def _discard_stdout() -> None:
    """Let what is left in the buffer go nowhere, for Python would write it once more, and complain, at its end."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())
        os.close(null)
