"""The issuers of X5C provisioners and of renewals: the key of an X.509 certificate signs."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, ClassVar

from adapters.ca.declared import DeclaredAuthority
from domain.ca.url import parse_ca_url
from domain.provisioners.renewal import ISSUER, Renewal
from domain.token.kind import Kind
from step_ott.issuers.base import Issuer
from step_ott.issuers.given import Given
from step_ott.issuers.requests import Revokes, SignsCertificates, SignsSshHosts, SignsSshUsers, ask_by_itself
from step_ott.issuers.revocations import RevokesCertificates
from step_ott.wording import speaking_python

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime, timedelta

    from domain.provisioners.authority import ListingAuthority
    from step_ott.arguments import Password, Source
    from step_ott.certificates import SignedCertificate
    from step_ott.issuers.asked_ca import AskedCA
    from step_ott.keys import Key
    from step_ott.token import Token


class X5cIssuer(SignsCertificates, SignsSshUsers, SignsSshHosts, Revokes, RevokesCertificates):
    """Issues the tokens of an X5C provisioner, by the key of a certificate that the provisioner's roots vouch for.

    The files of the certificates are read anew for every token, so that a renewed certificate counts at once; the key
    is opened once, and again only where the certificate has another.

    Args:
        ca: The CA that has the provisioner.
        certificate: The certificate, with or without those that issued it.
        key: Its key (see `JwkIssuer`).
        name: The provisioner's name; none where the CA has only one of this type.
        chain: Further certificates that stand between it and the provisioner's roots.
        password: Of the key (see `JwkIssuer`).

    Raises:
        UsageError, InputError, KeyMismatchError, WrongPasswordError, NetworkError, AuthorityError: as for `JwkIssuer`.
    """

    _types: ClassVar = ("X5C",)
    _asked: ClassVar = Kind.SIGN

    def __init__(
        self,
        ca: AskedCA,
        certificate: Source,
        key: Key,
        *,
        name: str | None = None,
        chain: Sequence[Source] = (),
        password: Password | None = None,
    ) -> None:
        given = Given(password)
        given.add_file("x5c-cert", certificate)
        given.add_key("x5c-key", key)
        given.add_files("x5c-chain", chain)
        given.add_text("provisioner", name)
        self._open(ca, given)


class RenewalIssuer(Issuer):
    """Issues tokens by which an X.509 certificate is renewed, even after it expired where the CA allows that.

    The CA is not asked. The files are read as those of an `X5cIssuer` are.

    Args:
        ca: The CA that issued the certificate.
        certificate: The certificate, with those that issued it but for the root.
        key: Its key (see `JwkIssuer`).
        password: Of the key (see `JwkIssuer`).

    Raises:
        UsageError, InputError, KeyMismatchError, WrongPasswordError: as for `JwkIssuer`.
    """

    _types: ClassVar = (Renewal.type_name,)
    _asked: ClassVar = Kind.RENEW

    def __init__(self, ca: AskedCA, certificate: Source, key: Key, *, password: Password | None = None) -> None:
        given = Given(password)
        given.add_file("x5c-cert", certificate)
        given.add_key("x5c-key", key)
        self._open(ca, given)

    def _ask(self, ca: AskedCA) -> AbstractContextManager[ListingAuthority]:
        """Return the CA's address alone: it need not be asked."""
        return nullcontext(DeclaredAuthority(parse_ca_url(ca.url), None, Renewal(ISSUER)))

    def renewal_token(
        self, *, not_before: datetime | timedelta | None = None, not_after: datetime | timedelta | None = None
    ) -> Token:
        """Return a token for renewing the certificate.

        Args:
            not_before: From when on the token is valid: a datetime with a time zone, or a timedelta from now; now.
            not_after: Until when, likewise; five minutes.

        Returns:
            The token: a `str`.

        Raises:
            UsageError: an argument will not do.
            InputError: a file cannot be read, or does not hold what it should.
        """
        return self._mint(ask_by_itself(Kind.RENEW, not_before, not_after))

    def renew(self) -> SignedCertificate:
        """Renew the certificate at the running CA: the new one has the same key and names.

        The old one is shown by mutual TLS; after it expired, or by a key of the program's own that is not in this
        process, a renewal token is spent. Nothing is written: `save` does that.

        Returns:
            The new certificate.

        Raises:
            UsageError: the CA is one that does not run.
            InputError: a file cannot be read, or the certificate cannot be renewed.
            ForeseenRefusalError: the CA would refuse; it was not asked.
            AuthorityError: it refuses, or answers with something else than was asked for.
            NetworkError, LostAnswerError: there is no answer.
        """
        from step_ott.certificates import describe_signed
        from step_ott.renewal import renew_certificate

        with speaking_python():
            return describe_signed(renew_certificate(self.ca, self._options, self._ports))
