"""The reader of certificates of every kind: each kind's own reader is loaded when there is something to read."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from domain.certificates.nebula import NebulaCertificate
    from domain.certificates.x509_and_ssh import Certificate, CertificateRequest, SshCertificate, SshPublicKey
    from domain.keys.jwk import PublicJwk

MAX_REMEMBERED, MAX_REMEMBERED_BYTES = 4096, 4096
"""How many inputs are remembered, each of at most how many bytes: about all that a token's header holds."""


class CertificateReader:
    """Reads certificates (see `domain.certificates.ports.Certificates`).

    A chain that it has read it does not read again: `verify` looks at a token's twice, and a header may hold thousands.
    """

    def read_chain(self, data: bytes) -> Sequence[Certificate]:
        return _read_chain(data) if len(data) > MAX_REMEMBERED_BYTES else _read_chain_once(data)

    def read_ssh(self, data: bytes) -> SshCertificate:
        from adapters.certificates.ssh import read_ssh  # noqa: PLC0415  # slow to load

        return read_ssh(data)

    def read_request(self, data: bytes) -> CertificateRequest:
        from adapters.certificates.requests import read_request  # noqa: PLC0415  # slow to load

        return read_request(data)

    def read_public_keys(self, data: bytes) -> Sequence[PublicJwk]:
        from adapters.certificates.requests import read_public_keys  # noqa: PLC0415  # slow to load

        return read_public_keys(data)

    def read_nebula(self, data: bytes) -> NebulaCertificate:
        from adapters.certificates.nebula import read_nebula  # noqa: PLC0415  # for these alone

        return read_nebula(data)

    def fingerprint_request(self, data: bytes) -> str:
        from adapters.certificates.requests import fingerprint_request  # noqa: PLC0415  # slow to load

        return fingerprint_request(data)

    def read_ssh_key(self, data: bytes) -> SshPublicKey:
        from adapters.certificates.ssh import read_ssh_key  # noqa: PLC0415  # slow to load

        return read_ssh_key(data)

    def fingerprint_ssh_key(self, data: bytes) -> str:
        from adapters.certificates.ssh import fingerprint_ssh_key  # noqa: PLC0415  # slow to load

        return fingerprint_ssh_key(data)


def _read_chain(data: bytes) -> Sequence[Certificate]:
    from adapters.certificates.x509 import read_chain  # noqa: PLC0415  # slow to load

    return tuple(read_chain(data))


_read_chain_once = lru_cache(MAX_REMEMBERED)(_read_chain)
