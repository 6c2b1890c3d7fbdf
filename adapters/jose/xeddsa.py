"""XEdDSA: Ed25519 signatures by X25519 keys, on libsodium's primitives through PyNaCl.

Source: https://signal.org/docs/specifications/xeddsa/, whose names for points and scalars are used here. libsodium does
the arithmetic on curve and scalars, hashlib the hashing, and `cryptography` checks what comes out.
"""

from collections.abc import Callable
from hashlib import sha512

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from nacl import bindings as sodium

from adapters.jose.jws import unsound
from domain.errors import KeyFormatError
from domain.formats import base64url
from domain.keys.jwk import PublicJwk

KEY_BYTES, RANDOM_BYTES, _SCALAR_BYTES = 32, 64, 32
_SIGN_BIT = 0x80
_HASH1_PREFIX = b"\xfe" + b"\xff" * 31
"""What hash1 begins with: 2 to the 256th less 2, little-endian, which is the encoding of no point and no scalar."""


class XeddsaSigner:
    """Signs with an X25519 private key held in this process.

    Attributes:
        private_key: 32 bytes; never shown.
        public: The X25519 public key, with the algorithm `XEdDSA`.
        randomness: Gives so many random bytes, fresh for every signature.
    """

    def __init__(self, private_key: bytes, randomness: Callable[[int], bytes]) -> None:
        self.private_key = private_key
        x = base64url.encode(sodium.crypto_scalarmult_base(private_key))
        self.public = PublicJwk({"kty": "OKP", "crv": "X25519", "x": x}, "XEdDSA")
        self.randomness = randomness

    def __repr__(self) -> str:
        return f"XeddsaSigner({self.public!r})"

    def sign(self, message: bytes) -> bytes:
        """Return the signature of `message`, verified with the public key before it leaves."""
        signature = sign(self.private_key, message, self.randomness(RANDOM_BYTES))
        if not self.holds(message, signature):
            raise unsound()
        return signature

    def holds(self, message: bytes, signature: bytes) -> bool:
        """Return whether Ed25519 takes `signature`: what step-ca's check comes to (crypto, x25519.Verify)."""
        edwards, _ = _calculate_key_pair(self.private_key)
        if base64url.encode(sodium.crypto_sign_ed25519_pk_to_curve25519(edwards)) != self.public.members["x"]:
            return False
        try:
            Ed25519PublicKey.from_public_bytes(edwards).verify(signature, message)
        except InvalidSignature:
            return False
        return True


def make_xeddsa_signer(private_key: bytes, randomness: Callable[[int], bytes]) -> XeddsaSigner:
    """Return the signer of an X25519 private key of 32 bytes.

    Raises:
        KeyFormatError: it is of another length, or this libsodium was built without what is needed.
    """
    if len(private_key) != KEY_BYTES:
        raise KeyFormatError(f"an X25519 key of {len(private_key)} bytes", f"give one of {KEY_BYTES}")
    if not (sodium.has_crypto_core_ed25519 and sodium.has_crypto_scalarmult_ed25519):
        raise KeyFormatError(
            "this libsodium is a minimal build that cannot sign by XEdDSA", "install PyNaCl with its own libsodium"
        )
    return XeddsaSigner(private_key, randomness)


def sign(private_key: bytes, message: bytes, random: bytes) -> bytes:
    """Return the signature of `message` (xeddsa_sign).

    Args:
        private_key: An X25519 private key, 32 bytes.
        random: 64 secret random bytes, never used before.
    """
    A, a = _calculate_key_pair(private_key)  # noqa: N806  # the specification's names
    r = _hash_to_scalar(_HASH1_PREFIX, a, message, random)
    R = sodium.crypto_scalarmult_ed25519_base_noclamp(r)  # noqa: N806  # the specification's names
    h = _hash_to_scalar(R, A, message)
    s = sodium.crypto_core_ed25519_scalar_add(r, sodium.crypto_core_ed25519_scalar_mul(h, a))
    return R + s


def _calculate_key_pair(private_key: bytes) -> tuple[bytes, bytes]:
    """Return the Edwards public key, whose sign bit is zero, and its private scalar (calculate_key_pair)."""
    k = bytes([private_key[0] & 0xF8, *private_key[1:31], private_key[31] & 0x7F | 0x40])  # RFC 7748, section 5
    E = sodium.crypto_scalarmult_ed25519_base_noclamp(k)  # noqa: N806  # the specification's names
    a = sodium.crypto_core_ed25519_scalar_reduce(k + bytes(_SCALAR_BYTES))
    if E[31] & _SIGN_BIT:
        a = sodium.crypto_core_ed25519_scalar_negate(a)
    return E[:31] + bytes([E[31] & ~_SIGN_BIT & 0xFF]), a


def _hash_to_scalar(*parts: bytes) -> bytes:
    return sodium.crypto_core_ed25519_scalar_reduce(sha512(b"".join(parts)).digest())
