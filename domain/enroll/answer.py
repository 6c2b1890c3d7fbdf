"""What the CA's answers must be: nothing of one that is not what was asked for is kept."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import attrs

from domain.errors import AuthorityError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from domain.certificates.x509_and_ssh import Certificate, CertificateRequest

MAX_CHAIN = 10
"""Certificates of one answer."""

_CHECK_CA = "ask whoever runs the CA"


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


def check_issued(chain: Sequence[Certificate], csr: CertificateRequest, roots: Sequence[bytes], now: int) -> None:
    """Check that a chain, the leaf first, is for the key of the CSR, valid at `now`, and leads to one of the roots.

    Args:
        roots: The DER of each.
        now: Nanoseconds since the epoch, UTC.

    Raises:
        AuthorityError: saying what it is not.
    """
    leaf = chain[0]
    if not csr.key_fingerprint or leaf.key_fingerprint != csr.key_fingerprint:
        raise AuthorityError("the certificate that the CA answers with is for another key", _CHECK_CA)
    if now >= leaf.not_after:
        raise AuthorityError("the certificate that the CA answers with has expired", "check the CA's clock and yours")
    for issued, issuer in pairwise(chain):
        if not issued.is_issued_by(issuer.der):
            raise AuthorityError("the certificates that the CA answers with are no chain", _CHECK_CA)
    if not any(chain[-1].der == root or chain[-1].is_issued_by(root) for root in roots):
        raise AuthorityError("the certificate that the CA answers with does not lead to the root", _CHECK_CA)
