"""New SSH keys in OpenSSH's format, on `cryptography`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from adapters.keys.new_key import LocalNewKeys
from domain.certificates.x509_and_ssh import SshPublicKey

if TYPE_CHECKING:
    from adapters.jose.key_objects import PrivateKey
    from domain.enroll.key_kind import KeyKind


class LocalSshKeys:
    """Makes keys in this process (see `domain.enroll.ssh_ports.NewSshKeys`)."""

    def make(self, kind: KeyKind) -> LocalSshKey:
        return LocalSshKey(LocalNewKeys().make(kind).private_key)


class LocalSshKey:
    """A new key (see `domain.enroll.ssh_ports.NewSshKey`).

    Attributes:
        private_key: Never shown.
    """

    def __init__(self, private_key: PrivateKey) -> None:
        self.private_key = private_key

    @property
    def public(self) -> SshPublicKey:
        line = self.private_key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
        return SshPublicKey(line.decode("ascii").split()[1])

    def serialize(self, password: bytes | None) -> bytes:
        encryption = NoEncryption() if password is None else BestAvailableEncryption(password)
        return self.private_key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, encryption)
