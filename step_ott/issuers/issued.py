"""The issuers of tokens that somebody else issues: a cluster for its service accounts, a cloud for its machines."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from domain.token.claims import TokenRequest
from domain.token.kind import Kind
from step_ott.arguments import check_text, speaking_python
from step_ott.issuers.base import Issuer, name_provisioner
from step_ott.ports import GivenFiles

if TYPE_CHECKING:
    from step_ott.arguments import Source
    from step_ott.ca import AnyCA
    from step_ott.token import Token


class K8saIssuer(Issuer):
    """Hands on the token that Kubernetes gave a service account.

    Args:
        ca: The CA that takes it.
        token: Its file, which is read anew each time; None for where Kubernetes mounts it.
        name: The provisioner's name; none where the CA has only one of this type.

    Raises:
        UsageError, InputError, NetworkError, AuthorityError: as for `JwkIssuer`.
    """

    _asked: ClassVar = Kind.SIGN
    _types: ClassVar = ("K8sSA",)

    def __init__(self, ca: AnyCA, token: Source | None = None, *, name: str | None = None) -> None:
        from domain.provisioners.k8ssa import TOKEN_PATH

        files = GivenFiles()
        with speaking_python():
            path = TOKEN_PATH if token is None else files.add(token, "token")
            options = {"k8ssa-token-path": path, **name_provisioner(name)}
        self._open(ca, options, files)

    def token(self) -> Token:
        """Return the token, which is good for every kind of request, as often as the CA is asked.

        Raises:
            InputError: it cannot be read, or has expired.
        """
        return self._mint(TokenRequest(kind=Kind.SIGN, subject=""))


class CloudIssuer(Issuer):
    """Hands on the identity that Google, Amazon or Microsoft gives to the machine that it runs on.

    Args:
        ca: The CA that takes it.
        name: The name of a provisioner of type GCP, AWS or Azure; none where the CA has only one of these types.

    Raises:
        UsageError, InputError, NetworkError, AuthorityError: as for `JwkIssuer`; this is no machine of that cloud.
    """

    _asked: ClassVar = Kind.SIGN
    _types: ClassVar = ("GCP", "AWS", "Azure")

    def __init__(self, ca: AnyCA, name: str | None = None) -> None:
        with speaking_python():
            options = name_provisioner(name)
        self._open(ca, options, GivenFiles())

    def token(self, subject: str) -> Token:
        """Return a token for an X.509 certificate, or for the SSH certificate of this host.

        Args:
            subject: The name that the certificate is for. Of a cloud's own token it is no part.

        Raises:
            NetworkError, InputError: the metadata service is not there, or answers something else.
        """
        with speaking_python():
            return self._mint(TokenRequest(kind=Kind.SIGN, subject=check_text(subject, "subject")))
