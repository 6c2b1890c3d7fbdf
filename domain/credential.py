"""What signs a token: a key, and what the token's header says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from domain.ports import Signer


@attrs.frozen(eq=False)
class Credential:
    """A key that the CA takes a provisioner's tokens from.

    Attributes:
        signer: The opened key.
        kid: The header's key identifier.
        header: Members of the JWS header beside `alg`, `kid` and `typ`.
    """

    signer: Signer
    kid: str
    header: Mapping[str, Any] = attrs.field(factory=dict)
