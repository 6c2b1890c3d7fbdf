"""Keys of a program's own: whatever can sign, and what is told of it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, runtime_checkable

from domain.errors import KeyFormatError, UsageError, describe_foreign, translating
from domain.keys.sampled_signer import SampledSigner
from step_ott.arguments import refuse_type
from step_ott.json_values import write_object
from step_ott.wording import their_code

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes

    from domain.keys.jwk import PublicJwk
    from domain.keys.ports import KeyStore, Passwords, SwiftSigner
    from domain.keys.ports import Signer as OpenedKey
    from domain.keys.source import DeviceKey, KeyFile, SealedKey
    from step_ott.arguments import Source
    from step_ott.ports import GivenFiles


Key: TypeAlias = "Source | Mapping[str, Any] | PrivateKeyTypes | Signer"
"""A private key: a file (see `Source`), a "pkcs11:" URI, a JWK, an object of `cryptography`, or a signer."""


_SIGNATURE_BYTES = {"ES256": 64, "ES384": 96, "ES512": 132, "EdDSA": 64}
"""Bytes in a signature, where the algorithm alone says that."""


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
        sign: Returns the DER of the ECDSA signature of a message, hashed as the key's curve wants it: SHA-256 for
            P-256, SHA-384 for P-384, SHA-512 for P-521.

    Raises:
        UsageError: one of them will not do.
    """

    def __init__(self, public_key: PublicKeyTypes | Mapping[str, Any] | bytes, sign: Callable[[bytes], bytes]) -> None:
        from domain.keys.jwk import COORDINATE_BYTES

        members = read_public_key(public_key).members
        if members["kty"] != "EC":
            raise UsageError("public_key= is not that of an EC key", "only their signatures come in DER")
        if not callable(sign):
            raise refuse_type(sign, "sign", "give a function that signs")
        self.public_key = public_key
        self._size = COORDINATE_BYTES[members["crv"]]
        self._sign = sign

    def sign(self, message: bytes) -> bytes:
        """Return r and s of the signature, each at the curve's full width."""
        from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

        signature = self._sign(message)
        with translating(lambda _: KeyFormatError("the signature is not one in DER", "return DER as bytes from sign=")):
            return b"".join(number.to_bytes(self._size, "big") for number in decode_dss_signature(signature))


class CheckedSigner:
    """A program's signer, each of whose signatures is checked before it leaves (see `domain.keys.ports.Signer`).

    What the program's own code raises passes as it is.

    Raises:
        UsageError: its public key will not do.
        KeyFormatError: its signature, of which the first is made here, will not do.
    """

    def __init__(self, signer: Signer) -> None:
        from adapters.jose.jws import StepCaSignatures

        with their_code():
            public_key = signer.public_key
        self.public = read_public_key(public_key)
        self._signer = signer
        self._signatures = StepCaSignatures()
        self.sign(b"step-ott")

    def sign(self, message: bytes) -> bytes:
        """Return the signature of `message`, which holds by the public half."""
        with their_code():
            signature = self._signer.sign(message)
        if not isinstance(signature, bytes):
            raise KeyFormatError(f"the signer returned something of type {type(signature).__name__}", "return bytes")
        if not self._signatures.hold(self.public, self.public.algorithm, message, signature):
            raise self._explain(signature)
        return signature

    def _explain(self, signature: bytes) -> KeyFormatError:
        """Return the error for a signature that does not hold."""
        algorithm, size = self.public.algorithm, _SIGNATURE_BYTES.get(self.public.algorithm, len(signature))
        if self.public.members["kty"] == "EC" and signature[:1] == b"\x30" and len(signature) != size:
            return KeyFormatError("the signer answers in DER, which no token carries", "wrap it in step_ott.DerSigner")
        if len(signature) != size:
            what = f"the signer's signature is {len(signature)} bytes long; under {algorithm} it has {size}"
            return KeyFormatError(what, "return r and s as RFC 7518, 3.4 has them, or for EdDSA the signature alone")
        what = f"the signer's signature under {algorithm} does not hold by its public key"
        return KeyFormatError(what, "give the public half of the key that signs, and sign under that algorithm")


class ForeignKey:
    """A private key whose class follows those of `cryptography` and is not one of them, as a `Signer`."""

    def __init__(self, signer: SwiftSigner, public_key: PublicKeyTypes) -> None:
        self.public_key = public_key
        self._signer = signer

    def sign(self, message: bytes) -> bytes:
        """Return the signature of `message`."""
        return self._signer.sign_unchecked([message])[0]


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
        opened = self._opened.get(name)
        if opened is None:
            signer: Any = self._store.open(source, passwords)
            opened = SampledSigner(signer) if hasattr(signer, "sign_unchecked") else signer
            self._opened[name] = opened
        return opened

    def forget(self) -> None:
        """Have the keys opened anew, since what is in their files may be another one by now."""
        self._opened = {}


def take_key(files: GivenFiles, key: object, argument: str = "key") -> tuple[str, OpenedKey | None]:
    """Return what a key is called, and the key itself where the program has opened it.

    Raises:
        UsageError, KeyFormatError: it is none, or cannot sign tokens.
    """
    if isinstance(key, type):
        raise refuse_type(key, argument, f"give an object of {key.__name__}, not the class")
    if isinstance(key, Mapping):
        return files.add(write_object(key, argument), argument), None
    if isinstance(key, str | bytes | os.PathLike):
        return files.add(key, argument), None
    if hasattr(key, "private_bytes"):
        return "the private key", _take_private_key(key)
    with their_code():  # by Python 3.11 its `public_key` is asked for here
        own = key if isinstance(key, Signer) else None
    if own is not None:
        return "the signer", CheckedSigner(own)
    raise refuse_type(
        key, argument, "give a path, bytes, a JWK as a mapping, a private key of cryptography, or a Signer"
    )


def _take_private_key(key: Any) -> OpenedKey:
    from adapters.jose.jws import make_signer

    signer = make_signer(key)
    if type(key).__module__.startswith("cryptography."):
        return SampledSigner(signer)
    return CheckedSigner(ForeignKey(signer, key.public_key()))


def read_public_key(key: object) -> PublicJwk:
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
        raise UsageError(
            f"public_key= cannot be used: {error}",
            "give an EC, RSA or Ed25519 public key: an object of cryptography, a JWK as a mapping, or PEM as bytes",
        ) from None
