"""Whether a certificate may begin and end when the request asks for that (step-ca, provisioner/sign_options.go)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain.ca.settings import USUAL_X509_DURATIONS
from domain.ca_rules.durations import BACKDATE, compare_duration
from domain.formats.duration import NANOSECONDS, format_duration
from domain.report.check_result import CheckResult, Outcome, failed, passed, unchecked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain.ca.settings import CertDurations
    from domain.ca_rules.case import Case
    from domain.formats.moment import Moment

RULE, DURATION_RULE = "validity", "duration"
_REMEDY = "ask for other times"


def judge_asked_times(
    case: Case,
    own: CertDurations,
    *,
    earliest: int | None = None,
    latest: int | None = None,
    is_customized: bool = False,
) -> Iterator[CheckResult]:
    """Judge the times that the request asks for; where it asks for none, the CA chooses some that it allows.

    Args:
        own: How long the provisioner's certificates last, laid over the authority's.
        earliest, latest: When what vouches for the token begins and ends, nanoseconds since the epoch; None for never.
        is_customized: Whether a template may have times of its own.
    """
    asked_begin, asked_end = _read(case.not_before), _read(case.not_after)
    if asked_begin is None and asked_end is None:
        return
    if is_customized and (asked_begin is None or asked_end is None):
        yield unchecked(RULE, "what times the provisioner's own template says beside those that are asked for")
        return
    begin = case.now if asked_begin is None else asked_begin.at(case.now)
    end = begin + (own.usual or USUAL_X509_DURATIONS.usual or 0) if asked_end is None else asked_end.at(begin)
    if asked_end is None and latest is not None:
        end = min(end, latest)
    fault = _find_fault(begin, end, case.now, earliest, latest)
    if fault:
        yield failed(RULE, f"the certificate would {fault}", _REMEDY)
        return
    yield passed(RULE, "the certificate ends in the future, after it begins")
    first = begin if asked_begin is not None else begin - BACKDATE
    duration = (end // NANOSECONDS - first // NANOSECONDS) * NANOSECONDS
    yield _judge_duration(duration, own)


def _judge_duration(duration: int, own: CertDurations) -> CheckResult:
    outcome, reason = compare_duration(duration, own, USUAL_X509_DURATIONS, "a certificate")
    if outcome is Outcome.PASSED:
        return passed(DURATION_RULE, reason)
    remedy = f"{_REMEDY}, or change the provisioner's claims"
    if outcome is Outcome.FAILED:
        return failed(DURATION_RULE, reason, remedy)
    return unchecked(DURATION_RULE, reason, remedy)


def _read(moment: Moment | None) -> Moment | None:
    """Return a moment unless it is none to step-ca: no duration at all."""
    return None if moment is None or (moment.relative and not moment.nanoseconds) else moment


def _find_fault(begin: int, end: int, now: int, earliest: int | None, latest: int | None) -> str:
    """Return what the certificate would do that it may not, empty for nothing."""
    if earliest is not None and begin < earliest:
        return "begin before what vouches for the token"
    if latest is not None and end > latest:
        return f"outlast what vouches for the token by {format_duration((end - latest) // NANOSECONDS * NANOSECONDS)}"
    if end // NANOSECONDS < now // NANOSECONDS:
        return "have expired already"
    return "end before it begins" if end < begin else ""
