"""Whether the token can revoke (step-ca, authority/tls.go, Revoke)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from domain.ca_rules.endpoint import Endpoint
from domain.report.check_result import CheckResult, failed, passed, unchecked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain.ca_rules.case import Case

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
