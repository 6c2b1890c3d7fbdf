"""GETs from one CA over HTTPS that it cannot make endless: trust is the given roots and nothing else."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from functools import partial
from ssl import SSLContext
from time import sleep
from typing import TYPE_CHECKING, TypeAlias

from adapters.http.bounded import Allowance, Exchange, ExchangeError, FaultKind, Peer
from adapters.http.pool import Answer, Pool, make_tls_context
from adapters.http.proxy_address import NO_ENVIRONMENT, find_proxy
from adapters.http.tls_faults import USE_TLS_PORT, explain_times, look_at_certificates
from domain.ca.url import CaUrl
from domain.errors import AuthorityError, LostAnswerError, NetworkError, StepOttError, UnreachableError
from domain.formats.duration import NANOSECONDS, format_duration

if TYPE_CHECKING:
    from adapters.http.identity import Identity

Attempt: TypeAlias = Callable[[Callable[[Exchange], Answer], Exchange], Answer]
"""Makes a request, once or again."""

RETRIED_STATUSES = frozenset({429, 500, 502, 503, 504})
RETRIED_FAULTS = frozenset({FaultKind.UNREACHABLE, FaultKind.BROKEN})
PAUSES = (0.1, 0.2, 0.4)
"""Seconds to wait before each further attempt after a fault that may pass."""

_HEADERS = {"Accept": "application/json"}
_OF_JSON = {"Content-Type": "application/json"}
_SAME_CA = "check that --ca-url and --root belong to the same CA"

LOOK_SECONDS = 5.0
"""The most that an error waits for to say more."""

HEALTH, MAX_HEALTH_BYTES = "/health", 65_536


class HttpsClient:
    """Asks one CA, over one connection where it can.

    Attributes:
        ca_url: Where it listens.
        roots: DER of the certificates that may have issued its own; not one more is trusted.
        request_timeout: Nanoseconds for one request, wall-clock, retries included.
        timeout: Nanoseconds for all of them, with what is done in `spending`.
        environment: What names the proxy on the way, by HTTPS_PROXY and NO_PROXY.
        identity: The certificate that is shown to the CA, None for none.
    """

    def __init__(
        self,
        ca_url: CaUrl,
        roots: Sequence[bytes],
        *,
        request_timeout: int,
        timeout: int,
        environment: Mapping[str, str] = NO_ENVIRONMENT,
    ) -> None:
        self.ca_url = ca_url
        self.roots = roots
        self.request_timeout = request_timeout
        self.timeout = timeout
        self.environment = environment
        self.identity: Identity | None = None
        self._pool: Pool | None = None
        self._peer: Peer | None = None
        self._time = Allowance(timeout / NANOSECONDS)

    def names(self) -> Sequence[str]:
        """Return the DNS names and IP addresses in the certificate of the CA, none before there is an answer."""
        return () if self._peer is None else self._peer.names

    def anchor(self) -> bytes:
        """Return the DER of the root that the CA's certificate was verified by; asks the CA where it was not yet.

        Raises:
            NetworkError: no answer, or not in time.
        """
        if len(self.roots) == 1:
            return self.roots[0]
        if self._peer is None:
            self.get(HEALTH, MAX_HEALTH_BYTES)
        chain = None if self._peer is None else self._peer.chain
        return chain[-1] if chain else self._try_each_root()

    def make_context(self) -> SSLContext:
        """Return what TLS goes by: the roots.

        Raises:
            InputError: they are no certificates.
        """
        return make_tls_context(self.roots, self.identity)

    def presenting(self, identity: Identity) -> HttpsClient:
        """Return another way to the same CA, with time of its own, that shows it this certificate."""
        client = self.again()
        client.identity = identity
        return client

    def again(self) -> HttpsClient:
        """Return another way to the same CA, with connections and time of its own."""
        bounds = {"request_timeout": self.request_timeout, "timeout": self.timeout}
        return HttpsClient(self.ca_url, self.roots, environment=self.environment, **bounds)

    def close(self) -> None:
        """Give up the connections; a later request makes new ones."""
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.close()

    def start_over(self) -> None:
        """Give up the connections, and have all the time again."""
        self.close()
        self.renew_time()

    def renew_time(self) -> None:
        """Have all the time again, on the connection that is there."""
        self._time = Allowance(self.timeout / NANOSECONDS)

    @contextmanager
    def spending(self) -> Iterator[None]:
        """Count all that is done in the block as time of the requests; what passes between them is not counted.

        Raises:
            NetworkError: at its end, the time is over.
        """
        with self._time.spending():
            yield
            if self._time.left() <= 0:
                raise self._late("timeout", self.timeout)

    def get(self, path: str, limit: int) -> Answer:
        """Return the answer to a GET of `path`, within the time that is left.

        Raises:
            NetworkError: no answer, or not in time.
            AuthorityError: a body of over `limit` bytes.
            InputError: the roots are no certificates.
        """
        return self._ask("GET", path, limit, _HEADERS, None, _repeat)

    def post(self, path: str, body: str, limit: int, headers: Mapping[str, str]) -> Answer:
        """Return the answer to a POST of `body`, JSON, which is made again only where there was no connection.

        Raises:
            NetworkError, AuthorityError, InputError: as for `get`.
        """
        return self._ask("POST", path, limit, {**_HEADERS, **_OF_JSON, **headers}, body, _insist)

    def _ask(
        self, method: str, path: str, limit: int, headers: Mapping[str, str], body: str | None, attempt: Attempt
    ) -> Answer:
        with self.spending():
            if self._pool is None:
                self._pool = Pool(self.make_context(), find_proxy(self.ca_url, self.environment))
            url = f"{self.ca_url}{path}"
            ask = partial(self._pool.ask, method=method, url=url, headers=headers, body=body)
            left, patience = self._time.left(), self.request_timeout / NANOSECONDS
            exchange = Exchange(min(left, patience), limit)
            try:
                return exchange.run(lambda: attempt(ask, exchange))
            except ExchangeError as fault:
                if fault.kind is FaultKind.LATE:
                    late = ("timeout", self.timeout) if left < patience else ("request-timeout", self.request_timeout)
                    raise self._late(*late) from fault
                raise self._explain(fault, path) from fault
            finally:
                self._peer = exchange.peer or self._peer

    def _try_each_root(self) -> bytes:
        """Return the first of the roots by which alone the CA's certificate is verified."""
        for root in self.roots:
            bounds = {"request_timeout": self.request_timeout, "timeout": max(int(self._time.left() * NANOSECONDS), 1)}
            alone = HttpsClient(self.ca_url, [root], environment=self.environment, **bounds)
            try:
                with self.spending():
                    alone.get(HEALTH, MAX_HEALTH_BYTES)
            except StepOttError:
                continue
            finally:
                alone.close()
            return root
        raise AuthorityError(f"no single root verifies the certificate of the CA at {self.ca_url}", "check --root")

    def _look_at_certificates(self) -> Sequence[bytes]:
        """Return the certificates that the CA shows, trusted or not, as far as it does in time and without a proxy."""
        if find_proxy(self.ca_url, self.environment) is not None:
            return ()
        seconds = max(min(self._time.left(), LOOK_SECONDS), 0.0)
        exchange, address = Exchange(seconds, 0), (self.ca_url.host, self.ca_url.port or 443)

        def connect() -> socket.socket:
            plain = socket.create_connection(address, exchange.left())
            exchange.watch(plain)
            return plain

        return look_at_certificates(exchange, self.ca_url.host.rstrip("."), connect)

    def _late(self, option: str, bound: int) -> NetworkError:
        return NetworkError(
            f"the CA at {self.ca_url} did not answer{self._through()} within {format_duration(bound)}",
            f"check the address, or raise --{option}",
        )

    def _explain(self, fault: ExchangeError, path: str) -> StepOttError:
        ca = f"the CA at {self.ca_url}"
        if fault.kind is FaultKind.OVERSIZED:
            return AuthorityError(f"{ca} cannot be used: its answer to {path} is {fault.reason}", "check --ca-url")
        if fault.kind is FaultKind.NO_TLS:
            return NetworkError(f"TLS with {ca} fails: {fault.reason}", USE_TLS_PORT)
        if fault.kind is FaultKind.OUT_OF_TIME:
            from domain.certificates.expiry import CHECK_CLOCK  # noqa: PLC0415  # only for an error

            reason = explain_times(self._look_at_certificates(), fault.reason)
            remedy = f"{CHECK_CLOCK}; if it is right, restart the CA, which then makes itself a new certificate"
            return NetworkError(f"TLS with {ca} fails: {reason}", remedy)
        if fault.kind is FaultKind.TLS:
            return NetworkError(f"TLS with {ca} fails: {fault.reason}", _SAME_CA)
        is_away = fault.kind is FaultKind.UNREACHABLE
        how = "cannot be reached" if is_away else "gives no valid answer"
        through, error = self._through(), UnreachableError if is_away else LostAnswerError
        remedy = f"check {'HTTPS_PROXY' if through else '--ca-url'} and that the CA is running"
        return error(f"{ca} {how}{through}: {fault.reason}", remedy)

    def _through(self) -> str:
        """Return which proxy the way leads through, as it may be shown; nothing where there is none."""
        proxy = find_proxy(self.ca_url, self.environment)
        return "" if proxy is None else f" through the proxy {proxy}"


def _repeat(ask: Callable[[Exchange], Answer], exchange: Exchange) -> Answer:
    """Return the answer to a request that changes nothing, made again after a fault that may pass, while there is time.

    `urllib3.Retry` would also ask again who shows a wrong certificate or sends too much, would ask once more
    without a pause, and would not ask again for a body that breaks off.
    """
    return _ask_again(ask, exchange, RETRIED_STATUSES, RETRIED_FAULTS)


def _insist(ask: Callable[[Exchange], Answer], exchange: Exchange) -> Answer:
    """Return the answer to a request that changes something, made again only where nobody can have got it."""
    return _ask_again(ask, exchange, frozenset(), frozenset({FaultKind.UNREACHABLE}))


def _ask_again(
    ask: Callable[[Exchange], Answer],
    exchange: Exchange,
    statuses: AbstractSet[int],
    faults: AbstractSet[FaultKind],
) -> Answer:
    for pause in PAUSES:
        try:
            answer = ask(exchange)
            if answer.status not in statuses:
                return answer
        except ExchangeError as fault:
            if fault.kind not in faults:
                raise
        if exchange.left() <= pause:
            break
        sleep(pause)
    return ask(exchange)
