"""The issuer of JWK provisioners: a key that the CA keeps encrypted, or one of the program's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from domain.token.kind import Kind
from step_ott.arguments import speaking_python
from step_ott.issuers.base import name_provisioner
from step_ott.issuers.requests import Revokes, RevokesSsh, SignsCertificates, SignsSshHosts, SignsSshUsers
from step_ott.keys import add_key
from step_ott.ports import GivenFiles

if TYPE_CHECKING:
    from collections.abc import Callable

    from step_ott.ca import AnyCA
    from step_ott.keys import Key


class JwkIssuer(SignsCertificates, SignsSshUsers, SignsSshHosts, Revokes, RevokesSsh):
    """Issues the tokens of a JWK provisioner.

    Args:
        ca: The CA that has it.
        name: Its name; none where the CA has only one, or the key identifier says which.
        key_id: The identifier of its key, where several have its name.
        password: Of the key, or a function that returns it, which is called where the key is encrypted alone.
        key: The key, where the CA keeps none: a file, a JWK as a mapping, a private key of `cryptography`, a
            "pkcs11:" URI, or a `Signer`. None for that which the CA keeps.

    Raises:
        UsageError: no such provisioner, several, or an argument will not do.
        InputError, KeyFormatError: the key cannot be read, or is not the provisioner's.
        WrongPasswordError: the password does not open it.
        NetworkError, AuthorityError: the CA cannot be asked.
    """

    _types: ClassVar = ("JWK",)
    _asked: ClassVar = Kind.SIGN
    _opens_once: ClassVar = True

    def __init__(
        self,
        ca: AnyCA,
        name: str | None = None,
        *,
        key_id: str | None = None,
        password: bytes | Callable[[], bytes] | None = None,
        key: Key | None = None,
    ) -> None:
        files, own = GivenFiles(), None
        with speaking_python():
            options = name_provisioner(name, key_id)
            if key is not None:
                options["key"], own = add_key(files, key)
        self._open(ca, options, files, password, own)
