"""What the CA's answers must be: nothing of one that is not what was asked for is kept."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import attrs

from domain.ca_rules.sign import read_csr_names
from domain.errors import AuthorityError, InputError
from domain.formats.duration import MINUTE, NANOSECONDS, format_duration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from domain.certificates.x509_and_ssh import Certificate, CertificateRequest
    from domain.enroll.request import CertificateTerms

MAX_CHAIN = 10
"""Certificates of one answer."""

CLOCK_SKEW = 5 * MINUTE
"""How far the CA's clock may be from ours."""

_CHECK_CA = "ask whoever runs the CA"
_CHECK_CLOCKS = "check the CA's clock and yours"
_CHECK_TEMPLATE = "look at the provisioner's template, or ask for what the CA gives"


@attrs.frozen(eq=False, repr=False)
class CaAnswer:
    """What the CA says to a request.

    Attributes:
        status: Of HTTP.
        members: Of the JSON object that it is; none where it is something else.
    """

    status: int
    members: Mapping[str, Any]

    @property
    def is_granted(self) -> bool:
        """Whether the CA did what it was asked for."""
        return self.status in (200, 201)

    @property
    def message(self) -> str:
        """What the CA says of a refusal, in its own words; empty for nothing."""
        message = self.members.get("message")
        return message if isinstance(message, str) else ""


def list_certificates(answer: CaAnswer) -> list[str]:
    """Return the PEM of the certificates that the CA answers with, the leaf first (step-ca, api.SignResponse).

    Raises:
        AuthorityError: there are none.
    """
    chain = answer.members.get("certChain") or [answer.members.get("crt"), answer.members.get("ca")]
    if not isinstance(chain, list) or not all(isinstance(pem, str) and pem for pem in chain) or len(chain) > MAX_CHAIN:
        raise AuthorityError("the CA answers with no chain of certificates", _CHECK_CA)
    return chain


def read_issued_chain(answer: CaAnswer, read_chain: Callable[[bytes], Sequence[Certificate]]) -> list[Certificate]:
    """Return the certificates that the CA answers with, the leaf first.

    Args:
        answer: What the CA says.
        read_chain: Reads PEM (see `domain.certificates.ports.Certificates`).

    Raises:
        AuthorityError: there are none, or what there is, is not one certificate each.
    """
    chain: list[Certificate] = []
    for pem in list_certificates(answer):
        try:
            found = read_chain(pem.encode())
        except (InputError, UnicodeError) as error:
            raise AuthorityError("the CA answers with something else than certificates", _CHECK_CA) from error
        if len(found) != 1:
            raise AuthorityError(f"the CA answers with {len(found)} certificates in the place of one", _CHECK_CA)
        chain += found
    return chain


def check_issued(
    chain: Sequence[Certificate],
    csr: CertificateRequest,
    roots: Sequence[Certificate],
    now: int,
    terms: CertificateTerms | None = None,
) -> list[str]:
    """Check that a chain is what was asked for: for the key and the names of the CSR, for the time that was asked for.

    Args:
        chain: The leaf first.
        csr: What was asked by.
        roots: Those that are trusted.
        now: Nanoseconds since the epoch, UTC.
        terms: What else was asked for.

    Returns:
        What is not as it was asked for, but no reason to refuse it, a sentence each.

    Raises:
        AuthorityError: saying what it is not.
    """
    check_chain(chain, csr.key_fingerprint, roots, now if terms is None else _find_begin(terms, now))
    leaf, asked = chain[0], read_csr_names(csr)
    _check_extensions(leaf)
    cautions = list(_list_oddities(leaf, csr.common_name, set().union(*asked.values())))
    missing, more, given = [], [], leaf.read_names()
    for kind, names in asked.items():
        fold = str.lower if kind in ("dns", "email") else str
        has = {fold(name): name for name in given.get(kind, ())}
        wanted = set(map(fold, names))
        missing += [name for name in names if fold(name) not in has]
        more += [name for folded, name in has.items() if folded not in wanted]
    if missing:
        listed = ", ".join(sorted(missing))
        raise AuthorityError(f"the certificate that the CA answers with is not for {listed}", _CHECK_TEMPLATE)
    if more and any(asked.values()):
        cautions.append(f"the certificate is also for {', '.join(sorted(more))}, which was not asked for")
    return [*cautions, *([] if terms is None else _check_end(leaf, terms, now))]


def check_renewed(
    chain: Sequence[Certificate], old: Certificate, key_fingerprint: str, roots: Sequence[Certificate], now: int
) -> None:
    """Check that a chain, the leaf first, stands for the `old` certificate: its names, and this key.

    Args:
        key_fingerprint: SHA-256 of the key, lower-case hex.
        roots: Those that are trusted.
        now: Nanoseconds since the epoch, UTC.

    Raises:
        AuthorityError: saying what it is not.
    """
    check_chain(chain, key_fingerprint, roots, now)
    leaf = chain[0]
    _check_extensions(leaf, old.unknown_critical)
    if leaf.der == old.der:
        raise AuthorityError("the CA answers with the certificate that there is already", _CHECK_CA)
    if leaf.subject_name != old.subject_name or leaf.read_san_extension() != old.read_san_extension():
        raise AuthorityError("the certificate that the CA answers with is for other names", _CHECK_CA)


def check_chain(chain: Sequence[Certificate], key_fingerprint: str, roots: Sequence[Certificate], now: int) -> None:
    """Check that a chain is for this key, valid at `now`, and leads to one of the roots (RFC 5280, 6.1).

    Raises:
        AuthorityError: saying what it is not.
    """
    leaf = chain[0]
    if not key_fingerprint or leaf.key_fingerprint != key_fingerprint:
        raise AuthorityError("the certificate that the CA answers with is for another key", _CHECK_CA)
    if now >= leaf.not_after:
        raise AuthorityError("the certificate that the CA answers with has expired", _CHECK_CLOCKS)
    if now + CLOCK_SKEW < leaf.not_before:
        raise AuthorityError("the certificate that the CA answers with is not valid yet", _CHECK_CLOCKS)
    for issued, issuer in pairwise(chain):
        if not issued.is_issued_by(issuer.der):
            raise AuthorityError("the certificates that the CA answers with are no chain", _CHECK_CA)
    _check_issuers(chain, roots, now)


def _check_issuers(chain: Sequence[Certificate], roots: Sequence[Certificate], now: int) -> None:
    """Check that whoever has issued these certificates may do that, up to one of the roots (see `check_chain`)."""
    for issuer in chain[1:]:
        if not issuer.is_ca:
            raise AuthorityError("a certificate that the CA answers with is by one that is no CA's", _CHECK_CA)
        _check_extensions(issuer)
        if now >= issuer.not_after:
            raise AuthorityError("a CA's certificate that the CA answers with has expired", _CHECK_CA)
    ends = [root for root in roots if chain[-1].der == root.der or chain[-1].is_issued_by(root.der)]
    if not ends:
        raise AuthorityError("the certificate that the CA answers with does not lead to the root", _CHECK_CA)
    faults = [_find_fault(chain if chain[-1].der == root.der else [*chain, root]) for root in ends]
    if None not in faults:
        raise AuthorityError(f"a certificate that the CA answers with is by one that {faults[0]}", _CHECK_CA)


def _find_fault(path: Sequence[Certificate]) -> str | None:
    """Return what one of the issuers on the way from a leaf to a root is not allowed, None for nothing."""
    below = 0
    for issuer in path[1:]:
        if not issuer.signs_certificates:
            return "may not sign certificates by its key usage"
        if issuer.path_length is not None and below > issuer.path_length:
            return "allows fewer CAs below it by its path length"
        below += issuer.subject_name != issuer.issuer_name
    return None


def _check_extensions(certificate: Certificate, expected: AbstractSet[str] = frozenset()) -> None:
    """Check that a certificate has no critical extension for which everybody refuses it, but for those expected."""
    if unknown := certificate.unknown_critical - expected:
        what = f"has a critical extension that nobody knows: {', '.join(sorted(unknown))}"
        raise AuthorityError(f"a certificate that the CA answers with {what}", _CHECK_TEMPLATE)


def _list_oddities(leaf: Certificate, common_name: str, names: AbstractSet[str]) -> Iterator[str]:
    """Give what a certificate is beyond or instead of what was asked for, by that name and these, a sentence each."""
    if leaf.is_ca:
        yield "the certificate is that of a CA, which was not asked for"
    expected = {common_name.lower()} if common_name else {"", *map(str.lower, names)}
    if leaf.common_name.lower() not in expected:
        instead = f", not {common_name!r}" if common_name else ", which was not asked for"
        yield f"the certificate's common name is {leaf.common_name!r}{instead}"
    if not leaf.server_auth and not leaf.client_auth:
        yield "the certificate is for neither servers nor clients by its extended key usage"


def _find_begin(terms: CertificateTerms, now: int) -> int:
    """Return when the certificate may begin at the latest."""
    return now if terms.not_before is None else max(now, terms.not_before.at(now))


def _check_end(leaf: Certificate, terms: CertificateTerms, now: int) -> list[str]:
    """Check that the certificate lasts no longer than it was asked to (see `check_issued`).

    A duration is counted by the CA's clock, from the begin that was asked for.
    """
    if terms.not_after is None or not terms.not_after.nanoseconds:
        return []
    begin = now if terms.not_before is None else terms.not_before.at(now)
    asked = terms.not_after.at(begin)
    if leaf.not_after > asked + (CLOCK_SKEW if terms.not_after.relative else NANOSECONDS):
        raise AuthorityError("the certificate that the CA answers with ends later than was asked for", _CHECK_TEMPLATE)
    if leaf.not_after < asked - CLOCK_SKEW:
        early = format_duration((asked - leaf.not_after) // NANOSECONDS * NANOSECONDS)
        return [f"the certificate ends {early} earlier than was asked for"]
    return []
