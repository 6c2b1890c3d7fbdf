"""Ports to what only `doctor` looks at: files from outside, and what `token` would work with here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from domain.ca.url import CaUrl
    from domain.certificates.ports import Certificates, Signatures
    from domain.doctor.ca_visit import CaVisit
    from domain.doctor.file_status import FileStatus
    from domain.ports import Clock, Configuration
    from domain.provisioners.authority import ListingAuthority, PublishedAuthority
    from domain.provisioners.credential import Sources
    from domain.token.options import TokenOptions


class FileSystem(Protocol):
    """Looks at files from outside, without reading them."""

    def look(self, path: str, follows: bool = True) -> FileStatus | None:
        """Return what stands at `path`, or where it leads if it is a symbolic link and `follows`; None for nothing.

        Raises:
            InputError: it cannot be told.
        """
        ...

    def list_names(self, folder: str) -> Sequence[str]:
        """Return the names in `folder` in their order, none where there is no such folder.

        Raises:
            InputError: they cannot be read, or are too many.
        """
        ...


class Libraries(Protocol):
    """Knows what is installed beside this program, by the names of distributions."""

    def find_version(self, name: str) -> str | None:
        """Return the version of a library, None where nothing says it."""
        ...

    def tell_how_to_upgrade(self, name: str) -> str:
        """Return the command that upgrades it in the environment of this very program."""
        ...


class Setup(Protocol):
    """What `token` would find on this machine, without asking a person anything, and what looks at it.

    Attributes:
        whence: What says where the step path is.
    """

    clock: Clock
    certificates: Certificates
    signatures: Signatures
    file_system: FileSystem
    libraries: Libraries
    whence: str

    def open_step_path(self) -> Configuration:
        """Find the step path."""

    def read_given(self) -> TokenOptions:
        """Return what flags and environment say, as far as it can be judged before configuration is read."""

    def read_settings(self, configured: Mapping[str, tuple[Any, str]]) -> TokenOptions:
        """Return all settings that `token` would see; the request has an empty subject."""

    def read_root(self, options: TokenOptions, step_path: Configuration) -> tuple[str, Sequence[bytes]]:
        """Return the file of the root with what names it, and the DER of the certificates in it."""

    def find_authority(self, options: TokenOptions, step_path: Configuration) -> ListingAuthority:
        """Return the CA, as `token` would ask it."""

    def find_published(self, options: TokenOptions, step_path: Configuration) -> PublishedAuthority:
        """Return the CA as it says by what it judges tokens."""

    def visit(self, options: TokenOptions, ca_url: CaUrl, roots: Sequence[bytes]) -> CaVisit:
        """Go to the address, trusting these roots, DER, and look; without any no certificate is checked."""

    def wire_ports(self, options: TokenOptions, authority: ListingAuthority) -> Sources:
        """Return what `token` would mint through at this CA, but that nobody is asked anything."""
