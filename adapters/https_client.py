"""GETs from one host over HTTPS, on urllib3, that no peer can make endless.

Trust is the given roots and nothing else; redirects are not followed; bodies and time are bounded.
"""

import os
import ssl
import threading
from collections.abc import Callable, Sequence
from time import monotonic, sleep
from typing import Any, TypeAlias, TypeVar
from urllib.parse import unquote

import urllib3
from urllib3.exceptions import HTTPError, NewConnectionError, SSLError
from urllib3.exceptions import TimeoutError as Urllib3Timeout

from domain.ca_url import CaUrl
from domain.duration import NANOSECONDS, format_duration
from domain.errors import AuthorityError, InputError, NetworkError
from domain.proxy_choice import choose_proxy

RETRIED_STATUSES = frozenset({429, 500, 502, 503, 504})
PAUSES = (0.1, 0.2, 0.4)
"""Seconds to wait before each further attempt after a fault that may pass."""

_CHUNK = 65_536
Answer: TypeAlias = tuple[int, str, bytes]
"""Status, `Location` and body."""

_T = TypeVar("_T")


class HttpsClient:
    """Asks one CA, over one connection where it can.

    Attributes:
        ca_url: Where it listens.
        roots: DER of the certificates that may have issued its own; not one more is trusted.
        request_timeout: Nanoseconds for one request, wall-clock, retries included.
        timeout: Nanoseconds for all of them, what passes between them not counted.
    """

    def __init__(self, ca_url: CaUrl, roots: Sequence[bytes], *, request_timeout: int, timeout: int) -> None:
        self.ca_url = ca_url
        self.roots = roots
        self.request_timeout = request_timeout
        self.timeout = timeout
        self._pool: urllib3.PoolManager | None = None
        self._spent = 0.0
        self._names: tuple[str, ...] = ()

    def names(self) -> tuple[str, ...]:
        """Return the DNS names and IP addresses in the certificate of the last answer, none before there is one."""
        return self._names

    def get(self, path: str, limit: int) -> Answer:
        """Return the answer to a GET of `path`, within the time that is left.

        Raises:
            NetworkError: no answer, or not in time.
            AuthorityError: a body of over `limit` bytes.
            InputError: the roots are no certificates.
        """
        started = monotonic()
        left = self.timeout / NANOSECONDS - self._spent
        seconds = min(left, self.request_timeout / NANOSECONDS)
        runs_out = seconds < self.request_timeout / NANOSECONDS
        try:
            return run_within(seconds, lambda: self._request(path, limit, started + seconds))
        except TimeoutError as error:
            option, bound = ("timeout", self.timeout) if runs_out else ("request-timeout", self.request_timeout)
            raise NetworkError(
                f"the CA at {self.ca_url} did not answer within {format_duration(bound)}",
                f"check the address, or raise --{option}",
            ) from error
        except (HTTPError, OSError) as error:
            raise self._unreachable(error) from error
        finally:
            self._spent += monotonic() - started

    def _request(self, path: str, limit: int, deadline: float) -> Answer:
        """Return the answer to a GET, asked for again after a fault that may pass, while there is time."""
        for pause in PAUSES:
            try:
                answer = self._attempt(path, limit, deadline)
                if answer[0] not in RETRIED_STATUSES:
                    return answer
            except HTTPError as error:
                if isinstance(error, Urllib3Timeout) and not isinstance(error, NewConnectionError):
                    raise TimeoutError from error
                if _is_tls_fault(error):
                    raise
            if monotonic() + pause >= deadline:
                break
            sleep(pause)
        return self._attempt(path, limit, deadline)

    def _attempt(self, path: str, limit: int, deadline: float) -> Answer:
        if self._pool is None:
            self._pool = open_pool(self.ca_url, make_tls_context(self.roots))
        response = self._pool.request(
            "GET", f"{self.ca_url}{path}", headers={"Accept": "application/json", "Accept-Encoding": "identity"},
            timeout=max(deadline - monotonic(), 0.001), retries=False,
            redirect=False, preload_content=False, decode_content=False,
        )  # fmt: skip
        self._names = _list_names(response)
        body = bytearray()
        while chunk := response.read(_CHUNK):
            body += chunk
            if len(body) > limit:
                response.close()
                raise AuthorityError(
                    f"the CA at {self.ca_url} cannot be used: its answer to {path} is over {limit} bytes",
                    "check --ca-url",
                )
        response.release_conn()
        return response.status, response.headers.get("Location", ""), bytes(body)

    def _unreachable(self, error: Exception) -> NetworkError:
        if _is_tls_fault(error):
            reason = str(error).partition("] ")[2].partition(" (_ssl")[0] or str(error)
            return NetworkError(f"TLS with the CA at {self.ca_url} fails: {reason}", "check --ca-url and --root")
        reason = describe_fault(error)
        return NetworkError(
            f"the CA at {self.ca_url} cannot be reached: {reason}", "check --ca-url and that the CA runs"
        )


def _list_names(response: urllib3.BaseHTTPResponse) -> tuple[str, ...]:
    """Return the Subject Alternative Names of the certificate behind a response whose body is not read yet."""
    sock = getattr(response.connection, "sock", None)
    certificate: dict[str, Any] = (sock.getpeercert() if isinstance(sock, ssl.SSLSocket) else None) or {}
    return tuple(name for _, name in certificate.get("subjectAltName", ()))


def make_tls_context(roots: Sequence[bytes]) -> ssl.SSLContext:
    """Return a context that trusts the certificates in `roots`, DER, as anchors and nothing else.

    A bare context: neither the system's certificates nor SSLKEYLOGFILE have a say in it.

    Raises:
        InputError: one of them is no X.509 certificate.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.hostname_checks_common_name = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    try:
        for der in roots:
            context.load_verify_locations(cadata=der)
    except (ssl.SSLError, ValueError) as error:
        raise InputError("the root is no X.509 certificate", "get the root certificate from the CA") from error
    if not roots or context.cert_store_stats()["x509"] == 0:
        raise InputError("there is no root certificate to trust", "get the root certificate from the CA")
    return context


def open_pool(ca_url: CaUrl, context: ssl.SSLContext) -> urllib3.PoolManager:
    """Return a pool through the proxy that the environment names for this host, or without one.

    Raises:
        InputError: it names none that can be used.
    """
    proxy = choose_proxy(ca_url, os.environ)
    if proxy is None:
        return urllib3.PoolManager(ssl_context=context)
    try:
        parsed = urllib3.util.parse_url(proxy)
        user, _, password = (parsed.auth or "").partition(":")
        credentials = f"{unquote(user)}:{unquote(password)}"  # RFC 7617, section 2
        headers = urllib3.make_headers(proxy_basic_auth=credentials) if parsed.auth else None
        bare = f"{parsed.scheme or 'http'}://{parsed.netloc}"
        return urllib3.ProxyManager(bare, proxy_headers=headers, ssl_context=context, proxy_ssl_context=context)
    except (HTTPError, ValueError) as error:
        raise InputError("HTTPS_PROXY is no proxy address", "write it as http://host:port") from error


def run_within(seconds: float, work: Callable[[], _T]) -> _T:
    """Return what `work` returns, or raise TimeoutError after `seconds` of wall-clock time.

    The work runs on a thread of its own, for no timeout of a socket bounds a name look-up, a
    handshake and a body that trickles taken together.
    """
    outcome: list[_T] = []
    failure: list[BaseException] = []

    def run() -> None:
        try:
            outcome.append(work())
        except BaseException as error:  # noqa: BLE001  # handed over to the caller's thread
            failure.append(error)

    if seconds <= 0:
        raise TimeoutError
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if failure:
        raise failure[0]
    if not outcome:
        raise TimeoutError
    return outcome[0]


def _is_tls_fault(error: Exception) -> bool:
    """Return whether the two sides do not get on: asking again would not help, unless the line just broke."""
    causes = [error, *error.args]
    return any(isinstance(cause, SSLError | ssl.SSLError) for cause in causes) and not any(
        isinstance(cause, ssl.SSLEOFError) for cause in causes
    )


def describe_fault(error: BaseException) -> str:
    """Return why a connection failed: the system's own words where it has some."""
    cause: BaseException | None = error
    while cause is not None and not (isinstance(cause, OSError) and cause.strerror):
        cause = cause.__cause__ or cause.__context__
    if isinstance(cause, OSError) and cause.strerror:
        return str(cause.strerror)
    innermost = error.args[-1] if error.args else ""
    return str(innermost) or type(error).__name__
