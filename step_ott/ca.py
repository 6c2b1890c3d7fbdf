"""A CA as a program knows it: where it is, what it is trusted by, and what it says of itself."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import attrs

from domain.errors import UsageError
from step_ott.arguments import check_text, check_timeout, speaking_python
from step_ott.ports import GivenFiles

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain.ca.url import CaUrl
    from domain.provisioners.authority import PublishedAuthority
    from step_ott.arguments import Password, Source
    from step_ott.issuers.jwk import JwkIssuer
    from step_ott.keys import Key

TIMEOUT, REQUEST_TIMEOUT = timedelta(seconds=60), timedelta(seconds=15)


@attrs.frozen
class ProvisionerInfo:
    """A provisioner as the CA lists it.

    Attributes:
        type: In step-ca's spelling, such as "JWK".
        name: The `iss` of its tokens.
        key_id: The `kid` of its tokens, empty where the type has none.
    """

    type: str
    name: str
    key_id: str


class CA:
    """A running CA, asked over HTTPS; to be used from any number of threads and processes.

    Args:
        url: Its address: "https://ca.example.com", with or without a port.
        root: Its root certificate or certificates: a path, or the PEM or DER itself. Nothing else is trusted.
        timeout: For all requests that one call makes.
        request_timeout: For each of them.

    Raises:
        UsageError: an argument is none of these.
        InputError: the root cannot be read.
    """

    def __init__(
        self,
        url: str,
        root: Source,
        *,
        timeout: timedelta = TIMEOUT,
        request_timeout: timedelta = REQUEST_TIMEOUT,
    ) -> None:
        from adapters.ca.root_file import RootFile

        with speaking_python():
            self._url = _read_url(url)
            files = GivenFiles()
            path = files.add(root, "root")
            self._roots = tuple(RootFile(files, path, f"root={path}").certificates())
            self.timeout = check_timeout(timeout, "timeout")
            self.request_timeout = check_timeout(request_timeout, "request_timeout")

    def __repr__(self) -> str:
        return f"<step_ott.{type(self).__name__} {self.url}>"

    @property
    def url(self) -> str:
        """Its address."""
        return str(self._url)

    def provisioners(self) -> list[ProvisionerInfo]:
        """Return the provisioners that it lists, of whatever type.

        Raises:
            NetworkError: it cannot be reached.
            AuthorityError: its answer cannot be used.
        """
        with speaking_python(), self.asking() as authority:
            return [ProvisionerInfo(one.type_name, one.name, one.key_id) for one in authority.provisioners()]

    def issuer(
        self,
        name: str | None = None,
        *,
        key_id: str | None = None,
        password: Password | None = None,
        key: Key | None = None,
    ) -> JwkIssuer:
        """Return the issuer of a JWK provisioner's tokens (see `JwkIssuer`, which takes the same)."""
        from step_ott.issuers.jwk import JwkIssuer

        return JwkIssuer(self, name, key_id=key_id, password=password, key=key)

    @contextmanager
    def asking(self) -> Iterator[PublishedAuthority]:
        """Give what asks the CA; a connection lives as long as the block, and so is no other thread's or process's."""
        from adapters.ca.https import HttpsAuthority
        from adapters.ca.https_client import HttpsClient

        bounds = {"request_timeout": self.request_timeout, "timeout": self.timeout}
        yield HttpsAuthority(HttpsClient(self._url, self._roots, **bounds))


def _read_url(url: object) -> CaUrl:
    from domain.ca.url import parse_ca_url

    try:
        return parse_ca_url(check_text(url, "url"))
    except ValueError as error:
        raise UsageError(
            f"url= is not the address of a CA: {error}", "give one such as https://ca.example.com"
        ) from None
