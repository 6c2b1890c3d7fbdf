"""What a provisioner makes a token with: a key that signs it, or the token itself, issued by somebody else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from domain.keys.ports import Signer
    from domain.token.claims import TokenRequest


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
