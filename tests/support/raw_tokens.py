"""Tokens byte by byte: JSON with members twice, bytes that are no text, and every serialization of a JWS."""

import json
from base64 import standard_b64encode
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import attrs

from domain.formats import base64url
from domain.formats.json_text import Number
from tests.support.forged_tokens import Forged

Pairs: TypeAlias = list[tuple[str, Any]]
"""The members of an object, in their order; a name may appear twice."""


@attrs.frozen
class Raw:
    """JSON to be written as it is, whatever it is."""

    text: bytes


@attrs.frozen
class Object:
    """A JSON object with its members in this order, a name perhaps twice."""

    pairs: Pairs


def dump(value: Any) -> bytes:
    """Return a value as JSON."""
    if isinstance(value, Raw):
        return value.text
    if isinstance(value, Number):
        return value.digits.encode()
    if isinstance(value, Object):
        return b"{" + b",".join(dump(name) + b":" + dump(item) for name, item in value.pairs) + b"}"
    if isinstance(value, dict):
        return dump(Object(list(value.items())))
    if isinstance(value, list | tuple):
        return b"[" + b",".join(map(dump, value)) + b"]"
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")


def keep_bytes(data: bytes) -> bytes:
    return data


def spell(data: bytes) -> str:
    """Return base64url as everybody writes it."""
    return base64url.encode(data)


@attrs.frozen(kw_only=True)
class RawToken:
    """A token before it is written.

    Attributes:
        forged: What it was made of: its signer, its endpoint and the request that it is shown with.
        header, claims: What stands in it.
        unprotected: The header beside, None for a compact JWS; else the whole is JSON.
        is_general: Whether that JSON has a list of signatures.
        finish_header, finish_claims: What happens to the JSON of the two before it is encoded.
        spell: How the parts are encoded; `finish` is what happens to the whole text at last.
        is_plain: Whether the signature is of the payload itself (RFC 7797).
    """

    forged: Forged
    header: Pairs
    claims: Pairs
    unprotected: Any = None
    is_general: bool = False
    finish_header: Callable[[bytes], bytes] = keep_bytes
    finish_claims: Callable[[bytes], bytes] = keep_bytes
    spell: Callable[[bytes], str] = spell
    finish: Callable[[str], str] = str
    extra: Sequence[tuple[str, Any]] = ()
    is_plain: bool = False

    def write(self) -> str:
        """Return its text."""
        header, payload = self.finish_header(dump(Object(self.header))), self.finish_claims(dump(Object(self.claims)))
        signed = payload if self.is_plain else base64url.encode(payload).encode()
        signature = self.forged.signer.sign(base64url.encode(header).encode() + b"." + signed)
        parts = [self.spell(part) for part in (header, payload, signature)]
        if self.unprotected is None:
            return self.finish(self.forged.spoil(".".join(parts)))
        one: Pairs = [("protected", parts[0]), ("header", self.unprotected), ("signature", parts[2])]
        members: Pairs = [("payload", parts[1])]
        members += [("signatures", [Object(one)])] if self.is_general else one
        return self.finish(dump(Object([*members, *self.extra])).decode("utf-8", "surrogateescape"))


def make_raw(forged: Forged) -> RawToken:
    """Return a token that was made by hand, to be written byte by byte."""
    return RawToken(forged=forged, header=list(forged.header.items()), claims=list(forged.claims.items()))


def spell_padded(data: bytes) -> str:
    return base64url.encode(data) + "=" * (-len(base64url.encode(data)) % 4)


def spell_overpadded(data: bytes) -> str:
    return base64url.encode(data) + "===="


def spell_standard(data: bytes) -> str:
    return standard_b64encode(data).decode()


def spell_loosely(data: bytes) -> str:
    """Return base64url whose unused last bits are set."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    text = base64url.encode(data)
    unused = {2: 4, 3: 2}.get(len(text) % 4, 0)
    return text[:-1] + alphabet[alphabet.index(text[-1]) | (1 << unused) - 1] if unused else text


def spell_in_lines(data: bytes) -> str:
    text = base64url.encode(data)
    return "\n".join(text[at : at + 64] for at in range(0, len(text), 64))
