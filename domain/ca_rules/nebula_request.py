"""Whether a request is within the Nebula certificate that vouches for its token (step-ca, provisioner/nebula.go)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from domain.ca.cert_types import HOST
from domain.ca_rules.endpoint import Endpoint
from domain.ca_rules.nebula import read_header_certificate
from domain.ca_rules.sign import judge_csr_itself, judge_names, read_csr_names, split_sans
from domain.ca_rules.ssh import judge_ssh_enabled, judge_ssh_keys, judge_ssh_sign
from domain.certificates.nebula import check_names
from domain.errors import UsageError
from domain.formats.go_url import read_address
from domain.report.check_result import CheckResult, failed, passed, unchecked
from domain.token.reader import read_ssh_options, read_texts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from domain.ca.settings import ProvisionerClaims
    from domain.ca_rules.case import Case
    from domain.certificates.nebula import NebulaCertificate
    from domain.certificates.x509_and_ssh import CertificateRequest


def judge_nebula_request(case: Case, claims: ProvisionerClaims) -> Iterator[CheckResult]:
    """Give what the CA finds in the request: names are held against the certificate, not against the token.

    Args:
        claims: The provisioner's, laid over the authority's.
    """
    try:
        certificate = read_header_certificate(case)
    except ValueError:
        return
    if certificate is None:
        return
    if case.endpoint is Endpoint.SSH_SIGN:
        yield judge_ssh_enabled(claims)
        yield from _judge_ssh(case, certificate, claims)
        return
    yield judge_names(case)
    if case.csr is None:
        yield unchecked("csr", "whether the CSR suits the certificate in nebula", "give it with --csr")
        return
    yield from judge_csr_itself(case.csr)
    yield passed("csr binding", "step-ca binds Nebula tokens to no CSR, whatever cnf says")
    yield from _judge_csr_names(case.csr, case.text("sub"), certificate)


def _judge_csr_names(csr: CertificateRequest, subject: str, certificate: NebulaCertificate) -> Iterator[CheckResult]:
    remedy = "make the CSR for the certificate's names, or without any"
    if csr.common_name and csr.common_name != subject:
        yield failed("csr name", f"its common name is {csr.common_name}, and may only be {subject}", remedy)
    else:
        yield passed("csr name", f"its common name is {csr.common_name or 'empty'}")
    allowed = split_sans([certificate.name])
    addresses = allowed["ip"] | {read_address(str(network.ip)) or "" for network in certificate.networks}
    found = read_csr_names(csr)
    foreign = found["ip"] - addresses
    for kind in ("dns", "email", "uri"):
        foreign |= found[kind] ^ allowed[kind] if found[kind] else set()
    if foreign:
        listed = ", ".join(sorted(filter(None, {certificate.name} | addresses)))
        yield failed("csr names", f"they are not those of the certificate in nebula, {listed}", remedy)
    else:
        yield passed("csr names", "they are the certificate's")


def _judge_ssh(case: Case, certificate: NebulaCertificate, claims: ProvisionerClaims) -> Iterator[CheckResult]:
    options = read_ssh_options(case.token.claims)
    if options is None:
        yield judge_ssh_keys(case, HOST)
        yield passed("ssh options", "the token has no step.ssh: the SSH certificate will be a host certificate for the "
                     "names in nebula, whatever is asked for")  # fmt: skip
        return
    cert_type = options.get("certType") or ""
    if cert_type not in ("", HOST):
        yield failed("ssh options", f"certType {cert_type!r}, and step-ca signs only for hosts", "mint it with --host")
        return
    if case.wishes.cert_type not in ("", HOST):
        yield failed("ssh type", "step-ca signs only SSH host certificates for Nebula", "ask for a host certificate")
    yield _judge_principals(options, certificate)
    yield from judge_ssh_sign(case, claims, certificate.not_after, HOST)


def _judge_principals(options: Mapping[str, Any], certificate: NebulaCertificate) -> CheckResult:
    try:
        check_names(certificate, read_texts(options.get("principals")), "principal", "the certificate in nebula")
    except UsageError as error:
        return failed("principals", error.what, "mint it for the certificate's names")
    return passed("principals", "they are the certificate's")
