"""What a program gives, behind the ports that minting uses: content in memory, its passwords, and its log."""

from __future__ import annotations

import logging
import os
import re
from typing import TYPE_CHECKING

from adapters.keys.passwords import FilePassword
from adapters.machine.input_files import LocalFiles
from domain.errors import InputError, UsageError, WrongPasswordError, naming
from domain.formats.terminal_text import show_line
from step_ott.arguments import refuse_type
from step_ott.wording import name_arguments, their_code

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from step_ott.arguments import Password

LOG = logging.getLogger("step_ott")
LOG.addHandler(logging.NullHandler())

MAX_CONTENT_BYTES, MAX_PATH = 1 << 20, 4096
MAX_WARNINGS = 100
"""Of one issuer, which may live for years."""

_CONTENT = re.compile(r'-----BEGIN|[\s\ufeff]*([\[{"]|(ssh|ecdsa|sk)-\S+ AAAA|eyJ[\w-]*((\.[\w-]*){2}){1,2}\s*$)')
"""How a text begins that is a file's content and not its path: PEM, JSON, a line of SSH, or a compact JWE or JWS."""


class LogNotices:
    """Notices that go to the log "step_ott" (see `domain.ports.Notices`)."""

    def __init__(self) -> None:
        self._warned: set[str] = set()

    def inform(self, text: str) -> None:
        """Log what was chosen or done."""
        LOG.info("%s", show_line(name_arguments(text)))

    def warn(self, text: str) -> None:
        """Log what will probably not do what the program hopes: once, however often it would be said."""
        if text not in self._warned and len(self._warned) < MAX_WARNINGS:
            self._warned.add(text)
            LOG.warning("%s", show_line(name_arguments(text)))


class GivenFiles:
    """Files by path, and content that the program gave itself (see `domain.ports.InputFiles`)."""

    def __init__(self) -> None:
        self._files = LocalFiles(LOG.info)
        self._contents: dict[str, bytes] = {}

    def add(self, source: object, argument: str) -> str:
        """Return what a file is called from here on.

        Raises:
            UsageError: it is neither a path nor content.
        """
        if isinstance(source, str) and (_CONTENT.match(source) or "-----BEGIN" in source):
            source = source.encode("utf-8", "surrogateescape")
        if isinstance(source, bytes):
            name = f"<{len(source)} bytes, {len(self._contents) + 1}>"
            self._contents[name] = source
            return name
        if not isinstance(source, str | os.PathLike):
            raise refuse_type(source, argument, "give a path, or the content as bytes")
        path = os.fspath(source)
        if not isinstance(path, str) or not path or len(path) > MAX_PATH or any(mark in path for mark in "\0\n\r"):
            raise UsageError(f"{argument}= is not a path", "give a path as str, or the content as bytes")
        return spare_standard_input(path)

    def put(self, name: str, content: bytes) -> str:
        """Let `content` be what is read by a name, and return the name."""
        self._contents[name] = content
        return name

    def read(self, path: str, limit: int) -> bytes:
        """Return the content of `path` (see `domain.ports.InputFiles`)."""
        content = self._contents.get(path)
        if content is None:
            return self._files.read(spare_standard_input(path), limit)
        if len(content) > limit:
            raise InputError(f"{path} is over {limit} bytes", "it is not the kind of content that is expected here")
        return content


def spare_standard_input(path: str) -> str:
    """Return a path by which a file is read: standard input is the program's own."""
    return "./-" if path == "-" else path


def read_content(source: object, argument: str) -> bytes:
    """Return the content of a file, at most a mebibyte.

    Raises:
        UsageError: it is neither a path nor content.
        InputError: it cannot be read.
    """
    files = GivenFiles()
    name = files.add(source, argument)
    with naming(f"{argument}={name}", name):
        return files.read(name, MAX_CONTENT_BYTES)


class FixedClock:
    """A clock that always shows the same moment (see `domain.ports.Clock`).

    Attributes:
        nanoseconds: Since the epoch, UTC.
    """

    def __init__(self, nanoseconds: int) -> None:
        self.nanoseconds = nanoseconds

    def now(self) -> int:
        """Return the moment."""
        return self.nanoseconds


class GivenPassword:
    """The password that a program gives, asked for only where a key is encrypted (see `domain.keys.ports.Passwords`).

    Args:
        password: Its bytes, a function that returns them each time it is needed, or the path of its file.

    Raises:
        UsageError: it is none of these.
    """

    def __init__(self, password: Password | None) -> None:
        fix = "give bytes, a function that returns them, or the pathlib.Path of a file"
        if isinstance(password, str):
            raise UsageError("password= is of type str", f"{fix}; of a text, password.encode()")
        if not (password is None or isinstance(password, bytes | os.PathLike) or callable(password)):
            raise refuse_type(password, "password", fix)
        self.whose = "password="
        self._password = password
        self._ends_line = False

    def __repr__(self) -> str:
        return "GivenPassword()"

    def candidates(self, purpose: str) -> Iterator[bytes]:
        """Give the password (see `domain.keys.ports.Passwords`)."""
        if self._password is None:
            raise UsageError(f"{purpose} is needed", "give password=")
        if isinstance(self._password, os.PathLike):
            path = spare_standard_input(os.fspath(self._password))
            yield from FilePassword(LocalFiles(LOG.info), path, f"password={path}").candidates(purpose)
            return
        given = self._password
        if callable(given):
            with their_code():
                given = given()
        if not isinstance(given, bytes):
            raise UsageError(f"password= returned something of type {type(given).__name__}", "return bytes")
        if not given:
            raise InputError("password= is empty", f"give {purpose}")
        self._ends_line = given.endswith((b"\n", b"\r"))
        yield given

    def explain(self, error: WrongPasswordError) -> WrongPasswordError:
        """Return the error, with what is probably wrong with the password."""
        if not self._ends_line:
            return error
        fix = "it ends with a newline, which counts: strip it, or give the pathlib.Path of the file that it is from"
        return WrongPasswordError(error.what, fix)


class NobodyToAsk:
    """There is no person: what only one could answer is refused (see `domain.ports.Prompter`)."""

    def password(self, question: str) -> bytes:
        """Refuse."""
        raise UsageError(question, "give password=")

    def choose(self, question: str, items: Sequence[str]) -> int:
        """Refuse to choose among several."""
        raise UsageError(f"{question} There are {len(items)}: {', '.join(items[:20])}", "give name= or key_id=")


class NowhereToDeliver:
    """There is no output: tokens are returned (see `domain.ports.TokenSink`)."""

    def check(self) -> None:
        """Have nothing against it."""

    def deliver(self, token: str) -> None:  # noqa: ARG002
        """Refuse."""
        raise AssertionError("tokens are returned")
