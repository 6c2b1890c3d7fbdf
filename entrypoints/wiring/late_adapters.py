"""Adapters behind their ports that load when they are asked for the first time: most runs never need them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain.errors import PersonNeededError, UsageError
from domain.formats.duration import MINUTE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from adapters.cloud_metadata import HttpMetadata
    from adapters.sign_in.oidc import OidcSignIn
    from domain.cloud.metadata import MetadataAnswer, MetadataRequest, MetadataService
    from domain.ports import Notices
    from domain.sign_in.client import IdentityClient
    from domain.token.options import TokenOptions

PATIENCE = 5 * MINUTE
"""Nanoseconds that a person may take to sign in, unless --timeout says otherwise."""


class LateMetadata:
    """The metadata services of clouds (see `domain.cloud.ports.InstanceMetadata`)."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._services: HttpMetadata | None = None

    def ask(self, service: MetadataService, request: MetadataRequest) -> MetadataAnswer:
        """Return the answer to a request."""
        if self._services is None:
            from adapters.cloud_metadata import HttpMetadata  # noqa: PLC0415

            self._services = HttpMetadata(self._environment)
        return self._services.ask(service, request)


class LateIdentityProvider:
    """The way to sign in (see `domain.sign_in.ports.IdentityProvider`)."""

    def __init__(self, options: TokenOptions, notices: Notices, environment: Mapping[str, str]) -> None:
        self._options = options
        self._environment = environment
        self._notices = notices

    def sign_in(self, client: IdentityClient, by_device: bool) -> str:
        """Return the ID token of the person who signs in.

        Raises:
            UsageError: the libraries that this takes are not installed.
        """
        make_sign_in = _load_sign_in()
        from adapters.machine.clock import SystemClock, SystemRandomness  # noqa: PLC0415
        from adapters.sign_in.session import IdentitySession  # noqa: PLC0415

        options = self._options
        return make_sign_in(
            session=IdentitySession(request_timeout=options.request_timeout, environment=self._environment),
            clock=SystemClock(),
            randomness=SystemRandomness(),
            notices=self._notices,
            patience=options.timeout if "timeout" in options.settings else PATIENCE,
        ).sign_in(client, by_device)


class SilentIdentityProvider:
    """Looks whether somebody could sign in here, and asks nobody to."""

    def sign_in(self, client: IdentityClient, by_device: bool) -> str:  # noqa: ARG002
        """Raise PersonNeededError.

        Raises:
            UsageError: the libraries that this takes are not installed.
        """
        _load_sign_in()
        raise PersonNeededError("token would have you sign in at the identity provider", "run token")


def _load_sign_in() -> type[OidcSignIn]:
    """Return what signs people in.

    Raises:
        UsageError: the libraries that this takes are not installed.
    """
    try:
        from adapters.sign_in.oidc import OidcSignIn  # noqa: PLC0415
    except ModuleNotFoundError as error:
        from adapters.process.extras import tell_how_to_add  # noqa: PLC0415

        raise UsageError(
            f"an OIDC provisioner takes {error.name}, which is not installed", tell_how_to_add("authlib", "joserfc")
        ) from error
    return OidcSignIn
