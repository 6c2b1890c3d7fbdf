"""A token for a certificate signing request: its names, and no others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from domain.ca_rules.sign import judge_common_name, judge_sans
from domain.errors import InputError
from domain.report.check_result import Outcome

if TYPE_CHECKING:
    from domain.certificates.x509_and_ssh import CertificateRequest
    from domain.token.claims import TokenRequest


def name_by_request(request: TokenRequest, csr: CertificateRequest) -> TokenRequest:
    """Return the request for a token that is good for this CSR alone (step CLI, ca sign, mergeSans).

    The subject is the CSR's common name; for a CSR without one it is its first name.

    Raises:
        InputError: it is not by its own key, or names nothing, or step-ca signs for no such key.
    """
    if not csr.is_signed:
        raise InputError("the CSR is not signed by its own key", "make the CSR again")
    if not csr.takes_key:
        raise InputError(f"step-ca signs for no such key: {csr.key}", "use an EC, an RSA or an Ed25519 key")
    sans = (*csr.dns_names, *csr.ip_addresses, *csr.emails, *csr.uris)
    subject = csr.common_name or next(iter(sans), "")
    if not subject:
        raise InputError("the CSR names nothing", "make it with a common name, or with names of its own")
    return attrs.evolve(request, subject=subject, sans=sans, cnf=csr.fingerprint)


def find_other_names(request: TokenRequest, csr: CertificateRequest) -> str:
    """Return in what the names of a CSR are not those of a token for the request, empty for nothing."""
    sans = request.sans or (request.subject,)
    found = (judge_common_name(csr, [request.subject, *sans], ""), judge_sans(csr, sans))
    return next((finding.reason for finding in found if finding.outcome is Outcome.FAILED), "")
