"""Keys encrypted with a password as JWE, by hand on `cryptography` (RFC 7516; RFC 7518, 4.8 and 5).

Every parameter is bounded before any key is derived from it: a hostile CA must neither hang the tool
nor make it do anything but open a PBES2 envelope.
"""

import os
from collections.abc import Callable, Mapping
from hmac import compare_digest
from typing import Any, TypeAlias

import attrs
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, hmac, keywrap, padding
from cryptography.hazmat.primitives.ciphers import Cipher, aead, algorithms, modes
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

from domain.errors import KeyFormatError, WrongPasswordError
from domain.formats import base64url, json_text
from domain.keys.work import MAX_ITERATIONS

STEP_ITERATIONS = 600_000
MIN_SALT_BYTES = 8
MAX_BYTES = 65_536
MAX_SALT_BYTES = 1_024

Open: TypeAlias = Callable[[bytes, "Envelope"], bytes]


@attrs.frozen
class KeyWrap:
    """A PBES2 algorithm: the PBKDF2 hash and the bytes of the wrapping key."""

    digest: Callable[[], hashes.HashAlgorithm]
    key_bytes: int


KEY_WRAPS = {
    "PBES2-HS256+A128KW": KeyWrap(hashes.SHA256, 16),
    "PBES2-HS384+A192KW": KeyWrap(hashes.SHA384, 24),
    "PBES2-HS512+A256KW": KeyWrap(hashes.SHA512, 32),
}


@attrs.frozen
class Envelope:
    """The decoded parts of a JWE; `aad` is the protected header as it stands (RFC 7516, 5.1, 14)."""

    header: Mapping[str, Any]
    aad: bytes = attrs.field(repr=False)
    encrypted_key: bytes = attrs.field(repr=False)
    iv: bytes = attrs.field(repr=False)
    ciphertext: bytes = attrs.field(repr=False)
    tag: bytes = attrs.field(repr=False)


def open_jwe(text: str, password: bytes) -> bytes:
    """Return what the JWE `text`, compact or JSON, holds.

    Raises:
        KeyFormatError: no JWE, or one that is not a PBES2 envelope within the bounds.
        WrongPasswordError: the password does not unwrap the key, or the content is damaged.
    """
    envelope = parse_jwe(text)
    header = envelope.header
    wrap, content = KEY_WRAPS[header["alg"]], CONTENT_CIPHERS[header["enc"]]
    salt = header["alg"].encode() + b"\0" + base64url.decode(header["p2s"])
    wrapping_key = PBKDF2HMAC(wrap.digest(), wrap.key_bytes, salt, header["p2c"]).derive(password)
    try:
        key = keywrap.aes_key_unwrap(wrapping_key, envelope.encrypted_key)
    except keywrap.InvalidUnwrap as error:
        raise WrongPasswordError("the password does not open the key") from error
    try:
        return content.open(key, envelope)
    except (InvalidTag, ValueError) as error:
        raise KeyFormatError(
            "the encrypted key is damaged: its content fails authentication", "get a sound copy"
        ) from error


def parse_jwe(text: str) -> Envelope:
    """Return the parts of the JWE `text`, every one checked against the others and the bounds.

    Raises:
        KeyFormatError: it is no JWE that step-ott opens.
    """
    if len(text) > MAX_BYTES:
        raise KeyFormatError(f"the encrypted key is over {MAX_BYTES} characters", "it is not an encrypted JWK")
    try:
        envelope = _parse_json(text) if text.lstrip().startswith("{") else _parse_compact(text.strip())
        _check_header(envelope.header)
        cipher = CONTENT_CIPHERS[envelope.header["enc"]]
        for name, size in (("encrypted_key", cipher.key_bytes + 8), ("iv", cipher.iv_bytes), ("tag", cipher.tag_bytes)):
            if len(getattr(envelope, name)) != size:
                raise ValueError(f"its {name} is not {size} bytes long")
    except ValueError as error:
        raise KeyFormatError(
            f"the encrypted key cannot be opened: {error}", "get it anew from where it was made"
        ) from error
    return envelope


def seal_jwk(jwk: str, password: bytes, iterations: int = STEP_ITERATIONS) -> str:
    """Return the JWK text `jwk` as the compact JWE that step writes: PBES2-HS256+A128KW and A256GCM."""
    salt, key, iv = os.urandom(16), os.urandom(32), os.urandom(12)
    header = {
        "alg": "PBES2-HS256+A128KW",
        "cty": "jwk+json",
        "enc": "A256GCM",
        "p2c": iterations,
        "p2s": base64url.encode(salt),
    }
    protected = base64url.encode(json_text.serialize(header).encode())
    kdf = PBKDF2HMAC(hashes.SHA256(), 16, b"PBES2-HS256+A128KW\0" + salt, iterations)
    wrapped = keywrap.aes_key_wrap(kdf.derive(password), key)
    sealed = aead.AESGCM(key).encrypt(iv, jwk.encode(), protected.encode())
    return ".".join([protected, *map(base64url.encode, (wrapped, iv, sealed[:-16], sealed[-16:]))])


def _parse_compact(text: str) -> Envelope:
    parts = text.split(".", 5)
    if len(parts) != 5:
        raise ValueError("it has not five parts")
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
        raise ValueError("it has not one recipient")
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


def _open_gcm(key: bytes, envelope: Envelope) -> bytes:
    return aead.AESGCM(key).decrypt(envelope.iv, envelope.ciphertext + envelope.tag, envelope.aad)


def _open_cbc(digest: Callable[[], hashes.HashAlgorithm]) -> Open:
    """Return the opener of AES_CBC_HMAC_SHA2: MAC first, then decryption (RFC 7518, 5.2.2.2)."""

    def open_cbc(key: bytes, envelope: Envelope) -> bytes:
        half = len(key) // 2
        mac = hmac.HMAC(key[:half], digest())
        mac.update(envelope.aad + envelope.iv + envelope.ciphertext + (8 * len(envelope.aad)).to_bytes(8, "big"))
        if not compare_digest(mac.finalize()[:half], envelope.tag):
            raise InvalidTag
        decryptor = Cipher(algorithms.AES(key[half:]), modes.CBC(envelope.iv)).decryptor()
        padded = decryptor.update(envelope.ciphertext) + decryptor.finalize()
        unpadder = padding.PKCS7(128).unpadder()
        return unpadder.update(padded) + unpadder.finalize()

    return open_cbc


@attrs.frozen
class ContentCipher:
    """A content encryption algorithm: sizes in bytes, and how to open."""

    key_bytes: int
    iv_bytes: int
    tag_bytes: int
    open: Open


CONTENT_CIPHERS = {
    "A128GCM": ContentCipher(16, 12, 16, _open_gcm),
    "A192GCM": ContentCipher(24, 12, 16, _open_gcm),
    "A256GCM": ContentCipher(32, 12, 16, _open_gcm),
    "A128CBC-HS256": ContentCipher(32, 16, 16, _open_cbc(hashes.SHA256)),
    "A192CBC-HS384": ContentCipher(48, 16, 24, _open_cbc(hashes.SHA384)),
    "A256CBC-HS512": ContentCipher(64, 16, 32, _open_cbc(hashes.SHA512)),
}
