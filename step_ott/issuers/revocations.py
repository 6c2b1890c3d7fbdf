"""Revocations by an issuer's tokens, each minted for one certificate and spent at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain.token.kind import Kind
from step_ott.issuers.base import Issuer
from step_ott.issuers.requests import ask_by_itself
from step_ott.wording import speaking_python

if TYPE_CHECKING:
    from step_ott.arguments import Source


class RevokesCertificates(Issuer):
    """Revokes X.509 certificates at a running CA."""

    def revoke(self, serial: int | Source, *, reason: str = "", reason_code: int | str = 0) -> None:
        """Revoke an X.509 certificate: the CA renews it no more, and lists it where it has a list.

        The request is judged by the rules of `verify` before it is sent.

        Args:
            serial: Its serial number: an int, or a text in decimal or hex, with "0x", colons or letters; or the
                certificate, PEM or DER, or its path, which has a slash or an ending such as ".crt".
            reason: Why, in words that the CA keeps.
            reason_code: Why, as RFC 5280, 5.3.1 has it: 0 to 10, or a name such as "superseded".

        Raises:
            UsageError: an argument will not do, or the CA is one that does not run.
            ForeseenRefusalError: the CA would refuse; it was not asked.
            AuthorityError: it refuses: the certificate is revoked already, or others.
            NetworkError, LostAnswerError: there is no answer.
            InputError: the certificate cannot be read, or that of the issuer's key has expired.
        """
        from entrypoints.use_cases.revocation import revoke_by_token
        from step_ott.certificate_arguments import find_certificate_serial, read_reason
        from step_ott.enrollment import changing

        with speaking_python():
            number, why = find_certificate_serial(serial), read_reason(reason, reason_code)
            with changing(self.ca, self._ports) as ports:
                token = self._mint(ask_by_itself(Kind.REVOKE, subject=number))
                revoke_by_token(number, token, why, ports)
