"""The person at the terminal: passwords, a choice by number or name, a yes or no, and notices on stderr."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from domain.errors import PersonNeededError, UsageError
from domain.formats.terminal_text import escape, show_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import TextIO

    from adapters.machine.question import Question

_YES, _NO = ("y", "yes"), ("n", "no")

MAX_ITEM_LENGTH = 200
"""The most characters that are shown of one of the things to choose from."""


class Terminal:
    """Asks on the controlling terminal, whatever stdin and stdout are (see `domain.ports.Prompter`)."""

    def password(self, question: str) -> bytes:
        with _asking(_open_for_password(), f"{show_line(question)}: ", is_seen=False) as asked:
            return asked.read_line()

    def choose(self, question: str, items: Sequence[str]) -> int:
        """Return the index of the item whose number, or beginning, was typed (see `domain.ports.Prompter`)."""
        names = [show_line(item, MAX_ITEM_LENGTH) for item in items]
        lines = [f"{number}. {name}\n" for number, name in enumerate(names, 1)]
        prompt = f"{show_line(question)} Number or beginning of the name: "
        with _asking(_open_for_choice(items), f"{''.join(lines)}{prompt}", is_seen=True) as asked:
            while len(meant := _find_meant(names, asked.read_line().decode("utf-8", "replace").strip())) != 1:
                several = f"Several begin with that:\n{''.join(lines[index] for index in meant)}"
                nothing = f"That is neither a number from 1 to {len(lines)} nor the beginning of a name.\n"
                asked.write(f"{several if meant else nothing}{prompt}")
            return meant[0]

    def confirm(self, question: str) -> bool:
        """Return whether yes was typed, or its beginning (see `domain.ports.Confirmer`)."""
        prompt = f"{show_line(question)} [y/n]: "
        try:
            descriptor = _open_terminal("there is no terminal to ask on", "")
        except UsageError as error:
            raise PersonNeededError(error.what) from error
        with _asking(descriptor, prompt, is_seen=True) as asked:
            while (typed := asked.read_line().decode("utf-8", "replace").strip().lower()) not in (*_YES, *_NO):
                asked.write(prompt)
            return typed in _YES


@contextmanager
def _asking(descriptor: int, text: str, *, is_seen: bool) -> Iterator[Question]:
    """Ask on the terminal that is open at `descriptor`, and close it afterwards."""
    from adapters.machine.question import Question  # noqa: PLC0415  # only where a person is asked

    with open(descriptor, "r+b", buffering=0) as terminal, Question(terminal.fileno(), text, is_seen=is_seen) as asked:
        yield asked


def _find_meant(names: Sequence[str], typed: str) -> Sequence[int]:
    """Return the indices of the names that may be meant: the one of that number, else all that begin with it.

    Where some are typed in full, but perhaps for what stands in parentheses behind a name, these alone are meant.
    """
    if typed.isdecimal() and len(typed) < 10 and 1 <= int(typed) <= len(names):
        return [int(typed) - 1]
    start, known = typed.casefold(), [name.casefold() for name in names]
    whole = [index for index, name in enumerate(known) if start and f"{name} (".startswith(f"{start} (")]
    return whole or [index for index, name in enumerate(known) if start and name.startswith(start)]


class SilentTerminal:
    """Looks whether there is a terminal as `Terminal` does, and asks nothing (see `domain.ports.Prompter`)."""

    def password(self, question: str) -> bytes:  # noqa: ARG002
        os.close(_open_for_password())
        raise PersonNeededError(
            "token would ask for the password or PIN",
            "name its file with --provisioner-password-file to have it checked",
        )

    def choose(self, question: str, items: Sequence[str]) -> int:  # noqa: ARG002  # the port's
        os.close(_open_for_choice(items))
        raise PersonNeededError(f"token would ask which of {', '.join(items)}", "name it with --provisioner or --kid")


class Stderr:
    """Notices, a line each, to standard error; where it is closed or full, nobody wants them (see `domain.ports`)."""

    def __init__(self, stream: TextIO | None) -> None:
        self.stream = stream

    def inform(self, text: str) -> None:
        if self.stream is not None:  # print would take stdout for it
            with suppress(OSError, ValueError):
                print(show_line(text), file=self.stream, flush=True)

    def warn(self, text: str) -> None:
        self.inform(f"warning: {text}")


def _open_for_password() -> int:
    return _open_terminal("there is no terminal to ask on", "name its file with --password-file")


def _open_for_choice(items: Sequence[str]) -> int:
    listed = "; ".join(map(escape, items))
    return _open_terminal(
        "several provisioners can make this token, and there is no terminal to ask on",
        f"choose one with --provisioner or --kid: {listed}",
    )


def _open_terminal(what: str, fix: str) -> int:
    try:
        return os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)
    except OSError as error:
        raise UsageError(what, fix) from error
