"""SSH certificates by an issuer's tokens: each token is minted for one key and spent at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from domain.token.claims import TokenRequest
from domain.token.kind import Kind
from step_ott.issuers.base import Issuer
from step_ott.wording import speaking_python

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime, timedelta

    from domain.enroll.ssh_request import SshTerms
    from step_ott.arguments import Source
    from step_ott.ssh_certificates import SignedSshCertificate


class _SpendsForSsh(Issuer):
    """Spends tokens for SSH certificates."""

    def _sign_ssh(self, public_key: object, terms: SshTerms) -> SignedSshCertificate:
        """Return the certificate for a public key that the CA gives by a token of this issuer."""
        from domain.errors import naming
        from entrypoints.use_cases.ssh_certificates import sign_ssh_key
        from entrypoints.use_cases.tokens import open_evidence
        from step_ott.ports import read_content
        from step_ott.ssh_certificates import describe_ssh
        from step_ott.ssh_enrollment import changing_ssh

        content = read_content(public_key, "public_key")
        with naming("public_key="):
            key = self._ports.certificates.read_ssh_key(content)
        request = TokenRequest(
            kind=Kind.SSH_HOST if terms.is_host else Kind.SSH_USER,
            subject=terms.key_id,
            principals=terms.principals,
            cert_not_before=terms.not_before,
            cert_not_after=terms.not_after,
        )
        with changing_ssh(self.ca, self._ports) as ports:
            tokens = open_evidence(self._prove(request), ports.minting)
            issued = sign_ssh_key(key, tokens, terms, ports)
        for difference in issued.differences:
            ports.minting.notices.warn(f"the CA decides otherwise: {difference}")
        return describe_ssh(issued.certificate)


class GetsSshUsers(_SpendsForSsh):
    """Gets SSH certificates of users of a running CA."""

    def ssh_user_certificate(
        self,
        public_key: Source,
        key_id: str,
        *,
        principals: Iterable[str] = (),
        not_before: datetime | timedelta | None = None,
        not_after: datetime | timedelta | None = None,
        template_data: Mapping[str, Any] | None = None,
    ) -> SignedSshCertificate:
        """Get an SSH certificate for the public key of a user.

        The request is judged by the rules of `verify` before it is sent, and the answer by what was asked for.

        Args:
            public_key: A line such as "ssh-ed25519 AAAA…", or its file.
            key_id: The certificate's key identifier, such as the user's e-mail address.
            principals: The accounts that it is for; none for those that step makes of the key identifier.
            not_before: From when on the certificate is valid: a datetime with a time zone, or a timedelta that the CA
                counts from the signing. None for what the CA does of itself.
            not_after: Until when, likewise.
            template_data: For the CA's template, where it has one: what JSON can carry.

        Returns:
            The certificate.

        Raises:
            UsageError: an argument will not do, or the CA is one that does not run.
            InputError: the public key cannot be read, or the certificate of the key that signs has expired.
            ForeseenRefusalError: the CA would refuse; it was not asked.
            AuthorityError: it refuses, or answers with something else than was asked for.
            NetworkError, LostAnswerError: there is no answer.
        """
        from step_ott.ssh_enrollment import read_ssh_terms

        with speaking_python():
            terms = read_ssh_terms(key_id, principals, not_before, not_after, template_data, is_host=False)
            return self._sign_ssh(public_key, terms)


class GetsSshHosts(_SpendsForSsh):
    """Gets SSH certificates of hosts of a running CA."""

    def ssh_host_certificate(
        self,
        public_key: Source,
        key_id: str,
        *,
        principals: Iterable[str] = (),
        not_before: datetime | timedelta | None = None,
        not_after: datetime | timedelta | None = None,
        template_data: Mapping[str, Any] | None = None,
    ) -> SignedSshCertificate:
        """Get an SSH certificate for the public key of a host.

        The request is judged by the rules of `verify` before it is sent, and the answer by what was asked for.

        Args:
            public_key: A line such as "ssh-ed25519 AAAA…", or its file.
            key_id: The certificate's key identifier, such as the host's name.
            principals: The names that it is for; none for those that step makes of the key identifier.
            not_before: From when on the certificate is valid: a datetime with a time zone, or a timedelta that the CA
                counts from the signing. None for what the CA does of itself.
            not_after: Until when, likewise.
            template_data: For the CA's template, where it has one: what JSON can carry.

        Returns:
            The certificate.

        Raises:
            UsageError: an argument will not do, or the CA is one that does not run.
            InputError: the public key cannot be read, or the certificate of the key that signs has expired.
            ForeseenRefusalError: the CA would refuse; it was not asked.
            AuthorityError: it refuses, or answers with something else than was asked for.
            NetworkError, LostAnswerError: there is no answer.
        """
        from step_ott.ssh_enrollment import read_ssh_terms

        with speaking_python():
            terms = read_ssh_terms(key_id, principals, not_before, not_after, template_data, is_host=True)
            return self._sign_ssh(public_key, terms)
