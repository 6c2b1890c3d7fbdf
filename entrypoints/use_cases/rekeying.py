"""How a certificate gets another key: the old one, shown by TLS, authorises that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain.enroll.request import ask_to_rekey
from domain.provisioners.x5c import OpenedChain
from entrypoints.use_cases.renewal import (
    OpenedCertificate,
    check_presentable,
    explain_by_certificate,
    open_renewable,
    read_renewed,
)

if TYPE_CHECKING:
    from domain.enroll.ports import NewKeys, PairSink
    from domain.enroll.rekeying import RekeyingOptions
    from entrypoints.use_cases.ca_ports import CaPorts
    from entrypoints.use_cases.renewable_files import RenewableFiles


class CertificateRekeying(OpenedCertificate):
    """A certificate that can get another key again and again.

    A new key is encrypted where the old one is, by the same password.
    """

    action = "rekeyed"

    def __init__(
        self, options: RekeyingOptions, ports: CaPorts, new_keys: NewKeys, pair: PairSink, files: RenewableFiles
    ) -> None:
        """Open the certificate.

        Raises:
            InputError: a file cannot be read, or it is not the certificate's key.
            UsageError: the schedule does not fit the certificate's life.
            OutputError: what comes of it could not be delivered.
        """
        self.opened = open_renewable(options.renewal, ports, files)
        self.options, self.ports, self.files = options, ports, files
        self.new_keys, self.pair = new_keys, pair
        pair.check()

    def renew(self) -> None:
        """Get a certificate for another key, and deliver both."""
        ports, opened = self.ports, self.opened
        ports.requests.start_over()
        check_presentable(opened, self.options.renewal.minting, ports)
        key = self.new_keys.make(self.options.kind)
        csr = key.request("", ())
        fingerprint = ports.minting.certificates.read_request(csr).key_fingerprint
        answer = ports.requests.presenting(opened.certificates, opened.signer).put(ask_to_rekey(csr.decode()))
        if not answer.is_granted:
            raise explain_by_certificate(answer, opened, ports)
        chain = read_renewed(answer, opened, fingerprint, ports)
        self.pair.deliver(chain, key.serialize(self.files.password))
        self.files.move(self.options.out_certificate, self.options.out_key)
        self.opened = OpenedChain(ports.minting.certificates.read_chain(chain), key.signer)
