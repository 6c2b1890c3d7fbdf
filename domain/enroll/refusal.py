"""Why the CA would refuse, or has refused, in words: it says next to nothing itself (step-ca, errs.ForbiddenErr)."""

from __future__ import annotations

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


def explain_refusal(answer: CaAnswer, forecast: Forecast, *, is_given: bool = False) -> AuthorityError:
    """Return the error for a request that the CA has refused, by what is known after that.

    Args:
        answer: What the CA said.
        forecast: The rules, judged once more.
        is_given: Whether the token is the user's.
    """
    message = answer.message[:MAX_MESSAGE].rstrip(" .")
    said = f": {message}" if message else ""
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
    unseen = "; ".join(f"({number}) {reason}" for number, reason in enumerate(_list_unseen(forecast), 1))
    return AuthorityError(
        f"{what}; no rule that can be judged from here fails",
        f"look at the CA's log; what cannot be seen from here: {unseen}" if unseen else "look at the CA's log",
    )


def _list_unseen(forecast: Forecast) -> list[str]:
    return [one.reason for one in forecast.findings if one.outcome is Outcome.UNCHECKED]


def _find_failed(forecast: Forecast) -> CheckResult | None:
    return next((one for one in forecast.findings if one.outcome is Outcome.FAILED), None)


def _word(finding: CheckResult | None) -> str:
    return "" if finding is None else f"{finding.rule}: {finding.reason}"
