"""Whether X.509 certificates vouch for a token (step-ca, provisioner/x5c.go; authorize.go, AuthorizeRenewToken).

Chains are judged as Go verifies them (crypto/x509, Certificate.Verify): every certificate on the way, the root too, is
valid at the time and may be used for client authentication; every issuer may issue. Whether name constraints are kept
is not judged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from domain.ca_rules.endpoint import Endpoint
from domain.ca_rules.every_token import judge_leaf_signature
from domain.certificates.chain import MAX_CHECKS
from domain.errors import InputError
from domain.formats.duration import MINUTE
from domain.formats.go_base64 import decode_standard
from domain.report.check_result import CheckResult, failed, passed, unchecked
from domain.token.header_certificates import read_x509_member

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from domain.ca_rules.case import Case
    from domain.certificates.ports import Certificates
    from domain.certificates.x509_and_ssh import Certificate


SHORT_LIFE = 5 * MINUTE
"""The least that step-ca lets a certificate last, unless it is told otherwise, in nanoseconds."""

ROOTS_UNREADABLE = unchecked(
    "certificate", "whether it is trusted: the roots that the CA names cannot be read", "fix them at the CA"
)


def judge_x5c(case: Case, roots: bytes, name: str) -> Iterator[CheckResult]:
    """Give what the CA finds in the chain in `x5c`, for the provisioner `name` that trusts `roots`, in PEM."""
    try:
        chain = read_header_chain(case, "x5c")
    except InputError as error:
        yield failed("certificate", error.what, "mint it with --x5c-cert and --x5c-key, without --x5c-insecure")
        return
    remedy = f"use a certificate that provisioner {name} trusts, with its whole chain"
    yield from judge_chain(chain, case.read_roots(roots), case.now, remedy)
    yield judge_leaf_signature(case, chain[0].public, f"certificate {chain[0].common_name!r}")
    if case.endpoint in (Endpoint.SIGN, Endpoint.SSH_SIGN):
        yield from judge_life(case, chain[0].not_after)


def judge_life(case: Case, not_after: int) -> Iterator[CheckResult]:
    """Say so where what vouches for the token ends soon; `not_after` is nanoseconds since the epoch, UTC."""
    if not_after - case.now < SHORT_LIFE:
        yield unchecked("life", "whether the CA signs for as short a time as this certificate still lasts",
                        "use one that lasts longer")  # fmt: skip


def judge_chain(
    chain: Sequence[Certificate], roots: Sequence[Certificate] | None, now: int, remedy: str
) -> Iterator[CheckResult]:
    """Tell whether a chain leads from the first of `chain` to one of `roots`, and whether its leaf may sign.

    Args:
        chain: The leaf, and certificates that may lie between, in any order.
        roots: None where they cannot be read.
        now: Nanoseconds since the epoch, UTC.
        remedy: What to do where it does not.
    """
    if roots is None:
        yield ROOTS_UNREADABLE
        return
    search, leaf = ChainSearch(chain, roots), chain[0]
    fault = search.find_fault(now)
    if fault is not None and not search.checks_left:
        yield unchecked("certificate", "whether it is trusted: the header holds more certificates than are tried",
                        "leave out those that do not belong to the chain")  # fmt: skip
    elif fault is not None:
        yield failed("certificate", fault, remedy)
    elif not leaf.digital_signature:
        yield failed("certificate", "its key usage does not name digitalSignature", "get one whose key usage does")
    else:
        yield passed("certificate", f"a chain leads from {leaf.common_name!r} to a trusted root")
    if any(certificate.has_open_questions for certificate in (*chain, *roots)):
        yield unchecked("constraints", "whether name constraints and critical extensions in the chain are kept",
                        "show the token to the CA to find out")  # fmt: skip


def read_header_chain(case: Case, member: str) -> list[Certificate]:
    """Return the certificates in the header's `member`, leaf first, at least one.

    Raises:
        InputError: there are none, or one cannot be read.
    """
    chain = read_chain(case.token.header, member, case.certificates)
    if not chain:
        raise InputError(f"its header has no {member}")
    return chain


def read_chain(header: Mapping[str, Any], member: str, certificates: Certificates) -> list[Certificate]:
    """Return the certificates in a member of a header, leaf first; none where it is absent.

    Raises:
        InputError: it is not a list, or one cannot be read.
    """
    encoded = header.get(member)
    if encoded is None:
        return []
    if not isinstance(encoded, list):
        raise InputError(f"its {member} is not a list of certificates")
    try:
        return [read_x509_member(text, certificates, decode_standard) for text in encoded]
    except ValueError as error:
        raise InputError(f"a certificate in its {member} cannot be read: {error}") from error


@attrs.define
class ChainSearch:
    """The ways from a leaf to a root, a certificate at most once on each.

    Attributes:
        chain: The leaf, and certificates that may lie between, in any order.
        checks_left: How many signatures may still be looked at: certificates that all issued each other have more ways
            through them than could ever be walked. None left means that not all were.
    """

    chain: Sequence[Certificate]
    roots: Sequence[Certificate]
    checks_left: int = MAX_CHECKS

    def find_fault(self, now: int) -> str | None:
        """Return why no way holds at `now`, nanoseconds since the epoch, UTC; None where one does."""
        faults: list[str] = []
        for path in self._walk([self.chain[0]]):
            fault = _find_fault(path, now)
            if fault is None:
                return None
            faults.append(fault)
        return faults[0] if faults else f"no chain leads from {self.chain[0].common_name!r} to a trusted root"

    def _walk(self, path: list[Certificate]) -> Iterator[list[Certificate]]:
        """Give every way from the end of `path` to a root."""
        last = path[-1]
        if any(root.der == last.der for root in self.roots):
            yield path
            return
        for root in self.roots:
            if self._is_issued_by(last, root):
                yield [*path, root]
        for issuer in self.chain[1:]:
            if all(issuer.der != passed.der for passed in path) and self._is_issued_by(last, issuer):
                yield from self._walk([*path, issuer])

    def _is_issued_by(self, certificate: Certificate, issuer: Certificate) -> bool:
        if not certificate.names_issuer(issuer):
            return False
        self.checks_left = max(self.checks_left - 1, 0)
        return self.checks_left > 0 and certificate.is_issued_by(issuer.der)


def _find_fault(path: Sequence[Certificate], now: int) -> str | None:
    for depth, certificate in enumerate(path):
        name = f"certificate {certificate.common_name!r}"
        if now < certificate.not_before:
            return f"{name} is not valid yet"
        if now >= certificate.not_after:
            return f"{name} has expired"
        if not certificate.client_auth:
            return f"{name} is not for client authentication"
        if depth and not certificate.is_ca:
            return f"{name} may not issue certificates"
        if certificate.path_length is not None and depth - 1 > certificate.path_length:
            return f"{name} allows fewer certificates below it"
    return None
