"""Compact JWS (RFC 7515, 3.1), taken apart without its key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from domain.errors import InputError
from domain.formats import base64url, json_text

if TYPE_CHECKING:
    from collections.abc import Mapping


_JWS_PARTS, _JWE_PARTS = 3, 5


@attrs.frozen(eq=False)
class CompactJws:
    """A compact JWS.

    Attributes:
        header, claims: Its two readable parts.
        signing_input: What its signature is of (RFC 7515, 5.1).
        signature: The signature's bytes.
    """

    header: Mapping[str, Any]
    claims: Mapping[str, Any]
    signing_input: bytes = attrs.field(default=b"", repr=False)
    signature: bytes = attrs.field(default=b"", repr=False)


def split_parts(text: str) -> list[str]:
    """Return the three parts between the dots, or raise a ValueError that says why there are not three."""
    parts = text.count(".") + 1
    if parts == _JWE_PARTS:
        raise ValueError("it has five parts: an encrypted JWE, not a token")
    if parts != _JWS_PARTS:
        raise ValueError(f"it is not a token: three parts separated by dots are expected, it has {parts:,}")
    return text.split(".")


def read_token(text: str) -> CompactJws:
    """Return header and claims of the compact JWS `text`.

    Raises:
        InputError: naming the part that is wrong, and why.
    """
    try:
        parts = split_parts(text.strip())
    except ValueError as error:
        raise InputError(str(error), "give the whole token that the CA gets") from error
    header, claims = (_read_object(part, name) for part, name in zip(parts, ("header", "payload"), strict=False))
    try:
        signature = base64url.decode(parts[2])
    except ValueError as error:
        raise InputError(f"the token's signature is {error}", "give the whole token") from error
    return CompactJws(header, claims, f"{parts[0]}.{parts[1]}".encode("ascii"), signature)


def _read_object(part: str, name: str) -> Mapping[str, Any]:
    try:
        value = json_text.parse(base64url.decode(part))
        if not isinstance(value, dict):
            raise ValueError("it is not a JSON object")
    except ValueError as error:
        raise InputError(f"the token's {name} cannot be read: {error}", "give the whole token, unchanged") from error
    return value
