"""What a token's claims hold, whatever JSON that is: read here once, for all who look at tokens.

Where a claim is of another type than it should be, this is what step-ca makes of it (go-jose, jwt/claims.go; Go,
encoding/json).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from domain.formats.json_text import Number
from domain.formats.rfc3339 import FIRST_SECOND

if TYPE_CHECKING:
    from collections.abc import Mapping

_MAX_INT64 = (1 << 63) - 1


def read_member(value: Any, name: str) -> Any:
    """Return a member of what may be an object, None where it has none or is none."""
    return value.get(name) if isinstance(value, dict) else None


def read_text(value: Any) -> str:
    """Return a text, empty where `value` is something else."""
    return value if isinstance(value, str) else ""


def read_texts(value: Any) -> list[str]:
    """Return a list of texts as Go reads it: null in it is an empty text, and no list an empty one."""
    return [read_text(text) for text in value] if isinstance(value, list) else []


def read_audiences(claims: Mapping[str, Any]) -> list[str]:
    """Return the audiences (`aud`), none where they are absent or something else than texts."""
    value = claims.get("aud")
    return [text for text in (value if isinstance(value, list) else [value]) if isinstance(text, str)]


def read_fingerprint(claims: Mapping[str, Any]) -> str:
    """Return the SHA-256, in base64url, of what the token is bound to (`cnf`), empty where that is nothing."""
    return read_text(read_member(claims.get("cnf"), "x5rt#S256"))


def read_ssh_options(claims: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the options of an SSH certificate (`step.ssh`), None where there are none."""
    options = read_member(claims.get("step"), "ssh")
    return options if isinstance(options, dict) else None


def read_seconds(value: Any) -> int | None:
    """Return a NumericDate (RFC 7519, section 2) as go-jose reads it: cut to a whole number of 64 bits.

    What does not fit is the least such number (Go on amd64), and the last years of those that do fit are before all
    others: Go counts from the year 1, and wraps around (Go, time.Unix).

    Returns:
        Seconds since the epoch, UTC; None where `value` is None.

    Raises:
        ValueError: it is not a number, or over all bounds.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | Number):
        raise ValueError("it is not a number")
    try:
        whole = int(float(value.digits if isinstance(value, Number) else value))
    except OverflowError as error:
        raise ValueError("it is too large") from error
    if abs(whole) > _MAX_INT64:
        return -_MAX_INT64 - 1
    return whole if whole - FIRST_SECOND <= _MAX_INT64 else whole - (1 << 64)
