"""The listener on this machine that the browser comes back to after signing in (RFC 8252, section 7.3).

Any program on this machine, and any web page in the browser, can connect to it. One thread serves all
connections, a bounded number of them and each for a bounded time; `http.server` reads what they ask.
"""

from __future__ import annotations

import socket
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from io import BytesIO
from queue import Empty, SimpleQueue
from selectors import EVENT_READ, EVENT_WRITE, DefaultSelector
from threading import Thread
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import attrs

from domain.errors import IdentityError, StepOttError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    Read = Callable[[Sequence[tuple[str, str]]], str | None]

_ANSWERS = frozenset({"code", "error", "state"})
"""Parameters by which the browser's answer differs from whatever else it may ask for."""

MAX_CONNECTIONS = 64
"""Open at once: one more takes the place of the oldest."""

MAX_REQUEST_BYTES = 65_536
"""Of the request's line and headers; a browser may send all cookies that it has for this machine."""

CONNECTION_SECONDS = 10
"""From connecting until the answer is sent."""

_MAX_PARAMETERS = 100
_PAUSE_SECONDS = 0.1
_CHUNK = 16_384
_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": "default-src 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Connection": "close",
}
_PAGE = "<!DOCTYPE html>\n<title>step-ott</title>\n<h1>{}</h1>\n<p>{}</p>\n"
DONE = _PAGE.format("You have signed in.", "You can close this window and go back to the terminal.")
FAILED = _PAGE.format("The sign-in did not succeed.", "The terminal says why. You can close this window.")
STRANGE = _PAGE.format("This is not the sign-in that step-ott waits for.", "Use the address that the terminal shows.")
OTHER = _PAGE.format("There is nothing here.", "step-ott waits for you to sign in.")
LARGE = _PAGE.format("The request is too large.", "step-ott waits for you to sign in.")


class RedirectListener:
    """Waits for one answer.

    Attributes:
        redirect_uri: Where the browser must come back to.
    """

    def __init__(self, server: _Server, host: str) -> None:
        self._server = server
        self.redirect_uri = f"http://{f'[{host}]' if ':' in host else host}:{server.port}"

    @property
    def strangers(self) -> int:
        """How many answers to another sign-in have come."""
        return self._server.strangers

    def wait(self, seconds: float) -> str:
        """Return what the listener's `read` makes of what the browser comes back with.

        Raises:
            TimeoutError: it does not within `seconds`.
            IdentityError: `read` does not take it.
        """
        try:
            outcome = self._server.outcomes.get(timeout=seconds)
        except Empty as error:
            raise TimeoutError from error
        if isinstance(outcome, StepOttError):
            raise outcome
        return outcome


@contextmanager
def listen_for_redirect(host: str, port: int, read: Read) -> Iterator[RedirectListener]:
    """Listen until the block ends.

    Args:
        host: This machine, without brackets.
        port: 0 for any.
        read: Takes the parameters that the browser comes back with. Returns None where they answer another
            sign-in, which does not end the wait; raises an IdentityError, which does.

    Raises:
        IdentityError: the port cannot be had.
    """
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listening = socket.create_server((host, port), family=family, backlog=MAX_CONNECTIONS)
    except OSError as error:
        raise IdentityError(
            f"the browser cannot come back to {host} port {port}: {error.strerror or error}",
            "end what listens there, or sign in with --console",
        ) from error
    server = _Server(listening, read)
    thread = Thread(target=server.serve, daemon=True)
    thread.start()
    try:
        yield RedirectListener(server, host)
    finally:
        server.stop()
        thread.join()


@attrs.define(eq=False)
class _Connection:
    """A connection: what it asks for comes in, then the answer goes out.

    Attributes:
        deadline: When it is closed at the latest, by the monotonic clock.
        outcome: What is told of the sign-in once the answer is sent, None for nothing.
    """

    socket: socket.socket
    deadline: float
    asked: bytearray = attrs.field(factory=bytearray)
    answer: bytes = b""
    outcome: str | StepOttError | None = None


class _Server:
    """Takes connections; the first answer to the sign-in is the only one that counts.

    Attributes:
        outcomes: The code, or why there is none.
        strangers: How many answers to another sign-in have come.
    """

    def __init__(self, listening: socket.socket, read: Read) -> None:
        self.port: int = listening.getsockname()[1]
        self.outcomes: SimpleQueue[str | StepOttError] = SimpleQueue()
        self.strangers = 0
        self._read = read
        self._is_answered = False
        self._listening = listening
        self._woken, self._waker = socket.socketpair()
        self._connections: dict[_Connection, None] = {}  # the oldest first
        self._selector = DefaultSelector()

    def stop(self) -> None:
        """Have `serve` end."""
        self._waker.send(b"\0")

    def serve(self) -> None:
        """Serve until `stop`."""
        self._listening.setblocking(False)
        with self._selector, self._listening, self._woken, self._waker:
            self._selector.register(self._listening, EVENT_READ)
            self._selector.register(self._woken, EVENT_READ)
            while not self._serve_once():
                pass
            for connection in list(self._connections):
                self._close(connection)

    def _serve_once(self) -> bool:
        """Wait for what comes next, and do it; return whether this is the end."""
        oldest = next(iter(self._connections), None)
        events = self._selector.select(None if oldest is None else max(0.0, oldest.deadline - monotonic()))
        for key, _ in events:
            if key.fileobj is self._woken:
                return True
            if isinstance(key.data, _Connection) and key.data in self._connections:
                self._go_on(key.data)
        if any(key.fileobj is self._listening for key, _ in events):
            self._accept()  # last, so that who has asked already is not dropped for who has just come
        now = monotonic()
        for connection in [one for one in self._connections if one.deadline <= now]:
            self._close(connection)
        return False

    def _accept(self) -> None:
        if len(self._connections) >= MAX_CONNECTIONS:
            self._close(next(iter(self._connections)))
        try:
            accepted, _ = self._listening.accept()
        except BlockingIOError:
            return
        except OSError:  # such as too many open files
            sleep(_PAUSE_SECONDS)
            return
        accepted.setblocking(False)
        connection = _Connection(accepted, monotonic() + CONNECTION_SECONDS)
        self._connections[connection] = None
        self._selector.register(accepted, EVENT_READ, connection)

    def _close(self, connection: _Connection) -> None:
        del self._connections[connection]
        self._selector.unregister(connection.socket)
        connection.socket.close()
        if connection.outcome is not None:
            self.outcomes.put(connection.outcome)

    def _go_on(self, connection: _Connection) -> None:
        """Read or write some; close the connection where nothing is left to do."""
        try:
            is_open = self._send(connection) if connection.answer else self._receive(connection)
        except BlockingIOError:
            return
        except OSError:  # a browser that hangs up is no concern of the user's
            is_open = False
        if not is_open:
            self._close(connection)

    def _receive(self, connection: _Connection) -> bool:
        data = connection.socket.recv(_CHUNK)
        known = len(connection.asked)
        connection.asked += data
        if len(connection.asked) > MAX_REQUEST_BYTES:
            connection.answer = _answer(b"GET / HTTP/1.0\r\n\r\n", lambda _: (431, LARGE))
        elif connection.asked.find(b"\r\n\r\n", max(0, known - 3)) >= 0:
            connection.answer = _answer(bytes(connection.asked), lambda target: self._judge(connection, target))
        if connection.answer:
            self._selector.modify(connection.socket, EVENT_WRITE, connection)
        return bool(data)

    @staticmethod
    def _send(connection: _Connection) -> bool:
        connection.answer = connection.answer[connection.socket.send(connection.answer) :]
        if not connection.answer:
            connection.socket.shutdown(socket.SHUT_WR)
        return bool(connection.answer)

    def _judge(self, connection: _Connection, target: str) -> tuple[int, str]:
        """Return status and page for what is asked for, and keep what it says of the sign-in."""
        try:
            parts = urlsplit(target)
            pairs = parse_qsl(parts.query, keep_blank_values=True, max_num_fields=_MAX_PARAMETERS)
        except ValueError:
            return 400, OTHER
        if parts.path not in ("", "/") or self._is_answered or not _ANSWERS.intersection(name for name, _ in pairs):
            return 404, OTHER
        try:
            connection.outcome = self._read(pairs)
        except StepOttError as error:
            connection.outcome = error
        if connection.outcome is None:
            self.strangers += 1
            return 400, STRANGE
        self._is_answered = True
        return (400, FAILED) if isinstance(connection.outcome, StepOttError) else (200, DONE)


def _answer(asked: bytes, judge: Callable[[str], tuple[int, str]]) -> bytes:
    """Return the answer to a request: what `judge` makes of its target, as a page for the person."""
    handler = _Handler(asked, judge)
    return handler.wfile.getvalue()


class _Handler(BaseHTTPRequestHandler):
    """Reads a request from memory, and writes the answer there."""

    server_version, sys_version = "step-ott", ""
    wfile: BytesIO

    def __init__(self, asked: bytes, judge: Callable[[str], tuple[int, str]]) -> None:
        self._judge = judge
        self.rfile, self.wfile = BytesIO(asked), BytesIO()
        self.handle()

    def do_GET(self) -> None:
        status, page = self._judge(self.path)
        body = page.encode()
        self.send_response(status)
        for name, value in {**_HEADERS, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Write nothing: a code stands in the request's line."""
