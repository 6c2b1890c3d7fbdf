"""The JWK provisioner: tokens signed by the key whose public half the CA publishes.

Source: step-ca, authority/provisioner/jwk.go.
"""

from typing import ClassVar

import attrs

from domain.jwk import PublicJwk
from domain.provisioners.base import Provisioner
from domain.request_kind import SIGNING, Kind


@attrs.frozen
class JwkProvisioner(Provisioner):
    """A provisioner of type JWK.

    Attributes:
        kid: The `kid` of its tokens, by which the CA finds it; empty for the thumbprint of the key.
        key: Its public key; None where only the user's options describe it.
        encrypted_key: The private key as a JWE, None where the CA does not hold it.
    """

    kinds: ClassVar = SIGNING | {Kind.REVOKE, Kind.SSH_REVOKE}
    options: ClassVar = frozenset({"key"})

    type_name: str = attrs.field(default="JWK", init=False)
    kid: str = ""
    key: PublicJwk | None = None
    encrypted_key: str | None = attrs.field(default=None, repr=False)

    @property
    def key_id(self) -> str:
        """The key's `kid`."""
        return self.kid
