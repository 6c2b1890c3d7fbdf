"""A moment as the user writes one: an RFC 3339 time, or a duration from now."""

import re
from datetime import date

import attrs

from domain.duration import NANOSECONDS, format_duration, parse_duration

_EPOCH_DAY = date(1970, 1, 1).toordinal()
_RFC_3339 = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:Z|([+-])(\d\d):(\d\d))", re.ASCII)


@attrs.frozen
class Moment:
    """A point in time, or a distance from now.

    Attributes:
        nanoseconds: Since the epoch in UTC, or since now where `relative`.
        relative: Whether this is a duration.
    """

    nanoseconds: int
    relative: bool

    def at(self, now: int) -> int:
        """Return nanoseconds since the epoch, UTC, given `now` in the same unit."""
        return now + self.nanoseconds if self.relative else self.nanoseconds

    def canonical(self) -> str:
        """Return the form that step-ca's `step.ssh` claim carries.

        A time in UTC with a fraction only where there is one, a duration in Go's canonical form, and
        nothing for a duration of zero (step-ca, authority/provisioner/timeduration.go).
        """
        if self.relative:
            return format_duration(self.nanoseconds) if self.nanoseconds else ""
        return format_time(self.nanoseconds)


def parse_moment(text: str) -> Moment:
    """Return the moment that `text` stands for.

    Raises:
        ValueError: `text` is neither an RFC 3339 time nor a Go duration.
    """
    match = _RFC_3339.fullmatch(text)
    if match is None:
        try:
            return Moment(parse_duration(text), relative=True)
        except ValueError as error:
            raise ValueError(f"not an RFC 3339 time such as 2026-01-31T23:59:59Z, and {error}") from error
    year, month, day, hour, minute, second = map(int, match.groups()[:6])
    fraction, sign, offset_hours, offset_minutes = match.groups()[6:]
    if hour > 23 or minute > 59 or second > 59:
        raise ValueError("there is no such time of day")
    offset = 0
    if sign:
        if int(offset_hours) > 23 or int(offset_minutes) > 59:
            raise ValueError("there is no such offset from UTC")
        offset = (int(offset_hours) * 60 + int(offset_minutes)) * 60 * (-1 if sign == "-" else 1)
    try:
        days = date(year, month, day).toordinal() - _EPOCH_DAY
        seconds = ((days * 24 + hour) * 60 + minute) * 60 + second - offset
        date.fromordinal(seconds // 86_400 + _EPOCH_DAY)  # the offset may lead out of the calendar
    except ValueError as error:
        raise ValueError("there is no such day in the calendar") from error
    return Moment(seconds * NANOSECONDS + int((fraction or "")[:9].ljust(9, "0")), relative=False)


def format_time(nanoseconds: int) -> str:
    """Return `nanoseconds` since the epoch as an RFC 3339 time in UTC, such as "2026-11-23T10:00:00Z"."""
    seconds, fraction = divmod(nanoseconds, NANOSECONDS)
    days, rest = divmod(seconds, 86_400)
    digits = f".{fraction:09d}".rstrip("0") if fraction else ""
    day = date.fromordinal(days + _EPOCH_DAY)
    return f"{day.isoformat()}T{rest // 3600:02d}:{rest // 60 % 60:02d}:{rest % 60:02d}{digits}Z"
