"""How issuers and CAs get certificates: the use cases of the command line, on what a program gave."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import attrs

from adapters.ca.https import HttpsAuthority
from adapters.ca.requests import HttpsRequests
from adapters.jose.jws import StepCaSignatures
from adapters.keys.new_key import LocalNewKeys
from domain.errors import UsageError
from entrypoints.use_cases.ca_ports import CaPorts
from entrypoints.use_cases.certificates import EnrollPorts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain.enroll.ports import HeldKey
    from domain.provisioners.credential import Ports
    from step_ott.issuers.asked_ca import AskedCA


class KeptPair:
    """Keeps a certificate and its key for who asked for them (see `domain.enroll.ports.PairSink`).

    Attributes:
        certificates: The chain, PEM.
        key: PEM; empty where the key is the program's own.
    """

    certificates: bytes
    key: bytes

    def check(self) -> None:
        """Have nothing against it."""

    def deliver(self, certificates: bytes, key: bytes | None, held: HeldKey | None = None) -> None:
        """Keep both."""
        del held
        self.certificates, self.key = certificates, key or b""


@contextmanager
def enrolling(ca: AskedCA, minting: Ports[Any], pair: KeptPair) -> Iterator[EnrollPorts]:
    """Give the ports to a running CA by which a certificate is got, for the time of a block.

    Raises:
        UsageError: the CA does not run.
    """
    with reaching(ca) as authority:
        yield wire_enrollment(authority, attrs.evolve(minting, authority=authority), pair)


def wire_enrollment(authority: HttpsAuthority, minting: Ports[Any], pair: KeptPair) -> EnrollPorts:
    """Return the ports by which a certificate is got of a CA that is being asked."""
    return EnrollPorts(
        minting=minting,
        roots=authority.client.roots,
        requests=HttpsRequests(authority.client),
        new_keys=LocalNewKeys(),
        signatures=StepCaSignatures(),
        pair=pair,
    )


@contextmanager
def changing(ca: AskedCA, minting: Ports[Any]) -> Iterator[CaPorts]:
    """Give the ports to a running CA by which certificates are renewed and revoked, likewise."""
    with reaching(ca) as authority:
        yield CaPorts(
            minting=attrs.evolve(minting, authority=authority),
            roots=authority.client.roots,
            requests=HttpsRequests(authority.client),
            signatures=StepCaSignatures(),
        )


@contextmanager
def reaching(ca: AskedCA) -> Iterator[HttpsAuthority]:
    """Give what asks a running CA.

    Raises:
        UsageError: it is one that is read from its configuration.
    """
    with ca.asking() as authority:
        if not isinstance(authority, HttpsAuthority):
            raise UsageError(f"{ca!r} does not run, and can only be asked for tokens", "use a step_ott.CA")
        yield authority
