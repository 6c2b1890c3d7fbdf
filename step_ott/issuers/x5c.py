"""The issuers of X5C provisioners and of renewals: the key of an X.509 certificate signs."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, ClassVar

from adapters.ca.declared import DeclaredAuthority
from domain.ca.url import parse_ca_url
from domain.provisioners.renewal import ISSUER, Renewal
from domain.token.claims import TokenRequest
from domain.token.kind import Kind
from step_ott.arguments import speaking_python
from step_ott.issuers.base import Issuer, name_provisioner
from step_ott.issuers.requests import Revokes, SignsCertificates, SignsSshHosts, SignsSshUsers
from step_ott.keys import add_key
from step_ott.ports import GivenFiles

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from contextlib import AbstractContextManager

    from domain.provisioners.authority import ListingAuthority
    from step_ott.arguments import Source
    from step_ott.ca import AnyCA
    from step_ott.keys import Key
    from step_ott.token import Token


class X5cIssuer(SignsCertificates, SignsSshUsers, SignsSshHosts, Revokes):
    """Issues the tokens of an X5C provisioner, by the key of a certificate that the provisioner's roots vouch for.

    The files of the certificates are read anew for every token, so that a renewed certificate counts at once; the key
    is opened once.

    Args:
        ca: The CA that has the provisioner.
        certificate: The certificate, with or without those that issued it.
        key: Its key (see `JwkIssuer`).
        name: The provisioner's name; none where the CA has only one of this type.
        chain: Further certificates that stand between it and the provisioner's roots.
        password: Of the key, or a function that returns it.

    Raises:
        UsageError, InputError, WrongPasswordError, NetworkError, AuthorityError: as for `JwkIssuer`.
    """

    _types: ClassVar = ("X5C",)
    _asked: ClassVar = Kind.SIGN

    def __init__(
        self,
        ca: AnyCA,
        certificate: Source,
        key: Key,
        *,
        name: str | None = None,
        chain: Iterable[Source] = (),
        password: bytes | Callable[[], bytes] | None = None,
    ) -> None:
        files = GivenFiles()
        with speaking_python():
            options, own = name_chain(files, certificate, key, chain)
            options |= name_provisioner(name)
        self._open(ca, options, files, password, own)


class RenewalIssuer(Issuer):
    """Issues tokens by which an X.509 certificate is renewed, even after it expired where the CA allows that.

    Args:
        ca: The CA that issued the certificate.
        certificate: The certificate, with those that issued it but for the root.
        key: Its key (see `JwkIssuer`).
        password: Of the key, or a function that returns it.

    Raises:
        UsageError, InputError, WrongPasswordError, NetworkError, AuthorityError: as for `JwkIssuer`.
    """

    _types: ClassVar = (Renewal.type_name,)
    _asked: ClassVar = Kind.RENEW

    def __init__(
        self, ca: AnyCA, certificate: Source, key: Key, *, password: bytes | Callable[[], bytes] | None = None
    ) -> None:
        files = GivenFiles()
        with speaking_python():
            options, own = name_chain(files, certificate, key, ())
        self._open(ca, options, files, password, own)

    def _ask(self, ca: AnyCA) -> AbstractContextManager[ListingAuthority]:
        """Return the CA's address alone: it need not be asked."""
        return nullcontext(DeclaredAuthority(parse_ca_url(ca.url), None, Renewal(ISSUER)))

    def renewal_token(self) -> Token:
        """Return a token for renewing the certificate."""
        return self._mint(TokenRequest(kind=Kind.RENEW, subject=""))


def name_chain(files: GivenFiles, certificate: Source, key: Key, chain: Iterable[Source]) -> tuple[dict[str, Any], Any]:
    """Return a chain and its key as options of the command line, with the key itself where it is opened already."""
    shown, own = add_key(files, key)
    options: dict[str, Any] = {"x5c-cert": files.add(certificate, "certificate"), "x5c-key": shown}
    further = tuple(files.add(one, "chain") for one in chain)
    return options | ({"x5c-chain": further} if further else {}), own
