"""A question on a terminal, whose state is restored whatever happens to the process meanwhile."""

import contextlib
import errno
import os
import select
import signal
import termios
from typing import Any, Self

from adapters.process.interruption import ENDING

_LOOKING_MILLISECONDS = 1_000
"""How long is waited at a time: a signal that comes just before a wait is answered after it."""


class Question:
    """A question on a terminal in settings of its own, which is given back however the process ends or stops.

    When the process goes on, the terminal is taken again. A signal does what it would have done, once the terminal is
    given back. In the background the terminal is left alone: a shell has set it to its own needs.

    Attributes:
        descriptor: Of the terminal.
        text: What the person is asked, each time that the terminal is taken.
        is_seen: Whether what is typed is shown.
    """

    def __init__(self, descriptor: int, text: str, *, is_seen: bool) -> None:
        self.descriptor = descriptor
        self.text = text
        self.is_seen = is_seen
        self._before: list[Any] | None = None
        self._count_taken = 0
        self._is_within_line = False
        self._handlers: dict[int, Any] = {}

    def __enter__(self) -> Self:
        self._answer_signals()
        self._take()
        return self

    def __exit__(self, *_: object) -> None:
        self._give_back()
        self._leave_signals()

    def read_line(self) -> bytes:
        """Return a line as it was typed, without its end; a terminal that has hung up, or its end, interrupts."""
        line, poll = b"", select.poll()
        poll.register(self.descriptor, select.POLLIN)
        while not line.endswith(b"\n"):
            while not poll.poll(_LOOKING_MILLISECONDS):
                pass
            try:
                typed = os.read(self.descriptor, 1024)
            except OSError:
                typed = b""
            if not typed:
                raise KeyboardInterrupt
            line += typed
        self._is_within_line = not self.is_seen
        return line[:-1]

    def write(self, text: str) -> None:
        """Show `text`, behind which something is to be typed."""
        self._is_within_line = True
        with contextlib.suppress(OSError):  # a terminal that has hung up, as reading will tell
            os.write(self.descriptor, text.encode())

    def _answer_signals(self) -> None:
        """Answer those signals that are not ignored, or that somebody else sees to."""
        answers: dict[int, Any] = {signal.SIGTSTP: self._stop, signal.SIGCONT: self._go_on}
        for number, answer in (answers | dict.fromkeys(ENDING, self._end)).items():
            handler = signal.getsignal(number)
            if handler == signal.SIG_DFL or (number in ENDING and callable(handler)):
                with contextlib.suppress(ValueError):  # another thread than the first, which gets no signals
                    signal.signal(number, answer)
                    self._handlers[number] = handler

    def _leave_signals(self) -> None:
        while self._handlers:
            signal.signal(*self._handlers.popitem())

    def _take(self) -> None:
        if self._before is None:
            self._before = termios.tcgetattr(self.descriptor)
        mode, count = [*self._before], self._count_taken
        mode[0] |= termios.ICRNL
        mode[3] |= termios.ICANON | termios.ISIG
        if not self.is_seen:
            mode[3] &= ~termios.ECHO
        while not self._set(mode):
            if self._count_taken > count:  # when the process went on
                return
        self._count_taken += 1
        self.write(self.text)

    def _set(self, mode: list[Any]) -> bool:
        """Set the terminal's settings; return False where a stop, such as one in the background, came in between."""
        try:
            termios.tcsetattr(self.descriptor, termios.TCSAFLUSH, mode)
        except termios.error as error:
            if error.args[0] != errno.EINTR:
                raise
            return False
        return True

    def _give_back(self) -> None:
        before, self._before = self._before, None
        with contextlib.suppress(OSError, termios.error):  # a terminal that has hung up
            if before is not None and os.tcgetpgrp(self.descriptor) == os.getpgrp():
                self._set(before)
                if self._is_within_line:
                    os.write(self.descriptor, b"\n")

    def _end(self, number: int, _: object) -> None:
        self._give_back()
        self._leave_signals()
        signal.raise_signal(number)
        self.__enter__()  # somebody else saw to it, and the process goes on

    def _stop(self, number: int, _: object) -> None:
        self._give_back()
        signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(number)  # the process stands here until it is told to go on
        signal.signal(number, self._stop)
        if self._before is None:  # there is nobody who could tell it to (POSIX, orphaned process group)
            signal.raise_signal(signal.SIGCONT)

    def _go_on(self, *_: object) -> None:
        self._take()
