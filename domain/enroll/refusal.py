"""Why the CA would refuse, or has refused, in words: the CA's own, where it says more than step-ca's stock phrases."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from domain.errors import AuthorityError, ForeseenRefusalError
from domain.report.check_result import Outcome
from domain.verify.forecast import Verdict

if TYPE_CHECKING:
    from domain.enroll.answer import CaAnswer
    from domain.report.check_result import CheckResult
    from domain.verify.forecast import Forecast

BUSY = frozenset({429, 500, 502, 503, 504})
"""The statuses of an answer that may be another one soon."""

MAX_MESSAGE = 300
"""Characters of what the CA says that an error repeats."""

REVOKED_ALREADY = "is already revoked"
"""What step-ca says where nothing is left to revoke (step-ca, authority/tls.go)."""

_STOCK = "see the certificate authority logs"
"""What stands in each phrase that step-ca says where it gives no reason (step-ca, errs/error.go)."""

_STATUS_TEXTS = frozenset({"Bad Request", "Unauthorized", "Forbidden"})
"""What it says where it has not even such a phrase."""

_PREFIXES = ("The request could not be completed: ", "The request was forbidden by the certificate authority: ")
"""What step-ca puts before its reasons."""

_TOKENS = re.compile(r"eyJ[\w.-]{14,}|\be[yw][\w-]{14,}\.[\w.-]*")
"""What looks like a compact JWS, or the beginning of one: base64url of a JSON object, with dots."""


def check_forecast(forecast: Forecast, *, is_given: bool = False) -> None:
    """Check that the CA would not refuse the request for all that is known.

    Args:
        forecast: What is known.
        is_given: Whether the token is the user's, who can use it for something else.

    Raises:
        ForeseenRefusalError: naming the rule that fails.
    """
    if forecast.verdict is Verdict.REFUSED:
        finding = _find_failed(forecast)
        kept = ", and the token can still be used" if is_given else ""
        what = f"the CA would refuse the request, so it was not sent{kept}: {_word(finding)}"
        raise ForeseenRefusalError(what, "" if finding is None else finding.remedy)


def explain_refusal(
    answer: CaAnswer, forecast: Forecast, *, is_given: bool = False, is_brief: bool = False
) -> AuthorityError:
    """Return the error for a request that the CA has refused, by what is known after that.

    Args:
        answer: What the CA said.
        forecast: The rules, judged once more.
        is_given: Whether the token is the user's.
        is_brief: Whether what may be the reason is left out where the CA says none.
    """
    reason = _read_reason(answer)
    said = f": {reason}" if reason else " without a reason"
    said += "; the token counts as used" if is_given else ""
    what = f"the CA refuses the request with status {answer.status}{said}"
    if 300 <= answer.status < 400:
        return AuthorityError(f"the CA redirects the request with status {answer.status}", "check --ca-url")
    if answer.status == 404:
        return AuthorityError(what, "check that --ca-url is a step-ca")
    if answer.status in BUSY:
        return AuthorityError(f"the CA fails with status {answer.status}{said}", "look at its log, or try again later")
    finding = _find_failed(forecast)
    if finding is not None:
        return AuthorityError(f"{what}; by our rules it is {_word(finding)}", finding.remedy)
    if reason:
        advice = "" if REVOKED_ALREADY in reason else "ask for what the CA allows, or ask whoever runs it"
    else:
        what += "" if is_brief else "; no rule that can be judged from here fails"
        advice = "look at the CA's log" + ("" if is_brief else _word_unseen(forecast))
    return AuthorityError(what, advice)


def _read_reason(answer: CaAnswer) -> str:
    """Return why the CA refuses, in its own words without tokens; empty where it says no more than stock phrases."""
    message = answer.message
    if _STOCK in message or message in _STATUS_TEXTS:
        return ""
    for prefix in _PREFIXES:
        message = message.removeprefix(prefix)
    return _TOKENS.sub("[a token]", message[: 10 * MAX_MESSAGE])[:MAX_MESSAGE].rstrip(" .")


def _word_unseen(forecast: Forecast) -> str:
    reasons = [one.reason for one in forecast.findings if one.outcome is Outcome.UNCHECKED]
    unseen = "; ".join(f"({number}) {reason}" for number, reason in enumerate(reasons, 1))
    return f"; what cannot be seen from here: {unseen}" if unseen else ""


def _find_failed(forecast: Forecast) -> CheckResult | None:
    return next((one for one in forecast.findings if one.outcome is Outcome.FAILED), None)


def _word(finding: CheckResult | None) -> str:
    return "" if finding is None else f"{finding.rule}: {finding.reason}"
