"""Ports to what SSH certificates need from outside, beside those of `domain.enroll.ports`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from domain.certificates.x509_and_ssh import SshPublicKey
    from domain.enroll.key_kind import KeyKind
    from domain.ports import OutputFile


class NewSshKey(Protocol):
    """A private key that nobody has yet."""

    @property
    def public(self) -> SshPublicKey:
        """Its public half."""
        ...

    def serialize(self, password: bytes | None) -> bytes:
        """Return the key in OpenSSH's format, encrypted where there is a password."""
        ...


class NewSshKeys(Protocol):
    """Makes private keys."""

    def make(self, kind: KeyKind) -> NewSshKey:
        """Return a new key."""
        ...


class SshSink(Protocol):
    """Where files that belong together go: all of them or none."""

    def check(self, paths: Sequence[str]) -> None:
        """Refuse, before anything is asked for, what can be seen to stand in their way already.

        Raises:
            OutputError: they could not be delivered.
        """
        ...

    def deliver(self, files: Sequence[OutputFile]) -> None:
        """Write them all, or raise and leave what was there before.

        Raises:
            OutputError: they could not be delivered.
        """
        ...
