"""Chains of certificates from a leaf to roots that are trusted, as Go verifies them (crypto/x509, Certificate.Verify).

Every certificate on the way, the root too, is valid at the time and may be used for client authentication; every
issuer may issue. Whether name constraints are kept is not judged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from domain.certificates.x509_and_ssh import Certificate

MAX_CHECKS = 100
"""How many signatures are looked at: certificates that all issued each other have more ways through them than could
ever be walked, and Go gives up after so many (crypto/x509, maxChainSignatureChecks)."""


@attrs.define
class ChainSearch:
    """The ways from a leaf to a root, a certificate at most once on each.

    Attributes:
        chain: The leaf, and certificates that may lie between, in any order.
        checks_left: How many signatures may still be looked at; none left means that not all ways were walked.
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
