"""How long certificates may last (step-ca, provisioner/sign_options.go and sign_ssh_options.go)."""

from domain.ca.settings import CertDurations
from domain.formats.duration import MINUTE, format_duration
from domain.report.check_result import Outcome

BACKDATE = MINUTE
"""How much earlier than now a certificate begins, unless its begin is given or the CA is told otherwise."""


def compare_duration(duration: int, own: CertDurations, usual: CertDurations, what: str) -> tuple[Outcome, str]:
    """Tell whether the CA lets a certificate last for `duration`, nanoseconds with the backdating, and why.

    Args:
        duration: The duration.
        own: The limits that are known.
        usual: Those that step-ca goes by where nobody says otherwise.
        what: The type of certificate, in words.
    """
    least, most = own.least or usual.least or 0, own.most or usual.most or 0
    if least <= duration <= most + BACKDATE:
        return Outcome.PASSED, f"{format_duration(duration)} is within the limits"
    limit, is_known = (least, own.least) if duration < least else (most, own.most)
    told = f"{format_duration(duration)}, and the limit for {what} is {format_duration(limit)}"
    if is_known is not None:
        return Outcome.FAILED, f"it would last for {told}"
    otherwise = "unless the CA's own settings, which are not public, say otherwise"
    return Outcome.UNCHECKED, f"whether it may last for {told}, {otherwise}"
