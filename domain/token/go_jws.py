"""A token as step-ca reads it, which takes more than `inspect` does (go-jose, jws.go and shared.go).

White space in it does not count. It may be a compact JWS or one in JSON (RFC 7515, 7.2) with one signature. The
signature is of what the parts mean, written canonically: another spelling of their base64 changes nothing.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import attrs

from domain.errors import InputError
from domain.formats import base64url, go_json
from domain.formats.go_base64 import decode_part
from domain.formats.json_text import describe
from domain.token.compact_jws import split_parts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SPACE = re.compile("[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+")
"""What Go takes for white space (Go, unicode.IsSpace)."""

_UNCARRIED = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f]")
"""What no value of an HTTP header has (golang.org/x/net, httpguts.ValidHeaderFieldValue); clients fold line breaks."""

_WHOLE_TOKEN = "give the whole token, as the CA will get it"  # noqa: S105  # advice


@attrs.frozen(eq=False)
class GoJws:
    """A JWS with one signature.

    Attributes:
        header: Where the CA looks things up.
        claims: What it claims.
        signing_input: What its signature is of, if the CA takes it.
        signature: The signature's bytes.
        merged: Where the CA looks for `alg` and `crit` when it checks the signature.
        headers: All headers that the CA reads, each by itself.
        is_carried: Whether an HTTP header can carry it, its line breaks written as spaces.
    """

    header: Mapping[str, Any]
    claims: Mapping[str, Any]
    signing_input: bytes = attrs.field(repr=False)
    signature: bytes = attrs.field(repr=False)
    merged: Mapping[str, Any]
    headers: Sequence[Mapping[str, Any]]
    is_carried: bool = True


@attrs.frozen
class _Parts:
    """A JWS taken apart; the protected header is None where there is none."""

    protected: bytes | None
    payload: bytes
    signature: bytes
    unprotected: Mapping[str, Any] = attrs.field(factory=dict)
    is_general: bool = False


def read_go_jws(text: str) -> GoJws:
    """Return the token that `text` is to step-ca.

    Raises:
        InputError: step-ca takes it for none, or it is nested more deeply than step-ott reads.
    """
    stripped = _SPACE.sub("", text)
    try:
        parts = _split_json(stripped) if stripped.startswith("{") else _split_compact(stripped)
        protected = _read_header({} if parts.protected is None else _parse(parts.protected, "header"), "header")
        claims = _read_object(_parse(parts.payload, "payload"), "payload")
    except go_json.NestedTooDeeplyError as error:
        raise InputError(
            f"the token is {error}, which step-ott does not read", "show it to the CA to find out"
        ) from error
    except ValueError as error:
        raise InputError(str(error), _WHOLE_TOKEN) from error
    merged = _merge(protected, parts.unprotected)
    return GoJws(
        header=protected if parts.is_general else merged,
        claims=claims,
        signing_input=_write_signing_input(parts, protected),
        signature=parts.signature,
        merged=merged,
        headers=[protected] if parts.is_general else [merged, protected, parts.unprotected],
        is_carried=_UNCARRIED.search(text) is None,
    )


def _split_compact(text: str) -> _Parts:
    header, payload, signature = (
        _decode(part, name) for part, name in zip(split_parts(text), ("header", "payload", "signature"), strict=True)
    )
    return _Parts(header, payload, signature)


def _split_json(text: str) -> _Parts:
    """Take apart a JWS in JSON, flattened or general."""
    jws = _read_object(_parse(text.encode("utf-8", "surrogatepass"), "JSON"), "JSON")
    payload = _read_bytes(jws, "payload")
    if payload is None:
        raise ValueError("the token's JSON has no payload")
    own = _read_signature(jws, payload)
    signatures = jws.get("signatures")
    if not isinstance(signatures, list | None):
        raise ValueError("the token's signatures are not a list")
    listed = [_read_signature(_read_object(one, "signatures"), payload) for one in signatures or []]
    if len(listed) > 1:
        raise ValueError(f"the token has {len(listed)} signatures, and step-ca takes one")
    parts = attrs.evolve(listed[0], is_general=True) if listed else own
    if isinstance(parts.unprotected.get("nonce"), str) and parts.unprotected["nonce"]:
        raise ValueError("the token has a nonce in its unprotected header")
    return parts


def _read_signature(members: Mapping[str, Any], payload: bytes) -> _Parts:
    unprotected = _read_header(members.get("header"), "unprotected header")
    signature = _read_bytes(members, "signature") or b""
    return _Parts(_read_bytes(members, "protected"), payload, signature, unprotected)


def _read_bytes(members: Mapping[str, Any], name: str) -> bytes | None:
    """Return what a member holds in base64url, None where it is absent."""
    value = members.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        raise ValueError(f"the token's {name} is {describe(value)}, not text")
    return _decode(value, name)


def _decode(text: str, name: str) -> bytes:
    try:
        return decode_part(text)
    except ValueError as error:
        raise ValueError(f"the token's {name} cannot be read: {error}") from error


def _parse(data: bytes, name: str) -> Any:
    try:
        return go_json.parse(data)
    except go_json.NestedTooDeeplyError:
        raise
    except ValueError as error:
        raise ValueError(f"the token's {name} cannot be read: {error}") from error


def _read_header(value: Any, name: str) -> Mapping[str, Any]:
    return {key: member for key, member in _read_object(value, name).items() if member is not None}


def _read_object(value: Any, name: str) -> Mapping[str, Any]:
    """Return the object that `value` is; null is an empty one to Go."""
    if value is None:
        return {}
    if isinstance(value, go_json.RepeatedMembers):
        raise ValueError(f"the token's {name} cannot be read: a member appears twice")
    if not isinstance(value, dict):
        raise ValueError(f"the token's {name} cannot be read: it is {describe(value)}, not an object")
    return value


def _merge(protected: Mapping[str, Any], unprotected: Mapping[str, Any]) -> dict[str, Any]:
    """Return both headers in one; the protected one's members go first, unless they are empty texts."""
    return dict(protected) | {name: value for name, value in unprotected.items() if protected.get(name) in (None, "")}


def _write_signing_input(parts: _Parts, protected: Mapping[str, Any]) -> bytes:
    """Return what the signature has to be of (RFC 7515, 5.1; RFC 7797, 3), in go-jose's spelling."""
    is_plain = protected.get("b64") is False
    payload = parts.payload if is_plain else base64url.encode(parts.payload).encode()
    return base64url.encode(parts.protected or b"").encode() + b"." + payload
