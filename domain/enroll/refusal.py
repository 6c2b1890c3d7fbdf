"""Why the CA would refuse, or has refused, in words: it says next to nothing itself (step-ca, errs.ForbiddenErr)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain.errors import AuthorityError, StepOttError
from domain.report.check_result import Outcome
from domain.verify.forecast import Verdict

if TYPE_CHECKING:
    from domain.enroll.answer import CaAnswer
    from domain.verify.forecast import Forecast


class ForeseenRefusalError(StepOttError):
    """The CA would refuse the request; it was not asked, so that the token can still be used."""


def check_forecast(forecast: Forecast) -> None:
    """Check that the CA would not refuse the request for all that is known.

    Raises:
        ForeseenRefusalError: naming the rule that fails.
    """
    if forecast.verdict is Verdict.REFUSED:
        finding = next(one for one in forecast.findings if one.outcome is Outcome.FAILED)
        what = f"the CA would refuse the request, so it was not sent: {finding.rule}: {finding.reason}"
        raise ForeseenRefusalError(what, finding.remedy)


def explain_refusal(answer: CaAnswer, forecast: Forecast) -> AuthorityError:
    """Return the error for a request that the CA has refused, with what could not be seen from here."""
    said = f" ({answer.message})" if answer.message else ""
    unseen = [one.reason for one in forecast.findings if one.outcome is Outcome.UNCHECKED]
    fix = f"what cannot be seen from here: {'; '.join(unseen)}" if unseen else "look at the CA's log"
    return AuthorityError(f"the CA refuses the request with status {answer.status}{said}", fix)
