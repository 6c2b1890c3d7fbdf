"""Certificates by an issuer's tokens: the token is minted, spent at once, and seen by nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from domain.token.claims import TokenRequest
from domain.token.kind import Kind
from step_ott.arguments import check_text, check_texts
from step_ott.issuers.base import Issuer
from step_ott.wording import speaking_python

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime, timedelta

    from step_ott.arguments import Source
    from step_ott.certificate_arguments import KeyName
    from step_ott.certificates import IssuedCertificate, SignedCertificate


class GetsCertificates(Issuer):
    """Gets X.509 certificates of a running CA."""

    def certificate(
        self,
        subject: str,
        *,
        sans: Iterable[str] = (),
        not_before: datetime | timedelta | None = None,
        not_after: datetime | timedelta | None = None,
        key_kind: KeyName = "P-256",
        template_data: Mapping[str, Any] | None = None,
    ) -> IssuedCertificate:
        """Make a private key, and get a certificate for it.

        The request is judged by the rules of `verify` before it is sent, and the answer by what was asked for. Where
        the CA is busy, or its answer is lost, it is asked again by a new token. Nothing is written. This waits for the
        network: in asyncio, write `await asyncio.to_thread(issuer.certificate, subject)`.

        Args:
            subject: The name that it is for, such as "web.example.com".
            sans: All names that it is to have: DNS names, IP addresses, e-mail addresses and URIs. None for the subject
                alone, or for those that a cloud's machine has by itself.
            not_before: From when on the certificate is valid: a datetime with a time zone, or a timedelta that the CA
                counts from the signing. None for what the CA does of itself.
            not_after: Until when: a datetime, or a timedelta from its beginning.
            key_kind: What key is made: a curve, or RSA with its bits.
            template_data: For the CA's template, where it has one: what JSON can carry.

        Returns:
            The certificate with its key.

        Raises:
            UsageError: an argument will not do, or the CA is one that does not run.
            ForeseenRefusalError: the CA would refuse; it was not asked.
            AuthorityError: it refuses, or answers with something else than was asked for.
            NetworkError, LostAnswerError: there is no answer.
            InputError: the key's certificate has expired, or a token cannot be read.
        """
        from entrypoints.use_cases.certificates import deliver_pair
        from entrypoints.use_cases.tokens import open_evidence
        from step_ott.certificate_arguments import read_key_name, read_terms
        from step_ott.certificates import describe_issued
        from step_ott.enrollment import KeptPair, enrolling

        with speaking_python():
            names = check_text(subject, "subject"), check_texts(sans, "sans")
            request = TokenRequest(kind=Kind.SIGN, subject=names[0], sans=names[1])
            kind, terms, pair = read_key_name(key_kind), read_terms(not_before, not_after, template_data), KeptPair()
            with enrolling(self.ca, self._ports, pair) as ports:
                deliver_pair(request, kind, terms, open_evidence(self._prove(request), ports.minting), ports)
        return describe_issued(pair.certificates, pair.key)

    def sign(
        self,
        csr: Source,
        *,
        not_before: datetime | timedelta | None = None,
        not_after: datetime | timedelta | None = None,
        template_data: Mapping[str, Any] | None = None,
    ) -> SignedCertificate:
        """Get a certificate for a signing request of the program's own, with the names that are in it.

        Args:
            csr: The signing request, PEM or DER, or its path; the token is bound to it.
            not_before, not_after, template_data: See `certificate`.

        Returns:
            The certificate.

        Raises:
            InputError: the CSR cannot be read, is not signed by its own key, or names nothing; else as for
                `certificate`.
            UsageError, ForeseenRefusalError, AuthorityError, NetworkError, LostAnswerError: as for `certificate`.
        """
        from domain.errors import naming
        from domain.mint.csr_names import name_by_request
        from entrypoints.use_cases.certificates import sign
        from entrypoints.use_cases.tokens import open_evidence
        from step_ott.certificate_arguments import read_terms
        from step_ott.certificates import describe_signed
        from step_ott.enrollment import KeptPair, enrolling
        from step_ott.ports import read_content

        with speaking_python():
            terms = read_terms(not_before, not_after, template_data)
            content, certificates = read_content(csr, "csr"), self._ports.certificates
            with naming("csr="):
                certificates.fingerprint_request(content)
                asked = TokenRequest(kind=Kind.SIGN, subject="")
                request = name_by_request(asked, certificates.read_request(content))
            with enrolling(self.ca, self._ports, KeptPair()) as ports:
                chain = sign(content, open_evidence(self._prove(request), ports.minting), terms, ports)
        return describe_signed(chain)
