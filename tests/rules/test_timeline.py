"""The timeline: a bar from a token's beginning to its end, with a mark at now."""

import re
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.inspect.timeline import ASCII, LINES, MIN_WIDTH, Strokes, Timeline, draw_timeline

NOON = 1_800_014_400
TIMES = st.none() | st.integers(NOON - 10_000, NOON + 10_000) | st.integers()
ALMOST_ANY = st.builds(Timeline, TIMES, TIMES, TIMES, TIMES.filter(lambda now: now is not None))


def test_a_bar_has_its_labels_and_a_mark_at_now() -> None:
    """What is gone is heavy, what is ahead is light, and the mark is where now is."""
    assert draw_timeline(Timeline(NOON, NOON + 300, NOON, NOON + 150), 42, LINES) == [
        "├━━━━━━━━━━━━━━━━━━━━●───────────────────┤",
        "12:00:00Z           now          12:05:00Z",
    ]


@pytest.mark.parametrize(("now", "cell"), [(NOON - 1, "-"), (NOON + 300, "=")])
def test_outside_its_time_a_bar_is_of_one_kind(now: int, cell: str) -> None:
    """Before its beginning all is ahead, from its end on all is gone, and there is no mark."""
    bar, labels = draw_timeline(Timeline(NOON, NOON + 300, None, now), 30, ASCII)
    assert bar == f"|{cell * 28}|"
    assert labels.split() == ["12:00:00Z", "12:05:00Z"]


def test_without_a_beginning_it_begins_when_it_was_made() -> None:
    """The time of issue stands in for what Kubernetes does not say."""
    assert draw_timeline(Timeline(None, NOON + 300, NOON, NOON), 30, ASCII)[0].startswith("|*--")
    assert draw_timeline(Timeline(None, NOON + 300, None, NOON), 30, ASCII) == []


@pytest.mark.parametrize(
    ("begin", "end", "width", "labels"),
    [
        (NOON, NOON + 300, 20, ["12:00:00Z", "12:05:00Z"]),
        (NOON, NOON + 86_400, 60, ["2027-01-15T12:00:00Z", "2027-01-16T12:00:00Z"]),
        (NOON, NOON + 86_400, 30, ["2027-01-15", "2027-01-16"]),
        (NOON, NOON + 86_400, 20, ["from", "until"]),
        (-(10**30), 10**30, 60, ["from", "until"]),
    ],
)
def test_labels_are_the_most_telling_that_fit(begin: int, end: int, width: int, labels: list[str]) -> None:
    """Times on one day, times and days, days, or words where no calendar or no width has room for more."""
    assert draw_timeline(Timeline(begin, end, None, begin - 1), width, LINES)[1].split() == labels


def test_there_is_no_picture_of_what_has_no_span() -> None:
    """An end that is missing or not behind the beginning, and too few columns, give no line."""
    assert draw_timeline(Timeline(NOON, None, NOON, NOON), 80, LINES) == []
    assert draw_timeline(Timeline(NOON, NOON, NOON, NOON), 80, LINES) == []
    assert draw_timeline(Timeline(NOON, NOON - 1, NOON, NOON), 80, LINES) == []
    assert draw_timeline(Timeline(NOON, NOON + 1, NOON, NOON), MIN_WIDTH - 1, LINES) == []


@given(ALMOST_ANY, st.integers(-5, 120), st.sampled_from([LINES, ASCII]))
def test_no_line_is_wider_than_the_terminal(timeline: Timeline, width: int, strokes: Strokes) -> None:
    """Whatever the numbers, there are no lines or two of the width, and one mark if now is in the span."""
    lines = draw_timeline(timeline, width, strokes)
    assert [len(line) for line in lines] in ([], [width, width])
    if lines:
        assert lines[0].count(strokes.mark) == timeline.is_running()
        assert re.fullmatch(r"(from|[0-9TZ:-]+) +(now +)?(until|[0-9TZ:-]+)", lines[1])


@given(st.integers(1, 10_000), st.integers(MIN_WIDTH, 120))
def test_the_mark_moves_with_time(length: int, width: int) -> None:
    """It starts at the left end, never goes back, and stays within the bar to the last second."""
    moments = range(0, length, max(1, length // 50))
    bars = [draw_timeline(Timeline(0, length, None, now), width, ASCII)[0] for now in (*moments, length - 1)]
    places = [bar.index("*") for bar in bars]
    assert places[0] == 1 and places == sorted(places) and places[-1] <= width - 2


@pytest.mark.parametrize(("now", "is_named"), [(74, False), (75, True), (224, True), (225, False)])
def test_now_is_named_where_there_is_room(now: int, is_named: bool) -> None:
    """The word stands below the mark, with a space on either side, or not at all."""
    bar, labels = draw_timeline(Timeline(NOON, NOON + 300, None, NOON + now), 42, ASCII)
    assert ("now" in labels) == is_named
    assert not is_named or labels.index("now") + 1 == bar.index("*")


def test_every_stroke_is_one_column() -> None:
    """Both sets have five characters that differ where it matters."""
    for strokes, other in product((LINES, ASCII), repeat=2):
        assert len(strokes.text()) == len(other.text()) == 5
        assert len({strokes.gone, strokes.mark, strokes.ahead}) == 3
