"""Connections to one host on urllib3, used again and bounded; redirects are not followed, nothing is inflated."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator, Mapping, Sequence
from http.client import HTTPException
from typing import TYPE_CHECKING, Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError, NewConnectionError, ProxyError, SSLError
from urllib3.exceptions import TimeoutError as Urllib3Timeout

from adapters.http.bounded import CURRENT, BoundedResponse, Exchange, ExchangeError, FaultKind, OversizedError, Peer
from adapters.http.proxy_address import Proxy, refuse_address
from adapters.http.tls_faults import NO_TLS, is_out_of_time, list_chain, speaks_no_tls
from domain.errors import InputError

if TYPE_CHECKING:
    from adapters.http.identity import Identity


class Answer:
    """What came back."""

    def __init__(self, status: int, location: str, body: bytes) -> None:
        self.status = status
        self.location = location
        self.body = body


class Pool:
    """Connections to one host.

    Attributes:
        context: What TLS trusts, None for plain HTTP alone.
        proxy: Where the way leads through, None for nowhere.

    Raises:
        InputError: the proxy's host cannot be one.
    """

    def __init__(self, context: ssl.SSLContext | None = None, proxy: Proxy | None = None) -> None:
        if proxy is None:
            self._manager = urllib3.PoolManager(ssl_context=context)
        else:
            address, headers = f"{'https' if proxy.is_tls else 'http'}://{proxy}", proxy.headers
            try:
                self._manager = urllib3.ProxyManager(
                    address, proxy_headers=headers, ssl_context=context, proxy_ssl_context=context
                )
            except (HTTPError, ValueError) as error:
                raise refuse_address() from error
        self._manager.pool_classes_by_scheme = {"http": _PlainPool, "https": _SecurePool}

    def ask(
        self, exchange: Exchange, method: str, url: str, headers: Mapping[str, str], body: str | None = None
    ) -> Answer:
        """Return the answer to one attempt at a request; to be called in the thread of the exchange.

        Raises:
            ExchangeError: there is none that can be used.
        """
        try:
            response = self._manager.request(
                method, url, body=body, headers={**headers, "Accept-Encoding": "identity"}, timeout=exchange.left(),
                retries=False, redirect=False, preload_content=False, decode_content=False,
            )  # fmt: skip
            try:
                content = exchange.read_body(response)
            except BaseException:
                response.close()
                raise
            response.release_conn()
            return Answer(response.status, response.headers.get("Location", ""), content)
        except (HTTPError, HTTPException, OSError, ValueError, OverflowError) as error:
            raise translate(error, is_sent=exchange.is_sent) from error

    def close(self) -> None:
        self._manager.clear()


def make_tls_context(roots: Sequence[bytes], identity: Identity | None = None) -> ssl.SSLContext:
    """Return a context that trusts the certificates in `roots`, DER, as anchors and nothing else.

    Args:
        roots: The anchors.
        identity: What it shows of itself, None for nothing.

    Raises:
        InputError: one of them is not an X.509 certificate, or TLS has no use for the identity.
    """
    context = _make_bare_context()
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    try:
        for der in roots:
            _trust(context, der)
    except (ssl.SSLError, ValueError) as error:
        raise InputError("the root is not an X.509 certificate", "get the root certificate from the CA") from error
    if not roots or context.cert_store_stats()["x509"] == 0:
        raise InputError("there is no root certificate to trust", "get the root certificate from the CA")
    if identity is not None:
        identity.show_in(context)
    return context


def _trust(context: ssl.SSLContext, der: bytes) -> None:
    """Have the context trust a certificate, or raise an ssl.SSLError or ValueError where it is not one."""
    try:
        context.load_verify_locations(cadata=der)
    except ssl.SSLError:  # perhaps one that another user of OpenSSL left in its queue, such as a PKCS#11 module
        context.load_verify_locations(cadata=der)


def make_unverified_context() -> ssl.SSLContext:
    """Return a context that believes everybody: only for an answer that proves by itself that it is the right one."""
    context = _make_bare_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def make_system_context() -> ssl.SSLContext:
    """Return a context that trusts what the system trusts, or SSL_CERT_FILE and SSL_CERT_DIR say."""
    context = _make_bare_context()
    context.load_default_certs()
    return context


def _make_bare_context() -> ssl.SSLContext:
    """Return a context that trusts nobody yet; SSLKEYLOGFILE has no say in it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.hostname_checks_common_name = False
    return context


class _PlainConnection(HTTPConnection):
    """A connection whose making, and whose answers, are bounded by the exchange that the thread works on."""

    response_class = BoundedResponse
    _is_connecting = False

    def connect(self) -> None:
        """Connect, which may take some sending to a proxy."""
        self._is_connecting = True
        try:
            super().connect()
        finally:
            self._is_connecting = False

    def send(self, data: Any) -> None:
        """Send a part of the request, or of what makes the connection."""
        if self.sock is None and self.auto_open:
            self.connect()
        if not self._is_connecting:
            CURRENT.get().is_sent = True
        super().send(data)

    def _new_conn(self) -> socket.socket:
        """Return a new connection, which ends when the exchange is given up."""
        exchange = CURRENT.get()
        self.timeout = exchange.left()
        plain = super()._new_conn()
        exchange.watch(plain)
        return plain


class _SecureConnection(_PlainConnection, HTTPSConnection):
    """The same over TLS; the exchange learns whom it leads to."""

    def connect(self) -> None:
        super().connect()
        self.is_verified = True  # or it is not meant to be: the library would print a warning
        CURRENT.get().peer = _describe_peer(self.sock)


class _PlainPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _PlainConnection


class _SecurePool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


def _describe_peer(stream: Any) -> Peer:
    """Return whom a TLS connection, perhaps one within another, leads to."""
    tls = stream if isinstance(stream, ssl.SSLSocket) else getattr(stream, "sslobj", None)
    certificate: dict[str, Any] = (tls and tls.getpeercert()) or {}
    return Peer(tuple(name for _, name in certificate.get("subjectAltName", ())), list_chain(tls))


def translate(error: BaseException, *, is_sent: bool) -> ExchangeError:
    """Return what a library's error says of an exchange of which something may have been sent, or nothing."""
    causes = list(_list_causes(error))
    oversized = next((cause for cause in causes if isinstance(cause, OversizedError)), None)
    if oversized is not None:
        return ExchangeError(FaultKind.OVERSIZED, str(oversized))
    if isinstance(error, NewConnectionError | ProxyError) and not is_sent:  # the latter may come after it, too
        return ExchangeError(FaultKind.UNREACHABLE, _describe(error))
    if isinstance(error, TimeoutError | Urllib3Timeout):
        return ExchangeError(FaultKind.LATE)
    if any(map(speaks_no_tls, causes)):
        return ExchangeError(FaultKind.NO_TLS, NO_TLS)
    is_broken = any(isinstance(cause, ssl.SSLEOFError) for cause in causes)  # then asking again may help
    if not is_broken and any(isinstance(cause, SSLError | ssl.SSLError) for cause in causes):
        kind = FaultKind.OUT_OF_TIME if any(map(is_out_of_time, causes)) else FaultKind.TLS
        reason = str(error).partition("] ")[2].partition(" (_ssl")[0] or str(error)
        reason = reason.rstrip(".")  # OpenSSL ends some with a full stop
        return ExchangeError(kind, reason)
    return ExchangeError(FaultKind.BROKEN, _describe(error))


def _list_causes(error: BaseException) -> Iterator[BaseException]:
    """Give an error with those that it came of, or that a library put into it."""
    remaining: list[BaseException] = [error]
    while remaining:
        cause = remaining.pop()
        yield cause
        remaining += [inner for inner in (*cause.args, cause.__cause__) if isinstance(inner, BaseException)]


def _describe(error: BaseException) -> str:
    """Return why a connection failed: the system's own words where it has some."""
    cause: BaseException | None = error
    while cause is not None and not (isinstance(cause, OSError) and cause.strerror):
        cause = cause.__cause__ or cause.__context__
    if isinstance(cause, OSError) and cause.strerror:
        return str(cause.strerror)
    innermost = error.args[-1] if error.args else ""
    return str(innermost) or type(error).__name__
