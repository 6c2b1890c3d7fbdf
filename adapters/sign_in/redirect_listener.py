"""The listener on this machine that the browser comes back to after signing in (RFC 8252, section 7.3).

Any program on this machine, and any web page in the browser, can connect to it. One thread serves all
connections by `asyncio`, a bounded number of them and each for a bounded time; `http.server` reads what they ask.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from io import BytesIO
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, cast
from urllib.parse import parse_qsl, urlsplit

from domain.errors import IdentityError, StepOttError

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
            "stop what listens there, or sign in with --console",
        ) from error
    loop, listener = asyncio.new_event_loop(), RedirectListener(listening, host, read)
    thread = Thread(target=loop.run_until_complete, args=(listener.serve(),), daemon=True)
    thread.start()
    try:
        yield listener
    finally:
        loop.call_soon_threadsafe(listener.stopped.set)
        thread.join()
        loop.close()


class RedirectListener:
    """Takes connections; the first answer to the sign-in is the only one that counts.

    Attributes:
        redirect_uri: Where the browser must come back to.
        strangers: How many answers to another sign-in have come.
        stopped: Ends it.
    """

    def __init__(self, listening: socket.socket, host: str, read: Read) -> None:
        port = listening.getsockname()[1]
        self.redirect_uri = f"http://{f'[{host}]' if ':' in host else host}:{port}"
        self.strangers = 0
        self.stopped = asyncio.Event()
        self._listening = listening
        self._read = read
        self._outcomes: SimpleQueue[str | StepOttError] = SimpleQueue()
        self._is_answered = False
        self._connections: dict[asyncio.Task[None], None] = {}  # the oldest first

    def wait(self, seconds: float) -> str:
        """Return what `read` makes of what the browser comes back with.

        Raises:
            TimeoutError: it does not within `seconds`.
            IdentityError: `read` does not take it.
        """
        try:
            outcome = self._outcomes.get(timeout=seconds)
        except Empty as error:
            raise TimeoutError from error
        if isinstance(outcome, StepOttError):
            raise outcome
        return outcome

    async def serve(self) -> None:
        """Serve until `stopped`."""
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)  # such as too many open files
        server = await asyncio.start_server(
            self._serve_one, sock=self._listening, backlog=MAX_CONNECTIONS, limit=MAX_REQUEST_BYTES
        )
        await self.stopped.wait()
        server.close()
        remaining = list(self._connections)
        for connection in remaining:
            connection.cancel()
        await asyncio.gather(*remaining, return_exceptions=True)
        await asyncio.sleep(0)  # for the sockets to be closed

    async def _serve_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection, and tell what it says of the sign-in once the answer is sent."""
        if len(self._connections) >= MAX_CONNECTIONS:
            oldest = next(iter(self._connections))
            del self._connections[oldest]
            oldest.cancel()
        connection, outcome = cast("asyncio.Task[None]", asyncio.current_task()), None
        self._connections[connection] = None
        try:
            async with asyncio.timeout(CONNECTION_SECONDS):
                handler = await self._receive(reader)
                outcome = handler.outcome
                writer.write(handler.wfile.getvalue())
                writer.close()
                await writer.wait_closed()
        except (OSError, EOFError):  # a browser that hangs up, or takes its time, is no concern of the user's
            return
        finally:
            self._connections.pop(connection, None)
            writer.transport.abort()
            if outcome is not None:
                self._outcomes.put(outcome)

    async def _receive(self, reader: asyncio.StreamReader) -> _Handler:
        """Return the request's line and headers, read and answered."""
        try:
            return _Handler(await reader.readuntil(b"\r\n\r\n"), self._judge)
        except asyncio.LimitOverrunError:
            return _Handler(b"GET / HTTP/1.0\r\n\r\n", lambda _: (431, LARGE, None))

    def _judge(self, target: str) -> tuple[int, str, str | StepOttError | None]:
        """Return status and page for what is asked for, and what it says of the sign-in, None for nothing."""
        try:
            parts = urlsplit(target)
            pairs = parse_qsl(parts.query, keep_blank_values=True, max_num_fields=_MAX_PARAMETERS)
        except ValueError:
            return 400, OTHER, None
        if parts.path not in ("", "/") or self._is_answered or not _ANSWERS.intersection(name for name, _ in pairs):
            return 404, OTHER, None
        try:
            code = self._read(pairs)
        except StepOttError as error:
            self._is_answered = True
            return 400, FAILED, error
        if code is None:
            self.strangers += 1
            return 400, STRANGE, None
        self._is_answered = True
        return 200, DONE, code


class _Handler(BaseHTTPRequestHandler):
    """Reads a request from memory, and writes the answer there.

    Attributes:
        outcome: What the request says of the sign-in, None for nothing.
    """

    server_version, sys_version = "step-ott", ""
    wfile: BytesIO

    def __init__(self, asked: bytes, judge: Callable[[str], tuple[int, str, str | StepOttError | None]]) -> None:
        self.outcome: str | StepOttError | None = None
        self._judge = judge
        self.rfile, self.wfile = BytesIO(asked), BytesIO()
        self.handle()

    def do_GET(self) -> None:
        status, page, self.outcome = self._judge(self.path)
        body = page.encode()
        self.send_response(status)
        for name, value in {**_HEADERS, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Write nothing: a code stands in the request's line."""
