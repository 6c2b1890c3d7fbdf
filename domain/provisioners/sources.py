"""The ports that a provisioner gets its credential from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from domain.ca.ports import Authority
    from domain.certificates.ports import Certificates
    from domain.cloud.ports import InstanceMetadata
    from domain.keys.ports import KeyStore, Passwords
    from domain.ports import Clock, InputFiles
    from domain.sign_in.ports import IdentityProvider


class Sources(Protocol):
    """The ports that a provisioner gets its credential from."""

    @property
    def clock(self) -> Clock:
        """The time."""
        ...

    @property
    def certificates(self) -> Certificates:
        """Certificates."""
        ...

    @property
    def files(self) -> InputFiles:
        """The user's files."""
        ...

    @property
    def keys(self) -> KeyStore:
        """Private keys."""
        ...

    @property
    def passwords(self) -> Passwords:
        """Their passwords."""
        ...

    @property
    def authority(self) -> Authority:
        """The CA."""
        ...

    @property
    def metadata(self) -> InstanceMetadata:
        """What the cloud says of this machine."""
        ...

    @property
    def identity_provider(self) -> IdentityProvider:
        """Where a person signs in."""
        ...
