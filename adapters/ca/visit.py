"""A visit to a CA, step by step on the standard library, so that `doctor` can say which step failed.

Nothing secret is sent, no certificate is believed that the given roots do not vouch for, and neither body
nor time is without a bound.
"""

from __future__ import annotations

import socket
import ssl
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING, Any

import attrs

from adapters.ca.https_client import HEALTH, MAX_HEALTH_BYTES
from adapters.http.bounded import BoundedResponse, Exchange, ExchangeError, OversizedError
from adapters.http.pool import make_tls_context
from adapters.http.proxy_address import NO_ENVIRONMENT, find_proxy
from adapters.http.tls_faults import NO_TLS, explain_times, is_out_of_time, look_at_certificates, speaks_no_tls
from domain.doctor.ca_visit import CaVisit, Stop
from domain.formats import json_text
from domain.formats.duration import NANOSECONDS, format_duration

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from adapters.http.proxy_address import Proxy
    from domain.ca.url import CaUrl
    from domain.ports import Clock

_NAME_FAULTS = frozenset({62, 64})
"""OpenSSL's X509_V_ERR_…: HOSTNAME_MISMATCH, IP_ADDRESS_MISMATCH."""


class HttpsCaVisitor:
    """Visits one CA over HTTPS (see `domain.doctor.ports.Setup`).

    Attributes:
        ca_url: Where it listens.
        roots: DER of the certificates that TLS goes by; none where nothing can be asked.
        clock: This machine's clock.
        bound: Nanoseconds for the whole visit, wall-clock: the smaller of those for a request and for all of them.
        bound_by: The option that gives it.
        environment: What names the proxy on the way, by HTTPS_PROXY and NO_PROXY.
    """

    def __init__(
        self,
        ca_url: CaUrl,
        roots: Sequence[bytes],
        *,
        clock: Clock,
        request_timeout: int,
        timeout: int,
        environment: Mapping[str, str] = NO_ENVIRONMENT,
    ) -> None:
        self.ca_url = ca_url
        self.roots = roots
        self._server_name = ca_url.host.rstrip(".")
        self.clock = clock
        self.environment = environment
        self.bound, self.bound_by = min((request_timeout, "request-timeout"), (timeout, "timeout"))

    def visit(self) -> CaVisit:
        """Return what was seen of the CA, or raise an InputError where the proxy's address cannot be used."""
        proxy = find_proxy(self.ca_url, self.environment)
        course = _Course(CaVisit(ca_url=self.ca_url, proxy="" if proxy is None else str(proxy)))
        if proxy is not None and proxy.is_tls:
            return attrs.evolve(course.seen, stop=Stop.PROXY, reason="it is an https proxy, which is not tried here")
        exchange = Exchange(self.bound / NANOSECONDS, MAX_HEALTH_BYTES)
        try:
            exchange.run(lambda: self._go(proxy, course, exchange))
        except ExchangeError:
            reason = f"it did not answer within {format_duration(self.bound)}"
            return attrs.evolve(course.seen, stop=course.if_silent, reason=reason, late=self.bound_by)
        except ssl.SSLCertVerificationError as error:
            if is_out_of_time(error):
                reason = explain_times(self._look_at_certificates(proxy), error.verify_message)
                return attrs.evolve(course.seen, stop=Stop.VALIDITY, reason=reason)
            return attrs.evolve(course.seen, stop=Stop.TRUST, reason=error.verify_message)
        except (OSError, HTTPException, ValueError, OverflowError) as error:
            return attrs.evolve(course.seen, stop=course.if_broken, reason=_describe(error))
        return course.seen

    def _go(self, proxy: Proxy | None, course: _Course, exchange: Exchange) -> None:
        """Go as far as it goes; what is seen is in `course` whatever comes next."""
        with self._connect(proxy, exchange) as plain:
            if not self.roots:
                course.seen = attrs.evolve(course.seen, stop=Stop.NO_ROOT)
                return
            course.if_silent, course.if_broken = Stop.SILENCE, Stop.TLS
            context = make_tls_context(self.roots)
            try:
                with context.wrap_socket(plain, server_hostname=self._server_name) as stream:
                    course.see_certificate(stream.getpeercert())
                    course.if_silent = course.if_broken = Stop.ANSWER
                    self._ask(stream, course, exchange)
                    return
            except ssl.SSLCertVerificationError as error:
                if error.verify_code not in _NAME_FAULTS:
                    raise
                course.seen = attrs.evolve(course.seen, stop=Stop.NAME, reason=error.verify_message)
                course.if_silent = course.if_broken = Stop.NAME
        context.check_hostname = False  # to see the names; nothing is asked over this connection
        with (
            self._connect(proxy, exchange) as plain,
            context.wrap_socket(plain, server_hostname=self._server_name) as stream,
        ):
            course.see_certificate(stream.getpeercert())

    def _connect(self, proxy: Proxy | None, exchange: Exchange) -> socket.socket:
        """Return a connection that leads to the CA, before TLS."""
        host, port = self.ca_url.host, self.ca_url.port or 443
        connection = _Connection(*((host, port) if proxy is None else (proxy.host, proxy.port)), exchange.left())
        if proxy is not None:
            connection.set_tunnel(f"[{host}]" if ":" in host else host, port, proxy.headers)
        connection.connect()
        plain: socket.socket = connection.sock
        exchange.watch(plain)
        return plain

    def _look_at_certificates(self, proxy: Proxy | None) -> Sequence[bytes]:
        """Return the certificates that the CA shows, trusted or not, as far as it shows them in time."""
        exchange = Exchange(self.bound / NANOSECONDS, MAX_HEALTH_BYTES)
        return look_at_certificates(exchange, self._server_name, lambda: self._connect(proxy, exchange))

    def _ask(self, stream: ssl.SSLSocket, course: _Course, exchange: Exchange) -> None:
        """Ask for the CA's health, and note both clocks."""
        connection = _Connection(self.ca_url.host, self.ca_url.port or 443)
        connection.sock = stream
        headers = {"Host": str(self.ca_url).removeprefix("https://"), "Accept-Encoding": "identity"}
        asked_at = self.clock.now()
        connection.request("GET", HEALTH, headers=headers | {"Connection": "close"})
        with connection.getresponse() as response:
            answered_at = self.clock.now()
            try:
                body = exchange.read_body(response)
            except OversizedError:  # too long for what the CA's health may be
                body = b""
        course.seen = attrs.evolve(
            course.seen,
            status=response.status,
            is_healthy=response.status == 200 and _says_ok(body),
            date=_read_date(response.headers.get("Date")),
            asked_at=asked_at,
            answered_at=answered_at,
        )


class _Connection(HTTPConnection):
    """A connection whose answers, a proxy's included, are bounded."""

    response_class = BoundedResponse


@attrs.define
class _Course:
    """How a visit goes: what was seen so far, and what it means if it ends here.

    Attributes:
        if_silent: Where it has stopped if nothing more comes in time.
        if_broken: Where it has stopped if the line breaks.
    """

    seen: CaVisit
    if_silent: Stop = Stop.CONNECTION
    if_broken: Stop = Stop.CONNECTION

    def see_certificate(self, certificate: Any) -> None:
        """Note what a trusted certificate, as `ssl` describes it, says."""
        names = tuple(str(name) for _, name in certificate.get("subjectAltName", ()))
        not_after = int(ssl.cert_time_to_seconds(certificate["notAfter"])) * NANOSECONDS
        self.seen = attrs.evolve(self.seen, names=names, not_after=not_after)


def _says_ok(body: bytes) -> bool:
    try:
        return bool(json_text.parse_document(body).get("status") == "ok")
    except (ValueError, AttributeError):
        return False


def _read_date(text: str | None) -> int | None:
    """Return the nanoseconds since the epoch that an HTTP date (RFC 9110, 5.6.7) means, None for no such date."""
    try:
        return None if text is None else int(parsedate_to_datetime(text).timestamp()) * NANOSECONDS
    except (ValueError, OverflowError, TypeError, OSError):
        return None


def _describe(error: Exception) -> str:
    """Return why the line broke, in the system's words where it has some."""
    if isinstance(error, socket.gaierror):
        return f"its name cannot be resolved ({error.strerror})"
    if speaks_no_tls(error):
        return NO_TLS
    if isinstance(error, ssl.SSLError):
        return str(error.reason or error.strerror or error).lower().replace("_", " ")
    if isinstance(error, HTTPException):
        return "what it answers is not HTTP"
    return str(getattr(error, "strerror", None) or error or type(error).__name__)
