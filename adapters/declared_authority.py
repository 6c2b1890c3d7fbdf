"""The CA as the options alone describe it, for offline work where there is no ca.json."""

from collections.abc import Callable, Sequence

import attrs

from domain.ca_url import CaUrl
from domain.errors import AuthorityError
from domain.provisioners.base import Provisioner


@attrs.frozen
class DeclaredAuthority:
    """An `Authority` (see `domain.ports`) with the one provisioner that the user names."""

    ca_url: CaUrl
    fingerprint_root: Callable[[], str]
    provisioner: Provisioner

    def url(self) -> CaUrl:
        """Return the address that the user gave."""
        return self.ca_url

    def root_fingerprint(self) -> str:
        """Return the fingerprint of the root that the user gave."""
        return self.fingerprint_root()

    def provisioners(self) -> Sequence[Provisioner]:
        """Return the one provisioner."""
        return [self.provisioner]

    def encrypted_key(self, kid: str) -> str:
        """Fail: there is no CA to ask."""
        raise AuthorityError(f"there is no CA to ask for the key with kid {kid}", "give the private key by --key")
