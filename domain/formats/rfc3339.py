"""Times in RFC 3339, section 5.6, exact to the nanosecond, by the calendar of Python's datetime."""

import re
from datetime import date

from domain.formats.duration import NANOSECONDS

_EPOCH_DAY = date(1970, 1, 1).toordinal()
FIRST_SECOND, LAST_SECOND = -62_135_596_800, 253_402_300_799
"""The ends of the calendar, 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z, in seconds since the epoch."""

_TIME = r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:Z|([+-])(\d\d):(\d\d))"


def parse_time(text: str) -> int | None:
    """Return the nanoseconds since the epoch that `text` stands for, None where it has another form.

    Raises:
        ValueError: it has the form, but there is no such day, time of day or offset.
    """
    match = re.fullmatch(_TIME, text, re.ASCII)
    if match is None:
        return None
    year, month, day, hour, minute, second = map(int, match.groups()[:6])
    if hour > 23 or minute > 59 or second > 59:
        raise ValueError("there is no such time of day")
    offset = _parse_offset(*match.groups()[7:])
    try:
        days = date(year, month, day).toordinal() - _EPOCH_DAY
        seconds = ((days * 24 + hour) * 60 + minute) * 60 + second - offset
        date.fromordinal(seconds // 86_400 + _EPOCH_DAY)  # the offset may lead out of the calendar
    except ValueError as error:
        raise ValueError("there is no such day in the calendar") from error
    return seconds * NANOSECONDS + int((match[7] or "")[:9].ljust(9, "0"))


def _parse_offset(sign: str | None, hours: str | None, minutes: str | None) -> int:
    """Return the seconds that a time is ahead of UTC."""
    if sign is None or hours is None or minutes is None:
        return 0
    if int(hours) > 23 or int(minutes) > 59:
        raise ValueError("there is no such offset from UTC")
    return (int(hours) * 60 + int(minutes)) * 60 * (-1 if sign == "-" else 1)


def format_whole_seconds(nanoseconds: int) -> str:
    """Return the same as `format_time` does, without the fraction of a second."""
    return format_time(nanoseconds - nanoseconds % NANOSECONDS)


def format_time(nanoseconds: int) -> str:
    """Return `nanoseconds` since the epoch as an RFC 3339 time in UTC, such as "2026-11-23T10:00:00Z"."""
    seconds, fraction = divmod(nanoseconds, NANOSECONDS)
    days, rest = divmod(seconds, 86_400)
    digits = f".{fraction:09d}".rstrip("0") if fraction else ""
    day = date.fromordinal(days + _EPOCH_DAY)
    return f"{day.isoformat()}T{rest // 3600:02d}:{rest // 60 % 60:02d}:{rest % 60:02d}{digits}Z"
