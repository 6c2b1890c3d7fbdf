"""One exchange over HTTP, bounded: a deadline, a limit on bytes, strict chunks, and one list of what may go wrong.

All that a peer or a proxy answers comes through `_BoundedStream`, which looks at the clock and counts before
more is read: headers, interim answers, chunk sizes and trailers included. Nothing outlives the deadline.
"""

from __future__ import annotations

import io
import re
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from contextvars import ContextVar
from enum import Enum
from http.client import HTTPException, HTTPResponse, IncompleteRead, LineTooLong
from time import monotonic
from typing import Any, TypeVar

from adapters.process.interruption import begin

MAX_HEAD_BYTES = 65_536
"""Of an answer before its body: interim answers, status and headers."""

_MAX_CHUNK_LINE = 1_024
_CHUNK_SIZE = re.compile(rb"[0-9A-Fa-f]{1,15}")
_PIECE = 65_536

_T = TypeVar("_T")


class FaultKind(Enum):
    """What may go wrong with an exchange."""

    LATE = "it did not finish in time"
    OVERSIZED = "the answer is too long"
    UNREACHABLE = "there was no connection"
    TLS = "the two sides cannot agree on TLS"
    NO_TLS = "what answers there does not speak TLS"
    OUT_OF_TIME = "a certificate has expired or is not valid yet"
    BROKEN = "the connection ended early, or what came is not HTTP"


class ExchangeError(Exception):
    """An exchange that came to nothing.

    Args:
        kind: What went wrong.
        reason: In the words of the system or the library; may hold what the peer sent.
    """

    def __init__(self, kind: FaultKind, reason: str = "") -> None:
        super().__init__(kind, reason)
        self.kind = kind
        self.reason = reason


class OversizedError(HTTPException):
    """More came than there is room for; its text says how much: "over 65536 bytes"."""


class Allowance:
    """The time that several exchanges have together; what passes between them is not counted."""

    def __init__(self, seconds: float) -> None:
        self._left = seconds
        self._since: float | None = None

    def left(self) -> float:
        """Return the seconds that are left."""
        return self._left - (0.0 if self._since is None else monotonic() - self._since)

    @contextmanager
    def spending(self) -> Iterator[None]:
        """Count all that is done in the block."""
        if self._since is not None:
            yield
            return
        self._since = monotonic()
        try:
            yield
        finally:
            self._left, self._since = self.left(), None


class Peer:
    """Whom a TLS connection leads to.

    Attributes:
        names: The DNS names and IP addresses in its certificate.
        chain: DER of the certificates from its own to the trusted one, or those that it shows where nobody was to be
            trusted; None where this Python does not tell.
    """

    def __init__(self, names: Sequence[str], chain: Sequence[bytes] | None) -> None:
        self.names = names
        self.chain = chain


class Exchange:
    """A request with its answer, and perhaps a few attempts at it.

    Attributes:
        limit: The most bytes that the body of an answer may have.
        peer: Whom a connection was made to, None as long as there was no new one over TLS.
        is_sent: Whether something of the request may have reached whom it is for.
    """

    def __init__(self, seconds: float, limit: int) -> None:
        self.limit = limit
        self.peer: Peer | None = None
        self.is_sent = False
        self._deadline = monotonic() + seconds
        self.expect_head()
        self._is_abandoned = False
        self._changing = threading.Lock()
        self._handles: list[socket.socket] = []
        self._streams: list[io.RawIOBase] = []

    def left(self) -> float:
        """Return the seconds that are left.

        Raises:
            TimeoutError: there are none, or the exchange was given up.
        """
        left = self._deadline - monotonic()
        if self._is_abandoned or left <= 0:
            raise TimeoutError
        return left

    def expect_head(self) -> None:
        """Let as many bytes come from here on as an answer may have before its body."""
        self._room, self._measure = MAX_HEAD_BYTES, f"over {MAX_HEAD_BYTES} bytes before its body"

    def expect_body(self) -> None:
        """Let as many bytes come from here on as a body may have, with what frames it in small chunks."""
        self._room, self._measure = 2 * self.limit + MAX_HEAD_BYTES, f"over {self.limit} bytes"

    def count(self, size: int) -> None:
        """Note that so many bytes came.

        Raises:
            OversizedError: there was no room for them.
        """
        self._room -= size
        if self._room < 0:
            raise OversizedError(self._measure)

    def read_body(self, response: Any) -> bytes:
        """Return the body of an answer, http.client's or urllib3's.

        Raises:
            OversizedError: it is over the limit.
            IncompleteRead: it ends early.
        """
        body = bytearray()
        while piece := response.read(_PIECE):
            body += piece
            if len(body) > self.limit:
                raise OversizedError(f"over {self.limit} bytes")
        missing = getattr(response, "length", None)  # http.client's own does not mind; urllib3's has raised already
        if missing:
            raise IncompleteRead(bytes(body), missing)
        return bytes(body)

    def watch(self, plain: socket.socket) -> None:
        """Have a new connection wait no longer than there is time, and end when the exchange is given up.

        Raises:
            TimeoutError: that is so by now, and the connection has been closed.
        """
        with ExitStack() as opened:
            opened.enter_context(plain)
            handle = opened.enter_context(plain.dup())  # TLS takes the socket itself away
            with self._changing:
                plain.settimeout(self.left())
                self._handles.append(handle)
            opened.pop_all()

    def close_behind(self, stream: io.RawIOBase) -> None:
        """Have what an answer is read from be closed when the exchange is over, whatever became of the answer."""
        self._streams.append(stream)

    def abandon(self) -> None:
        """End what may still go on in the thread of the exchange."""
        with self._changing:
            self._is_abandoned = True
        for handle in self._handles:
            with suppress(OSError):  # it has ended by itself
                handle.shutdown(socket.SHUT_RDWR)

    def run(self, work: Callable[[], _T]) -> _T:
        """Return what `work` returns, within the time.

        It runs on a thread of its own, for no timeout of a socket bounds a name look-up, a handshake and an
        answer taken together. What is not over in time, or interrupted, takes nothing more from the line.

        Raises:
            ExchangeError: `LATE`; and whatever `work` raises.
        """

        def go() -> _T:
            CURRENT.set(self)
            try:
                return work()
            finally:
                for stream in self._streams:
                    stream.close()

        is_over = False
        try:
            left = self.left()
            outcome = begin(go)(left)
            is_over = True
            return outcome
        except TimeoutError as error:
            raise ExchangeError(FaultKind.LATE) from error
        finally:
            if not is_over:
                self.abandon()
            for handle in self._handles:
                handle.close()
            self._handles.clear()


CURRENT: ContextVar[Exchange] = ContextVar("exchange")
"""The exchange that a thread works on."""


class BoundedResponse(HTTPResponse):
    """An answer as `http.client` reads it, within the bounds of the exchange that this thread works on."""

    def __init__(self, sock: Any, *arguments: Any, **options: Any) -> None:
        super().__init__(sock, *arguments, **options)
        self.fp.close()
        self._exchange = CURRENT.get()
        self._exchange.expect_head()
        stream = _BoundedStream(sock, self._exchange)
        self._exchange.close_behind(stream)
        self.fp = io.BufferedReader(stream)

    def begin(self) -> None:
        """Read the status and the headers."""
        super().begin()
        self._exchange.expect_body()

    def _read_next_chunk_size(self) -> int:
        """Return the size that a chunk begins with (RFC 9112, 7.1); http.client's own takes `-1` and `0x_1`."""
        line = self.fp.readline(_MAX_CHUNK_LINE + 1)
        if not line:
            raise IncompleteRead(b"")
        if len(line) > _MAX_CHUNK_LINE:
            raise LineTooLong("chunk size")
        digits = line.partition(b";")[0].strip(b" \t\r\n")
        if not _CHUNK_SIZE.fullmatch(digits):
            raise HTTPException("a chunk of the answer does not begin with its size")
        return int(digits, 16)


class _BoundedStream(io.RawIOBase):
    """What comes from a socket, as long as the exchange has time and room for it."""

    def __init__(self, sock: Any, exchange: Exchange) -> None:
        self._sock = sock
        self._raw = sock.makefile("rb", buffering=0)  # which also keeps the socket open as long as this is
        self._exchange = exchange

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._sock.settimeout(self._exchange.left())
        size = self._raw.readinto(buffer) or 0
        self._exchange.count(size)
        return size

    def close(self) -> None:
        self._raw.close()
        super().close()
