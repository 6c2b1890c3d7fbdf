"""The adapters behind the ports of minting, where a program calls: nobody is asked, nothing is printed."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from adapters.certificates.reader import CertificateReader
from adapters.machine.clock import SystemClock, SystemRandomness
from domain.provisioners.credential import Ports
from entrypoints.wiring.late_adapters import LateMetadata, SilentIdentityProvider
from step_ott.ports import LogNotices, NobodyToAsk, NowhereToDeliver

if TYPE_CHECKING:
    from domain.ca.ports import Authority
    from domain.keys.ports import KeyStore
    from step_ott.issuers.asked_ca import AskedCA
    from step_ott.issuers.given import Given

_A = TypeVar("_A", bound="Authority")


def assemble_ports(ca: AskedCA, given: Given, keys: KeyStore, authority: _A) -> Ports[_A]:
    """Return the ports of one issuer, or of one call.

    Args:
        ca: The CA that tokens are for.
        given: The program's files and password.
        keys: What opens private keys.
        authority: What answers for the CA.
    """
    return Ports(
        clock=SystemClock(),
        randomness=SystemRandomness(),
        files=given.files,
        keys=keys,
        certificates=CertificateReader(),
        passwords=given.password,
        authority=authority,
        metadata=LateMetadata(ca.environ),
        identity_provider=SilentIdentityProvider(),
        prompter=NobodyToAsk(),
        notices=LogNotices(),
        sink=NowhereToDeliver(),
    )
