"""Keys encrypted with a password as JWE, by hand on `cryptography` (RFC 7516; RFC 7518, 4.8).

What opening takes beside the derivation is loaded while the key is derived.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

from adapters.jose.envelope import KEY_WRAPS, parse_jwe
from adapters.process.interruption import begin
from domain.formats import base64url, json_text

STEP_ITERATIONS = 600_000


def begin_opening(text: str, password: bytes) -> Callable[[], bytes]:
    """Begin to derive the key of a JWE, compact or JSON, beside this thread, and return what opens it.

    What is returned waits for the derivation, answering signals, and gives the content. It raises a WrongPasswordError
    where the password does not unwrap the key, and a KeyFormatError where the content is damaged.

    Raises:
        KeyFormatError: no JWE, or one that is not a PBES2 envelope within the bounds.
    """
    envelope = parse_jwe(text)
    header = envelope.header
    derived = _begin_derivation(header["alg"], base64url.decode(header["p2s"]), header["p2c"], password)

    def finish() -> bytes:
        from adapters.jose.sealed_content import open_content, unwrap_key  # noqa: PLC0415  # while the key is derived

        return open_content(unwrap_key(derived(), envelope.encrypted_key), envelope)

    return finish


class Opening:
    """The opening of a JWE that has begun before anybody has asked for it.

    Raises:
        KeyFormatError: no JWE, or one that is not a PBES2 envelope within the bounds.
    """

    def __init__(self, text: str, password: bytes) -> None:
        self._begun_by = text, password
        self._finish: Callable[[], bytes] | None = begin_opening(text, password)

    def take(self, text: str, password: bytes) -> Callable[[], bytes]:
        """Return what `begin_opening` does: once this very opening, and another one where the arguments differ."""
        finish, self._finish = self._finish, None
        is_it = finish is not None and self._begun_by == (text, password)
        return finish if finish is not None and is_it else begin_opening(text, password)


def _begin_derivation(algorithm: str, salt: bytes, iterations: int, password: bytes) -> Callable[[], bytes]:
    """Begin to derive the wrapping key (RFC 7518, 4.8.1.1 and 4.8.1.2), and return what waits for it."""
    digest, key_bytes = KEY_WRAPS[algorithm]
    derivation = PBKDF2HMAC(getattr(hashes, digest)(), key_bytes, algorithm.encode() + b"\0" + salt, iterations)
    return begin(lambda: derivation.derive(password))


def seal_jwk(jwk: str, password: bytes, iterations: int = STEP_ITERATIONS) -> str:
    """Return the JWK text `jwk` as the compact JWE that step writes: PBES2-HS256+A128KW and A256GCM."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415  # not to open
    from cryptography.hazmat.primitives.keywrap import aes_key_wrap  # noqa: PLC0415  # not to open

    salt, key, iv = os.urandom(16), os.urandom(32), os.urandom(12)
    header = {
        "alg": "PBES2-HS256+A128KW",
        "cty": "jwk+json",
        "enc": "A256GCM",
        "p2c": iterations,
        "p2s": base64url.encode(salt),
    }
    protected = base64url.encode(json_text.serialize(header).encode())
    wrapped = aes_key_wrap(_begin_derivation("PBES2-HS256+A128KW", salt, iterations, password)(), key)
    sealed = AESGCM(key).encrypt(iv, jwk.encode(), protected.encode())
    return ".".join([protected, *map(base64url.encode, (wrapped, iv, sealed[:-16], sealed[-16:]))])
