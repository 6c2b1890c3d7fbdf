"""A token's time as a picture: a bar from its beginning to its end, with a mark at now."""

import attrs

from domain.formats.duration import NANOSECONDS
from domain.formats.rfc3339 import FIRST_SECOND, LAST_SECOND, format_time

MIN_WIDTH = 20
"""On fewer columns nothing is drawn."""


@attrs.frozen
class Strokes:
    """The characters that a timeline is drawn with, one column each."""

    left: str
    gone: str
    mark: str
    ahead: str
    right: str

    def text(self) -> str:
        """Return them all."""
        return self.left + self.gone + self.mark + self.ahead + self.right


LINES = Strokes("├", "━", "●", "─", "┤")
ASCII = Strokes("|", "=", "*", "-", "|")


@attrs.frozen
class Timeline:
    """A span of time and where now is; all in seconds since the epoch, UTC.

    Attributes:
        not_before, expires: Its ends, None where there is none.
        issued: When the token was made, which stands in for a beginning that is not said.
        now: The present.
    """

    not_before: int | None
    expires: int | None
    issued: int | None
    now: int

    @property
    def begin(self) -> int | None:
        """Where the bar begins."""
        return self.issued if self.not_before is None else self.not_before

    def is_running(self) -> bool:
        """Return whether now lies in the span, whose end is not part of it."""
        return self.begin is not None and self.expires is not None and self.begin <= self.now < self.expires


def draw_timeline(timeline: Timeline, width: int, strokes: Strokes) -> list[str]:
    """Return the lines of the picture: a bar and its labels, or none where there is no span or no room.

    Args:
        width: Columns that no line exceeds; under `MIN_WIDTH` nothing is drawn.
    """
    begin, end = timeline.begin, timeline.expires
    if width < MIN_WIDTH or begin is None or end is None or end <= begin:
        return []
    cells = width - 2
    if not timeline.is_running():
        bar, mark = (strokes.ahead if timeline.now < begin else strokes.gone) * cells, None
    else:
        gone = (timeline.now - begin) * cells // (end - begin)
        bar, mark = strokes.gone * gone + strokes.mark + strokes.ahead * (cells - gone - 1), gone + 1
    return [strokes.left + bar + strokes.right, _label_ends(begin, end, mark, width)]


def _label_ends(begin: int, end: int, mark: int | None, width: int) -> str:
    """Return what stands below the bar: its ends, and "now" below the mark where that touches neither."""
    left, right = next(pair for pair in _list_labels(begin, end) if len(pair[0]) + len(pair[1]) < width)
    between = " " * (width - len(left) - len(right))
    if mark is not None:
        start = mark - 1 - len(left)
        if start >= 1 and start + len("now") < len(between):
            between = between[:start] + "now" + between[start + len("now") :]
    return left + between + right


def _list_labels(begin: int, end: int) -> list[tuple[str, str]]:
    """Return labels of the two ends, the most telling first; the last fits everywhere."""
    plain = [("from", "until")]
    if begin < FIRST_SECOND or end > LAST_SECOND:
        return plain
    first, last = (format_time(seconds * NANOSECONDS) for seconds in (begin, end))
    (first_day, first_hour), (last_day, last_hour) = first.split("T"), last.split("T")
    if first_day == last_day:
        return [(first_hour, last_hour), *plain]
    return [(first, last), (first_day, last_day), *plain]
