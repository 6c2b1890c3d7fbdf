"""The listener on this machine that the browser comes back to after signing in (RFC 8252, section 7.3)."""

from __future__ import annotations

import socket
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, SimpleQueue
from socketserver import TCPServer
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from domain.errors import IdentityError, StepOttError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_ANSWERS = frozenset({"code", "error", "state"})
"""Parameters by which the browser's answer differs from whatever else it may ask for."""

_IDLE_SECONDS = 10
_POLL_SECONDS = 0.02
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
OTHER = _PAGE.format("There is nothing here.", "step-ott waits for you to sign in.")


class RedirectListener:
    """Waits for one answer.

    Attributes:
        redirect_uri: Where the browser must come back to.
    """

    def __init__(self, server: _Server) -> None:
        self._server = server
        host, port = server.asked_host, server.server_address[1]
        self.redirect_uri = f"http://{f'[{host}]' if ':' in host else host}:{port}"

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
def listen_for_redirect(host: str, port: int, read: Callable[[Mapping[str, str]], str]) -> Iterator[RedirectListener]:
    """Listen until the block ends.

    Args:
        host: This machine, without brackets.
        port: 0 for any.
        read: Takes the parameters that the browser comes back with, or raises an IdentityError.

    Raises:
        IdentityError: the port cannot be had.
    """
    try:
        server = _Server(host, port, read)
    except OSError as error:
        raise IdentityError(
            f"the browser cannot come back to {host} port {port}: {error.strerror or error}",
            "end what listens there, or sign in with --console",
        ) from error
    thread = Thread(target=server.serve_forever, args=(_POLL_SECONDS,), daemon=True)
    thread.start()
    try:
        yield RedirectListener(server)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    """Takes connections; the first answer to the sign-in is the only one that counts."""

    def __init__(self, host: str, port: int, read: Callable[[Mapping[str, str]], str]) -> None:
        self.asked_host = host
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.read = read
        self.outcomes: SimpleQueue[str | StepOttError] = SimpleQueue()
        self.turn = Lock()
        super().__init__((host, port), _Handler)

    def server_bind(self) -> None:
        TCPServer.server_bind(self)  # HTTPServer's own looks the host's name up, which may take long

    def handle_error(self, *_: Any) -> None:
        """Say nothing: a browser that hangs up is no concern of the user's."""


class _Handler(BaseHTTPRequestHandler):
    timeout = _IDLE_SECONDS
    server_version, sys_version = "step-ott", ""
    server: _Server

    def do_GET(self) -> None:
        """Answer the browser: with a page for the person."""
        parts = urlsplit(self.path)
        pairs = parse_qsl(parts.query, keep_blank_values=True)
        parameters = dict(pairs)
        if parts.path not in ("", "/") or not _ANSWERS.intersection(parameters) or not self.server.turn.acquire(False):
            self._show(404, OTHER)
            return
        outcome = self._judge(pairs, parameters)
        failed = isinstance(outcome, StepOttError)
        try:
            self._show(400 if failed else 200, FAILED if failed else DONE)
        finally:
            self.server.outcomes.put(outcome)

    def _judge(self, pairs: list[tuple[str, str]], parameters: Mapping[str, str]) -> str | StepOttError:
        if len(pairs) != len(parameters):
            return IdentityError("the browser came back with a parameter twice", "run the command again")
        try:
            return self.server.read(parameters)
        except StepOttError as error:
            return error

    def _show(self, status: int, page: str) -> None:
        body = page.encode()
        self.send_response(status)
        for name, value in {**_HEADERS, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, *_: Any) -> None:
        """Write nothing: a code stands in the request's line."""
