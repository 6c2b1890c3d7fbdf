"""What a provisioner makes a token with, a key or the token itself, and the ports that it has that from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

import attrs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from domain.ca.ports import Authority
    from domain.certificates.ports import Certificates
    from domain.cloud.ports import InstanceMetadata
    from domain.keys.ports import KeyStore, Passwords, Signer
    from domain.ports import Clock, InputFiles, Notices, Prompter, Randomness, TokenSink
    from domain.sign_in.ports import IdentityProvider
    from domain.token.claims import TokenRequest

_A_co = TypeVar("_A_co", bound="Authority", covariant=True)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Ports(Generic[_A_co]):
    """Everything outside that making a token uses, of which a provisioner gets its credential.

    Attributes:
        files: The user's.
        keys: Private keys, which `passwords` open.
        authority: The CA.
        metadata: What the cloud says of this machine.
        identity_provider: Where a person signs in.
    """

    clock: Clock
    randomness: Randomness
    files: InputFiles
    keys: KeyStore
    certificates: Certificates
    passwords: Passwords
    authority: _A_co
    metadata: InstanceMetadata
    identity_provider: IdentityProvider
    prompter: Prompter
    notices: Notices
    sink: TokenSink


Sources: TypeAlias = "Ports[Authority]"
"""The ports as a provisioner sees them, for which a CA lists none."""


def take_any(request: TokenRequest) -> None:
    """Have nothing against any request."""


@attrs.frozen(eq=False, repr=False)
class Credential:
    """A key that the CA takes a provisioner's tokens from.

    Attributes:
        signer: The opened key.
        kid: The header's key identifier.
        header: Members of the JWS header beside `alg`, `kid` and `typ`.
        subject: The subject that the key's certificate dictates, or has for a request without one; None for the
            request's own.
        cautions: What the user should know of the CA's answer to its tokens, a sentence each.
        check_request: Refuses, by a UsageError, a request for what the key's certificate does not vouch for.
    """

    signer: Signer
    kid: str
    header: Mapping[str, Any] = attrs.field(factory=dict)
    subject: str | None = None
    cautions: tuple[str, ...] = ()
    check_request: Callable[[TokenRequest], None] = take_any


@attrs.frozen(eq=False, repr=False)
class IssuedToken:
    """A token that the CA takes as it stands.

    Attributes:
        cautions: What the user should know of the CA's answer to it, a sentence each.
        names_ca: Whether the CA's address stands in it.
        names_subject: Whether the user's subject stands in it.
        holder: Whom it was issued to.
    """

    token: str = attrs.field(repr=False)
    cautions: tuple[str, ...] = ()
    names_ca: bool = False
    names_subject: bool = False
    holder: str = "this machine"
