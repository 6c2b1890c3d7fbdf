"""Why a certificate cannot be used now: always with both times, since the clock may be wrong."""

from domain.formats.duration import NANOSECONDS
from domain.formats.rfc3339 import FIRST_SECOND, LAST_SECOND, format_time

CHECK_CLOCK = "check this machine's clock"


def explain_time(not_before: int, not_after: int, now: int) -> str:
    """Return why a certificate is not valid at `now`, empty where it is; times are nanoseconds since the epoch, UTC.

    Such as "has expired: it is valid until 2026-01-01T00:00:00Z, and this machine's clock says 2026-01-01T00:00:07Z".
    """
    if now < not_before:
        return f"is not valid yet: it is valid from {_format(not_before)}, and this machine's clock says {_format(now)}"
    if now >= not_after:
        return f"has expired: it is valid until {_format(not_after)}, and this machine's clock says {_format(now)}"
    return ""


def _format(nanoseconds: int) -> str:
    """Return a time to the second; an SSH certificate may name one that is in no calendar."""
    seconds = nanoseconds // NANOSECONDS
    if not FIRST_SECOND <= seconds <= LAST_SECOND:
        return f"second {seconds} since 1970"
    return format_time(seconds * NANOSECONDS)
