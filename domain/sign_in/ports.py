"""The port to identity providers."""

from typing import Protocol

from domain.sign_in.client import IdentityClient


class IdentityProvider(Protocol):
    """Has a person sign in (OpenID Connect Core 1.0)."""

    def sign_in(self, client: IdentityClient, by_device: bool) -> str:
        """Return the ID token that the person gets who signs in, its signature and claims checked.

        Args:
            client: For whom.
            by_device: Whether with any browser, by a code that is typed there, instead of with one on this machine.

        Raises:
            IdentityError: nobody signed in, or the answer cannot be used.
            NetworkError: the identity provider cannot be reached.
        """
        ...
