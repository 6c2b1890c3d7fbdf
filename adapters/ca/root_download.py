"""The root certificate of a CA of which nothing is known but its address and the root's fingerprint."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from adapters.ca.https import HttpsAuthority
from adapters.ca.https_client import HttpsClient
from adapters.ca.root_file import read_certificates
from adapters.http.pool import make_tls_context, make_unverified_context
from adapters.http.proxy_address import NO_ENVIRONMENT
from domain.errors import AuthorityError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from ssl import SSLContext

    from domain.ca.url import CaUrl

CHECK_FINGERPRINT = "check the address and the fingerprint with whoever runs the CA"


class _UnverifiedClient(HttpsClient):
    """Asks whoever answers at the address, with every bound of its base."""

    def make_context(self) -> SSLContext:
        return make_unverified_context()


class RootDownload:
    """Gets a root by its fingerprint from a CA that cannot be verified yet (see `domain.ca.ports.RootSource`).

    Attributes:
        request_timeout, timeout, environment: As for `HttpsClient`.
    """

    def __init__(self, *, request_timeout: int, timeout: int, environment: Mapping[str, str] = NO_ENVIRONMENT) -> None:
        self.request_timeout, self.timeout = request_timeout, timeout
        self.environment = environment

    def find(self, ca_url: CaUrl, fingerprint: str) -> bytes:
        """Return the DER of the root with this fingerprint.

        What comes back counts only if it is one certificate whose own SHA-256 is the fingerprint: whoever stands in
        between can withhold it, but not exchange it (step-ca, api/api.go, Root).
        """
        bounds = {"request_timeout": self.request_timeout, "timeout": self.timeout}
        client = _UnverifiedClient(ca_url, (), environment=self.environment, **bounds)
        try:
            pem = HttpsAuthority(client).find_root(fingerprint)
        finally:
            client.close()
        whose = f"the CA at {ca_url}"
        if pem is None:
            raise AuthorityError(f"{whose} has no root with the fingerprint {fingerprint}", CHECK_FINGERPRINT)
        return _check_root(pem, fingerprint, whose)


def _check_root(pem: str, fingerprint: str, whose: str) -> bytes:
    """Return the DER of the one certificate in `pem`, whose fingerprint is the wanted one."""
    try:
        found = read_certificates(pem.encode())
    except ValueError as error:
        raise AuthorityError(f"{whose} answers with no root certificate: {error}", CHECK_FINGERPRINT) from error
    if len(found) != 1:
        raise AuthorityError(f"{whose} answers with {len(found)} certificates, not one", CHECK_FINGERPRINT)
    actual = sha256(found[0]).hexdigest()
    if actual != fingerprint:
        what = f"{whose} answers with a root whose fingerprint is {actual}, not {fingerprint}"
        raise AuthorityError(what, CHECK_FINGERPRINT)
    make_tls_context(found)
    return found[0]
