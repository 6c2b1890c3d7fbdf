"""The person at the terminal: passwords, a choice, and notices on stderr."""

import os
import sys
from collections.abc import Sequence
from typing import TextIO

import attrs

from domain.errors import UsageError
from domain.terminal_text import escape

_UP, _DOWN, _ENTER, _INTERRUPT, _END = "\x1b[A", "\x1b[B", "\r", "\x03", "\x04"
_KEYS_UP, _KEYS_DOWN = (_UP, "\x1bOA", "k"), (_DOWN, "\x1bOB", "j")


@attrs.frozen
class Terminal:
    """Asks on the controlling terminal, whatever stdin and stdout are."""

    def password(self, question: str) -> bytes:
        """Return what was typed, unseen (see `domain.ports.Prompter`)."""
        import getpass  # noqa: PLC0415  # slow to load, and only here

        os.close(_open_terminal("the password is needed", "name its file by --password-file"))
        return getpass.getpass(f"{escape(question)}: ").encode("utf-8", "surrogateescape")

    def choose(self, question: str, items: Sequence[str]) -> int:
        """Return the index of the chosen item (see `domain.ports.Prompter`)."""
        listed = "; ".join(map(escape, items))
        descriptor = _open_terminal(
            f"{question} There is no terminal to ask on", f"choose by --provisioner or --kid among {listed}"
        )
        with open(descriptor, "r+b", buffering=0) as terminal:
            return _Menu(terminal.fileno(), [escape(item) for item in items]).run(escape(question))


@attrs.frozen
class Stderr:
    """Notices, a line each, on standard error."""

    stream: TextIO = attrs.field(factory=lambda: sys.stderr)

    def inform(self, text: str) -> None:
        """Say what was chosen or done."""
        print(escape(text), file=self.stream)

    def warn(self, text: str) -> None:
        """Say what will probably not do what the user hopes."""
        print(f"warning: {escape(text)}", file=self.stream)


def _open_terminal(what: str, fix: str) -> int:
    try:
        return os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)
    except OSError as error:
        raise UsageError(what, fix) from error


@attrs.define
class _Menu:
    """A list on a terminal, of which the arrow keys or a number choose one."""

    descriptor: int
    items: list[str]
    chosen: int = 0

    def run(self, question: str) -> int:
        """Return the index of the chosen item; the terminal is as it was afterwards."""
        import termios  # noqa: PLC0415  # only on a terminal
        import tty  # noqa: PLC0415

        before = termios.tcgetattr(self.descriptor)
        self._write(f"{question}\r\n")
        try:
            tty.setraw(self.descriptor)
            self._draw()
            while not self._take_key():
                self._write(f"\x1b[{len(self.items)}A")
                self._draw()
        finally:
            termios.tcsetattr(self.descriptor, termios.TCSADRAIN, before)
        return self.chosen

    def _draw(self) -> None:
        for index, item in enumerate(self.items):
            mark = ">" if index == self.chosen else " "
            self._write(f"\r\x1b[K{mark} {index + 1}. {item}\r\n")

    def _take_key(self) -> bool:
        """Act on one key; return whether the choice is made."""
        key = os.read(self.descriptor, 8).decode("ascii", "replace")
        if key in ("", _INTERRUPT, _END):
            raise KeyboardInterrupt
        if key[0] in "\r\n":
            return True
        if key in _KEYS_UP:
            self.chosen = (self.chosen - 1) % len(self.items)
        elif key in _KEYS_DOWN:
            self.chosen = (self.chosen + 1) % len(self.items)
        elif key[0].isdigit():
            return self._take_number(key)
        return False

    def _take_number(self, digits: str) -> bool:
        """Choose by number: at once where no longer number could be meant, else with Enter."""
        while digits.isdigit() and int(digits) * 10 <= len(self.items):
            digits += os.read(self.descriptor, 1).decode("ascii", "replace")
        number = int(digits.rstrip("\r\n") or "0") if digits.rstrip("\r\n").isdigit() else 0
        if 1 <= number <= len(self.items):
            self.chosen = number - 1
            return True
        return False

    def _write(self, text: str) -> None:
        os.write(self.descriptor, text.encode())
