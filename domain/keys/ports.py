"""Ports to private keys and their passwords."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from domain.keys.jwk import PublicJwk
from domain.keys.source import DeviceKey, KeyFile, SealedKey


class Signer(Protocol):
    """A private key that signs; it may be in this process, in a vault or in a device."""

    @property
    def public(self) -> PublicJwk:
        """The key's public half, with the algorithm that its signatures have."""
        ...

    def sign(self, message: bytes) -> bytes:
        """Return the JWS signature of `message` (RFC 7515, 5.1), checked with the public half.

        ECDSA signatures are r and s, each at the curve's full width (RFC 7518, 3.4).
        """
        ...


class SwiftSigner(Signer, Protocol):
    """A signer that can leave out the check of its signatures."""

    def sign_unchecked(self, messages: Sequence[bytes]) -> list[bytes]:
        """Return the JWS signatures of many messages, not checked, by a key of which others are."""
        ...


class Passwords(Protocol):
    """Where the password of an encrypted key comes from."""

    @property
    def whose(self) -> str:
        """The file that has it, with what gave that, as the user wrote it; empty where a person is asked."""
        ...

    def candidates(self, purpose: str) -> Iterator[bytes]:
        """Give the passwords to try, one after the other; `purpose` says to a person what for.

        Raises:
            UsageError: there is no password and nobody to ask.
            InputError: the password file cannot be read or is empty.
        """
        ...


class KeyStore(Protocol):
    """Opens private keys."""

    def open(self, source: KeyFile | SealedKey | DeviceKey, passwords: Passwords) -> Signer:
        """Return the signer of the key in `source`; asks `passwords` only where it is encrypted or a PIN is missing.

        Raises:
            InputError: the file cannot be read, or the device has no such key.
            KeyFormatError: an unknown container, an unfit key, or JOSE parameters out of bounds.
            WrongPasswordError: no password opens it.
        """
        ...
