"""The issuer of JWK provisioners: a key that the CA keeps encrypted, or one of the program's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from domain.token.kind import Kind
from step_ott.issuers.given import Given
from step_ott.issuers.requests import Revokes, RevokesSsh, SignsCertificates, SignsSshHosts, SignsSshUsers
from step_ott.issuers.revocations import RevokesCertificates

if TYPE_CHECKING:
    from step_ott.arguments import Password
    from step_ott.issuers.asked_ca import AskedCA
    from step_ott.keys import Key


class JwkIssuer(SignsCertificates, SignsSshUsers, SignsSshHosts, Revokes, RevokesCertificates, RevokesSsh):
    """Issues the tokens of a JWK provisioner.

    Args:
        ca: The CA that has it.
        name: Its name; none where the CA has only one, or the key identifier says which.
        key_id: The identifier of its key, where several have its name.
        password: Of the key: bytes, a function that returns them and is called only where the key is encrypted, or
            the `pathlib.Path` of a file, read as `--password-file` is.
        key: The key, where the CA keeps none: a file (its path, or its content as bytes), a JWK as a mapping, a private
            key of `cryptography`, a "pkcs11:" URI, or a `Signer`. None for that which the CA keeps.

    Raises:
        UsageError: no such provisioner, several, or an argument will not do.
        InputError, KeyFormatError: the key cannot be read, or cannot sign tokens.
        KeyMismatchError: the key is not the provisioner's.
        WrongPasswordError: the password does not open it.
        NetworkError, AuthorityError: the CA cannot be asked.
    """

    _types: ClassVar = ("JWK",)
    _asked: ClassVar = Kind.SIGN
    _opens_once: ClassVar = True

    def __init__(
        self,
        ca: AskedCA,
        name: str | None = None,
        *,
        key_id: str | None = None,
        password: Password | None = None,
        key: Key | None = None,
    ) -> None:
        given = Given(password)
        given.add_text("provisioner", name)
        given.add_text("kid", key_id)
        if key is not None:
            given.add_key("key", key)
        self._open(ca, given)
