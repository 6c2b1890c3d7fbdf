"""Named pipes, which open for reading once somebody opens them for writing."""

import os
import threading
from typing import Self


class PipeOpening:
    """A named pipe that is being opened for reading, which lasts until somebody opens it for writing.

    It is opened on a thread of its own, so that this one answers signals and the clock.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._descriptors: list[int] = []
        self._failure: list[OSError] = []

    def __enter__(self) -> Self:
        self._is_open = threading.Event()
        self._thread = threading.Thread(target=self._open, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of a pipe that was not taken."""
        if not self._is_open.is_set():
            try:
                os.close(os.open(self.path, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC))  # so that it opens
            except OSError:
                return  # it is gone, or not for writing: the thread sees to it when it comes
            self._thread.join(1)
        while self._descriptors:
            os.close(self._descriptors.pop())

    def _open(self) -> None:
        try:
            self._descriptors.append(os.open(self.path, os.O_RDONLY | os.O_CLOEXEC))
        except OSError as error:
            self._failure.append(error)
        self._is_open.set()

    def wait(self, seconds: float) -> bool:
        """Return whether it is open, or cannot be, within so many seconds."""
        return self._is_open.wait(seconds)

    def take(self) -> int:
        """Return its descriptor, which is the caller's from now on.

        Raises:
            OSError: it cannot be opened.
        """
        if self._failure:
            raise self._failure[0]
        return self._descriptors.pop()
