"""The person at the terminal: passwords, a choice, and notices on stderr."""

from __future__ import annotations

import contextlib
import errno
import os
from typing import TYPE_CHECKING, Any, Self

from domain.errors import PersonNeededError, UsageError
from domain.formats.terminal_text import escape, show_line

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TextIO

_ESCAPE, _INTERRUPT, _END = "\x1b", "\x03", "\x04"
_KEYS_UP, _KEYS_DOWN, _KEYS_ENTER = ("\x1b[A", "\x1bOA", "k"), ("\x1b[B", "\x1bOB", "j"), ("\r", "\n")


class Terminal:
    """Asks on the controlling terminal, whatever stdin and stdout are."""

    def password(self, question: str) -> bytes:
        """Return what was typed, unseen (see `domain.ports.Prompter`)."""
        descriptor = _open_for_password()
        with open(descriptor, "r+b", buffering=0) as terminal:
            return _read_unseen(terminal.fileno(), f"{show_line(question)}: ")

    def choose(self, question: str, items: Sequence[str]) -> int:
        """Return the index of the chosen item (see `domain.ports.Prompter`)."""
        descriptor = _open_for_choice(items)
        with open(descriptor, "r+b", buffering=0) as terminal:
            return _Menu(terminal.fileno(), [escape(item) for item in items]).run(show_line(question))


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


class _Mode:
    """A terminal in a mode of its own, given back however the process ends or stops, and taken again when it goes on.

    A signal does what it would have done, once the terminal is given back. In the background the terminal is
    left alone: a shell has set it to its own needs.

    Attributes:
        descriptor: Of the terminal.
        change: Changes settings, as `termios` has them, into the mode's.
        show: Writes what the person is asked, each time that the terminal is taken.
        leave: Writes what follows it, each time that the terminal is given back.
    """

    def __init__(
        self, descriptor: int, change: Callable[[list[Any]], None], show: Callable[[], None], leave: Callable[[], None]
    ) -> None:
        self.descriptor = descriptor
        self.change = change
        self.show = show
        self.leave = leave
        self._before: list[Any] | None = None
        self._count_taken = 0
        self._handlers: dict[int, Any] = {}

    def __enter__(self) -> Self:
        self._answer_signals()
        self._take()
        return self

    def __exit__(self, *_: object) -> None:
        self._give_back()
        self._leave_signals()

    def _answer_signals(self) -> None:
        """Answer those signals that are not ignored, or that somebody else sees to."""
        import signal  # noqa: PLC0415  # only on a terminal

        answers: dict[int, Any] = {signal.SIGTSTP: self._stop, signal.SIGCONT: self._go_on}
        ending = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM)
        for number, answer in (answers | dict.fromkeys(ending, self._end)).items():
            handler = signal.getsignal(number)
            if handler == signal.SIG_DFL or (number in ending and callable(handler)):
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
        mode, count = [*self._before[:6], [*self._before[6]]], self._count_taken
        self.change(mode)
        while not self._set(mode):
            if self._count_taken > count:  # when the process went on
                return
        self._count_taken += 1
        self.show()

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
                self.leave()

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


def _read_unseen(descriptor: int, prompt: str) -> bytes:
    """Return a line as it was typed, without its end; the terminal is as it was afterwards."""
    line = b""
    with _Mode(
        descriptor,
        _silence,
        show=lambda: _write(descriptor, prompt),
        leave=lambda: _write(descriptor, "\n"),
    ):
        while not line.endswith(b"\n"):
            line += _read_terminal(descriptor, 1024)
    return line[:-1]


def _silence(mode: list[Any]) -> None:
    """Show nothing of a line that is typed."""
    import termios  # noqa: PLC0415

    mode[0] |= termios.ICRNL
    mode[3] = mode[3] & ~termios.ECHO | termios.ICANON | termios.ISIG


def _read_keys(mode: list[Any]) -> None:
    """Get each key as it is typed, unseen, but for those that interrupt and stop; write as it is written."""
    import termios  # noqa: PLC0415

    mode[1] &= ~termios.OPOST
    mode[3] = mode[3] & ~(termios.ECHO | termios.ICANON | termios.IEXTEN) | termios.ISIG
    mode[6][termios.VMIN], mode[6][termios.VTIME] = 1, 0


def _write(descriptor: int, text: str) -> None:
    os.write(descriptor, text.encode())


def _read_terminal(descriptor: int, count: int) -> bytes:
    """Return what is typed; a terminal that has hung up, or its end of input, interrupts."""
    try:
        typed = os.read(descriptor, count)
    except OSError:
        typed = b""
    if not typed:
        raise KeyboardInterrupt
    return typed


class _Menu:
    """A list on a terminal, of which the arrow keys or a number choose one."""

    def __init__(self, descriptor: int, items: list[str]) -> None:
        self.descriptor = descriptor
        self.items = items
        self.chosen = 0
        self.height = 0

    def run(self, question: str) -> int:
        """Return the index of the chosen item; the terminal is as it was afterwards."""

        def show() -> None:
            _write(self.descriptor, f"{question}\r\n")
            self._draw()

        with _Mode(self.descriptor, _read_keys, show, leave=lambda: None):
            while not self._take_key():
                _write(self.descriptor, f"\x1b[{self.height}A")
                self._draw()
        return self.chosen

    def _draw(self) -> None:
        """Show the items around the chosen one, as many as the screen holds, each on one line of it."""
        self.height = max(1, min(len(self.items), self._size(1, 24) - 2))
        first = max(0, min(self.chosen - self.height // 2, len(self.items) - self.height))
        for index in range(first, first + self.height):
            mark = ">" if index == self.chosen else " "
            line = f"{mark} {index + 1}. {self.items[index]}"[: self._size(0, 80) - 1]
            _write(self.descriptor, f"\r\x1b[K{line}\r\n")

    def _size(self, index: int, usual: int) -> int:
        """Return columns (0) or lines (1) of the terminal; one that does not know has the usual ones."""
        return os.get_terminal_size(self.descriptor)[index] or usual

    def _take_key(self) -> bool:
        """Act on one key; return whether the choice is made."""
        key = self._read_key()
        if key in _KEYS_ENTER:
            return True
        if key in _KEYS_UP:
            self.chosen = (self.chosen - 1) % len(self.items)
        elif key in _KEYS_DOWN:
            self.chosen = (self.chosen + 1) % len(self.items)
        elif key.isdecimal():
            return self._take_number(key)
        return False

    def _take_number(self, digits: str) -> bool:
        """Choose by number: at once where no longer number could be meant, else with Enter."""
        while 0 < int(digits) * 10 <= len(self.items):
            key = self._read_key()
            if not key.isdecimal():
                if key not in _KEYS_ENTER:
                    return False
                break
            digits += key
        if not 1 <= int(digits) <= len(self.items):
            return False
        self.chosen = int(digits) - 1
        return True

    def _read_key(self) -> str:
        """Return one key: a character, or the whole sequence of an arrow."""
        key = self._read_character()
        if key == _ESCAPE:
            key += self._read_character()
            while key[-1] in "[O;" or (len(key) > 2 and key[-1].isdecimal()):
                key += self._read_character()
        return key

    def _read_character(self) -> str:
        character = _read_terminal(self.descriptor, 1).decode("latin-1")
        if character in (_INTERRUPT, _END):
            raise KeyboardInterrupt
        return character
