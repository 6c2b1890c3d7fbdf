"""Requests to an identity provider, bounded in time and size, over the system's trust; redirects are refused."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import attrs
from urllib3.exceptions import HTTPError, NewConnectionError
from urllib3.exceptions import TimeoutError as Urllib3Timeout

from domain import json_text
from domain.duration import NANOSECONDS, format_duration
from domain.errors import IdentityError, NetworkError
from domain.identity_client import ProviderUrl, parse_provider_url

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import urllib3

MAX_BODY_BYTES = 1 << 20
_CHUNK = 65_536


@attrs.frozen
class IdentityAnswer:
    """An answer, with the attributes that Authlib looks at."""

    url: str
    status_code: int
    body: bytes = attrs.field(repr=False)

    def json(self) -> Any:
        """Return the body, parsed.

        Raises:
            IdentityError: it is no JSON, or holds what step-ott does not take.
        """
        try:
            return json_text.parse(self.body)
        except ValueError as error:
            what = f"the identity provider's answer from {self.url} (status {self.status_code}) is no JSON"
            raise IdentityError(f"{what}: {error}", "check the address at the CA") from error

    def is_explained(self) -> bool:
        """Return whether it says what is wrong, where something is (RFC 6749, 5.2)."""
        try:
            document = json_text.parse(self.body)
        except ValueError:
            return False
        return isinstance(document, dict) and isinstance(document.get("error"), str)

    def raise_for_status(self) -> None:
        """Refuse an error's status.

        Raises:
            IdentityError: it is one.
        """
        if self.status_code >= 400:
            what = f"the identity provider answers {self.url} with status {self.status_code}"
            raise IdentityError(what, "try again later, or check the address at the CA")


class IdentitySession:
    """Asks one identity provider; Authlib talks through it.

    Attributes:
        open_pool: A host and port to the connections to it, through a proxy where the environment names one.
        run_within: Seconds and work to what the work returns, or a TimeoutError.
        describe_fault: Why a connection failed.
        request_timeout: Nanoseconds for one request, wall-clock.
    """

    def __init__(
        self,
        *,
        open_pool: Callable[[str, int | None], urllib3.PoolManager],
        run_within: Callable[[float, Callable[[], Any]], Any],
        describe_fault: Callable[[BaseException], str],
        request_timeout: int,
    ) -> None:
        self.open_pool = open_pool
        self.run_within = run_within
        self.describe_fault = describe_fault
        self.request_timeout = request_timeout
        self._pools: dict[tuple[str, int | None], urllib3.PoolManager] = {}

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
        url, seconds = parse_provider_url(text, "the identity provider's address"), self.request_timeout / NANOSECONDS
        try:
            answer = self.run_within(seconds, lambda: self._attempt(method, url, body, headers, seconds))
        except (HTTPError, OSError) as error:
            if isinstance(error, TimeoutError | Urllib3Timeout) and not isinstance(error, NewConnectionError):
                raise NetworkError(
                    f"the identity provider did not answer {text} within {format_duration(self.request_timeout)}",
                    "check the network, or raise --request-timeout",
                ) from error
            raise NetworkError(
                f"the identity provider cannot be reached at {text}: {self.describe_fault(error)}",
                "check the network; its certificate must hold by the system's roots, or those in SSL_CERT_FILE",
            ) from error
        assert isinstance(answer, IdentityAnswer)  # noqa: S101  # run_within hands over what the work returns
        return answer

    def _attempt(
        self, method: str, url: ProviderUrl, body: str | None, headers: Mapping[str, str], seconds: float
    ) -> IdentityAnswer:
        place = (url.host, url.port)
        if place not in self._pools:
            self._pools[place] = self.open_pool(*place)
        response = self._pools[place].request(
            method, url.text, body=body, headers={**headers, "Accept-Encoding": "identity"}, timeout=seconds,
            retries=False, redirect=False, preload_content=False, decode_content=False,
        )  # fmt: skip
        content = bytearray()
        while chunk := response.read(_CHUNK):
            content += chunk
            if len(content) > MAX_BODY_BYTES:
                response.close()
                what = f"the identity provider's answer from {url.text} is over {MAX_BODY_BYTES} bytes"
                raise IdentityError(what, "check the address at the CA")
        response.release_conn()
        if 300 <= response.status < 400:
            target = response.headers.get("Location") or "nowhere"
            what = f"the identity provider redirects {url.text} to {target}, which is refused"
            raise IdentityError(what, "name the address itself at the CA")
        return IdentityAnswer(url.text, response.status, bytes(content))


def make_system_context() -> ssl.SSLContext:
    """Return a context that trusts what the system trusts, or SSL_CERT_FILE and SSL_CERT_DIR say.

    A bare context: SSLKEYLOGFILE has no say in it.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.hostname_checks_common_name = False
    context.load_default_certs()
    return context
