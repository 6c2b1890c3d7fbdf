"""Private keys in the formats that step writes and reads: PEM, OpenSSH and JWK, on `cryptography`.

PKCS#8 plain and encrypted (RFC 5958), PKCS#1 (RFC 8017), SEC 1 (RFC 5915), legacy `Proc-Type:
4,ENCRYPTED` (RFC 1421), OpenSSH's own container, and private JWKs (RFC 7518, section 6).
"""

import re
import warnings
from collections.abc import Callable, Mapping
from typing import Any

from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.utils import CryptographyDeprecationWarning

from domain import base64url
from domain.errors import KeyFormatError, WrongPasswordError
from domain.jwk import COORDINATE_BYTES

_PEM_LABEL = rb"-----BEGIN ([A-Z0-9 ]+)-----"
_KEY_LABELS = frozenset(
    {b"PRIVATE KEY", b"ENCRYPTED PRIVATE KEY", b"EC PRIVATE KEY", b"RSA PRIVATE KEY", b"OPENSSH PRIVATE KEY"}
)
_CURVES: dict[str, Callable[[], ec.EllipticCurve]] = {
    "P-256": ec.SECP256R1,
    "P-384": ec.SECP384R1,
    "P-521": ec.SECP521R1,
}
_RSA_MEMBERS = ("d", "p", "q", "dp", "dq", "qi")
_UNKNOWN_CIPHER = "^Unknown |unknown cipher"
"""What the library says of a cipher it lacks, by the same ValueError that a wrong password gives."""


def load_pem_key(data: bytes, password: bytes | None) -> object | None:
    """Return the private key in the PEM text `data`, or None where it is encrypted and `password` is None.

    Raises:
        KeyFormatError: no private key is in it, or one of a kind that cannot be read.
        WrongPasswordError: the password does not open it.
    """
    label = _find_key_label(data)
    try:
        return _load(label, data, password or None)
    except TypeError as error:
        if password is None:
            return None
        if password:  # it is not encrypted
            return _load(label, data, None)
        raise WrongPasswordError("the password does not open the key") from error
    except (ValueError, InvalidTag, UnsupportedAlgorithm) as error:
        raise _explain(error, label, password is not None and _is_encrypted(label, data)) from error


def _explain(error: Exception, label: str, is_sealed: bool) -> KeyFormatError | WrongPasswordError:
    """Return what the library's error means for a key that is sealed with a password or not."""
    if isinstance(error, UnsupportedAlgorithm) or re.search(_UNKNOWN_CIPHER, str(error)):
        fix = "convert it with 'openssl pkcs8 -topk8 -v2 aes256' or ssh-keygen"
        return KeyFormatError(f"the {label} uses an algorithm that cannot be read: {error}", fix)
    if is_sealed:
        return WrongPasswordError("the password does not open the key")
    return KeyFormatError(f"the {label} is damaged or of a kind that cannot be read", "convert it to PKCS#8")


def load_jwk_key(jwk: Mapping[str, Any]) -> object:
    """Return the private key of a private JWK whose public half has been checked.

    Raises:
        KeyFormatError: the private members are missing or malformed, or are not of the public ones.
    """
    try:
        if jwk["kty"] == "EC":
            return _load_ec(jwk)
        if jwk["kty"] == "RSA":
            return _load_rsa(jwk)
        private_key = ed25519.Ed25519PrivateKey.from_private_bytes(_bytes(jwk, "d"))
        if private_key.public_key().public_bytes_raw() != _bytes(jwk, "x"):
            raise ValueError("its private half is not of its public half")
        return private_key
    except ValueError as error:
        raise KeyFormatError(f"the JWK cannot be read: {error}", "get a sound copy of it") from error


def _find_key_label(data: bytes) -> str:
    labels: list[bytes] = re.findall(_PEM_LABEL, data)
    keys = [label for label in labels if label in _KEY_LABELS]
    if len(keys) == 1:
        return keys[0].decode()
    if keys:
        raise KeyFormatError("the file holds several private keys", "give a file with one")
    found = ", ".join(sorted({label.decode() for label in labels}))
    raise KeyFormatError(
        f"the file holds {found or 'no PEM block'}, not a private key that can be read", "give the private key's file"
    )


def _load(label: str, data: bytes, password: bytes | None) -> object:
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415  # not for JWKs

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)  # an old kind of key is refused in our words
        if label == "OPENSSH PRIVATE KEY":
            return serialization.load_ssh_private_key(data, password)
        return serialization.load_pem_private_key(data, password)


def _is_encrypted(label: str, data: bytes) -> bool:
    return label in ("ENCRYPTED PRIVATE KEY", "OPENSSH PRIVATE KEY") or b"Proc-Type: 4,ENCRYPTED" in data


def _load_ec(jwk: Mapping[str, Any]) -> ec.EllipticCurvePrivateKey:
    secret, size = _bytes(jwk, "d"), COORDINATE_BYTES[jwk["crv"]]
    if len(secret) != size:
        raise ValueError(f"member 'd' is not {size} bytes long")
    private_key = ec.derive_private_key(int.from_bytes(secret, "big"), _CURVES[jwk["crv"]]())
    numbers = private_key.public_key().public_numbers()
    if [numbers.x, numbers.y] != [int.from_bytes(_bytes(jwk, name), "big") for name in "xy"]:
        raise ValueError("its private half is not of its public half")
    return private_key


def _load_rsa(jwk: Mapping[str, Any]) -> rsa.RSAPrivateKey:
    if "oth" in jwk:
        raise ValueError("it has more than two primes")
    n, e = (int.from_bytes(_bytes(jwk, name), "big") for name in "ne")
    d, p, q, dp, dq, qi = (int.from_bytes(_bytes(jwk, name), "big") for name in _RSA_MEMBERS)
    return rsa.RSAPrivateNumbers(p, q, d, dp, dq, qi, rsa.RSAPublicNumbers(e, n)).private_key()


def _bytes(jwk: Mapping[str, Any], name: str) -> bytes:
    value = jwk.get(name)
    if not isinstance(value, str):
        raise ValueError(f"member {name!r} is missing" + (": it is a public key" if name == "d" else ""))
    return base64url.decode(value)
