"""What is in a JWE whose wrapping key is derived: the content key and the content (RFC 7518, 4.4 and 5)."""

from __future__ import annotations

from hmac import compare_digest

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, hmac, keywrap, padding
from cryptography.hazmat.primitives.ciphers import Cipher, aead, algorithms, modes

from adapters.jose.envelope import Envelope
from domain.errors import KeyFormatError, WrongPasswordError


def unwrap_key(wrapping_key: bytes, encrypted_key: bytes) -> bytes:
    """Return the content key, or raise a WrongPasswordError where it was wrapped by another key."""
    try:
        return keywrap.aes_key_unwrap(wrapping_key, encrypted_key)
    except keywrap.InvalidUnwrap as error:
        raise WrongPasswordError("the password does not open the key") from error


def open_content(key: bytes, envelope: Envelope) -> bytes:
    """Return the content of an envelope of checked lengths, or raise a KeyFormatError where it is damaged."""
    try:
        if "CBC" in envelope.header["enc"]:
            return _open_cbc(key, envelope)
        return aead.AESGCM(key).decrypt(envelope.iv, envelope.ciphertext + envelope.tag, envelope.aad)
    except (InvalidTag, ValueError) as error:
        raise KeyFormatError(
            "the encrypted key is damaged: its content fails authentication", "get a good copy"
        ) from error


def _open_cbc(key: bytes, envelope: Envelope) -> bytes:
    """Open AES_CBC_HMAC_SHA2: MAC first, then decryption (RFC 7518, 5.2.2.2)."""
    half = len(key) // 2
    mac = hmac.HMAC(key[:half], getattr(hashes, f"SHA{envelope.header['enc'][-3:]}")())
    mac.update(envelope.aad + envelope.iv + envelope.ciphertext + (8 * len(envelope.aad)).to_bytes(8, "big"))
    if not compare_digest(mac.finalize()[:half], envelope.tag):
        raise InvalidTag
    decryptor = Cipher(algorithms.AES(key[half:]), modes.CBC(envelope.iv)).decryptor()
    padded = decryptor.update(envelope.ciphertext) + decryptor.finalize()
    unpadder = padding.PKCS7(128).unpadder()
    return unpadder.update(padded) + unpadder.finalize()
