"""How long certificates may last (step-ca, provisioner/sign_options.go and sign_ssh_options.go)."""

from domain.ca.settings import CertDurations
from domain.formats.duration import MINUTE, format_duration
from domain.report.check_result import CheckResult, failed, passed, unchecked

BACKDATE = MINUTE
"""How much earlier than now a certificate begins, unless its begin is given or the CA is told otherwise."""


def judge_duration(
    rule: str, duration: int, own: CertDurations, usual: CertDurations, what: str, remedy: str
) -> CheckResult:
    """Tell whether the CA lets a certificate last for `duration`, nanoseconds with the backdating.

    Args:
        rule: What the result is called.
        duration: The duration.
        own: The limits that are known.
        usual: Those that step-ca goes by where nobody says otherwise.
        what: The type of certificate, in words.
        remedy: What to do where it does not.
    """
    least, most = own.least or usual.least or 0, own.most or usual.most or 0
    if least <= duration <= most + BACKDATE:
        return passed(rule, f"{format_duration(duration)} is within the limits")
    limit, is_known = (least, own.least) if duration < least else (most, own.most)
    told = f"{format_duration(duration)}, and the limit for {what} is {format_duration(limit)}"
    remedy = f"{remedy}, or change the provisioner's claims"
    if is_known is not None:
        return failed(rule, f"it would last for {told}", remedy)
    return unchecked(
        rule,
        f"whether it may last for {told}, unless the CA's own settings, which are not public, say otherwise",
        remedy,
    )
