"""Private keys in the PEM that nebula-cert writes (github.com/slackhq/nebula/cert, pem.go)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from adapters.jose.jws import make_signer
from domain.errors import KeyFormatError, translating
from domain.formats.pem import decode_pem, split_pem

if TYPE_CHECKING:
    from domain.keys.ports import Signer

_SIZES = {
    "NEBULA X25519 PRIVATE KEY": 32,
    "NEBULA P256 PRIVATE KEY": 32,
    "NEBULA ECDSA P256 PRIVATE KEY": 32,
    "NEBULA ED25519 PRIVATE KEY": 64,
}
"""Bytes in each kind of key."""

_FIX = "give the key that nebula-cert wrote beside the certificate"


def open_nebula_key(data: bytes, *, may_be_x25519: bool) -> Signer:
    """Return the signer of the private key in `data`, PEM of Nebula's.

    Args:
        may_be_x25519: Whether it is to sign for a Nebula provisioner, which an X25519 key does for no other.

    Raises:
        KeyFormatError: there is none or several, it cannot be read, or the extra that it needs is not installed.
    """
    label, key = _decode(data)
    if label != "NEBULA X25519 PRIVATE KEY":
        return make_signer(_load(label, key))
    if not may_be_x25519:
        what = "an X25519 key signs only for Nebula provisioners"
        raise KeyFormatError(what, "name it with --nebula-key, with its --nebula-cert, or use another key")
    try:
        from adapters.jose.xeddsa import make_xeddsa_signer  # noqa: PLC0415  # an extra
    except ImportError as error:
        from adapters.process.extras import tell_how_to_add  # noqa: PLC0415  # for this alone

        raise KeyFormatError(
            "an X25519 key signs by libsodium, and PyNaCl is not installed", tell_how_to_add("pynacl")
        ) from error
    return make_xeddsa_signer(key, os.urandom)


def _decode(data: bytes) -> tuple[str, bytes]:
    """Return the label and the bytes of the one key in `data`."""
    blocks = split_pem(data)
    if len(blocks) != 1 or not blocks[0][0].endswith("PRIVATE KEY"):
        raise KeyFormatError("the file holds no Nebula private key that can be read, or more than one block", _FIX)
    label, body = blocks[0]
    if label not in _SIZES:
        is_sealed = "ENCRYPTED" in label
        what = f"the {label} is encrypted in Nebula's own way" if is_sealed else f"the {label} is of an unknown kind"
        raise KeyFormatError(f"{what}, which step-ott does not read", "give a key that is not encrypted" * is_sealed)
    try:
        key = decode_pem(body)
    except ValueError as error:
        raise KeyFormatError(f"the {label} is damaged", "get a good copy of it") from error
    if len(key) != _SIZES[label]:
        raise KeyFormatError(f"the {label} is {len(key)} bytes long, not {_SIZES[label]}", _FIX)
    return label, key


def _load(label: str, key: bytes) -> object:
    """Return the key object of a P-256 scalar, or of an Ed25519 seed with its public key behind it."""
    if "P256" in label:
        with translating(lambda _: KeyFormatError(f"the {label} is damaged", "get a good copy of it")):
            return ec.derive_private_key(int.from_bytes(key, "big"), ec.SECP256R1())
    private_key = ed25519.Ed25519PrivateKey.from_private_bytes(key[:32])
    if private_key.public_key().public_bytes_raw() != key[32:]:
        raise KeyFormatError(f"the {label} is damaged: its halves do not belong together", "get a good copy of it")
    return private_key
