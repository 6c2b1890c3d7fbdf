"""The issuer of SSHPOP provisioners: an SSH certificate asks for something about itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from domain.token.claims import TokenRequest
from domain.token.kind import Kind
from step_ott.arguments import speaking_python
from step_ott.issuers.base import Issuer, name_provisioner
from step_ott.keys import add_key
from step_ott.ports import GivenFiles

if TYPE_CHECKING:
    from collections.abc import Callable

    from step_ott.arguments import Source
    from step_ott.ca import AnyCA
    from step_ott.keys import Key
    from step_ott.token import Token


class SshpopIssuer(Issuer):
    """Issues tokens by which an SSH certificate of the CA's is renewed, rekeyed or revoked.

    Args:
        ca: The CA that issued the certificate.
        certificate: The SSH certificate.
        key: Its key (see `JwkIssuer`).
        name: The provisioner's name; none where the CA has only one of this type.
        password: Of the key, or a function that returns it.

    Raises:
        UsageError, InputError, WrongPasswordError, NetworkError, AuthorityError: as for `JwkIssuer`.
    """

    _types: ClassVar = ("SSHPOP",)
    _asked: ClassVar = Kind.SSH_REVOKE  # the one that any certificate may ask for

    def __init__(
        self,
        ca: AnyCA,
        certificate: Source,
        key: Key,
        *,
        name: str | None = None,
        password: bytes | Callable[[], bytes] | None = None,
    ) -> None:
        files = GivenFiles()
        with speaking_python():
            shown, own = add_key(files, key)
            options: dict[str, Any] = {"sshpop-cert": files.add(certificate, "certificate"), "sshpop-key": shown}
            options |= name_provisioner(name)
        self._open(ca, options, files, password, own)

    def ssh_revocation_token(self) -> Token:
        """Return a token for revoking the certificate."""
        return self._mint(TokenRequest(kind=Kind.SSH_REVOKE, subject=""))

    def ssh_renewal_token(self) -> Token:
        """Return a token for renewing the certificate, which must be a host's.

        Raises:
            UsageError: it is a user's.
            InputError: it has expired.
        """
        return self._mint(TokenRequest(kind=Kind.SSH_RENEW, subject=""))

    def ssh_rekey_token(self) -> Token:
        """Return a token for a new key in the certificate, which must be a host's (see `ssh_renewal_token`)."""
        return self._mint(TokenRequest(kind=Kind.SSH_REKEY, subject=""))
