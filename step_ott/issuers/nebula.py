"""The issuer of Nebula provisioners: the key of a Nebula certificate signs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from domain.token.kind import Kind
from step_ott.arguments import speaking_python
from step_ott.issuers.base import name_provisioner
from step_ott.issuers.requests import SignsCertificates, SignsSshHosts
from step_ott.ports import GivenFiles

if TYPE_CHECKING:
    from step_ott.arguments import Source
    from step_ott.ca import AnyCA


class NebulaIssuer(SignsCertificates, SignsSshHosts):
    """Issues the tokens of a Nebula provisioner.

    Args:
        ca: The CA that has the provisioner.
        certificate: The host's Nebula certificate.
        key: Its key, a file of Nebula's.
        name: The provisioner's name; none where the CA has only one of this type.

    Raises:
        UsageError, InputError, NetworkError, AuthorityError: as for `JwkIssuer`.
    """

    _types: ClassVar = ("Nebula",)
    _asked: ClassVar = Kind.SIGN

    def __init__(self, ca: AnyCA, certificate: Source, key: Source, *, name: str | None = None) -> None:
        files = GivenFiles()
        with speaking_python():
            options: dict[str, Any] = {"nebula-cert": files.add(certificate, "certificate")}
            options |= {"nebula-key": files.add(key, "key")} | name_provisioner(name)
        self._open(ca, options, files)
