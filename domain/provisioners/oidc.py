"""The OIDC provisioner: the token is the one that an identity provider gives the person who signs in there.

Source: step-ca, authority/provisioner/oidc.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import attrs

from domain.errors import UsageError
from domain.provisioners.credential import IssuedToken, Sources
from domain.provisioners.issued import IssuedProvisioner
from domain.settings.setting import exclude, spell
from domain.token.kind import SIGNING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from domain.settings.setting import Settings
    from domain.sign_in.client import IdentityClient
    from domain.token.kind import Kind
    from domain.token.options import TokenOptions


@attrs.frozen
class OidcProvisioner(IssuedProvisioner):
    """A provisioner of type OIDC.

    Attributes:
        client: What the CA is at the identity provider.
    """

    kinds: ClassVar = SIGNING
    """Host certificates for those alone whom the provisioner's `admins` name. They could revoke too, did step-ca not
    ask for the serial number in the token's `sub` (step-ca, authority/tls.go)."""

    has_fragment: ClassVar = False
    chooses_names: ClassVar = True
    expected: ClassVar = frozenset({"sub", "aud", "public key"})

    type_name = "OIDC"
    client: IdentityClient = attrs.field(kw_only=True)

    @property
    def key_id(self) -> str:
        """The client's identifier, by which step selects too."""
        return self.client.client_id

    @property
    def token_identifier(self) -> str:
        """The CA finds it by the token's `azp` or `aud`."""
        return self.client.client_id

    def label(self) -> str:
        """Return name, type and client."""
        return f"{self.name} ({self.type_name}) [client: {self.client.client_id}]"

    @classmethod
    def recognises(cls, claims: Mapping[str, Any], request: str | None) -> bool:
        """Tell whether an identity provider's address is the issuer, and the claims are about a person."""
        is_provider = str(claims.get("iss")).startswith(("https://", "http://"))
        return request is None and is_provider and bool({"email", "nonce"}.intersection(claims))

    @classmethod
    def judge(cls, given: Settings, kind: Kind, own: Sequence[str]) -> None:
        """Check the settings (see `Provisioner.judge`); nobody signs in offline."""
        if "offline" in given and "console" in given:
            raise exclude("console", "offline", given)
        if "offline" in given:
            what = f"{spell(given, 'offline')} cannot be used with an OIDC provisioner, at which somebody must sign in"
            raise UsageError(what, "leave it out, or choose another with --provisioner or --kid")
        super().judge(given, kind, own)

    def credential(self, options: TokenOptions, sources: Sources) -> IssuedToken:
        """Return the ID token of the person who signs in."""
        from domain.token.compact_jws import read_token  # noqa: PLC0415  # only for its own tokens

        token = sources.identity_provider.sign_in(self.client, by_device=options.flag("console"))
        claims = read_token(token).claims
        email = claims.get("email")
        if isinstance(email, str) and email:
            return IssuedToken(token, holder=email)
        caution = "the token has no email, so the certificate gets none; ask for it by the provisioner's scopes"
        return IssuedToken(token, (caution,), holder=str(claims.get("sub")))
