"""Passwords from a file or from the person at the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain.errors import InputError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain.ports import InputFiles, Prompter

MAX_PASSWORD_BYTES = 65_536
ATTEMPTS = 3
"""How often a person may mistype."""

_GO_SPACES = (
    "\t\n\v\f\r \u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
"""What Go's unicode.IsSpace calls space: step drops these from the end of a password file."""


class FilePassword:
    """The one password in a file, without the white space at its end.

    Attributes:
        path: The file; `-` is standard input.
        option: The option that named it, as the user wrote it.
    """

    def __init__(self, files: InputFiles, path: str, option: str) -> None:
        self.files = files
        self.path = path
        self.option = option

    def candidates(self, purpose: str) -> Iterator[bytes]:
        """Give the file's password (see `domain.ports.Passwords`)."""
        data = self.files.read(self.path, MAX_PASSWORD_BYTES)
        text = data.decode("utf-8", "surrogateescape").rstrip(_GO_SPACES)
        if not text:
            raise InputError(f"{self.option} {self.path} holds no password", f"write into it {purpose}")
        yield text.encode("utf-8", "surrogateescape")


class TypedPassword:
    """What a person types, up to three times."""

    def __init__(self, prompter: Prompter) -> None:
        self.prompter = prompter

    def candidates(self, purpose: str) -> Iterator[bytes]:
        """Give what is typed (see `domain.ports.Passwords`)."""
        for attempt in range(ATTEMPTS):
            question = f"{'Wrong. ' if attempt else ''}Please enter {purpose}"
            try:
                typed = self.prompter.password(question)
            except UsageError as error:
                raise UsageError(f"{purpose} is needed, and {error.what}", error.fix) from error
            yield typed
