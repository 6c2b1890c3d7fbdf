"""Nebula certificates, read by hand (github.com/slackhq/nebula/cert).

Strict: each value has one spelling, nothing is left over, and what Nebula itself refuses is refused.
"""

from collections.abc import Callable
from contextlib import suppress

from adapters.certificates.nebula_v1 import read_version_1
from adapters.certificates.nebula_v2 import read_version_2
from domain.certificates.nebula import NebulaCertificate, check_networks
from domain.errors import InputError
from domain.formats.pem import decode_pem, split_pem

MAX_BODY_BYTES = 65_536
"""The longest that Nebula takes (cert_v2.go, MaxCertificateSize)."""

_VERSIONS = {"NEBULA CERTIFICATE": (read_version_1,), "NEBULA CERTIFICATE V2": (read_version_2,)}
_MAX_SHOWN = 4
"""More labels of PEM blocks than that are not shown."""


def read_nebula(data: bytes) -> NebulaCertificate:
    """Return the Nebula certificate in `data`, PEM, or its body alone, as a token's header carries it.

    A body alone does not say its version: step-ca tries the first, then the second.

    Raises:
        InputError: there is none or several, or it cannot be read.
    """
    blocks = split_pem(data)
    if len(blocks) > 1 or (blocks and (blocks[0][0] not in _VERSIONS or blocks[0][1] is None)):
        listed = ", ".join(sorted({label for label, _ in blocks})[:_MAX_SHOWN])
        several = f"it holds {len(blocks)} PEM blocks" if len(blocks) > 1 else "it cannot be read as PEM"
        raise InputError(f"{several}: {listed}", "give a file with one NEBULA CERTIFICATE, of version 1 or 2")
    try:
        if blocks:
            [(label, body)] = blocks
            certificate = _read_body(decode_pem(body), *_VERSIONS[label])
        else:
            certificate = _read_body(data, read_version_1, read_version_2)
        check_networks(certificate)
        return certificate
    except ValueError as error:
        fix = "give one that nebula-cert has made"
        raise InputError(f"it is not a Nebula certificate that can be read: {error}", fix) from error


def _read_body(body: bytes, *readers: Callable[[bytes], NebulaCertificate]) -> NebulaCertificate:
    """Return what the first reader that can makes of the body, or raise what the last one does."""
    if not 0 < len(body) <= MAX_BODY_BYTES:
        raise ValueError(f"it is {len(body)} bytes long, and may only be 1 to {MAX_BODY_BYTES}")
    *others, last = readers
    for read in others:
        with suppress(ValueError):
            return read(body)
    return last(body)
