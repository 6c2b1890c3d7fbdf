"""Durations in Go's grammar, exact to the nanosecond (Go, time.ParseDuration and Duration.String)."""

import re

NANOSECONDS = 1_000_000_000
"""Nanoseconds in a second."""

MINUTE = 60 * NANOSECONDS
HOUR = 60 * MINUTE

_UNITS = {
    "ns": 1,
    "us": 1_000,
    "\u00b5s": 1_000,  # micro sign
    "\u03bcs": 1_000,  # Greek letter mu
    "ms": 1_000_000,
    "s": NANOSECONDS,
    "m": MINUTE,
    "h": HOUR,
}
_TERM = "(?P<whole>[0-9]*)(?:\\.(?P<fraction>[0-9]*))?(?P<unit>ns|us|\u00b5s|\u03bcs|ms|s|m|h)"
_LIMIT = 1 << 63
_MAX_LENGTH = 128


def parse_duration(text: str) -> int:
    """Return the nanoseconds that `text`, such as "1h15m30.5s" or "-1.5h", stands for.

    A fraction of a nanosecond is cut off.

    Raises:
        ValueError: `text` is not a duration, or is over 292 years (a signed 64-bit count).
    """
    sign, body = (-1, text[1:]) if text[:1] == "-" else (1, text.removeprefix("+"))
    if body == "0":
        return 0
    if not body or len(body) > _MAX_LENGTH:
        raise ValueError("not a duration such as 2h45m")
    total, position, find = 0, 0, re.compile(_TERM)
    while position < len(body):
        term = find.match(body, position)
        if term is None or not (term["whole"] or term["fraction"]):
            raise ValueError("not a duration such as 2h45m")
        unit, fraction = _UNITS[term["unit"]], term["fraction"] or ""
        total += int(term["whole"] or "0") * unit
        total += int(fraction or "0") * unit // 10 ** len(fraction)
        position = term.end()
    if total > _LIMIT - (sign > 0):
        raise ValueError("a duration over 292 years")
    return sign * total


def format_duration(nanoseconds: int) -> str:
    """Return `nanoseconds` in Go's canonical form, such as "1h0m0s", "1.5s" or "0s"."""
    sign, rest = ("-", -nanoseconds) if nanoseconds < 0 else ("", nanoseconds)
    if rest == 0:
        return "0s"
    if rest < NANOSECONDS:
        unit = next(name for name in ("ms", "\u00b5s", "ns") if rest >= _UNITS[name])
        return sign + _decimal(rest, _UNITS[unit]) + unit
    hours, rest = divmod(rest, HOUR)
    minutes, rest = divmod(rest, MINUTE)
    text = _decimal(rest, NANOSECONDS) + "s"
    if hours or minutes:
        text = f"{minutes}m{text}"
    return f"{sign}{hours}h{text}" if hours else sign + text


def _decimal(count: int, unit: int) -> str:
    whole, fraction = divmod(count, unit)
    digits = str(fraction).rjust(len(str(unit)) - 1, "0").rstrip("0")
    return f"{whole}.{digits}" if fraction else str(whole)
