"""The issuer of Nebula provisioners: the key of a Nebula certificate signs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from domain.token.kind import Kind
from step_ott.issuers.certificates import GetsCertificates
from step_ott.issuers.given import Given
from step_ott.issuers.requests import ask_certificate, ask_ssh
from step_ott.issuers.ssh_certificates import GetsSshHosts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime, timedelta

    from step_ott.arguments import Source
    from step_ott.issuers.asked_ca import AskedCA
    from step_ott.token import Token


class NebulaIssuer(GetsCertificates, GetsSshHosts):
    """Issues the tokens of a Nebula provisioner.

    The file of the certificate is read anew for every token, so that a renewed one counts at once; the key is opened
    once, and again only where the certificate has another.

    Args:
        ca: The CA that has the provisioner.
        certificate: The host's Nebula certificate.
        key: Its key, a file of Nebula's.
        name: The provisioner's name; none where the CA has only one of this type.

    Raises:
        UsageError, InputError, KeyMismatchError, NetworkError, AuthorityError: as for `JwkIssuer`.
    """

    _types: ClassVar = ("Nebula",)
    _asked: ClassVar = Kind.SIGN

    def __init__(self, ca: AskedCA, certificate: Source, key: Source, *, name: str | None = None) -> None:
        given = Given()
        given.add_file("nebula-cert", certificate)
        given.add_file("nebula-key", key)
        given.add_text("provisioner", name)
        self._open(ca, given)

    def token(
        self,
        subject: str,
        *,
        sans: Iterable[str] = (),
        user: Mapping[str, Any] | None = None,
        not_before: datetime | timedelta | None = None,
        not_after: datetime | timedelta | None = None,
    ) -> Token:
        """Return a token for an X.509 certificate; step-ca binds those of this type to no signing request.

        Args:
            subject: The name that it is for: the host's, as its Nebula certificate has it.
            sans: All names that the certificate may have, of those in the Nebula certificate: the host's name and its
                addresses. None for the subject alone.
            user: Data for the CA's template, where it has one.
            not_before: From when on the token is valid: a datetime with a time zone, or a timedelta from now; now.
            not_after: Until when, likewise; five minutes.

        Returns:
            The token: a `str`.

        Raises:
            UsageError: an argument will not do, or the Nebula certificate does not vouch for a name.
            InputError: a file cannot be read, or the Nebula certificate has expired.
        """
        return self._mint(ask_certificate(subject, sans=sans, user=user, not_before=not_before, not_after=not_after))

    def ssh_host_token(
        self,
        key_id: str,
        *,
        principals: Iterable[str] = (),
        user: Mapping[str, Any] | None = None,
        cert_not_before: datetime | timedelta | None = None,
        cert_not_after: datetime | timedelta | None = None,
        not_before: datetime | timedelta | None = None,
        not_after: datetime | timedelta | None = None,
    ) -> Token:
        """Return a token for the SSH certificate of the host; step-ca binds those of this type to no public key.

        Args:
            key_id: The certificate's key identifier, such as the host's name.
            principals: The names that it is for, of those in the Nebula certificate.
            user: Data for the CA's template, where it has one.
            cert_not_before: From when on the certificate is valid: a datetime with a time zone, or a timedelta that
                the CA counts from the signing.
            cert_not_after: Until when, likewise.
            not_before: From when on the token is valid (see `token`).
            not_after: Until when.

        Returns:
            The token: a `str`.

        Raises:
            UsageError, InputError: as for `token`.
        """
        request = ask_ssh(
            Kind.SSH_HOST,
            key_id,
            principals=principals,
            user=user,
            cert_not_before=cert_not_before,
            cert_not_after=cert_not_after,
            not_before=not_before,
            not_after=not_after,
        )
        return self._mint(request)
