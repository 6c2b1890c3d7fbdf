"""What programs may give: each argument is checked where it comes in, and called by its name where it will not do."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import islice
from typing import TypeAlias

from domain.errors import UsageError
from domain.formats.moment import Moment
from domain.settings.setting import check_unicode

Source: TypeAlias = "str | bytes | os.PathLike[str]"
"""A file: its path, or its content as bytes. A text with PEM, JSON or the line of an SSH key in it is content too."""

Password: TypeAlias = "bytes | Callable[[], bytes] | os.PathLike[str]"  # noqa: S105  # a type
"""A password: its bytes as they are, a function that returns them, or the `pathlib.Path` of a file."""

MAX_TEXT, MAX_TEXTS = 1 << 16, 10_000
"""Characters in a text, and texts in a sequence; step-ca takes a request of a mebibyte at most."""

X509_SERIAL_BITS = 160
"""20 bytes (RFC 5280, 4.1.2.2)."""

SSH_SERIAL_BITS = 64
"""A uint64 (OpenSSH, PROTOCOL.certkeys)."""

MICROSECOND = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_GO_LIMIT = 1 << 63
"""Nanoseconds in a duration that is too long for Go, some 292 years."""


def refuse_type(value: object, argument: str, fix: str) -> UsageError:
    """Return the error for an argument of the wrong type, of which nothing but the type shows."""
    return UsageError(f"{argument}= is of type {type(value).__name__}", fix)


def check_text(value: object, argument: str) -> str:
    """Return a text of Unicode that is not empty.

    Raises:
        UsageError: it is something else.
    """
    if not isinstance(value, str):
        raise refuse_type(value, argument, "give a str")
    if not value:
        raise UsageError(f"{argument}= is empty", "give a text")
    if len(value) > MAX_TEXT:
        raise UsageError(f"{argument}= is {len(value):,} characters long", f"give at most {MAX_TEXT:,}")
    if not value.isascii():
        check_unicode(value, f"{argument}=")
    return value


def check_texts(values: object, argument: str) -> tuple[str, ...]:
    """Return several texts, none of them empty.

    Raises:
        UsageError: it is one text, something in it is not a text, or there is no end to it.
    """
    if values == ():
        return ()
    if not isinstance(values, list | tuple) and (  # the rest takes longer to tell apart
        isinstance(values, str | bytes | Mapping) or not isinstance(values, Iterable)
    ):
        raise refuse_type(values, argument, f"give a sequence of str, such as {argument}=[…]")
    taken = tuple(islice(values, MAX_TEXTS + 1))
    if len(taken) > MAX_TEXTS:
        raise UsageError(f"{argument}= has more than {MAX_TEXTS:,} items", "give less")
    for number, value in enumerate(taken, 1):
        if not isinstance(value, str) or not value:
            what = "empty" if value == "" else f"of type {type(value).__name__}"
            raise UsageError(f"item {number} of {argument}= is {what}", "give a sequence of str")
        check_text(value, argument)
    return taken


def check_serial(value: object, limit_bits: int) -> str:
    """Return the decimal digits of a certificate's serial number, which a text may have in hex (see `parse_serial`).

    Raises:
        UsageError: it is not a number that a certificate may have.
    """
    fix = "give the certificate's serial number as an int, its decimal digits, or hex such as 0x1f or 00:1f"
    if not isinstance(value, int | str) or isinstance(value, bool):
        raise refuse_type(value, "serial", fix)
    text = _read_serial(value, fix) if isinstance(value, str) else ""
    number = 1 << limit_bits if len(text) > limit_bits else int(text or value)
    if number < 0:
        raise UsageError("serial= is negative", fix)
    if number.bit_length() > limit_bits:
        raise UsageError(f"serial= has more than {limit_bits} bits, more than a serial number can have", fix)
    return str(number)


def _read_serial(text: str, fix: str) -> str:
    from domain.formats.serial_number import parse_serial  # for these alone

    try:
        serial = parse_serial(text) if len(text) <= MAX_TEXT else None
    except ValueError as error:
        raise UsageError(f"serial= is not a serial number: {text!r}", str(error)) from error
    if serial is None:
        shown = repr(text) if len(text) <= 80 else f"a text of {len(text):,} characters"
        raise UsageError(f"serial= is not a serial number: {shown}", fix)
    return serial


def read_moment(value: object, argument: str) -> Moment | None:
    """Return when: a datetime with a time zone, or a timedelta from now.

    Raises:
        UsageError: it is something else, or a timedelta beyond what step-ca can read.
    """
    if value is None:
        return None
    if isinstance(value, timedelta):
        return _read_distance(count_nanoseconds(value), argument)
    if not isinstance(value, datetime):
        raise refuse_type(value, argument, "give a datetime or a timedelta")
    if value.utcoffset() is None:
        raise UsageError(f"{argument}= has no time zone", "give one, such as datetime.now(timezone.utc)")
    moment = count_nanoseconds(value - _EPOCH)
    if not _FIRST <= moment <= _LAST:
        raise UsageError(f"{argument}= is in UTC not within the years 1 to 9999", "give another time")
    return Moment(moment, relative=False, whose=f"{argument}=")


@lru_cache(maxsize=64)  # a program gives few, over and over
def _read_distance(nanoseconds: int, argument: str) -> Moment:
    if abs(nanoseconds) >= _GO_LIMIT:
        raise UsageError(f"{argument}= is over 292 years away", "give a shorter timedelta, or a datetime")
    return Moment(nanoseconds, relative=True, whose=f"{argument}=")


def count_nanoseconds(duration: timedelta) -> int:
    """Return the nanoseconds in a duration, exactly."""
    return duration // MICROSECOND * 1000


_FIRST = count_nanoseconds(datetime.min.replace(tzinfo=UTC) - _EPOCH)
_LAST = count_nanoseconds(datetime.max.replace(tzinfo=UTC) - _EPOCH)


def check_timeout(value: object, argument: str) -> int:
    """Return the nanoseconds of a timeout.

    Raises:
        UsageError: it is not a timedelta, or not over zero.
    """
    if not isinstance(value, timedelta):
        raise refuse_type(value, argument, "give a timedelta")
    if value <= timedelta(0):
        raise UsageError(f"{argument}= is not over zero", "give a longer one")
    return count_nanoseconds(value)
