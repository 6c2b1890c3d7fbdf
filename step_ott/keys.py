"""Keys of a program's own: whatever can sign, and what is told of it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, runtime_checkable

from domain.errors import KeyFormatError, UsageError, describe_foreign, translating
from domain.keys.sampled_signer import SampledSigner

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes

    from domain.keys.jwk import PublicJwk
    from domain.keys.ports import KeyStore, Passwords
    from domain.keys.ports import Signer as OpenedKey
    from domain.keys.source import DeviceKey, KeyFile, SealedKey
    from step_ott.arguments import Source
    from step_ott.ports import GivenFiles


Key: TypeAlias = "Source | Mapping[str, Any] | PrivateKeyTypes | Signer"
"""A private key: a file (see `Source`), a "pkcs11:" URI, a JWK, an object of `cryptography`, or a signer."""


@runtime_checkable
class Signer(Protocol):
    """A private key that signs, wherever it is: in a vault, a device or another process."""

    @property
    def public_key(self) -> PublicKeyTypes | Mapping[str, Any] | bytes:
        """The public half: an object of `cryptography`, a JWK as a mapping, or PEM."""
        ...

    def sign(self, message: bytes) -> bytes:
        """Return the signature of `message` as a JWS carries it (RFC 7515, 5.1; RFC 7518, 3.4).

        By an EC key r and s, each at the curve's full width; by P-256 with SHA-256, P-384 with SHA-384, P-521 with
        SHA-512. By an RSA key RS256, unless its JWK says otherwise. By an Ed25519 key EdDSA.
        """
        ...


class DerSigner:
    """A `Signer` of an EC key whose signatures come in DER, as vaults, devices and `cryptography` give them.

    Args:
        public_key: An EC public key: an object of `cryptography`, a JWK as a mapping, or PEM.
        sign: Returns the DER of the ECDSA signature of a message, hashed as the key's curve wants it.
    """

    def __init__(self, public_key: PublicKeyTypes | Mapping[str, Any] | bytes, sign: Callable[[bytes], bytes]) -> None:
        self.public_key = public_key
        members = _read_public(public_key).members
        if members["kty"] != "EC":
            raise UsageError("public_key= is not that of an EC key", "only their signatures come in DER")
        from domain.keys.jwk import COORDINATE_BYTES

        self._size = COORDINATE_BYTES[members["crv"]]
        self._sign = sign

    def sign(self, message: bytes) -> bytes:
        """Return r and s of the signature."""
        from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

        with translating(
            lambda _: KeyFormatError("the signature is not one in DER", "return what the key service gives")
        ):
            numbers = decode_dss_signature(self._sign(message))
            return b"".join(number.to_bytes(self._size, "big") for number in numbers)


class CheckedSigner:
    """A program's signer, each of whose signatures is checked before it leaves (see `domain.keys.ports.Signer`)."""

    def __init__(self, signer: Signer) -> None:
        from adapters.jose.jws import StepCaSignatures

        self.public = _read_public(signer.public_key)
        self._signer = signer
        self._signatures = StepCaSignatures()
        self.sign(b"step-ott")

    def sign(self, message: bytes) -> bytes:
        """Return the signature of `message`, which holds by the public half."""
        signature = self._signer.sign(message)
        if not isinstance(signature, bytes):
            raise KeyFormatError(f"the signer returned a {type(signature).__name__}", "return bytes")
        if not self._signatures.hold(self.public, self.public.algorithm, message, signature):
            if self.public.members["kty"] == "EC" and signature[:1] == b"\x30":
                raise KeyFormatError(
                    "the signer answers in DER, which no token carries", "wrap it in step_ott.DerSigner"
                )
            what = "the signer's signature does not hold by its public key"
            raise KeyFormatError(what, "give the public half of the key that signs")
        return signature


class RememberedKeys:
    """Keys that are opened once, however many tokens they sign (see `domain.keys.ports.KeyStore`).

    Args:
        store: Opens them.
        own: The program's own, where it has one: it is every key that is asked for.
    """

    def __init__(self, store: KeyStore, own: OpenedKey | None = None) -> None:
        self._store = store
        self._own = own
        self._opened: dict[str, OpenedKey] = {}

    def open(self, source: KeyFile | SealedKey | DeviceKey, passwords: Passwords) -> OpenedKey:
        """Return the program's key, or that in `source`, opened now if it was not before."""
        if self._own is not None:
            return self._own
        name = f"{type(source).__name__} {getattr(source, 'path', '') or getattr(source, 'label', '')}"
        if name not in self._opened:
            signer: Any = self._store.open(source, passwords)
            self._opened[name] = SampledSigner(signer) if hasattr(signer, "sign_unchecked") else signer
        return self._opened[name]


def add_key(files: GivenFiles, key: object) -> tuple[str, OpenedKey | None]:
    """Return what a key is called, and the key itself where the program has opened it.

    Raises:
        UsageError, KeyFormatError: it is none, or cannot sign tokens.
    """
    if isinstance(key, Mapping):
        return files.add(json.dumps(dict(key)).encode(), "key"), None
    if isinstance(key, str | bytes | os.PathLike):
        return files.add(key, "key"), None
    if hasattr(key, "private_bytes"):
        from adapters.jose.jws import make_signer

        return "the private key", SampledSigner(make_signer(key))
    if isinstance(key, Signer):
        return "the signer", CheckedSigner(key)
    raise UsageError(f"key= is a {type(key).__name__}", "give a path, bytes, a JWK, a private key, or a Signer")


def _read_public(key: object) -> PublicJwk:
    """Return the public half as a program gives it.

    Raises:
        UsageError: it is none.
    """
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    from adapters.jose.key_objects import read_public
    from domain.keys.jwk import read_public_jwk

    try:
        if isinstance(key, Mapping):
            return read_public_jwk(key)
        if isinstance(key, bytes):
            with translating(lambda error: ValueError(describe_foreign(error))):
                key = load_pem_public_key(key)
        return read_public(key)
    except ValueError as error:
        raise UsageError(f"public_key= cannot be used: {error}", "give an EC, RSA or Ed25519 public key") from error
