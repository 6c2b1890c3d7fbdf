"""A token for a certificate signing request: its names, and no others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from domain.errors import InputError

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
