"""Certificates as programs get them: what is in them, and how they are written to files."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import attrs

from domain.errors import UsageError
from domain.formats.duration import NANOSECONDS
from step_ott.arguments import refuse_type
from step_ott.ports import GivenPassword, spare_standard_input
from step_ott.wording import speaking_python

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from domain.certificates.x509_and_ssh import Certificate
    from step_ott.arguments import Password

NAME_TYPES = ("dns", "ip", "email", "uri")


@attrs.frozen(kw_only=True, repr=False)
class SignedCertificate:
    """An X.509 certificate of the CA's, for a key that the program has already.

    It was checked: it is for that key and the names that were asked for, and leads to the CA's root.

    Attributes:
        certificate: Its PEM.
        chain: The same, and after it those of the intermediate CAs: what servers present.
        serial: Its serial number.
        not_before, not_after: When it begins and ends, UTC.
        names: Its DNS names, IP addresses, e-mail addresses and URIs, in this order.
    """

    certificate: str
    chain: str
    serial: int
    not_before: datetime
    not_after: datetime
    names: tuple[str, ...]

    def __repr__(self) -> str:
        shown, end = ", ".join(self.names[:5]), self.not_after.isoformat()
        return f"<step_ott.{type(self).__name__} {self.serial} for {shown!r}, expires at {end}>"

    def save(self, certificate_path: str | os.PathLike[str], *, replace: bool = False) -> None:
        """Write the chain to a file of mode 0600, or raise and leave what was there before.

        Args:
            certificate_path: The file. One that is replaced keeps its mode, and its owner where it may.
            replace: Whether a file that is there already is replaced.

        Raises:
            UsageError: it is not a path.
            OutputError: it cannot be written, or is there already.
        """
        from adapters.output.key_pair import KeyPairFiles

        with speaking_python():
            path, replaces = check_path(certificate_path, "certificate_path"), check_flag(replace)
            file = KeyPairFiles(path, None, replaces, takes_after=True)
            file.check()
            file.deliver(self.chain.encode(), None)


@attrs.frozen(kw_only=True, repr=False)
class IssuedCertificate:
    """An X.509 certificate of the CA's with the new private key that it is for.

    It was checked: it is for that key and the names that were asked for, and leads to the CA's root.

    Attributes:
        certificate: Its PEM.
        chain: The same, and after it those of the intermediate CAs: what servers present.
        key: The private key, PEM (PKCS #8), not encrypted; no `repr` shows it.
        serial: Its serial number.
        not_before, not_after: When it begins and ends, UTC.
        names: Its DNS names, IP addresses, e-mail addresses and URIs, in this order.
    """

    certificate: str
    chain: str
    key: str
    serial: int
    not_before: datetime
    not_after: datetime
    names: tuple[str, ...]

    __repr__ = SignedCertificate.__repr__

    def save(
        self,
        certificate_path: str | os.PathLike[str],
        key_path: str | os.PathLike[str],
        *,
        replace: bool = False,
        password: Password | None = None,
    ) -> None:
        """Write the chain and the key to files of mode 0600, both or none.

        Args:
            certificate_path: The file of the chain.
            key_path: The file of the key.
            replace: Whether files that are there already are replaced.
            password: By which the key is encrypted: bytes, a function that returns them, or the `pathlib.Path` of a
                file. None for a key that is not encrypted.

        Raises:
            UsageError: an argument will not do, or both are the same file.
            InputError: the password cannot be read, or is empty.
            OutputError: a file cannot be written, or is there already.
        """
        from adapters.output.key_pair import KeyPairFiles

        with speaking_python():
            paths = check_path(certificate_path, "certificate_path"), check_path(key_path, "key_path")
            files, given = KeyPairFiles(*paths, replace=check_flag(replace)), GivenPassword(password)
            files.check()
            files.deliver(self.chain.encode(), self._seal_key(None if password is None else given))

    def _seal_key(self, password: GivenPassword | None) -> bytes:
        """Return the PEM of the key, encrypted where there is a password."""
        if password is None:
            return self.key.encode()
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        from adapters.keys.new_key import LocalNewKey

        secret = next(password.candidates("the new private key's password"))
        key: Any = load_pem_private_key(self.key.encode(), None)
        return LocalNewKey(key).serialize(secret)


def describe_signed(chain: bytes) -> SignedCertificate:
    """Return the certificate whose chain this PEM is."""
    return SignedCertificate(**_describe(chain))


def describe_issued(chain: bytes, key: bytes) -> IssuedCertificate:
    """Return the certificate whose chain and new key these are, PEM."""
    return IssuedCertificate(key=key.decode(), **_describe(chain))


def _describe(chain: bytes) -> dict[str, Any]:
    from adapters.certificates.reader import CertificateReader
    from domain.formats.pem import encode_pem

    leaf = CertificateReader().read_chain(chain)[0]
    return {
        "certificate": encode_pem("CERTIFICATE", leaf.der).decode(),
        "chain": chain.decode(),
        "serial": leaf.serial,
        "not_before": datetime.fromtimestamp(leaf.not_before // NANOSECONDS, UTC),
        "not_after": datetime.fromtimestamp(leaf.not_after // NANOSECONDS, UTC),
        "names": tuple(_list_names(leaf)),
    }


def _list_names(leaf: Certificate) -> Iterator[str]:
    names = leaf.read_names()
    for kind in NAME_TYPES:
        yield from sorted(names.get(kind, ()))


def check_path(value: object, argument: str) -> str:
    """Return where a file is to be.

    Raises:
        UsageError: it is not a path.
    """
    path = os.fspath(value) if isinstance(value, str | os.PathLike) else value
    if not isinstance(path, str):
        raise refuse_type(path, argument, "give a path")
    if not path or "\0" in path:
        raise UsageError(f"{argument}= is not a path", "give the path of a file")
    return spare_standard_input(path)


def check_flag(value: object) -> bool:
    """Return whether files are replaced.

    Raises:
        UsageError: it is something else than True or False.
    """
    if not isinstance(value, bool):
        raise refuse_type(value, "replace", "give True or False")
    return value
