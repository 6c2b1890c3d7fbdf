"""The user's files and standard input, read whole within a bound of size and, where they may be silent, of time."""

from __future__ import annotations

import os
import stat
import sys
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING

from domain.errors import InputError, explain_unread, name_file
from domain.formats.duration import NANOSECONDS, format_duration

if TYPE_CHECKING:
    from collections.abc import Callable

    from domain.ports import InputFiles

WRITER_SECONDS = 60
"""How long a named pipe is waited for that nobody has opened for writing."""

CONTENT_SECONDS = 300
"""How long a pipe, a terminal or a device may take to give all: as long as a person to unlock a password manager."""

TELLING_SECONDS = 2
"""After how long it is told what is waited for."""

_BLOCK = 1 << 16
_WAITED = "start the program that writes into it"


class LocalFiles:
    """Files of this machine; `-` is standard input (see `domain.ports.InputFiles`).

    Attributes:
        tell: Told what is waited for, where that takes longer than a moment.
    """

    def __init__(self, tell: Callable[[str], object] | None = None) -> None:
        self.tell = tell

    def read(self, path: str, limit: int) -> bytes:
        try:
            data = self._read_standard_input(limit) if path == "-" else self._read_path(path, limit)
        except (OSError, ValueError, AttributeError) as error:
            raise explain_unread(path, error) from error
        return _bound(data, path, limit)

    def open(self, path: str) -> int:
        """Return a descriptor of the file `path`; the writer of a named pipe is waited for.

        Raises:
            InputError: nobody has opened the pipe for writing in time.
            OSError, ValueError: it cannot be opened.
        """
        if not stat.S_ISFIFO(os.stat(path).st_mode):
            return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        from adapters.process.interruption import begin  # noqa: PLC0415  # seldom there

        wait = begin(lambda: os.open(path, os.O_RDONLY | os.O_CLOEXEC))  # so that signals and the clock are answered
        try:
            with suppress(TimeoutError):
                return wait(min(TELLING_SECONDS, WRITER_SECONDS))
            self._tell(f"waiting for somebody to write into {path}, which is a pipe")
            return wait(max(WRITER_SECONDS - TELLING_SECONDS, 0))
        except (TimeoutError, KeyboardInterrupt) as error:
            with suppress(OSError):  # it is gone, or not for writing: the thread sees to it when it comes
                os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC))  # so that it opens
                os.close(wait(1))
            if isinstance(error, TimeoutError):
                raise _give_up(path, "nobody has opened it for writing", WRITER_SECONDS) from error
            raise

    def _read_path(self, path: str, limit: int) -> bytes:
        descriptor = self.open(path)
        try:
            return self._read(descriptor, path, limit)
        finally:
            os.close(descriptor)

    def _read_standard_input(self, limit: int) -> bytes:
        try:
            descriptor = sys.stdin.fileno()
        except (OSError, ValueError):  # it is not the process's own, or it is closed
            return sys.stdin.buffer.read(limit + 1)
        return self._read(descriptor, "standard input", limit)

    def _read(self, descriptor: int, shown: str, limit: int) -> bytes:
        """Return all that the descriptor gives, or more than `limit` bytes of it."""
        await_more = None if stat.S_ISREG(os.fstat(descriptor).st_mode) else self._begin_wait(descriptor, shown)
        data = bytearray()
        while len(data) <= limit:
            if await_more is not None:
                await_more()
            block = os.read(descriptor, min(_BLOCK, limit + 1 - len(data)))
            if not block:
                break
            data += block
        return bytes(data)

    def _begin_wait(self, descriptor: int, shown: str) -> Callable[[], None]:
        """Return what waits until there is more to read, or the end; all waits together are bounded."""
        import select  # noqa: PLC0415  # only for what may be silent

        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        begin, untold = monotonic(), [f"waiting for {shown} to end"]

        def await_more() -> None:
            while not poll.poll(
                1_000 * max(0.0, begin + (TELLING_SECONDS if untold else CONTENT_SECONDS) - monotonic())
            ):
                if not untold:
                    raise _give_up(shown, "it has not ended", CONTENT_SECONDS)
                self._tell(untold.pop())

        return await_more

    def _tell(self, text: str) -> None:
        if self.tell is not None:
            self.tell(text)


class RegularFiles(LocalFiles):
    """Files of this machine that never have to be waited for, and that another reader finds whole: regular ones.

    No standard input, by `/dev/stdin` neither: where it is a file, some systems go on where the last reader has ended.
    """

    def read(self, path: str, limit: int) -> bytes:
        if path == "-" or path.startswith("/dev/") or not os.path.isfile(path):
            raise InputError(f"{name_file(path)} is not a regular file", "name one")
        return super().read(path, limit)


def _give_up(shown: str, what: str, seconds: float) -> InputError:
    waited = format_duration(int(seconds * NANOSECONDS))
    return InputError(f"{shown} cannot be read: {what} within {waited}", _WAITED)


class RememberedFiles:
    """Files that are read once, since several steps look at one, and standard input can be read only once.

    Attributes:
        files: Where they are.
    """

    def __init__(self, files: InputFiles) -> None:
        self.files = files
        self._contents: dict[str, bytes] = {}
        self._refusal: InputError | None = None

    def read(self, path: str, limit: int) -> bytes:
        """Return the content of `path` (see `domain.ports.InputFiles`), within each reader's own limit."""
        if path == "-" and self._refusal is not None:
            raise self._refusal
        if path not in self._contents:
            try:
                self._contents[path] = self.files.read(path, limit)
            except InputError as error:
                if path == "-":
                    self._refusal = error  # its beginning is gone
                raise
        return _bound(self._contents[path], path, limit)


def _bound(data: bytes, path: str, limit: int) -> bytes:
    if len(data) > limit:
        raise InputError(f"{name_file(path)} is over {limit} bytes", "it is not the kind of file that is expected here")
    return data
