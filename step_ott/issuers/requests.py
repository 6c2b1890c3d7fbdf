"""The kinds of request that tokens authorise: a method each, with what goes with that kind and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from adapters.certificates.reader import CertificateReader
from domain.errors import UsageError
from domain.mint.judge_options import check_fingerprint, check_subject
from domain.token.claims import TokenRequest
from domain.token.kind import Kind
from step_ott.arguments import check_text, check_texts, copy_user_data, read_content, read_moment, speaking_python
from step_ott.issuers.base import Issuer

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime, timedelta

    from step_ott.arguments import Source
    from step_ott.token import Token


class SignsCertificates(Issuer):
    """Issues tokens for X.509 certificates."""

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
            user: Data for the CA's template, where it has one.
            not_before: From when on the token is valid: a datetime with a time zone, or a timedelta from now; now.
            not_after: Until when, likewise; five minutes.

        Raises:
            UsageError: an argument will not do, or they do not go together.
            InputError: the CSR cannot be read, or the key's certificate has expired.
        """
        with speaking_python():
            request = TokenRequest(
                kind=Kind.SIGN,
                subject=check_subject(check_text(subject, "subject"), Kind.SIGN),
                sans=check_texts(sans, "sans"),
                cnf=_find_fingerprint(cnf, csr, "csr"),
                user=copy_user_data(user, "user") if user else {},
                not_before=read_moment(not_before, "not_before"),
                not_after=read_moment(not_after, "not_after"),
            )
        return self._mint(request)


class SignsSshHosts(Issuer):
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
            principals: The names that it is for; none for the key identifier.
            public_key: The SSH public key that the token is bound to, a line such as "ssh-ed25519 AAAA…".
            cnf: The same by its fingerprint: SHA-256 of the wire bytes in unpadded base64url.
            user: Data for the CA's template, where it has one.
            cert_not_before, cert_not_after: When the certificate is valid: a datetime with a time zone, or a timedelta
                that the CA counts from the signing.
            not_before, not_after: When the token is valid (see `token`).

        Raises:
            UsageError, InputError: as for `token`.
        """
        times = (cert_not_before, cert_not_after, not_before, not_after)
        return self._mint(_ask_ssh(Kind.SSH_HOST, key_id, principals, public_key, cnf, user, times))


class SignsSshUsers(Issuer):
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
        """Return a token for the SSH certificate of a user (see `ssh_host_token`; its principals are accounts)."""
        times = (cert_not_before, cert_not_after, not_before, not_after)
        return self._mint(_ask_ssh(Kind.SSH_USER, key_id, principals, public_key, cnf, user, times))


class Revokes(Issuer):
    """Issues tokens for revoking X.509 certificates."""

    def revocation_token(self, serial: int | str) -> Token:
        """Return a token for revoking the X.509 certificate with this serial number, an int or its decimal digits."""
        return self._mint(ask_revocation(Kind.REVOKE, serial))


class RevokesSsh(Issuer):
    """Issues tokens for revoking SSH certificates."""

    def ssh_revocation_token(self, serial: int | str) -> Token:
        """Return a token for revoking the SSH certificate with this serial number, an int or its decimal digits."""
        return self._mint(ask_revocation(Kind.SSH_REVOKE, serial))


def ask_revocation(kind: Kind, serial: object) -> TokenRequest:
    """Return the request to revoke the certificate with this serial number."""
    with speaking_python():
        if not isinstance(serial, str):
            if not isinstance(serial, int) or isinstance(serial, bool) or serial < 0:
                raise UsageError(
                    f"serial= is a {type(serial).__name__}", "give an int that is not negative, or its digits"
                )
            serial = str(serial)
        return TokenRequest(kind=kind, subject=check_subject(serial, kind))


def _ask_ssh(
    kind: Kind,
    key_id: str,
    principals: Iterable[str],
    public_key: Source | None,
    cnf: str | None,
    user: Mapping[str, Any] | None,
    times: tuple[datetime | timedelta | None, ...],
) -> TokenRequest:
    names = ("cert_not_before", "cert_not_after", "not_before", "not_after")
    with speaking_python():
        moments = [read_moment(value, name) for name, value in zip(names, times, strict=True)]
        return TokenRequest(
            kind=kind,
            subject=check_subject(check_text(key_id, "key_id"), kind),
            principals=check_texts(principals, "principals"),
            cnf=_find_fingerprint(cnf, public_key, "public_key"),
            user=copy_user_data(user, "user") if user else {},
            cert_not_before=moments[0],
            cert_not_after=moments[1],
            not_before=moments[2],
            not_after=moments[3],
        )


def _find_fingerprint(cnf: str | None, source: Source | None, argument: str) -> str | None:
    """Return what binds the token, by whichever of the two says it."""
    if source is None:
        if cnf is None:
            return None
        try:
            return check_fingerprint(check_text(cnf, "cnf"))
        except ValueError as error:
            raise UsageError(f"cnf= is {error}", f"or give {argument}=") from None
    if cnf is not None:
        raise UsageError(f"cnf= and {argument}= cannot be used together", "leave one of them out")
    content, reader = read_content(source, argument), CertificateReader()
    return reader.fingerprint_request(content) if argument == "csr" else reader.fingerprint_ssh_key(content)
