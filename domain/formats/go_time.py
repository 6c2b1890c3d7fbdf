"""Moments as step-ca reads them in a token: more than RFC 3339 has (Go, time.Parse; provisioner/timeduration.go).

`moment.py` reads what a user writes; Go takes an hour of one digit, a comma before the fraction, and offsets of up to
24 hours and 60 minutes, too.
"""

import re

from domain.formats.duration import HOUR, MINUTE, parse_duration
from domain.formats.moment import Moment
from domain.formats.rfc3339 import parse_time

_TIME = re.compile(
    r"(?P<year>\d{4})(?P<day>-\d\d-\d\dT)(?P<hour>\d\d?)(?P<rest>:\d\d:\d\d)(?:[.,](?P<fraction>\d+))?"
    r"(?:Z|(?P<sign>[+-])(?P<hours>\d\d):(?P<minutes>\d\d))",
    re.ASCII,
)
_CYCLE = 146_097 * 24 * HOUR
"""After four hundred years the calendar repeats itself."""


def parse_go_moment(text: str) -> Moment:
    """Return the time or the duration that `text` stands for.

    Raises:
        ValueError: Go takes it for neither.
    """
    match = _TIME.fullmatch(text)
    if match is None:
        return Moment(parse_duration(text), relative=True)
    is_year_zero = match["year"] == "0000"
    year, fraction = "0400" if is_year_zero else match["year"], match["fraction"] or "0"
    nanoseconds = parse_time(f"{year}{match['day']}{match['hour']:0>2}{match['rest']}.{fraction}Z")
    hours, minutes = int(match["hours"] or 0), int(match["minutes"] or 0)
    if nanoseconds is None or hours > 24 or minutes > 60:
        raise ValueError("there is no such offset from UTC")
    offset = (hours * HOUR + minutes * MINUTE) * (-1 if match["sign"] == "-" else 1)
    return Moment(nanoseconds - offset - (_CYCLE if is_year_zero else 0), relative=False)
