"""JWEs taken apart (RFC 7516), each part bounded before anybody derives a key of a password from it.

A hostile CA must neither hang the tool nor make it do anything but open a PBES2 envelope.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from domain.errors import KeyFormatError
from domain.formats import base64url, json_text
from domain.keys.work import MAX_ITERATIONS

MIN_SALT_BYTES = 8
MAX_BYTES = 65_536
MAX_SALT_BYTES = 1_024

KEY_WRAPS = {
    "PBES2-HS256+A128KW": ("SHA256", 16),
    "PBES2-HS384+A192KW": ("SHA384", 24),
    "PBES2-HS512+A256KW": ("SHA512", 32),
}
"""The hash of PBKDF2, and the bytes of the wrapping key (RFC 7518, 4.8)."""

CONTENT_CIPHERS = {
    "A128GCM": (16, 12, 16),
    "A192GCM": (24, 12, 16),
    "A256GCM": (32, 12, 16),
    "A128CBC-HS256": (32, 16, 16),
    "A192CBC-HS384": (48, 16, 24),
    "A256CBC-HS512": (64, 16, 32),
}
"""Bytes of the key, of the initialisation vector and of the tag (RFC 7518, 5.2 and 5.3)."""


class Envelope:
    """The decoded parts of a JWE; `aad` is the protected header as it stands (RFC 7516, 5.1, 14)."""

    def __init__(
        self, header: Mapping[str, Any], aad: bytes, encrypted_key: bytes, iv: bytes, ciphertext: bytes, tag: bytes
    ) -> None:
        self.header, self.aad = header, aad
        self.encrypted_key, self.iv, self.ciphertext, self.tag = encrypted_key, iv, ciphertext, tag

    def __repr__(self) -> str:
        return f"Envelope(header={self.header!r})"


def parse_jwe(text: str) -> Envelope:
    """Return the parts of the JWE `text`, every one checked against the others and the bounds.

    Raises:
        KeyFormatError: it is not a JWE that step-ott opens.
    """
    if len(text) > MAX_BYTES:
        raise KeyFormatError(f"the encrypted key is over {MAX_BYTES} characters", "it is not an encrypted JWK")
    try:
        envelope = _parse_json(text) if text.lstrip().startswith("{") else _parse_compact(text.strip())
        _check_header(envelope.header)
        key_bytes, iv_bytes, tag_bytes = CONTENT_CIPHERS[envelope.header["enc"]]
        for name, size in (("encrypted_key", key_bytes + 8), ("iv", iv_bytes), ("tag", tag_bytes)):
            if len(getattr(envelope, name)) != size:
                raise ValueError(f"its {name} is not {size} bytes long")
    except ValueError as error:
        raise KeyFormatError(
            f"the encrypted key cannot be opened: {error}", "get a new copy from where it was made"
        ) from error
    return envelope


def _parse_compact(text: str) -> Envelope:
    parts = text.split(".", 5)
    if len(parts) != 5:
        raise ValueError("it does not have five parts")
    return Envelope(_parse_protected(parts[0]), parts[0].encode(), *map(base64url.decode, parts[1:]))


def _parse_json(text: str) -> Envelope:
    """Read the flattened form, or the general one with its one recipient (RFC 7516, section 7.2)."""
    document = _flatten(json_text.parse(text))
    if "aad" in document:
        raise ValueError("it has additional authenticated data")
    protected, *texts = (document.get(name, "") for name in ("protected", "encrypted_key", "iv", "ciphertext", "tag"))
    if not isinstance(protected, str) or not all(isinstance(part, str) and part for part in texts):
        raise ValueError("a member is missing or is not text")
    header = _parse_protected(protected) if protected else {}
    for name in ("unprotected", "header"):
        extra = document.get(name, {})
        if not isinstance(extra, dict) or extra.keys() & header.keys():
            raise ValueError(f"its member {name!r} repeats or is not an object")
        header = header | extra
    return Envelope(header, protected.encode(), *map(base64url.decode, texts))


def _flatten(document: dict[str, Any]) -> dict[str, Any]:
    """Return the flattened form of a JWE in JSON that is in either form."""
    recipients = document.get("recipients")
    if recipients is None:
        return document
    if not isinstance(recipients, list) or len(recipients) != 1 or not isinstance(recipients[0], dict):
        raise ValueError("it does not have exactly one recipient")
    if {"header", "encrypted_key"} & document.keys():
        raise ValueError("it mixes the flattened and the general form")
    return document | {name: recipients[0][name] for name in ("header", "encrypted_key") if name in recipients[0]}


def _parse_protected(text: str) -> dict[str, Any]:
    header = json_text.parse(base64url.decode(text))
    if not isinstance(header, dict):
        raise ValueError("its header is not a JSON object")
    return header


def _check_header(header: Mapping[str, Any]) -> None:
    for name, known in (("alg", KEY_WRAPS), ("enc", CONTENT_CIPHERS)):
        if not isinstance(header.get(name), str) or header[name] not in known:
            raise ValueError(f"its {name} is {json_text.describe(header.get(name))}, not one of {', '.join(known)}")
    for name in ("zip", "crit"):
        if name in header:
            raise ValueError(f"its header has {name!r}")
    count = header.get("p2c")
    if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= MAX_ITERATIONS:
        raise ValueError(f"its p2c is not a count from 1 to {MAX_ITERATIONS}")
    salt = header.get("p2s")
    if not isinstance(salt, str) or not MIN_SALT_BYTES <= len(base64url.decode(salt)) <= MAX_SALT_BYTES:
        raise ValueError(f"its p2s is not {MIN_SALT_BYTES} to {MAX_SALT_BYTES} bytes of base64url")
