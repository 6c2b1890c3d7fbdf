"""The CA as the options alone describe it, for offline work where there is no ca.json."""

from __future__ import annotations

from collections.abc import Sequence

from adapters.ca.root_file import RootFile
from domain.ca.url import CaUrl
from domain.errors import AuthorityError
from domain.provisioners.base import Provisioner


class DeclaredAuthority:
    """A `ListingAuthority` (see `domain.provisioners.authority`) with the one provisioner that the user names.

    Attributes:
        root: The file of its root, None where no token needs it.
    """

    def __init__(self, ca_url: CaUrl, root: RootFile | None, provisioner: Provisioner) -> None:
        self.ca_url = ca_url
        self.root = root
        self.provisioner = provisioner

    def url(self) -> CaUrl:
        return self.ca_url

    def names(self) -> Sequence[str]:
        return ()

    def root_fingerprint(self) -> str:
        return "" if self.root is None else self.root.fingerprint()

    def source(self) -> tuple[str, str]:
        return "", ""

    def provisioners(self) -> Sequence[Provisioner]:
        return [self.provisioner]

    def encrypted_key(self, kid: str) -> str:
        raise AuthorityError(f"there is no CA to ask for the key with kid {kid}", "give the private key with --key")
