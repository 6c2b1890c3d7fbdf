"""The rules for the request that a token is shown with, by endpoint."""

import re
from collections.abc import Iterator, Sequence

from domain.ca.cert_types import HOST
from domain.ca.settings import ProvisionerClaims
from domain.ca_rules.case import Case
from domain.ca_rules.endpoint import Endpoint
from domain.ca_rules.sign import judge_csr, judge_csr_itself, judge_names
from domain.ca_rules.ssh import (
    judge_certificate_times,
    judge_ssh_enabled,
    judge_ssh_keys,
    judge_ssh_sign,
    list_wished_times,
)
from domain.report.check_result import CheckResult, failed, passed, unchecked


def judge_request(
    case: Case, claims: ProvisionerClaims, common_names: Sequence[str], latest: int | None = None
) -> Iterator[CheckResult]:
    """Judge the request by what the token says; see `judge_ssh_sign` for `latest`.

    Args:
        claims: The provisioner's own.
        common_names: What the common name of a CSR may be.
        latest: Nanoseconds since the epoch, UTC.
    """
    if case.endpoint is Endpoint.SIGN:
        yield judge_names(case)
        yield from judge_csr(case, common_names)
    elif case.endpoint is Endpoint.SSH_SIGN:
        claims = claims.over(case.settings.claims)
        yield judge_ssh_enabled(claims)
        yield from judge_ssh_sign(case, claims, latest)
    else:
        yield from judge_revocation(case)


def judge_free_request(case: Case, claims: ProvisionerClaims) -> Iterator[CheckResult]:
    """Judge a request that nothing in the token limits; `claims` are the provisioner's own."""
    if case.endpoint is Endpoint.SSH_SIGN:
        yield judge_ssh_enabled(claims.over(case.settings.claims))
        cert_type = case.wishes.cert_type or HOST
        yield judge_ssh_keys(case, cert_type)
        if "" in case.wishes.principals:
            yield failed("principals", "one of those asked for is empty", "leave it out")
        yield _judge_completeness(case)
        laid = claims.over(case.settings.claims)
        yield from judge_certificate_times(case, list_wished_times(case), cert_type, laid)
    elif case.csr is None:
        yield unchecked("csr", "whether the CSR is valid", "give it with --csr")
    else:
        yield from judge_csr_itself(case.csr)


def _judge_completeness(case: Case) -> CheckResult:
    """Tell whether the request itself says what the token cannot (step-ca, sshCertOptionsRequireValidator)."""
    wishes = case.wishes
    if not (wishes.cert_type and wishes.key_id and wishes.principals):
        return failed("ssh options", "the request must say certificate type, key identifier and principals itself",
                      "give them with --cert-type, --key-id and --principal")  # fmt: skip
    return passed("ssh options", "the request says certificate type, key identifier and principals itself")


_SERIAL = re.compile("0|-?[1-9][0-9]*")


def judge_revocation(case: Case) -> Iterator[CheckResult]:
    """Tell whether the subject can be the serial number of a request, and whether the CA can keep a revocation."""
    subject = case.text("sub")
    if case.endpoint is Endpoint.REVOKE and not _SERIAL.fullmatch(subject):
        yield failed(
            "serial", f"the subject {subject!r} is not a serial number in decimal", "mint it for the serial number"
        )
    else:
        yield passed("serial", f"the token revokes {subject}")
    yield _judge_database(case)
    yield unchecked("revoked", f"whether {subject} has been revoked already")


def _judge_database(case: Case) -> CheckResult:
    if case.settings.has_database is None:
        return unchecked("database", "whether the CA has a database, which it needs to revoke")
    if case.settings.has_database:
        return passed("database", "the CA has one, which it needs to revoke")
    return failed("database", "the CA has none, and so cannot revoke", "configure one: db in ca.json")
