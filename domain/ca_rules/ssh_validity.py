"""How long an SSH certificate lasts, and whether the CA signs for that (step-ca, provisioner/sign_ssh_options.go)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from domain.ca.settings import USUAL_SSH_DURATIONS
from domain.formats.duration import MINUTE, NANOSECONDS, format_duration
from domain.formats.go_time import parse_go_moment
from domain.formats.rfc3339 import FIRST_SECOND
from domain.report.check_result import CheckResult, failed, passed, unchecked

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from domain.ca.settings import ProvisionerClaims, SshDurations
    from domain.ca_rules.case import Case

BACKDATE = MINUTE
"""How much earlier than now a certificate begins, unless its begin is given or the CA is told otherwise."""

_RULE, _DURATION_RULE = "ssh validity", "ssh duration"
_MAX_INT64 = (1 << 63) - 1


@attrs.frozen
class _Span:
    """Begin and end of a certificate, in seconds since the epoch; `is_backdated` where the CA chose the begin."""

    begin: int
    end: int
    is_backdated: bool

    def nanoseconds(self) -> int:
        begin = self.begin - (BACKDATE // NANOSECONDS if self.is_backdated else 0)
        return (self.end - begin) * NANOSECONDS


def judge_certificate_times(
    case: Case, options: Mapping[str, Any], cert_type: str, claims: ProvisionerClaims, latest: int | None = None
) -> Iterator[CheckResult]:
    """Judge the certificate's own times, where the token fixes them.

    Args:
        options: The token's `step.ssh`.
        cert_type: "user" or "host".
        claims: The provisioner's, laid over the authority's.
        latest: When what vouches for the token ends, in nanoseconds since the epoch; None for never.
    """
    begin, end = (_read_end(options.get(name), case.now) for name in ("validAfter", "validBefore"))
    if begin is None and end is None:
        return
    if min(begin or 0, end or 0) < 0:
        yield failed(_RULE, "a time before 1970, which step-ca cannot write", "mint with other times")
        return
    own, usual = claims.ssh_durations(cert_type), USUAL_SSH_DURATIONS[cert_type]
    span = _complete(begin, end, case.now, own.usual or usual.usual or 0, latest)
    fault = _find_fault(span, case.now, latest, has_end=bool(end))
    if fault is not None:
        yield failed(_RULE, fault, "mint with other times")
    else:
        yield passed(_RULE, "the certificate ends in the future, after it begins")
        yield judge_duration(span.nanoseconds(), own, cert_type, BACKDATE)


def judge_duration(duration: int, own: SshDurations, cert_type: str, grace: int) -> CheckResult:
    """Tell whether the CA lets a certificate last for `duration`, and `grace` more, both in nanoseconds."""
    usual = USUAL_SSH_DURATIONS[cert_type]
    least, most = own.least or usual.least or 0, own.most or usual.most or 0
    if least <= duration <= most + grace:
        return passed(_DURATION_RULE, f"{format_duration(duration)} is within the limits")
    limit, is_known = (least, own.least) if duration < least else (most, own.most)
    what = f"{format_duration(duration)}, and the limit for a {cert_type} certificate is {format_duration(limit)}"
    remedy = "mint with other times, or change the provisioner's claims"
    if is_known is not None:
        return failed(_DURATION_RULE, f"it would last for {what}", remedy)
    return unchecked(_DURATION_RULE, f"whether it may last for {what}, unless the CA's own settings, which are not"
                     " public, say otherwise", remedy)  # fmt: skip


def _read_end(value: Any, now: int) -> int | None:
    """Return a time in seconds since the epoch, None where it is none to step-ca (provisioner/timeduration.go)."""
    moment = parse_go_moment(value) if value else None
    if moment is None or moment.nanoseconds == (0 if moment.relative else FIRST_SECOND * NANOSECONDS):
        return None
    return moment.at(now) // NANOSECONDS


def _complete(begin: int | None, end: int | None, now: int, usual: int, latest: int | None) -> _Span:
    """Return the span that step-ca makes of the two; the epoch itself is not a time to it."""
    first = begin or now // NANOSECONDS
    last = end or first + usual // NANOSECONDS
    if not end and latest is not None:
        last = min(last, latest // NANOSECONDS)
    return _Span(first, last, is_backdated=not begin)


def _find_fault(span: _Span, now: int, latest: int | None, *, has_end: bool) -> str | None:
    if latest is not None and span.begin * NANOSECONDS > latest:
        return "the certificate would begin after what vouches for the token ends"
    if latest is not None and has_end and span.end * NANOSECONDS > latest:
        return "the certificate would outlast what vouches for the token"
    if span.end < now // NANOSECONDS:
        return "the certificate would have expired already"
    if span.end < span.begin:
        return "the certificate would end before it begins"
    return None
