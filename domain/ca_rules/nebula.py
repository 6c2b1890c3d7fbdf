"""Whether a Nebula certificate vouches for a token and its request.

Sources: step-ca, provisioner/nebula.go; Nebula, ca_pool.go.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from domain.ca.cert_types import HOST
from domain.ca.settings import ProvisionerClaims
from domain.ca_rules.case import Case
from domain.ca_rules.endpoint import Endpoint
from domain.ca_rules.every_token import find_critical_fault, judge_signature
from domain.ca_rules.sign import judge_common_name, judge_csr_itself, judge_names, read_csr_names, split_sans
from domain.ca_rules.ssh import judge_ssh_enabled, judge_ssh_keys, judge_ssh_sign
from domain.ca_rules.x5c import ROOTS_UNREADABLE, judge_life
from domain.certificates.nebula import NebulaCertificate, Network, check_names
from domain.certificates.x509_and_ssh import CertificateRequest
from domain.errors import InputError, UsageError
from domain.formats.der import DerValues
from domain.formats.go_base64 import decode_standard
from domain.formats.go_url import read_address
from domain.formats.pem import join_pem, split_pem
from domain.report.check_result import CheckResult, failed, passed, unchecked
from domain.token.header_certificates import decode_member
from domain.token.reader import read_ssh_options, read_texts

_HALF_BYTES, _SIGNATURE_BYTES = 32, 64
_REMEDY = "mint it with --nebula-cert and --nebula-key"


def judge_nebula(case: Case, roots: bytes, name: str) -> Iterator[CheckResult]:
    """Give what the CA finds in `nebula`, for the provisioner `name` that trusts `roots`, in PEM."""
    try:
        certificate = read_header_certificate(case)
    except ValueError:
        yield failed("certificate", "its header has no nebula with a certificate in base64", _REMEDY)
        return
    if certificate is None:
        yield unchecked("certificate", "whether Nebula can read the certificate in nebula; step-ott cannot", _REMEDY)
        return
    trusted = _read_roots(case, roots)
    if trusted is None:
        yield ROOTS_UNREADABLE
    else:
        yield _judge_certificate(case, certificate, trusted, name)
    yield _judge_signature(case, certificate)
    yield from judge_life(case, certificate.not_after)


def read_header_certificate(case: Case) -> NebulaCertificate | None:
    """Return the certificate in the header's `nebula`, None where it cannot be read.

    Raises:
        ValueError: there is nothing in base64.
    """
    body = decode_member(case.token.header.get("nebula"), decode_standard)
    try:
        certificate = case.certificates.read_nebula(body)
    except InputError:
        return None
    return certificate if certificate.body == body else None


def _read_roots(case: Case, roots: bytes) -> list[NebulaCertificate] | None:
    """Return the Nebula CAs' certificates, None where one cannot be read."""
    blocks = [join_pem(label, body or b"") for label, body in split_pem(roots)]
    try:
        return [case.certificates.read_nebula(block) for block in blocks] or None
    except InputError:
        return None


def _judge_certificate(
    case: Case, certificate: NebulaCertificate, trusted: Sequence[NebulaCertificate], name: str
) -> CheckResult:
    """Tell whether one of the CAs that are trusted has issued the certificate, and whether both are valid."""
    remedy = f"use a certificate of a Nebula CA that provisioner {name} trusts"
    issuer = next((root for root in trusted if root.fingerprint == certificate.issuer), None)
    if issuer is None:
        fault: str | None = "no trusted Nebula CA has issued it"
    else:
        fault = _find_fault(case, certificate, issuer)
    if fault is not None:
        return failed("certificate", f"{certificate.name!r}: {fault}", remedy)
    return passed("certificate", f"a trusted Nebula CA has issued the certificate of {certificate.name!r}")


def _find_fault(case: Case, certificate: NebulaCertificate, issuer: NebulaCertificate) -> str | None:
    for whose, one in (("the CA's certificate", issuer), ("it", certificate)):
        if not one.not_before <= case.now < one.not_after:
            return f"{whose} has expired or is not valid yet"
    if not _is_signed_by(case, certificate, issuer):
        return "its signature is not by the CA that it names"
    return _find_excess(certificate, issuer)


def _find_excess(certificate: NebulaCertificate, issuer: NebulaCertificate) -> str | None:
    """Return in what the certificate goes beyond what its CA may issue, None where in nothing."""
    limits = ((certificate.networks, issuer.networks), (certificate.unsafe_networks, issuer.unsafe_networks))
    if certificate.not_after > issuer.not_after or certificate.not_before < issuer.not_before:
        return "it is valid outside the time of its CA"
    if issuer.groups and not set(certificate.groups) <= set(issuer.groups):
        return "it has a group that its CA may not issue for"
    if not all(_is_within(networks, allowed) for networks, allowed in limits):
        return "it has a network that its CA may not issue for"
    return None


def _is_within(networks: Sequence[Network], allowed: Sequence[Network]) -> bool:
    """Return whether each of the networks lies in one of those `allowed`, of which none allows all."""
    return not allowed or all(any(_contains(limit, network) for limit in allowed) for network in networks)


def _contains(limit: Network, network: Network) -> bool:
    return (
        limit.version == network.version
        and network.ip in limit.network
        and limit.network.prefixlen <= network.network.prefixlen
    )


def _is_signed_by(case: Case, certificate: NebulaCertificate, issuer: NebulaCertificate) -> bool:
    public, signature = issuer.public, certificate.signature
    if public.algorithm == "ES256":
        signature = _join_halves(signature)
    is_alike = (certificate.public.members["kty"] == "EC") is (public.members["kty"] == "EC")
    return is_alike and case.signatures.hold(public, public.algorithm, certificate.signed, signature)


def _join_halves(der: bytes) -> bytes:
    """Return an ECDSA signature in DER as a JWS has it (RFC 7518, 3.4), empty where it is none."""
    try:
        envelope = DerValues(der)
        halves = [int.from_bytes(half, "big") for half in DerValues(envelope.take(0x30)).take_all(0x02)]
        return b"".join(half.to_bytes(_HALF_BYTES, "big") for half in halves)
    except (ValueError, OverflowError):
        return b""


def _judge_signature(case: Case, certificate: NebulaCertificate) -> CheckResult:
    """Tell whether the token's signature is by the certificate's key, as far as that can be told from here."""
    whose = f"certificate {certificate.name!r}"
    if certificate.public.members["crv"] != "X25519":
        return judge_signature(case, [certificate.public], whose)
    token = case.token
    remedy = f"mint it with the key of {whose}"
    fault = find_critical_fault(case)
    if fault is not None:
        return fault
    if token.merged.get("alg") != "XEdDSA":
        return failed("signature", f"its algorithm is not XEdDSA, which goes with the X25519 key of {whose}", remedy)
    if len(token.signature) != _SIGNATURE_BYTES:
        return failed("signature", f"it is not {_SIGNATURE_BYTES} bytes long", remedy)
    return unchecked("signature", f"whether it is by the X25519 key of {whose}: step-ott signs by XEdDSA, but cannot "
                     "check the signatures of others", "show the token to the CA to find out")  # fmt: skip


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
    yield judge_common_name(csr, [subject], remedy)
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
