"""JWS signatures by hand on `cryptography` (RFC 7515; algorithms of RFC 7518, section 3, and RFC 8037)."""

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature

from adapters.jose.key_objects import PrivateKey, PublicKey, load_public_key, public_members
from domain.errors import KeyFormatError, translating
from domain.keys.jwk import COORDINATE_BYTES, CURVE_ALGORITHMS, TYPE_ALGORITHMS, PublicJwk, read_public_jwk

_HALF_BYTES = {algorithm: COORDINATE_BYTES[curve] for curve, algorithm in CURVE_ALGORITHMS["EC"].items()}
"""Bytes in each half of an ECDSA signature (RFC 7518, 3.4)."""


class JwsSigner:
    """Signs with a private key held in this process (see `domain.keys.ports.SwiftSigner`).

    Attributes:
        private_key: Never shown.
        public: The public half with the algorithm to sign by.
    """

    def __init__(self, private_key: PrivateKey, public: PublicJwk) -> None:
        self.private_key = private_key
        self.public = public
        self._sign_all = _prepare_signing(private_key, public.algorithm)

    def __repr__(self) -> str:
        return f"JwsSigner({self.public!r})"

    def sign(self, message: bytes) -> bytes:
        """Return the JWS signature of `message`, verified before it leaves."""
        with translating(lambda _: unsound()):
            (signature,) = self.sign_unchecked([message])
            if not _holds(self.private_key.public_key(), self.public.algorithm, message, signature):
                raise unsound()
            return signature

    def sign_unchecked(self, messages: Sequence[bytes]) -> list[bytes]:
        return self._sign_all(messages)


def unsound() -> KeyFormatError:
    """Return the error for a key by whose own public half its signature does not hold."""
    return KeyFormatError("the key's own signature does not verify", "the key is damaged; get a good copy")


def make_signer(private_key: object, jwk: dict[str, Any] | None = None) -> JwsSigner:
    """Return the signer of `private_key`.

    Args:
        private_key: A private key object of `cryptography`.
        jwk: The JWK that the key came from, whose `alg`, `use`, `key_ops` and `kid` then count.

    Raises:
        KeyFormatError: the key is not EC on a NIST curve, RSA of 2048 to 8192 bits or Ed25519, its signature does
            not hold, or the JWK says of itself that it is for something else.
    """
    if not isinstance(private_key, PrivateKey):
        raise KeyFormatError(
            f"a private key of type {type(private_key).__name__} cannot sign a token",
            "use an EC (P-256, P-384, P-521), RSA or Ed25519 key",
        )
    try:
        own = {name: jwk[name] for name in ("alg", "use", "key_ops", "kid") if name in jwk} if jwk else {}
        signer = JwsSigner(private_key, read_public_jwk(own | public_members(private_key.public_key())))
    except ValueError as error:
        raise KeyFormatError(f"the key cannot sign a token: {error}", "use another key") from error
    if isinstance(private_key, rsa.RSAPrivateKey):
        signer.sign(b"step-ott")  # loaded without a test of its primes: by others no signature holds
    return signer


def verify(key: PublicKey, algorithm: str, message: bytes, signature: bytes) -> bool:
    """Return whether `signature`, as a JWS carries it, is one of `message` by `key` under `algorithm`.

    No signature holds under an algorithm that does not go with the key's type and curve, `none` among them.
    """
    try:
        public = read_public_jwk({**public_members(key), "alg": algorithm})
    except ValueError:
        return False
    return public.algorithm == algorithm and _holds(key, algorithm, message, signature)


class StepCaSignatures:
    """Takes the signatures that step-ca takes (see `domain.certificates.ports.Signatures`)."""

    def hold(self, public: PublicJwk, algorithm: str, message: bytes, signature: bytes) -> bool:
        try:
            key = load_public_key(public)
        except ValueError:
            return False
        return algorithm in TYPE_ALGORITHMS[public.members["kty"]] and _holds(key, algorithm, message, signature)


def _holds(key: PublicKey, algorithm: str, message: bytes, signature: bytes) -> bool:
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            size = _HALF_BYTES[algorithm]
            if len(signature) != 2 * size:
                return False
            r, s = (int.from_bytes(half, "big") for half in (signature[:size], signature[size:]))
            key.verify(encode_dss_signature(r, s), message, ec.ECDSA(_hash(algorithm)))
        elif isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, message, _rsa_padding(algorithm), _hash(algorithm))
        else:
            key.verify(signature, message)
    except InvalidSignature:
        return False
    return True


def _prepare_signing(key: PrivateKey, algorithm: str) -> Callable[[Sequence[bytes]], list[bytes]]:
    """Return what signs messages by `key`, with everything looked up that does not depend on them.

    Each step of ECDSA is taken for all messages before the next: its code and tables then stay near the processor.
    """
    if isinstance(key, ec.EllipticCurvePrivateKey):
        size, sign, ecdsa = _HALF_BYTES[algorithm], key.sign, ec.ECDSA(Prehashed(_hash(algorithm)))
        open_hash = getattr(hashlib, f"sha{algorithm[2:]}")  # with less to set up than a hash of OpenSSL's own signing

        def sign_ec(messages: Sequence[bytes]) -> list[bytes]:
            digests = [open_hash(message).digest() for message in messages]
            signatures = [sign(one, ecdsa) for one in digests]
            return [_fix_width(signature, size) for signature in signatures]

        return sign_ec
    if isinstance(key, rsa.RSAPrivateKey):
        padded, digest = _rsa_padding(algorithm), _hash(algorithm)
        return lambda messages: [key.sign(message, padded, digest) for message in messages]
    return lambda messages: [key.sign(message) for message in messages]


def _fix_width(signature: bytes, size: int) -> bytes:
    """Return r and s of a signature that `cryptography` made, `size` bytes each (RFC 7518, 3.4).

    Cut out of the DER (a sequence of two integers) rather than decoded, which takes four times as long.
    """
    begin = 4 if signature[1] < 0x80 else 5  # a sequence of 128 bytes or more says its length in a byte more
    end = begin + signature[begin - 1]
    return signature[begin:end][-size:].rjust(size, b"\0") + signature[end + 2 :][-size:].rjust(size, b"\0")


def _hash(algorithm: str) -> hashes.HashAlgorithm:
    digest: hashes.HashAlgorithm = getattr(hashes, f"SHA{algorithm[2:]}")()
    return digest


def _rsa_padding(algorithm: str) -> padding.AsymmetricPadding:
    """PS* salts have the digest's length (RFC 7518, 3.5)."""
    if algorithm.startswith("PS"):
        digest = _hash(algorithm)
        return padding.PSS(padding.MGF1(digest), digest.digest_size)
    return padding.PKCS1v15()
