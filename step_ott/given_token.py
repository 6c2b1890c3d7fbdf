"""Certificates by tokens that a program was given."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from adapters.certificates.reader import CertificateReader
from adapters.keys.store import LocalKeyStore
from domain.enroll.names import names_itself
from domain.errors import InputError, UsageError, naming
from domain.token.claims import TokenRequest
from domain.token.kind import Kind
from domain.token.reader import read_text
from entrypoints.use_cases.certificates import deliver_pair, sign
from entrypoints.use_cases.tokens import GivenToken
from step_ott.arguments import check_text, check_texts
from step_ott.enrollment import KeptPair, reaching, wire_enrollment
from step_ott.issuers.given import Given
from step_ott.issuers.minting_ports import assemble_ports

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain.enroll.key_kind import KeyKind
    from domain.enroll.request import CertificateTerms
    from entrypoints.use_cases.certificates import EnrollPorts
    from step_ott.issuers.asked_ca import AskedCA


def read_given(token: object) -> GivenToken:
    """Return the token that a program gives.

    Raises:
        UsageError: it is not a text.
        InputError: it is not a token.
    """
    text = check_text(token, "token")
    with naming("token="):
        return GivenToken(str.__str__(text))


def read_names(token: GivenToken, subject: object, sans: object) -> TokenRequest:
    """Return the names that a certificate is wanted for, by a token.

    Raises:
        UsageError: an argument will not do.
        InputError: the token names nothing itself.
    """
    names = check_texts(sans, "sans")
    if names_itself(token.claims) and names:
        raise UsageError("sans= does not go with a token that says for which names it is", "leave it out")
    if subject is not None:
        subject = check_text(subject, "subject")
    elif names_itself(token.claims):
        subject = read_text(token.claims.get("sub"))
    else:
        raise InputError("the token does not say for which names it is", "give subject=")
    return TokenRequest(kind=Kind.SIGN, subject=str(subject), sans=names)


def get_by_token(
    ca: AskedCA, token: GivenToken, request: TokenRequest, kind: KeyKind, terms: CertificateTerms
) -> tuple[bytes, bytes]:
    """Return the chain and the new key, PEM, of a certificate that a running CA gives for a token."""
    pair = KeptPair()
    with _spending(ca, pair) as ports:
        deliver_pair(request, kind, terms, token, ports)
    return pair.certificates, pair.key


def sign_by_token(ca: AskedCA, csr: bytes, token: GivenToken, terms: CertificateTerms) -> bytes:
    """Return the chain, PEM, that a running CA gives for a CSR, PEM or DER, and a token."""
    with naming("csr="):
        CertificateReader().fingerprint_request(csr)
    with _spending(ca, KeptPair()) as ports:
        return sign(csr, token, terms, ports)


@contextmanager
def _spending(ca: AskedCA, pair: KeptPair) -> Iterator[EnrollPorts]:
    given = Given()
    with reaching(ca) as authority:
        yield wire_enrollment(authority, assemble_ports(ca, given, LocalKeyStore(given.files), authority), pair)
