"""What a peer may do with the framing of HTTP: one reader stands between it and all that ask somebody over it."""

import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from adapters.ca.https_client import MAX_HEALTH_BYTES, HttpsClient
from adapters.ca.visit import HttpsCaVisitor
from adapters.cloud_metadata import HttpMetadata
from adapters.http.bounded import Exchange, ExchangeError
from adapters.http.pool import Pool, make_tls_context
from adapters.machine.clock import SystemClock
from adapters.sign_in.session import IdentitySession
from domain.ca.url import CaUrl
from domain.cloud.metadata import MetadataRequest, MetadataService
from domain.doctor.ca_visit import Stop
from domain.errors import StepOttError
from domain.formats.duration import NANOSECONDS
from tests.support.hostile_ca import IDLE_SECONDS, Behaviour, endless, listen, root, serve
from tests.support.metadata_service import serve_metadata

SECONDS = 2
PEERS = ("CA", "identity provider", "metadata service", "doctor's CA")
HEAD = b"HTTP/1.1 200 OK\r\nConnection: close\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


def ask(peer: str, behaviour: Callable[[Any], bytes | Iterable[bytes]], monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the error of asking a peer that behaves so, as all of step-ott's errors are; empty for none."""
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("adapters.ca.https_client.PAUSES", (0.0, 0.0, 0.0))
    timeout = SECONDS * NANOSECONDS
    try:
        if peer == "metadata service":
            with serve_metadata(behaviour) as host:
                request = MetadataRequest(path="/token")
                HttpMetadata(host.environment(), timeout=timeout).ask(MetadataService.GOOGLE, request)
            return ""
        with serve(behaviour) as ca:
            url = CaUrl("127.0.0.1", ca.port)
            if peer == "CA":
                HttpsClient(url, [root().der], request_timeout=timeout, timeout=timeout).get(
                    "/health", MAX_HEALTH_BYTES
                )
            elif peer == "identity provider":
                monkeypatch.setattr(
                    "adapters.sign_in.session.make_system_context", lambda: make_tls_context([root().der])
                )
                IdentitySession(request_timeout=timeout).get_json(f"{ca.url}/")
            else:
                probe = HttpsCaVisitor(url, [root().der], clock=SystemClock(), request_timeout=timeout, timeout=timeout)
                seen = probe.visit()
                return seen.reason if seen.stop is Stop.ANSWER else ""
    except StepOttError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("peer", PEERS)
@pytest.mark.parametrize(
    "behaviour",
    [
        endless(CHUNKED + b"-1\r\n", b"x" * 65_536),
        endless(CHUNKED + b"-5\r\n", b"x" * 65_536),
        endless(CHUNKED + b"-ffffffffffffffff\r\n", b"x" * 65_536),
        endless(CHUNKED, b"1;" + b"x" * 60_000 + b"\r\n"),
        endless(HEAD, b"X: " + b"y" * 60_000 + b"\r\n"),
        endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1_000),
        lambda _: HEAD + b"Content-Length: 100\r\n\r\n",
        lambda _: CHUNKED,
        lambda _: b"\xff\x00" * 100,
        lambda _: b"",
    ],
    ids=["-1", "-5", "-ff…", "extensions", "headers", "interim", "cut", "cut chunks", "noise", "nothing"],
)
def test_malformed_framing_is_an_error_in_words(
    peer: str, behaviour: Behaviour, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever asks: soon, one of step-ott's own errors, and never a limit passed by."""
    started = time.monotonic()

    def behave(request: Any) -> Iterator[bytes]:
        told = behaviour(request)
        yield from [told] if isinstance(told, bytes) else told
        yield b""  # the connection ends

    assert ask(peer, behave, monkeypatch)
    assert time.monotonic() - started < SECONDS + 15


@pytest.mark.parametrize("peer", PEERS)
def test_nothing_is_read_after_the_deadline(peer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A body that trickles is given up, and its thread ends with the time that it had."""

    def trickle(request: Any) -> Iterator[bytes]:
        yield HEAD + b"Content-Length: 60000\r\n\r\n"
        while not request.stopped.wait(0.02):
            yield b" "

    assert "within 2s" in ask(peer, trickle, monkeypatch)
    for thread in [thread for thread in threading.enumerate() if thread.name.endswith("(go)")]:
        thread.join(15)
        assert not thread.is_alive()


def test_a_handshake_that_is_given_up_ends() -> None:
    """The other side sees the connection end when the time is over, though it has said nothing yet."""
    with listen() as listener:
        url = CaUrl("127.0.0.1", listener.getsockname()[1])
        client = HttpsClient(url, [root().der], request_timeout=NANOSECONDS // 2, timeout=NANOSECONDS)
        with pytest.raises(StepOttError, match="did not answer within 500ms"):
            client.get("/health", MAX_HEALTH_BYTES)
        connection, _ = listener.accept()
        with connection:
            connection.settimeout(15)
            while connection.recv(65_536):
                continue


def test_what_is_interrupted_reads_no_further() -> None:
    """Ctrl-C ends the exchange: in a program that takes it, no thread goes on with an answer without end."""
    exchange, ended = Exchange(IDLE_SECONDS, 1 << 40), threading.Event()

    def work(pool: Pool, url: str) -> None:
        threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()  # which wakes the first thread
        try:
            pool.ask(exchange, "GET", url, {})
        finally:
            ended.set()

    with serve(endless(CHUNKED, b"1\r\nx\r\n" * 1_000)) as ca:
        pool = Pool(make_tls_context([root().der]))
        with pytest.raises(KeyboardInterrupt):
            exchange.run(lambda: work(pool, ca.url))
        assert ended.wait(IDLE_SECONDS / 2)


def test_a_connection_that_stands_when_the_time_is_over_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of it is left to whoever collects garbage in a program that goes on."""
    ours, theirs = socket.socketpair()
    exchange = Exchange(SECONDS, MAX_HEALTH_BYTES)

    def connect(*_: Any, **__: Any) -> socket.socket:
        exchange.abandon()
        return ours

    monkeypatch.setattr("urllib3.util.connection.create_connection", connect)
    with theirs, pytest.raises(ExchangeError):
        exchange.run(lambda: Pool().ask(exchange, "GET", "http://127.0.0.1:9/", {}))
    assert ours.fileno() == -1


def test_nothing_stays_open_of_a_connection_that_comes_too_late() -> None:
    """The time ran out, and the thread that was still connecting hands in what nobody waits for any more."""
    ours, theirs = socket.socketpair()
    handle = ours.dup()
    exchange, is_given_up, is_over = Exchange(0.01, MAX_HEALTH_BYTES), threading.Event(), threading.Event()

    class Late(socket.socket):
        def dup(self) -> socket.socket:
            return handle

    plain = Late(fileno=ours.detach())

    def connect() -> None:
        is_given_up.wait(IDLE_SECONDS)
        try:
            exchange.watch(plain)
        finally:
            is_over.set()

    with theirs:
        with pytest.raises(ExchangeError):
            exchange.run(connect)
        is_given_up.set()
        assert is_over.wait(IDLE_SECONDS)
        assert (plain.fileno(), handle.fileno()) == (-1, -1)
