"""Ports to a certificate authority that lists its provisioners."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from domain.ca.ports import Authority

if TYPE_CHECKING:
    from collections.abc import Sequence

    from domain.ca.settings import AuthoritySettings
    from domain.provisioners.base import Provisioner


class ListingAuthority(Authority, Protocol):
    """A certificate authority that lists its provisioners."""

    def provisioners(self) -> Sequence[Provisioner]:
        """Return what the CA lists, unknown types included.

        Raises:
            InputError, AuthorityError, NetworkError: the list cannot be had or read.
        """
        ...


class PublishedAuthority(ListingAuthority, Protocol):
    """A certificate authority that says by what it judges tokens."""

    def settings(self) -> AuthoritySettings:
        """Return what the CA goes by, as far as it can be known.

        Raises:
            InputError, AuthorityError, NetworkError: the settings cannot be had or read.
        """
        ...
