"""Whether an SSH certificate vouches for a token about itself (step-ca, provisioner/sshpop.go)."""

from base64 import b64encode
from collections.abc import Iterator

from domain.ca.cert_types import HOST, name_cert_type
from domain.ca.settings import ProvisionerClaims
from domain.ca_rules.case import Case
from domain.ca_rules.endpoint import Endpoint
from domain.ca_rules.every_token import judge_leaf_signature
from domain.ca_rules.renewal import judge_right
from domain.ca_rules.request import judge_revocation
from domain.ca_rules.ssh import judge_ssh_duration
from domain.certificates.x509_and_ssh import SshCertificate
from domain.errors import InputError
from domain.formats.duration import NANOSECONDS
from domain.formats.go_base64 import decode_standard
from domain.report.check_result import CheckResult, failed, passed, unchecked
from domain.token.header_certificates import decode_member

_MAX_INT64 = (1 << 63) - 1
RENEWALS = (Endpoint.SSH_RENEW, Endpoint.SSH_REKEY)


def judge_sshpop(case: Case, claims: ProvisionerClaims) -> Iterator[CheckResult]:
    """Give what the CA finds in the SSH certificate in the header and in the signature by its key."""
    certificate = _read_certificate(case)
    if certificate is None:
        yield failed("certificate", "its header has no sshpop with an SSH certificate that can be read",
                     "mint it with --sshpop-cert and --sshpop-key")  # fmt: skip
        return
    yield _judge_issuer(case, certificate)
    yield _judge_validity(case, certificate, claims)
    yield judge_leaf_signature(case, certificate.public, f"SSH certificate {certificate.serial}")


def judge_sshpop_request(case: Case, claims: ProvisionerClaims) -> Iterator[CheckResult]:
    """Tell whether the certificate can ask for this about itself."""
    certificate = _read_certificate(case)
    if certificate is None:
        return
    if case.endpoint in RENEWALS:
        if certificate.is_host:
            yield passed("ssh type", "it is a host certificate")
        else:
            yield failed(
                "ssh type", "it is a user certificate", "use a host certificate: step-ca renews and rekeys only those"
            )
        yield unchecked("revoked", "whether the certificate has been revoked")
        if case.endpoint is Endpoint.SSH_REKEY and certificate.is_host:
            duration = (certificate.not_after - certificate.not_before) * NANOSECONDS
            yield judge_ssh_duration(duration, claims.ssh_durations(HOST), HOST)
    elif case.text("sub") != str(certificate.serial):
        yield failed("serial", f"the subject {case.text('sub')} is not the certificate's serial, {certificate.serial}",
                     "mint it for the certificate's own serial number")  # fmt: skip
    else:
        yield from judge_revocation(case)


def _read_certificate(case: Case) -> SshCertificate | None:
    """Return the certificate in the header, None where it has none that can be read."""
    try:
        return case.certificates.read_ssh(b64encode(decode_member(case.token.header.get("sshpop"), decode_standard)))
    except (InputError, ValueError):
        return None


def _judge_issuer(case: Case, certificate: SshCertificate) -> CheckResult:
    what = name_cert_type(is_host=certificate.is_host)
    keys = case.settings.ssh_host_keys if certificate.is_host else case.settings.ssh_user_keys
    if not certificate.signed_by:
        return failed(
            "certificate", "its own signature is not valid", "use the certificate exactly as the CA issued it"
        )
    if keys is None:
        return unchecked(
            "certificate", f"whether it is this CA's: its {what} key is not known here", "ask the CA, without --offline"
        )
    if certificate.signed_by in keys:
        return passed("certificate", f"this CA's {what} key signed it")
    return failed("certificate", f"this CA's {what} key did not sign it", "use a certificate from this CA")


def _judge_validity(case: Case, certificate: SshCertificate, claims: ProvisionerClaims) -> CheckResult:
    """Tell whether the certificate is valid now; for a renewal its end is the provisioner's choice."""
    now, rule = case.now // NANOSECONDS, "ssh validity"
    has_ended = now >= certificate.not_after
    if max(certificate.not_before, certificate.not_after) > _MAX_INT64:
        return failed(rule, "the certificate never expires, which step-ca cannot handle", "get one that expires")
    if case.endpoint in RENEWALS and 0 in (certificate.not_before, certificate.not_after):
        return failed(rule, "a certificate without start or end cannot be renewed", "get a new one")
    if now < certificate.not_before:
        return failed(rule, "the certificate is not valid yet", "wait, or correct this machine's clock")
    if case.endpoint is Endpoint.SSH_RENEW:
        return judge_right(claims, has_expired=has_ended)
    if has_ended:
        return failed(rule, "the certificate has expired", "get a new one")
    return passed(rule, "the certificate is valid now")
