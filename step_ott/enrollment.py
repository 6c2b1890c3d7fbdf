"""How issuers and CAs get certificates: the use cases of the command line, on what a program gave."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

import attrs

from adapters.ca.https import HttpsAuthority
from adapters.ca.requests import HttpsRequests
from adapters.jose.jws import StepCaSignatures
from adapters.keys.new_key import LocalNewKeys
from domain.enroll.key_kind import KeyKind
from domain.enroll.request import CertificateTerms
from domain.errors import UsageError
from entrypoints.use_cases.ca_ports import CaPorts
from entrypoints.use_cases.certificates import EnrollPorts
from step_ott.arguments import read_moment, refuse_type
from step_ott.json_values import copy_user_data

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain.provisioners.credential import Ports
    from step_ott.issuers.asked_ca import AskedCA

KeyName: TypeAlias = Literal["P-256", "P-384", "P-521", "Ed25519", "RSA-2048", "RSA-3072", "RSA-4096"]
"""A kind of private key: the curve, or RSA with its bits."""

KEY_NAMES: tuple[str, ...] = get_args(KeyName)


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

    def deliver(self, certificates: bytes, key: bytes | None) -> None:
        """Keep both."""
        self.certificates, self.key = certificates, key or b""


@contextmanager
def enrolling(ca: AskedCA, minting: Ports[Any], pair: KeptPair) -> Iterator[EnrollPorts]:
    """Give the ports to a running CA by which a certificate is got, for the time of a block.

    Raises:
        UsageError: the CA does not run.
    """
    with reaching(ca) as authority:
        yield EnrollPorts(
            minting=attrs.evolve(minting, authority=authority),
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
            access=HttpsRequests(authority.client),
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


def read_key_name(value: object) -> KeyKind:
    """Return the kind of key that is made.

    Raises:
        UsageError: there is none of that name.
    """
    if not isinstance(value, str):
        raise refuse_type(value, "key_kind", f"choose one of {', '.join(KEY_NAMES)}")
    if value not in KEY_NAMES:
        raise UsageError(f"key_kind= {value[:80]!r} is not known", f"choose one of {', '.join(KEY_NAMES)}")
    kty, _, bits = value.partition("-")
    return KeyKind("", int(bits)) if kty == "RSA" else KeyKind(value)


def read_terms(not_before: object, not_after: object, template_data: object) -> CertificateTerms:
    """Return what else a certificate is asked for by.

    Raises:
        UsageError: an argument will not do.
    """
    return CertificateTerms(
        not_before=read_moment(not_before, "not_before"),
        not_after=read_moment(not_after, "not_after"),
        template_data={} if template_data is None else copy_user_data(template_data, "template_data"),
    )
