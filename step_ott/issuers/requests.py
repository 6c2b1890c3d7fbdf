"""The kinds of request that tokens authorise: a method each, with what goes with that kind and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from adapters.certificates.reader import CertificateReader
from domain.errors import UsageError, naming
from domain.mint.judge_options import check_fingerprint
from domain.token.claims import TokenRequest
from domain.token.kind import Kind
from step_ott.arguments import SSH_SERIAL_BITS, X509_SERIAL_BITS, check_serial, check_text, check_texts, read_moment
from step_ott.issuers.base import Issuer
from step_ott.issuers.certificates import GetsCertificates
from step_ott.issuers.ssh_certificates import GetsSshHosts, GetsSshUsers
from step_ott.json_values import copy_user_data
from step_ott.ports import read_content
from step_ott.wording import speaking_python

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime, timedelta

    from step_ott.arguments import Source
    from step_ott.token import Token


class SignsCertificates(GetsCertificates):
    """Issues tokens for X.509 certificates, or gets these."""

    def token(
        self,
        subject: str,
        *,
        sans: Iterable[str] = (),
        csr: Source | None = None,
        cnf: str | None = None,
        user: Mapping[str, Any] | None = None,
        not_before: datetime | timedelta | None = None,
        not_after: datetime | timedelta | None = None,
    ) -> Token:
        """Return a token for an X.509 certificate.

        Args:
            subject: The name that it is for, such as "web.example.com".
            sans: All names that the certificate may have: DNS names, IP addresses, e-mail addresses and URIs. None for
                the subject alone.
            csr: The signing request that the token is bound to, PEM or DER: with no other can it be used.
            cnf: The same by its fingerprint: SHA-256 of the DER in unpadded base64url.
            user: Data for the CA's template, where it has one: what JSON can carry.
            not_before: From when on the token is valid: a datetime with a time zone, or a timedelta from now; now.
            not_after: Until when, likewise; five minutes.

        Returns:
            The token: a `str`.

        Raises:
            UsageError: an argument will not do, or they do not go together.
            InputError: the CSR cannot be read, or the key's certificate has expired.
        """
        bound = _find_fingerprint(cnf, csr, "csr")
        request = ask_certificate(subject, sans=sans, cnf=bound, user=user, not_before=not_before, not_after=not_after)
        return self._mint(request)


class SignsSshHosts(GetsSshHosts):
    """Issues tokens for the SSH certificates of hosts."""

    def ssh_host_token(  # noqa: PLR0913  # each of them says one thing
        self,
        key_id: str,
        *,
        principals: Iterable[str] = (),
        public_key: Source | None = None,
        cnf: str | None = None,
        user: Mapping[str, Any] | None = None,
        cert_not_before: datetime | timedelta | None = None,
        cert_not_after: datetime | timedelta | None = None,
        not_before: datetime | timedelta | None = None,
        not_after: datetime | timedelta | None = None,
    ) -> Token:
        """Return a token for the SSH certificate of a host.

        Args:
            key_id: The certificate's key identifier, such as the host's name.
            principals: The names that it is for; none for what the CA makes of the key identifier.
            public_key: The SSH public key that the token names: a line such as "ssh-ed25519 AAAA…", or its file.
                step-ca does not compare it, and signs any key.
            cnf: The same by its fingerprint: SHA-256 of the wire bytes in unpadded base64url.
            user: Data for the CA's template, where it has one: what JSON can carry.
            cert_not_before: From when on the certificate is valid: a datetime with a time zone, or a timedelta that
                the CA counts from the signing.
            cert_not_after: Until when, likewise.
            not_before: From when on the token is valid: a datetime with a time zone, or a timedelta from now; now.
            not_after: Until when, likewise; five minutes.

        Returns:
            The token: a `str`.

        Raises:
            UsageError: an argument will not do, or they do not go together.
            InputError: the public key cannot be read, or the certificate of the key that signs has expired.
        """
        request = ask_ssh(
            Kind.SSH_HOST,
            key_id,
            principals=principals,
            cnf=_find_fingerprint(cnf, public_key, "public_key"),
            user=user,
            cert_not_before=cert_not_before,
            cert_not_after=cert_not_after,
            not_before=not_before,
            not_after=not_after,
        )
        return self._mint(request)


class SignsSshUsers(GetsSshUsers):
    """Issues tokens for the SSH certificates of users."""

    def ssh_user_token(  # noqa: PLR0913  # likewise
        self,
        key_id: str,
        *,
        principals: Iterable[str] = (),
        public_key: Source | None = None,
        cnf: str | None = None,
        user: Mapping[str, Any] | None = None,
        cert_not_before: datetime | timedelta | None = None,
        cert_not_after: datetime | timedelta | None = None,
        not_before: datetime | timedelta | None = None,
        not_after: datetime | timedelta | None = None,
    ) -> Token:
        """Return a token for the SSH certificate of a user.

        Args:
            key_id: The certificate's key identifier, such as the user's e-mail address.
            principals: The accounts that it is for; none for what the CA makes of the key identifier.
            public_key: The SSH public key that the token names: a line such as "ssh-ed25519 AAAA…", or its file.
                step-ca does not compare it, and signs any key.
            cnf: The same by its fingerprint: SHA-256 of the wire bytes in unpadded base64url.
            user: Data for the CA's template, where it has one: what JSON can carry.
            cert_not_before: From when on the certificate is valid: a datetime with a time zone, or a timedelta that
                the CA counts from the signing.
            cert_not_after: Until when, likewise.
            not_before: From when on the token is valid: a datetime with a time zone, or a timedelta from now; now.
            not_after: Until when, likewise; five minutes.

        Returns:
            The token: a `str`.

        Raises:
            UsageError: an argument will not do, or they do not go together.
            InputError: the public key cannot be read, or the certificate of the key that signs has expired.
        """
        request = ask_ssh(
            Kind.SSH_USER,
            key_id,
            principals=principals,
            cnf=_find_fingerprint(cnf, public_key, "public_key"),
            user=user,
            cert_not_before=cert_not_before,
            cert_not_after=cert_not_after,
            not_before=not_before,
            not_after=not_after,
        )
        return self._mint(request)


class Revokes(Issuer):
    """Issues tokens for revoking X.509 certificates."""

    def revocation_token(
        self,
        serial: int | str,
        *,
        not_before: datetime | timedelta | None = None,
        not_after: datetime | timedelta | None = None,
    ) -> Token:
        """Return a token for revoking an X.509 certificate.

        Args:
            serial: Its serial number: an int, decimal digits, or hex such as "0x1f" or "00:1f".
            not_before: From when on the token is valid: a datetime with a time zone, or a timedelta from now; now.
            not_after: Until when, likewise; five minutes.

        Returns:
            The token: a `str`.

        Raises:
            UsageError: an argument will not do.
            InputError: the key's certificate has expired.
        """
        subject = check_serial(serial, X509_SERIAL_BITS)
        return self._mint(ask_by_itself(Kind.REVOKE, not_before, not_after, subject))


class RevokesSsh(Issuer):
    """Issues tokens for revoking SSH certificates."""

    def ssh_revocation_token(
        self,
        serial: int | str,
        *,
        not_before: datetime | timedelta | None = None,
        not_after: datetime | timedelta | None = None,
    ) -> Token:
        """Return a token for revoking an SSH certificate.

        Args:
            serial: Its serial number: an int, decimal digits, or hex such as "0x1f" or "00:1f".
            not_before: From when on the token is valid (see `revocation_token`).
            not_after: Until when.

        Returns:
            The token: a `str`.

        Raises:
            UsageError: an argument will not do.
        """
        subject = check_serial(serial, SSH_SERIAL_BITS)
        return self._mint(ask_by_itself(Kind.SSH_REVOKE, not_before, not_after, subject))


def ask_certificate(
    subject: object,
    *,
    sans: object = (),
    cnf: str | None = None,
    user: object = None,
    not_before: object = None,
    not_after: object = None,
) -> TokenRequest:
    """Return the request for an X.509 certificate; `cnf` is a fingerprint that was checked."""
    return TokenRequest(
        kind=Kind.SIGN,
        subject=check_text(subject, "subject"),
        sans=check_texts(sans, "sans"),
        cnf=cnf,
        user={} if user is None else copy_user_data(user, "user"),
        not_before=read_moment(not_before, "not_before"),
        not_after=read_moment(not_after, "not_after"),
    )


def ask_ssh(  # noqa: PLR0913  # likewise
    kind: Kind,
    key_id: object,
    *,
    principals: object,
    cnf: str | None = None,
    user: object,
    cert_not_before: object,
    cert_not_after: object,
    not_before: object,
    not_after: object,
) -> TokenRequest:
    """Return the request for an SSH certificate; `cnf` is a fingerprint that was checked."""
    return TokenRequest(
        kind=kind,
        subject=check_text(key_id, "key_id"),
        principals=check_texts(principals, "principals"),
        cnf=cnf,
        user={} if user is None else copy_user_data(user, "user"),
        cert_not_before=read_moment(cert_not_before, "cert_not_before"),
        cert_not_after=read_moment(cert_not_after, "cert_not_after"),
        not_before=read_moment(not_before, "not_before"),
        not_after=read_moment(not_after, "not_after"),
    )


def ask_by_itself(kind: Kind, not_before: object = None, not_after: object = None, subject: str = "") -> TokenRequest:
    """Return a request that has nothing but a subject: empty for that which the certificate has that signs."""
    begin, end = read_moment(not_before, "not_before"), read_moment(not_after, "not_after")
    return TokenRequest(kind=kind, subject=subject, not_before=begin, not_after=end)


def _find_fingerprint(cnf: object, source: Source | None, argument: str) -> str | None:
    """Return what binds the token, by whichever of the two says it."""
    if source is None:
        if cnf is None:
            return None
        try:
            return check_fingerprint(check_text(cnf, "cnf"))
        except ValueError:
            what = "cnf= is not a SHA-256 in unpadded base64url"
            raise UsageError(what, f"give {argument}= instead, of which it is computed") from None
    if cnf is not None:
        raise UsageError(f"cnf= and {argument}= cannot be used together", "leave one of them out")
    with speaking_python():
        content, reader = read_content(source, argument), CertificateReader()
        with naming(f"{argument}="):
            return reader.fingerprint_request(content) if argument == "csr" else reader.fingerprint_ssh_key(content)
