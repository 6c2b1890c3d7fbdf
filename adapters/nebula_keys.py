"""Private keys in the PEM that nebula-cert writes (github.com/slackhq/nebula/cert, pem.go)."""

from __future__ import annotations

import re
from base64 import b64decode
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from domain.errors import KeyFormatError, naming, translating

if TYPE_CHECKING:
    from collections.abc import Callable

    from domain.key_source import NebulaKeyFile
    from domain.ports import InputFiles, Passwords, Signer

MAX_KEY_BYTES = 65_536
_PEM = re.compile(rb"-----BEGIN (NEBULA [A-Z0-9 ]*PRIVATE KEY)-----\s([A-Za-z0-9+/=\s]*)-----END \1-----")
_BEGIN = re.compile(rb"-----BEGIN NEBULA [A-Z0-9 ]+-----")
_SIZES = {
    "NEBULA X25519 PRIVATE KEY": 32,
    "NEBULA P256 PRIVATE KEY": 32,
    "NEBULA ECDSA P256 PRIVATE KEY": 32,
    "NEBULA ED25519 PRIVATE KEY": 64,
}
"""Bytes in each kind of key."""

_FIX = "give the key that nebula-cert wrote beside the certificate"


class NebulaKeys:
    """Opens private keys of Nebula's, and leaves all others to those who know them.

    Attributes:
        files: Reads key files.
        open_other: Opens what is not in Nebula's own PEM: content, name for errors and prompts, passwords.
        make_signer: A key object of `cryptography`, and None, to its signer.
        make_xeddsa_signer: An X25519 private key, 32 bytes, to its signer.
    """

    def __init__(
        self,
        *,
        files: InputFiles,
        open_other: Callable[[bytes, str, Passwords], Signer],
        make_signer: Callable[[object, None], Signer],
        make_xeddsa_signer: Callable[[bytes], Signer],
    ) -> None:
        self.files = files
        self.open_other = open_other
        self.make_signer = make_signer
        self.make_xeddsa_signer = make_xeddsa_signer

    def open(self, source: NebulaKeyFile, passwords: Passwords) -> Signer:
        """Return the signer of the key in `source` (see `domain.ports.KeyStore`)."""
        data, whose = self.files.read(source.path, MAX_KEY_BYTES), f"--{source.option} {source.path}"
        with naming(whose):
            if not _BEGIN.search(data):
                return self.open_other(data, whose, passwords)
            label, key = _decode(data)
            if label == "NEBULA X25519 PRIVATE KEY":
                return self.make_xeddsa_signer(key)
            return self.make_signer(_load(label, key), None)


def _decode(data: bytes) -> tuple[str, bytes]:
    """Return the label and the bytes of the one key in `data`."""
    found = _PEM.findall(data)
    if len(found) != 1 or data.count(b"-----BEGIN ") != 1:
        raise KeyFormatError("the file holds no Nebula private key that can be read, or more than that", _FIX)
    label = found[0][0].decode()
    if label not in _SIZES:
        is_sealed = "ENCRYPTED" in label
        what = f"the {label} is sealed in Nebula's own way" if is_sealed else f"the {label} is of an unknown kind"
        raise KeyFormatError(f"{what}, which step-ott does not read", "give a key that is not encrypted" * is_sealed)
    try:
        key = b64decode(b"".join(found[0][1].split()), validate=True)
    except ValueError as error:
        raise KeyFormatError(f"the {label} is damaged", "get a sound copy of it") from error
    if len(key) != _SIZES[label]:
        raise KeyFormatError(f"the {label} is {len(key)} bytes long, not {_SIZES[label]}", _FIX)
    return label, key


def _load(label: str, key: bytes) -> object:
    """Return the key object of a P-256 scalar, or of an Ed25519 seed with its public key behind it."""
    if "P256" in label:
        with translating(lambda _: KeyFormatError(f"the {label} is damaged", "get a sound copy of it")):
            return ec.derive_private_key(int.from_bytes(key, "big"), ec.SECP256R1())
    private_key = ed25519.Ed25519PrivateKey.from_private_bytes(key[:32])
    if private_key.public_key().public_bytes_raw() != key[32:]:
        raise KeyFormatError(f"the {label} is damaged: its halves do not belong together", "get a sound copy of it")
    return private_key
