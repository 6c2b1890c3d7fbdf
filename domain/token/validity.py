"""The time in which a token, and a certificate that it asks for, is valid.

Bounds: step CLI, token/token.go. All times are nanoseconds since the epoch, UTC.
"""

import attrs

from domain.errors import UsageError
from domain.formats.duration import HOUR, MINUTE, NANOSECONDS, format_duration
from domain.formats.moment import Moment

LEEWAY = MINUTE
"""How far step-ca lets clocks be apart, in nanoseconds (go-jose, jwt.DefaultLeeway)."""

DEFAULT_VALIDITY = 5 * MINUTE
MIN_VALIDITY = 10 * NANOSECONDS
MAX_VALIDITY = HOUR
MAX_DELAY = 30 * MINUTE


@attrs.define(repr=False)  # made for every token of a batch, and a third of the time of a frozen one
class Window:
    """A span of time, both ends in nanoseconds since the epoch, UTC."""

    not_before: int
    not_after: int


def resolve_window(not_before: Moment | None, not_after: Moment | None, now: int) -> Window:
    """Return the window that a token minted at `now` is valid in.

    Raises:
        UsageError: it ends before it begins or before now, or is shorter than 10 s, longer than 1 h, or
            more than 30 min ahead.
    """
    begin = now if not_before is None else not_before.at(now)
    end = begin + DEFAULT_VALIDITY if not_after is None else not_after.at(now)
    first, last = _name(not_before, "--not-before"), _name(not_after, "--not-after")
    if end <= now:
        culprit = first if not_after is None else last
        raise UsageError(f"the token would have expired already, {_distance(now - end)} ago", f"give a later {culprit}")
    if end < begin:
        raise UsageError(f"{last} is before {first}", "a token's validity must end after it begins")
    if end - begin < MIN_VALIDITY:
        raise UsageError(
            f"the token would be valid for {format_duration(end - begin)}, shorter than the minimum of 10s",
            f"give a later {last}" + ("" if not_before is None else f" or an earlier {first}"),
        )
    if end - begin > MAX_VALIDITY:
        raise UsageError(
            f"the token would be valid for {format_duration(end - begin)}, longer than the maximum of 1h",
            f"give an earlier {last}" if not_before is None else f"bring {first} and {last} closer together",
        )
    if begin - now > MAX_DELAY:
        raise UsageError(
            f"{first} is {_distance(begin - now)} ahead, more than the maximum of 30m",
            "mint the token closer to its use",
        )
    return Window(begin, end)


def check_certificate_window(not_before: Moment | None, not_after: Moment | None, now: int) -> None:
    """Check the validity that an SSH certificate is asked for; the CA resolves it when it signs.

    Raises:
        UsageError: it begins before 1970, where an SSH certificate's clock does, ends before it begins, ends
            before now, or ends in a duration of zero, which the CA would take for "not given".
    """
    if not_before is None and not_after is None:
        return
    first, last = _name(not_before, "--cert-not-before"), _name(not_after, "--cert-not-after")
    if not_before is not None and not_before.at(now) <= 0:
        raise UsageError(f"{first} is before 1970", "give a later one")
    if not_after is None:
        return
    if not_after == Moment(0, relative=True):
        raise UsageError(f"{last} is zero, which the CA reads as its own default", "give a duration above zero")
    end = not_after.at(now)
    if end <= now:
        raise UsageError(f"{last} is in the past", "give a later one")
    if not_before is not None and end <= not_before.at(now):
        raise UsageError(f"{last} is not after {first}", "give a later one")


def _name(moment: Moment | None, flag: str) -> str:
    """Return what gave the moment, the `flag` where that is not known."""
    return flag if moment is None else moment.whose or flag


def _distance(nanoseconds: int) -> str:
    """Return a span for a person: whole seconds above one second, exact below."""
    whole = nanoseconds - nanoseconds % NANOSECONDS
    return format_duration(whole or nanoseconds)
