"""The part of the composition root that has people sign in: what stands behind the port `IdentityProvider`."""

from __future__ import annotations

from time import sleep
from typing import TYPE_CHECKING, Any

import attrs

from adapters.machine.clock import SystemClock, SystemRandomness
from domain.errors import PersonNeededError, UsageError
from domain.formats.duration import MINUTE

if TYPE_CHECKING:
    from collections.abc import Callable

    from adapters.sign_in.id_tokens import Expected
    from adapters.sign_in.oidc import OidcSignIn
    from domain.ports import Notices
    from domain.sign_in.client import IdentityClient
    from domain.token.options import TokenOptions

PATIENCE = 5 * MINUTE
"""Nanoseconds that a person may take to sign in, unless --timeout says otherwise."""


@attrs.frozen
class LateIdentityProvider:
    """The way to sign in, loaded when somebody must."""

    options: TokenOptions
    notices: Notices

    def sign_in(self, client: IdentityClient, by_device: bool) -> str:
        """Return the ID token of the person who signs in (see `domain.sign_in.ports.IdentityProvider`).

        Raises:
            UsageError: the libraries that this takes are not installed.
        """
        check_id_token, expected, make_sign_in = _load()
        from adapters.sign_in.browser import open_browser  # noqa: PLC0415
        from adapters.sign_in.redirect_listener import listen_for_redirect  # noqa: PLC0415
        from adapters.sign_in.session import IdentitySession  # noqa: PLC0415

        patience = self.options.timeout if "timeout" in self.options.settings else PATIENCE
        return make_sign_in(
            session=IdentitySession(request_timeout=self.options.request_timeout),
            clock=SystemClock(), randomness=SystemRandomness(),
            notices=self.notices, listen=listen_for_redirect, open_browser=open_browser, check=check_id_token,
            expect=expected, pause=sleep, patience=patience,
        ).sign_in(client, by_device)  # fmt: skip


class SilentIdentityProvider:
    """Looks whether somebody could sign in here, and asks nobody to (see `domain.sign_in.ports.IdentityProvider`)."""

    def sign_in(self, client: IdentityClient, by_device: bool) -> str:  # noqa: ARG002
        """Raise PersonNeededError.

        Raises:
            UsageError: the libraries that this takes are not installed.
        """
        _load()
        raise PersonNeededError("token would have you sign in at the identity provider", "run token")


def _load() -> tuple[Callable[..., Any], type[Expected], type[OidcSignIn]]:
    """Return what signing in is made of.

    Raises:
        UsageError: the libraries that this takes are not installed.
    """
    try:
        from adapters.sign_in.id_tokens import Expected, check_id_token  # noqa: PLC0415
        from adapters.sign_in.oidc import OidcSignIn  # noqa: PLC0415
    except ModuleNotFoundError as error:
        from entrypoints.wiring.extras import tell_how_to_add  # noqa: PLC0415

        raise UsageError(
            f"an OIDC provisioner takes {error.name}, which is not installed", tell_how_to_add("authlib", "joserfc")
        ) from error
    return check_id_token, Expected, OidcSignIn
