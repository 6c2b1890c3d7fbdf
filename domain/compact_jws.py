"""Compact JWS (RFC 7515, 3.1), taken apart without its key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from domain import base64url, json_text
from domain.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping


@attrs.frozen(eq=False)
class ReadToken:
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


def read_token(text: str) -> ReadToken:
    """Return header and claims of the compact JWS `text`.

    Raises:
        InputError: naming the part that is wrong, and why.
    """
    parts = text.strip().split(".", 5)
    if len(parts) == 5:
        raise InputError("it has five parts: an encrypted JWE, not a token", "inspect the token that the CA gets")
    if len(parts) != 3:
        raise InputError(f"a token has three parts with dots between, this has {len(parts)}", "give the whole token")
    header, claims = (_read_object(part, name) for part, name in zip(parts, ("header", "payload"), strict=False))
    try:
        signature = base64url.decode(parts[2])
    except ValueError as error:
        raise InputError(f"the token's signature is {error}", "give the whole token") from error
    return ReadToken(header, claims, f"{parts[0]}.{parts[1]}".encode("ascii"), signature)


def _read_object(part: str, name: str) -> Mapping[str, Any]:
    try:
        value = json_text.parse(base64url.decode(part))
        if not isinstance(value, dict):
            raise ValueError("no JSON object")
    except ValueError as error:
        raise InputError(f"the token's {name} cannot be read: {error}", "give the whole token, unchanged") from error
    return value
