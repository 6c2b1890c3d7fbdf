"""PKCS#8 containers (RFC 5958), read as far as it takes to know what opening them costs.

Sources: RFC 8018 (PBES2, PBKDF2), RFC 7914 (scrypt), RFC 7292, appendix C (PBE with SHA-1 and triple DES).
"""

from collections.abc import Mapping, Sequence
from typing import NoReturn

import attrs

from domain.errors import KeyFormatError
from domain.formats.der import DerValues
from domain.keys.work import MAX_SCRYPT_BYTES, MAX_SCRYPT_WORK, check_iterations, refuse_work

_SEQUENCE, _OCTETS, _OID = 0x30, 0x04, 0x06


def _oid(text: str) -> bytes:
    """Return the content octets of an object identifier (X.690, 8.19)."""
    first, second, *rest = map(int, text.split("."))
    content = bytearray()
    for arc in (40 * first + second, *rest):
        groups = [arc >> 7 * place & 0x7F for place in range(max(arc.bit_length() - 1, 0) // 7, -1, -1)]
        content += bytes([*(group | 0x80 for group in groups[:-1]), groups[-1]])
    return bytes(content)


_RSADSI, _NIST_AES, _X9 = "1.2.840.113549", "2.16.840.1.101.3.4.1", "1.2.840.10046"
_SIGNING_KEYS = frozenset(map(_oid, (f"{_RSADSI}.1.1.1", f"{_RSADSI}.1.1.10", "1.2.840.10045.2.1", "1.3.101.112")))
"""RSA, RSA-PSS, EC and Ed25519."""

_OTHER_KEYS: Mapping[bytes, str] = {
    _oid("1.2.840.10040.4.1"): "a DSA key",
    _oid(f"{_RSADSI}.1.3.1"): "a DH key",
    _oid(f"{_X9}.2.1"): "a DH key",
    _oid("1.3.101.110"): "an X25519 key",
    _oid("1.3.101.111"): "an X448 key",
    _oid("1.3.101.113"): "an Ed448 key",
}

_PBES2, _PBKDF2, _SCRYPT = _oid(f"{_RSADSI}.1.5.13"), _oid(f"{_RSADSI}.1.5.12"), _oid("1.3.6.1.4.1.11591.4.11")
_PBE_SHA1_3DES = _oid(f"{_RSADSI}.1.12.1.3")
_DIGESTS: Mapping[bytes, str] = {
    _oid(f"{_RSADSI}.2.{number}"): name
    for number, name in ((7, "SHA1"), (8, "SHA224"), (9, "SHA256"), (10, "SHA384"), (11, "SHA512"))
}
_TRIPLE_DES = "3DES"
_CIPHERS: Mapping[bytes, tuple[str, int, int]] = {
    _oid(f"{_NIST_AES}.2"): ("AES", 16, 16),
    _oid(f"{_NIST_AES}.22"): ("AES", 24, 16),
    _oid(f"{_NIST_AES}.42"): ("AES", 32, 16),
    _oid(f"{_RSADSI}.3.7"): (_TRIPLE_DES, 24, 8),
}
"""Name, bytes of the key and bytes of the block; all in CBC mode."""


@attrs.frozen
class SealedPkcs8:
    """An encrypted private key, whose work is within the bounds.

    Attributes:
        kdf: How the key is made of the password: PBKDF2, scrypt, or PKCS12, which is by SHA-1 and makes the
            initialisation vector too.
        salt: For that.
        costs: The iterations; of scrypt N, r and p.
        digest: PBKDF2's: SHA1, SHA224, SHA256, SHA384 or SHA512.
        cipher: AES or 3DES, in CBC mode with padding.
        key_bytes: The length of the key.
        iv: The initialisation vector; empty where the derivation makes it.
        ciphertext: What is to be decrypted.
    """

    kdf: str
    salt: bytes
    costs: Sequence[int]
    digest: str
    cipher: str
    key_bytes: int
    iv: bytes
    ciphertext: bytes = attrs.field(repr=False)


def check_key_type(der: bytes) -> None:
    """Check that the PrivateKeyInfo `der` holds a key of a type that can sign a token.

    Raises:
        ValueError: it is not a PrivateKeyInfo.
        KeyFormatError: it holds a key of another type.
    """
    info = _open_sequence(der)
    info.take_number()
    oid = DerValues(info.take(_SEQUENCE)).take(_OID)
    info.take(_OCTETS)
    if oid not in _SIGNING_KEYS:
        raise KeyFormatError(
            f"{_OTHER_KEYS.get(oid, 'a key of its type')} cannot sign a token",
            "use an EC (P-256, P-384, P-521), RSA or Ed25519 key",
        )


def read_sealed_pkcs8(der: bytes) -> SealedPkcs8:
    """Return the EncryptedPrivateKeyInfo `der` in its parts.

    Raises:
        ValueError: it is not one.
        KeyFormatError: it is encrypted in a way that is not known, or asks for more work than is done for any key.
    """
    info = _open_sequence(der)
    scheme = DerValues(info.take(_SEQUENCE))
    ciphertext = info.take(_OCTETS)
    info.end()
    oid, parameters = scheme.take(_OID), DerValues(scheme.take(_SEQUENCE))
    if oid == _PBE_SHA1_3DES:
        salt, iterations = parameters.take(_OCTETS), parameters.take_number()
        check_iterations(iterations, "PKCS#12 iterations")
        return SealedPkcs8("PKCS12", salt, [iterations], "SHA1", _TRIPLE_DES, 24, b"", ciphertext)
    if oid != _PBES2:
        _refuse("scheme")
    derived, encrypted = DerValues(parameters.take(_SEQUENCE)), DerValues(parameters.take(_SEQUENCE))
    cipher, key_bytes, block_bytes = _CIPHERS.get(encrypted.take(_OID)) or _refuse("cipher")
    iv = encrypted.take(_OCTETS)
    if len(iv) != block_bytes or len(ciphertext) % block_bytes:
        raise ValueError("initialisation vector or ciphertext are of the wrong length")
    return SealedPkcs8(*_read_derivation(derived, key_bytes), cipher, key_bytes, iv, ciphertext)


def _open_sequence(der: bytes) -> DerValues:
    """Return what is in the one sequence that `der` is."""
    outer = DerValues(der)
    content = outer.take(_SEQUENCE)
    outer.end()
    return DerValues(content)


def _read_derivation(derived: DerValues, key_bytes: int) -> tuple[str, bytes, list[int], str]:
    oid, parameters = derived.take(_OID), DerValues(derived.take(_SEQUENCE))
    if oid not in (_PBKDF2, _SCRYPT):
        _refuse("key derivation")
    salt = parameters.take(_OCTETS)
    numbers = [parameters.take_number() for _ in range(1 if oid == _PBKDF2 else 3)]
    if parameters.holds(0x02) and parameters.take_number() != key_bytes:
        raise ValueError("the length of the key is not the cipher's")
    if oid == _SCRYPT:
        parameters.end()
        _check_scrypt(*numbers)
        return "scrypt", salt, numbers, ""
    digest = "SHA1"
    if parameters.holds(_SEQUENCE):
        digest = _DIGESTS.get(DerValues(parameters.take(_SEQUENCE)).take(_OID)) or _refuse("key derivation's digest")
    parameters.end()
    check_iterations(numbers[0], "PBKDF2 iterations")
    return "PBKDF2", salt, numbers, digest


def _check_scrypt(n: int, r: int, p: int) -> None:
    if n < 2 or n & (n - 1) or not r or not p:
        raise ValueError("the parameters of scrypt are not valid")
    if 128 * r * (n + 2 * p + 2) > MAX_SCRYPT_BYTES:  # OpenSSL has p blocks twice: it copies them to derive the key
        refuse_work(f"more than {MAX_SCRYPT_BYTES >> 20} MiB of memory for scrypt")
    if n * r * p > MAX_SCRYPT_WORK:
        refuse_work(f"more than {MAX_SCRYPT_WORK} steps of scrypt")


def _refuse(what: str) -> NoReturn:
    raise KeyFormatError(
        f"it uses an algorithm that cannot be read: its {what} is not known",
        "convert it with 'openssl pkcs8 -topk8 -v2 aes256'",
    )
