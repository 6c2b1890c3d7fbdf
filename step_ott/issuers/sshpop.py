"""The issuer of SSHPOP provisioners: an SSH certificate asks for something about itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from domain.token.kind import Kind
from step_ott.issuers.base import Issuer
from step_ott.issuers.given import Given
from step_ott.issuers.requests import ask_by_itself

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from step_ott.arguments import Password, Source
    from step_ott.issuers.asked_ca import AskedCA
    from step_ott.keys import Key
    from step_ott.token import Token


class SshpopIssuer(Issuer):
    """Issues tokens by which an SSH certificate of the CA's is renewed, rekeyed or revoked.

    The file of the certificate is read anew for every token, so that a renewed one counts at once; the key is opened
    once, and again only where the certificate has another.

    Args:
        ca: The CA that issued the certificate.
        certificate: The SSH certificate.
        key: Its key (see `JwkIssuer`), but none in a device.
        name: The provisioner's name; none where the CA has only one of this type.
        password: Of the key (see `JwkIssuer`).

    Raises:
        UsageError, InputError, KeyMismatchError, WrongPasswordError, NetworkError, AuthorityError: as for `JwkIssuer`.
    """

    _types: ClassVar = ("SSHPOP",)
    _asked: ClassVar = Kind.SSH_REVOKE  # the one that any certificate may ask for

    def __init__(
        self, ca: AskedCA, certificate: Source, key: Key, *, name: str | None = None, password: Password | None = None
    ) -> None:
        given = Given(password)
        given.add_file("sshpop-cert", certificate)
        given.add_key("sshpop-key", key)
        given.add_text("provisioner", name)
        self._open(ca, given)

    def ssh_revocation_token(
        self, *, not_before: datetime | timedelta | None = None, not_after: datetime | timedelta | None = None
    ) -> Token:
        """Return a token for revoking the certificate.

        Args:
            not_before: From when on the token is valid: a datetime with a time zone, or a timedelta from now; now.
            not_after: Until when, likewise; five minutes.

        Returns:
            The token: a `str`.

        Raises:
            UsageError: an argument will not do.
            InputError: a file cannot be read, or the certificate has expired.
        """
        return self._mint(ask_by_itself(Kind.SSH_REVOKE, not_before, not_after))

    def ssh_renewal_token(
        self, *, not_before: datetime | timedelta | None = None, not_after: datetime | timedelta | None = None
    ) -> Token:
        """Return a token for renewing the certificate, which must be a host's.

        Args:
            not_before: From when on the token is valid (see `ssh_revocation_token`).
            not_after: Until when.

        Returns:
            The token: a `str`.

        Raises:
            UsageError: the certificate is a user's, or an argument will not do.
            InputError: a file cannot be read, or the certificate has expired.
        """
        return self._mint(ask_by_itself(Kind.SSH_RENEW, not_before, not_after))

    def ssh_rekey_token(
        self, *, not_before: datetime | timedelta | None = None, not_after: datetime | timedelta | None = None
    ) -> Token:
        """Return a token for a new key in the certificate, which must be a host's (see `ssh_renewal_token`)."""
        return self._mint(ask_by_itself(Kind.SSH_REKEY, not_before, not_after))
