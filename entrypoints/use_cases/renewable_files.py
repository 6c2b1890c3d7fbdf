"""A certificate that is renewed, and its key, in files that others may write meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from domain.errors import KeyMismatchError, naming_pair
from domain.provisioners.x5c import OpenedChain, open_chain
from domain.settings.devices import key_source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain.enroll.renewal import RenewalOptions
    from domain.keys.jwk import PublicJwk
    from domain.keys.ports import Passwords, Signer
    from domain.keys.source import DeviceKey, KeyFile, SealedKey
    from entrypoints.use_cases.ca_ports import CaPorts

CERTIFICATE, KEY = "x5c-cert", "x5c-key"


class RenewableFiles:
    """The files of a certificate and of its key, which can be read again and again.

    Attributes:
        password: What opened the key, None where it is not encrypted.
    """

    def __init__(self, options: RenewalOptions, ports: CaPorts, *, is_lasting: bool) -> None:
        """Name the files.

        Args:
            options: What names them.
            ports: What they are read through.
            is_lasting: Whether the key is in a file that can be read again, and so not in a pipe or a device.
        """
        self._options = options.minting
        self._passwords = _RememberedPasswords(ports.minting.passwords)
        self._sources = attrs.evolve(ports.minting, passwords=self._passwords)
        self._is_lasting = is_lasting
        self.password: bytes | None = None

    def read(self) -> OpenedChain:
        """Return the certificate and its key.

        Raises:
            InputError: one cannot be read, or it is not the certificate's key.
        """
        self._passwords.begin()
        with naming_pair(*self.name_pair()):
            opened = open_chain(self._options, self._sources)
        self.password = self._passwords.settle()
        if not self._is_lasting:
            self._sources = attrs.evolve(self._sources, keys=_KeptKey(opened.signer))
        return opened

    def hold(self, opened: OpenedChain) -> HeldFile | None:
        """Return the file of the key, None where it cannot be read again."""
        if not self._is_lasting or opened.certificates[0].public is None:
            return None
        return HeldFile(self, opened.certificates[0].public)

    def open_key(self) -> Signer:
        """Return the key alone."""
        return self._sources.keys.open(key_source(self._options, KEY), self._passwords)

    def name_pair(self) -> tuple[str, str]:
        """Return both files."""
        return self._name(CERTIFICATE), self._name(KEY)

    def move(self, certificate: str, key: str | None = None) -> None:
        """Read these files from now on; the key stays where it is unless it is named."""
        settings = dict(self._options.settings)
        settings[CERTIFICATE] = attrs.evolve(settings[CERTIFICATE], value=certificate)
        if key is not None:
            settings[KEY] = attrs.evolve(settings[KEY], value=key)
        self._options = attrs.evolve(self._options, settings=settings)

    def _name(self, option: str) -> str:
        return str(self._options.settings[option].value)


@attrs.frozen
class HeldFile:
    """A `HeldKey` (see `domain.enroll.ports`) in a file."""

    files: RenewableFiles
    public: PublicJwk

    def check(self) -> None:
        """Check that it is still the certificate's (see there)."""
        if self.files.open_key().public.thumbprint() != self.public.thumbprint():
            certificate, key = self.files.name_pair()
            what = f"{key} has become another key while {certificate} was renewed, so that nothing is written"
            raise KeyMismatchError(what, "renew again")


class _KeptKey:
    """A `KeyStore` with a key that cannot be opened again."""

    def __init__(self, signer: Signer) -> None:
        self.signer = signer

    def open(self, source: KeyFile | SealedKey | DeviceKey, passwords: Passwords) -> Signer:
        del source, passwords
        return self.signer


class _RememberedPasswords:
    """Passwords of which the one that opened the key before comes first, so that a person is asked once.

    Attributes:
        known: What opened the key the last time it was encrypted.
    """

    def __init__(self, passwords: Passwords) -> None:
        self.passwords = passwords
        self.whose = passwords.whose
        self.known: bytes | None = None
        self._tried: bytes | None = None

    def begin(self) -> None:
        """Forget what was tried."""
        self._tried = None

    def settle(self) -> bytes | None:
        """Remember what was tried last, for that has opened the key, and return it; None where nothing was."""
        self.known = self.known if self._tried is None else self._tried
        return self._tried

    def candidates(self, purpose: str) -> Iterator[bytes]:
        """Give the passwords (see `domain.keys.ports.Passwords`)."""
        if self.known is not None:
            self._tried = self.known
            yield self.known
            if not self.whose:
                return
        for password in self.passwords.candidates(purpose):
            self._tried = password
            yield password
