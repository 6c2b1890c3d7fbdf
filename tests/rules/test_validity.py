"""The bounds of a token's and a certificate's validity, at the boundary and on either side of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import UsageError
from domain.formats.duration import HOUR, MINUTE, NANOSECONDS
from domain.formats.moment import Moment, parse_moment
from domain.token.validity import (
    DEFAULT_VALIDITY,
    MAX_DELAY,
    MAX_VALIDITY,
    MIN_VALIDITY,
    Window,
    check_certificate_window,
    resolve_window,
)

NOW = 1_795_428_000_123_456_789
NOWS = st.integers(NANOSECONDS, 4_102_444_800 * NANOSECONDS)
MOMENTS = st.one_of(
    st.none(),
    st.builds(Moment, st.integers(-2 * HOUR, 2 * HOUR), st.just(True)),
    st.builds(Moment, st.integers(NOW - 2 * HOUR, NOW + 2 * HOUR), st.just(False)),
)


def after(nanoseconds: int) -> Moment:
    return Moment(nanoseconds, relative=True)


@pytest.mark.parametrize(
    ("not_before", "not_after", "begin", "end"),
    [
        (None, None, 0, 5 * MINUTE), (after(10 * MINUTE), None, 10 * MINUTE, 15 * MINUTE), (None, after(HOUR), 0, HOUR),
        (after(30 * MINUTE), after(35 * MINUTE), 30 * MINUTE, 35 * MINUTE), (None, after(10 * NANOSECONDS), 0, 10**10),
        (after(-MINUTE), None, -MINUTE, 4 * MINUTE), (after(-MINUTE), after(59 * MINUTE), -MINUTE, 59 * MINUTE),
        (after(MAX_DELAY), after(MAX_DELAY + HOUR), MAX_DELAY, MAX_DELAY + HOUR),
        (Moment(NOW + MINUTE, relative=False), after(2 * MINUTE), MINUTE, 2 * MINUTE),
    ],
)  # fmt: skip
def test_defaults_count_from_the_beginning(
    not_before: Moment | None, not_after: Moment | None, begin: int, end: int
) -> None:
    """The token begins now and lives five minutes, unless one end or both are given."""
    assert resolve_window(not_before, not_after, NOW) == Window(NOW + begin, NOW + end)


@pytest.mark.parametrize(
    ("not_before", "not_after", "reason"),
    [
        (None, after(MIN_VALIDITY - 1), "9.999999999s, shorter than the minimum of 10s"),
        (None, after(MAX_VALIDITY + 1), "1h0m0.000000001s, longer than the maximum of 1h"),
        (after(MAX_DELAY + 1), None, "30m0s ahead, more than the maximum of 30m"),
        (after(-DEFAULT_VALIDITY), None, r"expired already, 0s ago: give a later --not-before"),
        (after(-DEFAULT_VALIDITY - 1), None, r"expired already, 1ns ago: give a later --not-before"),
        (None, after(0), "expired already, 0s ago: give a later --not-after"),
        (None, after(-MINUTE), "expired already, 1m0s ago: give a later --not-after"),
        (after(-HOUR), after(-1), "expired already, 1ns ago: give a later --not-after"),
        (None, parse_moment("1970-01-01T00:00:00Z"), "expired already"),
        (after(10 * MINUTE), after(10 * MINUTE - 1), "--not-after is before --not-before"),
        (after(10 * MINUTE), after(10 * MINUTE), "valid for 0s, shorter than the minimum of 10s"),
    ],
)
def test_a_window_beyond_its_bounds_is_refused(
    not_before: Moment | None, not_after: Moment | None, reason: str
) -> None:
    """One nanosecond beyond a bound is refused, with the distance and the flag to change."""
    with pytest.raises(UsageError, match=reason):
        resolve_window(not_before, not_after, NOW)


@given(not_before=MOMENTS, not_after=MOMENTS, now=st.one_of(st.just(NOW), NOWS))
def test_every_window_keeps_the_bounds(not_before: Moment | None, not_after: Moment | None, now: int) -> None:
    """A window is refused exactly where it breaks a bound; also in whole seconds a kept one is within them."""
    begin = now if not_before is None else not_before.at(now)
    end = begin + 5 * MINUTE if not_after is None else not_after.at(now)
    kept = 10 * NANOSECONDS <= end - begin <= HOUR and end > now and begin - now <= 30 * MINUTE
    try:
        window = resolve_window(not_before, not_after, now)
    except UsageError:
        assert not kept
    else:
        assert kept
        assert window == Window(begin, end)
        assert 10 <= end // NANOSECONDS - begin // NANOSECONDS <= 3600


@pytest.mark.parametrize(
    ("not_before", "not_after"),
    [
        (None, None), (after(0), None), (after(-HOUR), after(1)), (None, after(1)), (after(HOUR), after(2 * HOUR)),
        (parse_moment("1970-01-01T00:00:00.000000001Z"), None), (Moment(NOW, relative=False), after(1)),
        (after(10**18), None),
    ],
)  # fmt: skip
def test_a_certificate_window_is_the_cas_to_bound(not_before: Moment | None, not_after: Moment | None) -> None:
    """Any span that ends after now and after its beginning goes to the CA, which knows its own limits."""
    check_certificate_window(not_before, not_after, NOW)


@pytest.mark.parametrize(
    ("not_before", "not_after", "reason"),
    [
        (None, after(0), "--cert-not-after is zero"),
        (None, after(-1), "--cert-not-after is in the past"),
        (None, Moment(NOW, relative=False), "--cert-not-after is in the past"),
        (after(HOUR), after(HOUR), "--cert-not-after is not after --cert-not-before"),
        (after(HOUR), Moment(NOW + MINUTE, relative=False), "--cert-not-after is not after --cert-not-before"),
        (Moment(0, relative=False), None, "--cert-not-before is before 1970"),
        (parse_moment("0001-01-01T00:00:00Z"), after(HOUR), "--cert-not-before is before 1970"),
        (after(-NOW), None, "--cert-not-before is before 1970"),
    ],
)
def test_a_certificate_window_without_sense_is_refused(
    not_before: Moment | None, not_after: Moment | None, reason: str
) -> None:
    """What the CA would drop, or could never sign, is an error here."""
    with pytest.raises(UsageError, match=reason):
        check_certificate_window(not_before, not_after, NOW)
