"""Times and durations as users write them, against RFC 3339's examples and Go itself."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.formats.duration import HOUR, MINUTE, NANOSECONDS
from domain.formats.moment import Moment, parse_moment
from domain.formats.rfc3339 import format_time
from tests.support.go_answers import GoAnswers, ask_go

FIRST, LAST = -62_135_596_800 * NANOSECONDS, 253_402_300_800 * NANOSECONDS - 1
"""0001-01-01T00:00:00Z and the last nanosecond of the year 9999."""

LAX_IN_GO = re.compile(
    r"(.*T\d:.*)"  # an hour of one digit
    r"|(.*,\d+.*)"  # a comma before the fraction
    r"|(.*[+-](2[4-9]|[3-9]\d):\d\d)|(.*[+-]\d\d:[6-9]\d)"  # offsets of no place on earth
    r"|(0000-.*)|(0001-01-01T.*\+.*)|(9999-12-31T.*-.*)",  # outside the calendar's years 1 to 9999
    re.DOTALL,
)
"""What Go takes for RFC 3339 and the RFC, or step-ott's calendar, does not (Go issue 54580)."""


@pytest.fixture(scope="module")
def go() -> Iterator[GoAnswers]:
    """Go's own parsers."""
    with ask_go() as answers:
        yield answers


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        # RFC 3339, section 5.8
        ("1985-04-12T23:20:50.52Z", "1985-04-12T23:20:50.52Z"),
        ("1996-12-19T16:39:57-08:00", "1996-12-20T00:39:57Z"),
        ("1937-01-01T12:00:27.87+00:20", "1937-01-01T11:40:27.87Z"),
        # Go, documentation of time.RFC3339 and RFC3339Nano
        ("2006-01-02T15:04:05+07:00", "2006-01-02T08:04:05Z"),
        ("2006-01-02T15:04:05.999999999-07:00", "2006-01-02T22:04:05.999999999Z"),
        # edges of the calendar, of leap years, of offsets and of the fraction
        ("2000-02-29T00:00:00Z", "2000-02-29T00:00:00Z"), ("1970-01-01T00:00:00-00:00", "1970-01-01T00:00:00Z"),
        ("2026-11-23T10:00:00.000000000Z", "2026-11-23T10:00:00Z"),
        ("2026-11-23T10:00:00.1Z", "2026-11-23T10:00:00.1Z"),
        ("2026-11-23T10:00:00.1234567899Z", "2026-11-23T10:00:00.123456789Z"),
        ("2026-12-31T23:30:00-23:59", "2027-01-01T23:29:00Z"), ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        ("9999-12-31T23:59:59.999999999Z", "9999-12-31T23:59:59.999999999Z"),
    ],
)  # fmt: skip
def test_a_time_is_read_to_the_nanosecond(text: str, canonical: str) -> None:
    """Fractions and offsets are honoured, and the canonical form is the same instant in UTC."""
    moment = parse_moment(text)
    assert not moment.relative
    assert moment.canonical() == canonical


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("2026-11-23", "not an RFC 3339 time"), ("2026-11-23 10:00:00Z", "not an RFC 3339 time"),
        ("2026-11-23t10:00:00z", "not an RFC 3339 time"), ("2026-11-23T10:00:00", "not an RFC 3339 time"),
        ("2026-11-23T10:00Z", "not an RFC 3339 time"), ("2026-11-23T10:00:00.Z", "not an RFC 3339 time"),
        ("2026-11-23T10:00:00,5Z", "not an RFC 3339 time"), ("2026-11-23T9:00:00Z", "not an RFC 3339 time"),
        ("2026-11-23T10:00:00+0100", "not an RFC 3339 time"), ("2026-11-23T10:00:00Z\n", "not an RFC 3339 time"),
        ("\u0662026-11-23T10:00:00Z", "not an RFC 3339 time"), ("tomorrow", "not an RFC 3339 time"),
        ("", "not a duration"),
        ("1795428000", "not a duration"), ("3000000h", "a duration over 292 years"),
        ("2026-11-23T24:00:00Z", "time of day"), ("2026-11-23T10:60:00Z", "time of day"),
        ("2026-11-23T10:00:60Z", "time of day"), ("2026-11-23T10:00:00+24:00", "offset"),
        ("2026-11-23T10:00:00-01:60", "offset"), ("2026-02-29T10:00:00Z", "calendar"),
        ("2026-13-01T10:00:00Z", "calendar"),
        ("2026-00-01T10:00:00Z", "calendar"), ("0000-01-01T10:00:00Z", "calendar"),
        ("0001-01-01T00:00:00+00:01", "calendar"), ("9999-12-31T23:59:59-00:01", "calendar"),
    ],
)  # fmt: skip
def test_what_is_no_moment_is_refused_with_its_reason(text: str, reason: str) -> None:
    """Neither lax times nor times that there are not pass, and the reason is a plain one."""
    with pytest.raises(ValueError, match=reason):
        parse_moment(text)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [("1h", "1h0m0s"), ("90m", "1h30m0s"), ("-1.5h", "-1h30m0s"), ("100us", "100\u00b5s"), ("0", ""), ("0s", "")],
)
def test_a_duration_is_canonical_as_go_writes_it(text: str, canonical: str) -> None:
    """A duration of zero is "not given", as in step-ca."""
    moment = parse_moment(text)
    assert moment.relative
    assert moment.canonical() == canonical


def test_a_duration_counts_from_now_and_a_time_does_not() -> None:
    """The same clock reading moves the one and not the other."""
    assert parse_moment("-5m").at(HOUR) == 55 * MINUTE
    assert parse_moment("1970-01-01T00:00:01Z").at(HOUR) == NANOSECONDS


@settings(max_examples=300)
@given(nanoseconds=st.integers(FIRST, LAST))
def test_writing_a_time_loses_nothing_and_is_gos(go: GoAnswers, nanoseconds: int) -> None:
    """Every nanosecond of ten thousand years is written as Go writes it and read back unchanged."""
    text = format_time(nanoseconds)
    assert parse_moment(text) == Moment(nanoseconds, relative=False)
    answer = go.ask("time", text)
    assert answer["text"] == text
    assert int(answer["number"]) * NANOSECONDS + answer.get("fraction", 0) == nanoseconds


DIGITS = st.integers(0, 99).map(lambda number: f"{number:02d}")
TIMES = st.builds(
    "{}-{}-{}T{}:{}:{}{}{}".format,
    st.one_of(st.integers(0, 9999).map(lambda year: f"{year:04d}"), st.sampled_from(["0000", "0001", "9999", "26"])),
    st.one_of(st.integers(1, 12).map(lambda month: f"{month:02d}"), DIGITS),
    st.one_of(st.integers(1, 31).map(lambda day: f"{day:02d}"), DIGITS),
    st.one_of(st.integers(0, 23).map(lambda hour: f"{hour:02d}"), st.sampled_from(["7", "24"])),
    st.one_of(st.integers(0, 59).map(lambda minute: f"{minute:02d}"), st.just("60")),
    st.one_of(st.integers(0, 59).map(lambda second: f"{second:02d}"), st.just("60")),
    st.sampled_from(["", ".", ".5", ".123456789", ".1234567891", ",5"]),
    st.one_of(
        st.sampled_from(["Z", "z", "", "+0100"]), st.builds("{}{}:{}".format, st.sampled_from("+-"), DIGITS, DIGITS)
    ),
)


@settings(max_examples=600)
@given(text=TIMES)
def test_reading_a_time_is_gos_without_its_laxities(go: GoAnswers, text: str) -> None:
    """What is accepted is the same instant to Go; what Go alone accepts is listed above."""
    answer = go.ask("time", text)
    try:
        moment = parse_moment(text)
    except ValueError:
        assert "error" in answer or LAX_IN_GO.fullmatch(text)
    else:
        assert int(answer["number"]) * NANOSECONDS + answer.get("fraction", 0) == moment.nanoseconds


@given(moment=st.datetimes(timezones=st.just(UTC)))
def test_times_are_those_of_the_standard_library(moment: datetime) -> None:
    """Python's own calendar agrees on the microseconds since the epoch."""
    microseconds = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    assert parse_moment(moment.isoformat()) == Moment(microseconds * 1000, relative=False)
