"""Whether an SSH certificate may be signed for the token (step-ca, provisioner/sign_ssh_options.go and jwk.go)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain.ca.cert_types import CERT_TYPES, HOST, USER
from domain.ca_rules.ssh_validity import judge_certificate_times
from domain.report.check_result import CheckResult, failed, passed, unchecked
from domain.token.reader import read_ssh_options, read_texts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain.ca.settings import ProvisionerClaims
    from domain.ca_rules.case import Case


def judge_ssh_enabled(claims: ProvisionerClaims) -> CheckResult:
    """Tell whether the provisioner may sign for SSH at all (its claim enableSSHCA, else the authority's)."""
    if claims.enable_ssh_ca:
        return passed("ssh", "the provisioner signs for SSH (enableSSHCA)")
    if claims.enable_ssh_ca is None:
        return unchecked("ssh", "whether the provisioner signs for SSH: it says nothing, and the authority's setting"
                         " is not public")  # fmt: skip
    return failed("ssh", "the provisioner does not sign for SSH", "set enableSSHCA in its claims, or use another one")


def judge_ssh_keys(case: Case, cert_type: str) -> CheckResult:
    """Tell whether the CA has a key for SSH certificates of this type."""
    keys = case.settings.ssh_host_keys if cert_type == HOST else case.settings.ssh_user_keys
    if keys is None:
        return unchecked(
            "ssh key", f"whether the CA has a key for {cert_type} certificates", "ask the CA, without --offline"
        )
    if keys:
        return passed("ssh key", f"the CA has one for {cert_type} certificates")
    return failed(
        "ssh key", f"the CA has none for {cert_type} certificates", "set up SSH at the CA: step ca init --ssh"
    )


def judge_ssh_sign(
    case: Case, claims: ProvisionerClaims, latest: int | None = None, usual_type: str = USER
) -> Iterator[CheckResult]:
    """Tell whether the token is for an SSH certificate, and the request within what it says.

    Args:
        claims: The provisioner's, laid over the authority's.
        latest: When what vouches for the token ends, in nanoseconds since the epoch; None for never.
        usual_type: The type of the certificate where the token names none.
    """
    options = read_ssh_options(case.token.claims)
    if options is None:
        yield failed("ssh options", "the token has no step.ssh and so is not for SSH", "mint it with --ssh")
        return
    written, principals = options.get("certType") or "", read_texts(options.get("principals"))
    cert_type = written.lower() or usual_type
    if cert_type not in CERT_TYPES:
        yield failed(
            "ssh options", f"certType {written!r} is neither user nor host", "mint it with --ssh, or --ssh --host"
        )
        return
    yield judge_ssh_keys(case, cert_type)
    yield _judge_type(written, cert_type, case.wishes.cert_type)
    yield _judge_principals(principals, case.wishes.principals)
    if "" in principals:
        yield _judge_empty_principal(case)
    yield from judge_certificate_times(case, options, cert_type, claims, latest)


def _judge_type(written: str, cert_type: str, wished: str) -> CheckResult:
    """Tell whether the type that is asked for is the token's, letter by letter; a token without one allows both."""
    if written and wished and written != wished:
        return failed("ssh type", f"a {wished} certificate is asked for, and the token is for a {written} certificate",
                      f"ask for a {cert_type} certificate, or mint for a {wished} certificate")  # fmt: skip
    return passed("ssh type", f"a certificate of type {cert_type}")


def _judge_principals(allowed: list[str], wished: tuple[str, ...]) -> CheckResult:
    """Tell whether every principal asked for stands in the token, capitals or not; a token without any allows all."""
    if "" in wished:
        return failed("principals", "one of those asked for is empty", "leave it out")
    known = set(map(_fold, allowed))
    foreign = [name for name in wished if _fold(name) not in known]
    if allowed and wished and (foreign or len(wished) > len(allowed)):
        return failed("principals", f"{', '.join(foreign or wished)} asked for, and the token is for"
                      f" {', '.join(allowed)}", "ask for no other, or mint for these")  # fmt: skip
    return passed("principals", f"the certificate will be for {', '.join(allowed) or 'the subject'}")


def _judge_empty_principal(case: Case) -> CheckResult:
    """Tell whether the CA's database keeps an empty name (step-ca, db/db.go, StoreSSHCertificate; badger, bbolt)."""
    rule, remedy = "empty principal", "mint it without"
    if case.settings.has_database is False:
        return passed(rule, "the CA has no database, which could not keep it")
    if case.settings.has_database is None:
        return unchecked(rule, "whether the CA has a database, which cannot keep an empty principal", remedy)
    return failed(rule, "the CA's database cannot keep the certificate: one of its principals is empty", remedy)


def _fold(name: str) -> str:
    """Return a name in small letters, each by itself (Go, strings.ToLower)."""
    return "".join(character.lower()[0] for character in name)
