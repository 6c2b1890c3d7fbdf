"""What a program gives, behind the ports that minting uses: content in memory, its passwords, and its log."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING

from adapters.machine.input_files import LocalFiles
from domain.errors import InputError, UsageError
from step_ott.arguments import name_arguments

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from step_ott.arguments import Source

LOG = logging.getLogger("step_ott")
LOG.addHandler(logging.NullHandler())

_BEGIN = "-----BEGIN"


class LogNotices:
    """Notices that go to the log "step_ott" (see `domain.ports.Notices`)."""

    def inform(self, text: str) -> None:
        """Log what was chosen or done."""
        LOG.info("%s", name_arguments(text))

    def warn(self, text: str) -> None:
        """Log what will probably not do what the program hopes."""
        LOG.warning("%s", name_arguments(text))


class GivenFiles:
    """Files by path, and content that the program gave itself (see `domain.ports.InputFiles`)."""

    def __init__(self) -> None:
        self._files = LocalFiles(LOG.info)
        self._contents: dict[str, bytes] = {}

    def add(self, source: Source, argument: str) -> str:
        """Return what a file is called from here on.

        Raises:
            UsageError: it is neither a path nor content.
        """
        if isinstance(source, str) and _BEGIN in source:
            source = source.encode()
        if isinstance(source, bytes):
            name = f"<{len(source)} bytes, {len(self._contents) + 1}>"
            self._contents[name] = source
            return name
        if not isinstance(source, str | os.PathLike):
            raise UsageError(f"{argument}= is a {type(source).__name__}", "give a path, or the content as bytes")
        path = os.fspath(source)
        if not isinstance(path, str) or not path:
            raise UsageError(f"{argument}= is not a path", "give a path as str, or the content as bytes")
        return "./-" if path == "-" else path  # standard input is the program's own

    def put(self, name: str, content: bytes) -> str:
        """Let `content` be what is read by a name, and return the name."""
        self._contents[name] = content
        return name

    def read(self, path: str, limit: int) -> bytes:
        """Return the content of `path` (see `domain.ports.InputFiles`)."""
        content = self._contents.get(path)
        if content is None:
            return self._files.read("./-" if path == "-" else path, limit)  # standard input is the program's own
        if len(content) > limit:
            raise InputError(f"{path} is over {limit} bytes", "it is not the kind of content that is expected here")
        return content


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
    """The password that a program gives, or a function of its own that returns it each time it is needed."""

    whose = "password="

    def __init__(self, password: bytes | Callable[[], bytes] | None) -> None:
        if isinstance(password, str):
            raise UsageError("password= is a str", "give bytes, such as password.encode()")
        if not (password is None or isinstance(password, bytes) or callable(password)):
            raise UsageError(f"password= is a {type(password).__name__}", "give bytes, or a function that returns them")
        self._password = password

    def __repr__(self) -> str:
        return "GivenPassword()"

    def candidates(self, purpose: str) -> Iterator[bytes]:
        """Give the password (see `domain.keys.ports.Passwords`)."""
        if self._password is None:
            raise UsageError(f"{purpose} is needed", "give password=")
        given = self._password() if callable(self._password) else self._password
        if not isinstance(given, bytes):
            raise UsageError(f"password= returned a {type(given).__name__}", "return bytes")
        if not given:
            raise InputError("password= is empty", f"give {purpose}")
        yield given


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
