"""How a certificate gets another key: the old one, shown by TLS, authorises that."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from domain.enroll.request import ask_to_rekey
from domain.provisioners.x5c import OpenedChain
from entrypoints.use_cases.renewal import (
    check_presentable,
    explain_by_certificate,
    open_renewable,
    read_renewed,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain.certificates.x509_and_ssh import Certificate
    from domain.enroll.key_kind import KeyKind
    from domain.enroll.ports import NewKeys, PairSink
    from domain.enroll.renewal import RenewalOptions
    from domain.keys.ports import Passwords
    from entrypoints.use_cases.ca_ports import CaPorts


class CertificateRekeying:
    """A certificate, opened once, that can get another key again and again.

    A new key is encrypted where the old one is, by the same password.

    Attributes:
        opened: The newest certificate, with its key.
    """

    action = "rekeyed"

    def __init__(
        self, options: RenewalOptions, kind: KeyKind, ports: CaPorts, new_keys: NewKeys, pair: PairSink
    ) -> None:
        """Open the certificate.

        Raises:
            InputError: a file cannot be read, or it is not the certificate's key.
            UsageError: the schedule does not fit the certificate's life.
            OutputError: what comes of it could not be delivered.
        """
        passwords = _RememberedPasswords(ports.minting.passwords)
        opening = attrs.evolve(ports, minting=attrs.evolve(ports.minting, passwords=passwords))
        self.opened = open_renewable(options, opening)
        self._password = passwords.last
        self.options, self.kind, self.ports = options, kind, ports
        self.new_keys, self.pair = new_keys, pair
        pair.check()

    @property
    def leaf(self) -> Certificate:
        """The newest certificate."""
        return self.opened.certificates[0]

    def renew(self) -> None:
        """Get a certificate for another key, and deliver both."""
        ports, opened = self.ports, self.opened
        ports.access.start_over()
        check_presentable(opened, self.options.minting, ports)
        key = self.new_keys.make(self.kind)
        csr = key.request("", ())
        fingerprint = ports.minting.certificates.read_request(csr).key_fingerprint
        answer = ports.access.presenting(opened.certificates, opened.signer).put(ask_to_rekey(csr.decode()))
        if not answer.is_granted:
            raise explain_by_certificate(answer, opened, ports)
        chain = read_renewed(answer, opened, fingerprint, ports)
        self.pair.deliver(chain, key.serialize(self._password))
        self.opened = OpenedChain(ports.minting.certificates.read_chain(chain), key.signer)


class _RememberedPasswords:
    """Passwords that remember the last one that was tried: the one that opened the key, where it was encrypted."""

    def __init__(self, passwords: Passwords) -> None:
        self.passwords = passwords
        self.whose = passwords.whose
        self.last: bytes | None = None

    def candidates(self, purpose: str) -> Iterator[bytes]:
        """Give the passwords (see `domain.keys.ports.Passwords`)."""
        for password in self.passwords.candidates(purpose):
            self.last = password
            yield password
