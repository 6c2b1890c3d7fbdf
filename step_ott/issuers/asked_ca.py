"""What an issuer knows of its CA; `step_ott.CA` has it."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from domain.provisioners.authority import ListingAuthority


@runtime_checkable
class AskedCA(Protocol):
    """A CA that says which provisioners it has.

    Attributes:
        bounds: Nanoseconds for all requests of one call, and for each of them.
        environ: What names proxies and metadata services in the environment that the program gave.
    """

    bounds: Mapping[str, int]
    environ: Mapping[str, str]

    @property
    def url(self) -> str:
        """Its address."""
        ...

    def asking(self) -> AbstractContextManager[ListingAuthority]:
        """Give what lists its provisioners, for the time of a block."""
        ...
