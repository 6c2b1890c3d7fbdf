"""Whether the CA would take the token that `token` would make: what `verify`'s rules say of it, in short."""

from collections.abc import Iterator

from domain.doctor.diagnosis import TOKEN
from domain.formats.duration import NANOSECONDS, format_duration
from domain.report.check_result import CheckResult, Outcome, failed, passed, unchecked, warning
from domain.token.kind import Kind
from domain.token.validity import LEEWAY
from domain.verify.forecast import ESSENTIAL, Forecast, Verdict


def judge_forecast(forecast: Forecast | None, kind: Kind) -> Iterator[CheckResult]:
    """Give what the CA would say to the token: a finding for each rule that refuses it, or one, and what it warns of.

    Args:
        forecast: What the rules say, None where the CA has no place for such tokens.
        kind: What the token asks for.
    """
    if forecast is None:
        yield failed(TOKEN, f"step-ca takes no token for {kind.path}", "ask for something else")
        return
    refusing = [one for one in forecast.findings if one.outcome is Outcome.FAILED]
    for one in refusing:
        yield failed(TOKEN, f"the CA would refuse it for its {one.rule}: {one.reason}", one.remedy)
    if refusing:
        return
    if forecast.verdict is Verdict.UNKNOWN:
        one = next(one for one in forecast.findings if one.outcome is Outcome.UNCHECKED and one.rule in ESSENTIAL)
        yield unchecked(
            TOKEN, f"whether the CA would take it cannot be predicted: {one.rule}: {one.reason}", one.remedy
        )
    else:
        yield passed(TOKEN, f"one can be made, and the CA would take it for {kind.path}")
    for one in forecast.findings:
        if one.outcome is Outcome.WARNING:
            yield warning(TOKEN, f"{one.rule}: {one.reason}", one.remedy)


def judge_wait(wait: int, spelled: str) -> Iterator[CheckResult]:
    """Give a warning where the CA takes the token only later, as the user asked.

    Args:
        wait: Nanoseconds from now to the beginning that was asked for.
        spelled: How the user wrote the option that asks for it.
    """
    if wait > LEEWAY:
        left = format_duration((wait - LEEWAY) // NANOSECONDS * NANOSECONDS)
        yield warning(
            TOKEN, f"the CA accepts it only in {left}, for {spelled}", "leave it out for a token to use at once"
        )
