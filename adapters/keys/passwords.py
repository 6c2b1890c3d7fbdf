"""Passwords from a file or from the person at the terminal."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING

from domain.errors import InputError, UsageError, naming

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


_BYTE_ORDER_MARKS = (
    codecs.BOM_UTF32_BE,
    codecs.BOM_UTF32_LE,
    codecs.BOM_UTF8,
    codecs.BOM_UTF16_BE,
    codecs.BOM_UTF16_LE,
)
"""Step drops one of these from the beginning of a file, and takes what follows as it stands (utfbom, SkipOnly)."""


class FilePassword:
    """The one password in a file, without a byte order mark before it and white space behind (`domain.keys.ports`).

    Attributes:
        path: The file; `-` is standard input.
        whose: What gave the file, as the user wrote it, with the path: `--password-file secret`.
    """

    def __init__(self, files: InputFiles, path: str, whose: str) -> None:
        self.files = files
        self.path = path
        self.whose = whose

    def candidates(self, purpose: str) -> Iterator[bytes]:
        with naming(self.whose, self.path):
            data = self.files.read(self.path, MAX_PASSWORD_BYTES)
        mark = next(filter(data.startswith, _BYTE_ORDER_MARKS), b"")
        text = data[len(mark) :].decode("utf-8", "surrogateescape").rstrip(_GO_SPACES)
        if not text:
            raise InputError(f"{self.whose} holds no password", f"write into it {purpose}")
        yield text.encode("utf-8", "surrogateescape")


class TypedPassword:
    """What a person types, up to three times (see `domain.keys.ports.Passwords`)."""

    whose = ""

    def __init__(self, prompter: Prompter) -> None:
        self.prompter = prompter

    def candidates(self, purpose: str) -> Iterator[bytes]:
        for attempt in range(ATTEMPTS):
            asked = f"{purpose[:1].upper()}{purpose[1:]}"
            question = f"Wrong password, try again. {asked}" if attempt else f"Please enter {purpose}"
            try:
                typed = self.prompter.password(question)
            except UsageError as error:
                raise UsageError(f"{purpose} is needed, and {error.what}", error.fix) from error
            yield typed
