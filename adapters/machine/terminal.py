"""The person at the terminal: passwords, a choice by number or name, and notices on stderr."""

from __future__ import annotations

import contextlib
import errno
import os
from typing import TYPE_CHECKING, Any, Self

from domain.errors import PersonNeededError, UsageError
from domain.formats.terminal_text import escape, show_line

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TextIO

MAX_ITEM_LENGTH = 200
"""The most characters that are shown of one of the things to choose from."""


class Terminal:
    """Asks on the controlling terminal, whatever stdin and stdout are."""

    def password(self, question: str) -> bytes:
        """Return what was typed, unseen (see `domain.ports.Prompter`)."""
        with (
            open(_open_for_password(), "r+b", buffering=0) as terminal,
            _Question(terminal.fileno(), f"{show_line(question)}: ", is_seen=False) as asked,
        ):
            return asked.read_line()

    def choose(self, question: str, items: Sequence[str]) -> int:
        """Return the index of the item whose number, or beginning, was typed (see `domain.ports.Prompter`)."""
        names = [show_line(item, MAX_ITEM_LENGTH) for item in items]
        lines = [f"{number}. {name}\n" for number, name in enumerate(names, 1)]
        prompt = f"{show_line(question)} Number or beginning of the name: "
        with (
            open(_open_for_choice(items), "r+b", buffering=0) as terminal,
            _Question(terminal.fileno(), f"{''.join(lines)}{prompt}", is_seen=True) as asked,
        ):
            while len(meant := _find_meant(names, asked.read_line().decode("utf-8", "replace").strip())) != 1:
                several = f"Several begin with that:\n{''.join(lines[index] for index in meant)}"
                nothing = f"That is neither a number from 1 to {len(lines)} nor the beginning of a name.\n"
                asked.write(f"{several if meant else nothing}{prompt}")
            return meant[0]


def _find_meant(names: Sequence[str], typed: str) -> Sequence[int]:
    """Return the indices of the names that may be meant: the one of that number, else all that begin with it."""
    if typed.isdecimal() and len(typed) < 10 and 1 <= int(typed) <= len(names):
        return [int(typed) - 1]
    return [index for index, name in enumerate(names) if typed and name.casefold().startswith(typed.casefold())]


class SilentTerminal:
    """Looks whether there is a terminal as `Terminal` does, and asks nothing (see `domain.ports.Prompter`)."""

    def password(self, question: str) -> bytes:  # noqa: ARG002
        """Raise PersonNeededError."""
        os.close(_open_for_password())
        raise PersonNeededError(
            "token would ask for the password or PIN",
            "name its file by --provisioner-password-file to have it checked",
        )

    def choose(self, question: str, items: Sequence[str]) -> int:  # noqa: ARG002  # the port's
        """Raise PersonNeededError."""
        os.close(_open_for_choice(items))
        raise PersonNeededError(f"token would ask which of {', '.join(items)}", "name it by --provisioner or --kid")


class Stderr:
    """Notices, a line each, on standard error; where it is closed or full, nobody wants them."""

    def __init__(self, stream: TextIO | None) -> None:
        self.stream = stream

    def inform(self, text: str) -> None:
        """Say what was chosen or done."""
        if self.stream is not None:  # print would take stdout for it
            with contextlib.suppress(OSError, ValueError):
                print(show_line(text), file=self.stream, flush=True)

    def warn(self, text: str) -> None:
        """Say what will probably not do what the user hopes."""
        self.inform(f"warning: {text}")


def _open_for_password() -> int:
    return _open_terminal("there is no terminal to ask on", "name its file by --password-file")


def _open_for_choice(items: Sequence[str]) -> int:
    listed = "; ".join(map(escape, items))
    return _open_terminal(
        "several provisioners can make this token, and there is no terminal to ask on",
        f"choose one by --provisioner or --kid: {listed}",
    )


def _open_terminal(what: str, fix: str) -> int:
    try:
        return os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)
    except OSError as error:
        raise UsageError(what, fix) from error


class _Question:
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
        line = b""
        while not line.endswith(b"\n"):
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
        os.write(self.descriptor, text.encode())

    def _answer_signals(self) -> None:
        """Answer those signals that are not ignored, or that somebody else sees to."""
        import signal  # noqa: PLC0415  # only on a terminal

        from adapters.process.interruption import ENDING  # noqa: PLC0415

        answers: dict[int, Any] = {signal.SIGTSTP: self._stop, signal.SIGCONT: self._go_on}
        for number, answer in (answers | dict.fromkeys(ENDING, self._end)).items():
            handler = signal.getsignal(number)
            if handler == signal.SIG_DFL or (number in ENDING and callable(handler)):
                with contextlib.suppress(ValueError):  # another thread than the first, which gets no signals
                    signal.signal(number, answer)
                    self._handlers[number] = handler

    def _leave_signals(self) -> None:
        import signal  # noqa: PLC0415

        while self._handlers:
            signal.signal(*self._handlers.popitem())

    def _take(self) -> None:
        import termios  # noqa: PLC0415

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
        import termios  # noqa: PLC0415

        try:
            termios.tcsetattr(self.descriptor, termios.TCSAFLUSH, mode)
        except termios.error as error:
            if error.args[0] != errno.EINTR:
                raise
            return False
        return True

    def _give_back(self) -> None:
        import termios  # noqa: PLC0415

        before, self._before = self._before, None
        with contextlib.suppress(OSError, termios.error):  # a terminal that has hung up
            if before is not None and os.tcgetpgrp(self.descriptor) == os.getpgrp():
                self._set(before)
                if self._is_within_line:
                    os.write(self.descriptor, b"\n")

    def _end(self, number: int, _: object) -> None:
        import signal  # noqa: PLC0415

        self._give_back()
        self._leave_signals()
        signal.raise_signal(number)
        self.__enter__()  # somebody else saw to it, and the process goes on

    def _stop(self, number: int, _: object) -> None:
        import signal  # noqa: PLC0415

        self._give_back()
        signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(number)  # the process stands here until it is told to go on
        signal.signal(number, self._stop)
        if self._before is None:  # there is nobody who could tell it to (POSIX, orphaned process group)
            signal.raise_signal(signal.SIGCONT)

    def _go_on(self, *_: object) -> None:
        self._take()
