"""The part of the composition root that reads certificates, of every kind."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from adapters.certificates.x509_and_ssh import CertificateReader
    from domain.certificates.nebula import NebulaCertificate
    from domain.certificates.ports import Certificates
    from domain.certificates.x509_and_ssh import Certificate, CertificateRequest, SshCertificate
    from domain.keys.jwk import PublicJwk

MAX_REMEMBERED, MAX_REMEMBERED_BYTES = 4096, 4096
"""How many inputs are remembered, each of at most how many bytes: about all that a token's header holds."""


def wire_certificates() -> Certificates:
    """Return the reader of certificates."""
    return _LateCertificates()


class _LateCertificates:
    """The reader of certificates, loaded when there are some to read; what it has read it does not read again.

    `verify` looks at a token's chain twice, and a header may hold thousands.
    """

    def __init__(self) -> None:
        self._read_again = lru_cache(MAX_REMEMBERED)(lambda data: open_certificates().read_chain(data))

    def read_chain(self, data: bytes) -> Sequence[Certificate]:
        if len(data) > MAX_REMEMBERED_BYTES:
            return open_certificates().read_chain(data)
        return tuple(self._read_again(data))

    def read_ssh(self, data: bytes) -> SshCertificate:
        return open_certificates().read_ssh(data)

    def read_request(self, data: bytes) -> CertificateRequest:
        from adapters.certificates.requests import read_request  # noqa: PLC0415

        return read_request(data)

    def read_public_keys(self, data: bytes) -> Sequence[PublicJwk]:
        from adapters.certificates.requests import read_public_keys  # noqa: PLC0415
        from adapters.jose.jws import read_public  # noqa: PLC0415

        return read_public_keys(data, read_public)

    def read_nebula(self, data: bytes) -> NebulaCertificate:
        from adapters.certificates.nebula import read_nebula  # noqa: PLC0415

        return read_nebula(data)


def open_certificates() -> CertificateReader:
    """Return the reader of X.509 and SSH certificates."""
    from adapters.certificates.x509_and_ssh import CertificateReader  # noqa: PLC0415
    from adapters.jose.jws import read_public  # noqa: PLC0415

    return CertificateReader(read_public)
