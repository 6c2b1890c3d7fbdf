"""Requests to an identity provider, bounded in time and size, over the system's trust; redirects are refused."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import attrs

from adapters.http.bounded import Exchange, ExchangeError, FaultKind
from adapters.http.pool import Pool, make_system_context
from adapters.http.proxy_address import NO_ENVIRONMENT, find_proxy
from domain.ca.url import CaUrl
from domain.errors import IdentityError, NetworkError
from domain.formats import json_text
from domain.formats.duration import NANOSECONDS, format_duration
from domain.sign_in.client import ProviderUrl, parse_provider_url

MAX_BODY_BYTES = 1 << 20


@attrs.frozen
class IdentityAnswer:
    """An answer, with the attributes that Authlib looks at."""

    url: str
    status_code: int
    body: bytes = attrs.field(repr=False)

    def json(self) -> Any:
        """Return the body, parsed.

        Raises:
            IdentityError: it is not JSON, or holds what step-ott does not take.
        """
        try:
            return json_text.parse_document(self.body)
        except ValueError as error:
            what = f"the identity provider's answer from {self.url} (status {self.status_code}) is not JSON"
            raise IdentityError(f"{what}: {error}", "check the address at the CA") from error

    def is_explained(self) -> bool:
        """Return whether it says what is wrong (RFC 6749, 5.2)."""
        try:
            document = json_text.parse_document(self.body)
        except ValueError:
            return False
        return isinstance(document, dict) and isinstance(document.get("error"), str)

    def raise_for_status(self) -> None:
        """Raise an IdentityError where the status is an error's."""
        if self.status_code >= 400:
            what = f"the identity provider answers {self.url} with status {self.status_code}"
            raise IdentityError(what, "try again later, or check the address at the CA")


class IdentitySession:
    """Asks one identity provider; Authlib talks through it.

    Attributes:
        request_timeout: Nanoseconds for one request, wall-clock.
        environment: What names the proxy on the way, by HTTPS_PROXY and NO_PROXY.
    """

    def __init__(self, *, request_timeout: int, environment: Mapping[str, str] = NO_ENVIRONMENT) -> None:
        self.request_timeout = request_timeout
        self.environment = environment
        self._context = make_system_context()
        self._pools: dict[tuple[str, int | None], Pool] = {}

    def get_json(self, url: str) -> Any:
        """Return the JSON that a GET of `url` answers with.

        Raises:
            IdentityError: the answer cannot be used.
            NetworkError: there is none, or not in time.
        """
        answer = self._request("GET", url, None, {"Accept": "application/json"})
        answer.raise_for_status()
        return answer.json()

    def post(self, url: str, data: Mapping[str, str], headers: Mapping[str, str], auth: Any) -> IdentityAnswer:
        """Return the answer to a POST of a form, with what `auth` of Authlib's adds to it.

        Raises:
            IdentityError: the answer cannot be used.
            NetworkError: there is none, or not in time.
        """
        url, prepared, body = auth.prepare("POST", url, dict(headers), urlencode(data))
        answer = self._request("POST", url, body, prepared)
        if answer.status_code >= 500 or not answer.is_explained():
            answer.raise_for_status()
        return answer

    def _request(self, method: str, text: str, body: str | None, headers: Mapping[str, str]) -> IdentityAnswer:
        url = parse_provider_url(text, "the identity provider's address")
        exchange, pool = Exchange(self.request_timeout / NANOSECONDS, MAX_BODY_BYTES), self._find_pool(url)
        try:
            answer = exchange.run(lambda: pool.ask(exchange, method, url.text, headers, body))
        except ExchangeError as fault:
            raise self._explain(fault, text) from fault
        if 300 <= answer.status < 400:
            target = answer.location or "nowhere"
            what = f"the identity provider redirects {url.text} to {target}, which is refused"
            raise IdentityError(what, "name the address itself at the CA")
        return IdentityAnswer(url.text, answer.status, answer.body)

    def _find_pool(self, url: ProviderUrl) -> Pool:
        """Return the connections to the host of `url`, through a proxy where the environment names one."""
        place = (url.host, url.port)
        if place not in self._pools:
            self._pools[place] = Pool(self._context, find_proxy(CaUrl(*place), self.environment))
        return self._pools[place]

    def _explain(self, fault: ExchangeError, text: str) -> IdentityError | NetworkError:
        if fault.kind is FaultKind.OVERSIZED:
            what = f"the identity provider's answer from {text} is {fault.reason}"
            return IdentityError(what, "check the address at the CA")
        if fault.kind is FaultKind.LATE:
            return NetworkError(
                f"the identity provider did not answer {text} within {format_duration(self.request_timeout)}",
                "check the network, or raise --request-timeout",
            )
        return NetworkError(
            f"the identity provider cannot be reached at {text}: {fault.reason}",
            "check the network; its certificate must be trusted by the system's roots, or those in SSL_CERT_FILE",
        )
