"""PKCS#8 keys (RFC 5958), plain and encrypted, on `cryptography`: its parser sees none whose type cannot sign."""

from __future__ import annotations

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import load_der_private_key

from domain.keys.pkcs8 import SealedPkcs8, check_key_type
from domain.keys.pkcs12_derivation import ENCRYPTION_KEY, INITIALISATION_VECTOR, derive_pkcs12


def load_pkcs8(der: bytes) -> object:
    """Return the key in a container that is not encrypted; an RSA key's numbers are not looked at.

    Raises:
        KeyFormatError: it is of a type that cannot sign a token.
        Exception: whatever the library has against it.
    """
    check_key_type(der)
    return load_der_private_key(der, None, unsafe_skip_rsa_key_validation=True)


def decrypt_pkcs8(sealed: SealedPkcs8, password: bytes) -> bytes:
    """Return what is in an encrypted container.

    Raises:
        ValueError: the password does not open it.
    """
    from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES  # noqa: PLC0415  # for this alone
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes  # noqa: PLC0415  # for this alone
    from cryptography.hazmat.primitives.padding import PKCS7  # noqa: PLC0415  # for this alone

    key, iv = _derive(sealed, password)
    algorithm = algorithms.AES(key) if sealed.cipher == "AES" else TripleDES(key)
    decryptor, unpadder = Cipher(algorithm, modes.CBC(iv)).decryptor(), PKCS7(8 * len(iv)).unpadder()
    padded = decryptor.update(sealed.ciphertext) + decryptor.finalize()
    return unpadder.update(padded) + unpadder.finalize()


def _derive(sealed: SealedPkcs8, password: bytes) -> tuple[bytes, bytes]:
    """Return the key and the initialisation vector that are made of a password."""
    salt, costs, size = sealed.salt, sealed.costs, sealed.key_bytes
    if sealed.kdf == "PBKDF2":
        from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC  # noqa: PLC0415  # for this alone

        return PBKDF2HMAC(getattr(hashes, sealed.digest)(), size, salt, *costs).derive(password), sealed.iv
    if sealed.kdf == "scrypt":
        from cryptography.hazmat.primitives.kdf.scrypt import Scrypt  # noqa: PLC0415  # for this alone

        return Scrypt(salt, size, *costs).derive(password), sealed.iv
    text, purposes = password.decode("utf-8"), ((ENCRYPTION_KEY, size), (INITIALISATION_VECTOR, 8))
    key, iv = (derive_pkcs12(text, salt, costs[0], purpose, length) for purpose, length in purposes)
    return key, iv
