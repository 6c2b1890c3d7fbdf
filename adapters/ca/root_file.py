"""Root certificates in PEM or DER files; the fingerprint needs no X.509 library."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from domain.errors import InputError, naming, succeeds
from domain.formats.der import DerValues
from domain.formats.pem import decode_pem, is_pem, split_pem

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from domain.ports import InputFiles

MAX_ROOT_BYTES = 1 << 20


class RootFile:
    """The file of the CA's root certificate or certificates.

    Attributes:
        path: The file; `-` is standard input.
        whose: What gave the file, as the user wrote it, with the path, for errors: `--root ca.crt`.
    """

    def __init__(self, files: InputFiles, path: str, whose: str) -> None:
        self.files = files
        self.path = path
        self.whose = whose
        self._certificates: list[bytes] = []

    def certificates(self) -> list[bytes]:
        """Return the DER of every certificate in the file, at least one.

        Raises:
            InputError: the file cannot be read, or holds anything but certificates.
        """
        if not self._certificates:  # standard input can be read only once
            self._certificates = self._read()
        return self._certificates

    def _read(self) -> list[bytes]:
        with naming(self.whose, self.path):
            data = self.files.read(self.path, MAX_ROOT_BYTES)
        try:
            found = read_certificates(data)
        except ValueError as error:
            raise InputError(f"{self.whose} is not a root certificate: {error}", "get it again from the CA") from error
        if not found:
            raise InputError(f"{self.whose} holds no certificate", "get the root certificate from the CA")
        return found

    def fingerprint(self) -> str:
        """Return the fingerprint of the first of the certificates (see `fingerprint_root`)."""
        return fingerprint_root(self.certificates())


def read_certificates(data: bytes) -> list[bytes]:
    """Return the DER of every certificate in `data`, PEM or DER; whether that is X.509 is not looked at.

    Raises:
        ValueError: it holds something else.
    """
    is_der = data[:1] == b"\x30" and not is_pem(data)
    found = [data] if is_der else [decode_pem(body) for label, body in split_pem(data) if label == "CERTIFICATE"]
    for der in found:
        outer = DerValues(der)
        outer.take(0x30)
        outer.end()
    return found


def fingerprint_root(
    certificates: Sequence[bytes],
    find_anchor: Callable[[], bytes] | None = None,
    list_named: Callable[[], Sequence[bytes]] = tuple,
) -> str:
    """Return the SHA-256 of the DER of a CA's root, lower-case hex, as step-ca compares it.

    Args:
        certificates: DER, at least one: the root, perhaps with roots of other CAs, old ones, and intermediate ones.
        find_anchor: Returns the DER of that which vouches for the CA, or which the root has issued. Without it the
            first is the root.
        list_named: Returns the DER of the roots that the CA itself names, which goes before: certificates of one name
            and key are told apart by nothing else. Both are called where there are several certificates alone.
    """
    if len(certificates) == 1:
        return sha256(certificates[0]).hexdigest()
    named = next(filter(list_named().__contains__, certificates), None)
    if named is None:
        named = certificates[0] if find_anchor is None else _climb(find_anchor(), certificates)
    return sha256(named).hexdigest()


def _climb(der: bytes, candidates: Sequence[bytes]) -> bytes:
    """Return the uppermost of the candidates that has issued a certificate, or issued its issuer; else itself.

    Above a certificate that has issued itself there is none: one of the same name and key is no root of its.
    """
    from cryptography.x509 import load_der_x509_certificate as load  # noqa: PLC0415  # slow to load, and seldom needed

    def has_issued(issuer: bytes, der: bytes) -> bool:
        return succeeds(lambda: load(der).verify_directly_issued_by(load(issuer)))

    remaining = [candidate for candidate in candidates if candidate != der]
    while not has_issued(der, der):
        issuer = next((candidate for candidate in remaining if has_issued(candidate, der)), None)
        if issuer is None:
            break
        remaining.remove(issuer)
        der = issuer
    return der
