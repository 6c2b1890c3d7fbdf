"""Durations against the vectors of Go's documentation and tests, and against Go itself."""

from collections.abc import Iterator
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.formats.duration import HOUR, MINUTE, NANOSECONDS, format_duration, parse_duration
from tests.support.go_answers import GoAnswers, ask_go

UNITS = {
    "ns": 1, "us": 10**3, "\u00b5s": 10**3, "\u03bcs": 10**3, "ms": 10**6, "s": NANOSECONDS, "m": MINUTE, "h": HOUR,
}  # fmt: skip
LIMIT = 2**63


@pytest.fixture(scope="module")
def go() -> Iterator[GoAnswers]:
    """Go's own parsers."""
    with ask_go() as answers:
        yield answers


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        # step's documentation
        ("300ms", 300 * 10**6), ("-1.5h", -90 * MINUTE), ("2h45m", 165 * MINUTE), ("5m", 5 * MINUTE),
        # Go, documentation of time.ParseDuration
        ("10h", 10 * HOUR), ("1h10m10s", HOUR + 10 * MINUTE + 10 * NANOSECONDS), ("1\u00b5s", 1000), ("1us", 1000),
        ("1h15m30.918s", HOUR + 15 * MINUTE + 30_918 * 10**6),
        # Go, time/time_test.go
        ("0", 0), ("5s", 5 * NANOSECONDS), ("-5s", -5 * NANOSECONDS), ("+5s", 5 * NANOSECONDS), ("-0", 0), ("+0", 0),
        ("5.0s", 5 * NANOSECONDS), ("5.6s", 5_600_000_000), ("5.s", 5 * NANOSECONDS), (".5s", 500_000_000),
        ("1.004s", 1_004_000_000), ("1.0040s", 1_004_000_000), ("100.00100s", 100_001_000_000),
        ("12\u00b5s", 12_000), ("12\u03bcs", 12_000), ("14s", 14 * NANOSECONDS), ("16h", 16 * HOUR), ("11us", 11_000),
        ("3h30m", 210 * MINUTE), ("10.5s4m", 4 * MINUTE + 10_500_000_000), ("-2m3.4s", -123_400_000_000),
        ("1h2m3s4ms5us6ns", 3_723_004_005_006), ("39h9m14.425s", 39 * HOUR + 9 * MINUTE + 14_425_000_000),
        ("52763797000ns", 52_763_797_000), ("9007199254740993ns", 9_007_199_254_740_993),
        ("9223372036854775807ns", LIMIT - 1), ("9223372036854775.807us", LIMIT - 1),
        ("-9223372036854775808ns", -LIMIT), ("-9223372036854775.808us", -LIMIT),
        ("0.100000000000000000000h", 6 * MINUTE), ("0.830103483285477580700h", 2_988_372_539_827),
    ],
)  # fmt: skip
def test_a_duration_is_read_as_go_reads_it(text: str, nanoseconds: int) -> None:
    """Every form that Go documents or tests gives the nanoseconds that it gives there."""
    assert parse_duration(text) == nanoseconds


@pytest.mark.parametrize(
    "text",
    [
        "", "3", "-", "s", ".", "-.", ".s", "+.s", "1d", "1x", "1.2.3s", "1s ", " 1s", "1 s", "--1s", "-+1s", "+-1s",
        "1e3s", "0x1s", "1,5s", "\u0661s", "\u00b2s", "1S", "00", "5m\n", "1m-5s", "Infinity",
        "9223372036854775808ns", "3000000h",
        "9223372036854775.808us", "-9223372036854775809ns", "-9223372036854775.809us", "\x85\x85", "1\udcffs",
    ],
)  # fmt: skip
def test_what_is_no_duration_is_refused(text: str) -> None:
    """A number without unit, a foreign unit, white space, or more than 63 bits is an error."""
    with pytest.raises(ValueError, match=r"^(not a duration|a duration over 292 years)"):
        parse_duration(text)


def test_endless_durations_are_refused_at_once() -> None:
    """Text longer than any sensible duration is not computed with."""
    with pytest.raises(ValueError, match=r"^not a duration"):
        parse_duration("9" * 1_000_000 + "h")


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        # Go, time/time_test.go
        (0, "0s"), (1, "1ns"), (1_100, "1.1\u00b5s"), (2_200_000, "2.2ms"), (3_300_000_000, "3.3s"), (-1, "-1ns"),
        (4 * MINUTE + 5 * NANOSECONDS, "4m5s"), (4 * MINUTE + 5_001 * 10**6, "4m5.001s"), (HOUR, "1h0m0s"),
        (5 * HOUR + 6 * MINUTE + 7_001 * 10**6, "5h6m7.001s"), (8 * MINUTE + 1, "8m0.000000001s"),
        (LIMIT - 1, "2562047h47m16.854775807s"), (-LIMIT, "-2562047h47m16.854775808s"),
    ],
)  # fmt: skip
def test_a_duration_is_written_in_gos_canonical_form(nanoseconds: int, text: str) -> None:
    """The form that `step.ssh` carries is that of Go's Duration.String."""
    assert format_duration(nanoseconds) == text


@settings(max_examples=300)
@given(nanoseconds=st.integers(-LIMIT, LIMIT - 1))
def test_formatting_is_gos_and_loses_nothing(go: GoAnswers, nanoseconds: int) -> None:
    """Any count of nanoseconds is written as Go writes it and read back unchanged."""
    text = format_duration(nanoseconds)
    assert text == go.ask("format", str(nanoseconds))["text"]
    assert parse_duration(text) == nanoseconds


TERMS = st.builds(
    lambda whole, point, fraction, unit: f"{whole}{point}{fraction}{unit}",
    st.one_of(st.just(""), st.integers(0, 10**12).map(str)),
    st.sampled_from(["", "."]),
    st.text("0123456789", max_size=12),
    st.sampled_from([*UNITS, "d", "", "M"]),
)
TEXTS = st.builds(
    lambda sign, terms: sign + "".join(terms), st.sampled_from(["", "-", "+"]), st.lists(TERMS, max_size=4)
)


@settings(max_examples=600)
@given(text=st.one_of(TEXTS, st.text("0123456789.-+hmsnu\u00b5", max_size=8)))
def test_parsing_is_gos(go: GoAnswers, text: str) -> None:
    """What Go refuses is refused; the value is Go's but for the nanosecond a term that its floats may lose."""
    answer = go.ask("duration", text)
    try:
        ours = parse_duration(text)
    except ValueError:
        assert "error" in answer
    else:
        assert abs(ours - int(answer["number"])) <= text.count(".")


@given(
    whole=st.integers(0, 2_000_000),
    fraction=st.text("0123456789", min_size=1, max_size=30),
    unit=st.sampled_from("smh"),
)
def test_arithmetic_is_exact(whole: int, fraction: str, unit: str) -> None:
    """A fraction of any length is cut off below the nanosecond, not rounded through a float."""
    exact = (whole + Fraction(int(fraction), 10 ** len(fraction))) * UNITS[unit]
    assert parse_duration(f"{whole}.{fraction}{unit}") == exact // 1
