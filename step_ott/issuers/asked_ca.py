"""What an issuer knows of its CA; `step_ott.CA` has it."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from domain.provisioners.authority import ListingAuthority


@runtime_checkable
class AskedCA(Protocol):
    """A CA that says which provisioners it has.

    Attributes:
        timeout: Nanoseconds for all requests that one call makes.
        request_timeout: For each of them.
    """

    timeout: int
    request_timeout: int

    @property
    def url(self) -> str:
        """Its address."""
        ...

    def asking(self) -> AbstractContextManager[ListingAuthority]:
        """Give what lists its provisioners, for the time of a block."""
        ...
