"""What a CA goes by when it judges a token, as far as it can be known from outside (step-ca, authority/config)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from domain.provisioners.base import Provisioner


MAX_PROVISIONERS = 10_000
"""Of one CA; a longer list is refused."""


@attrs.frozen(kw_only=True)
class ProvisionerClaims:
    """What a provisioner's tokens may do; None is not said (step-ca, provisioner/claims.go)."""

    enable_ssh_ca: bool | None = None
    disable_renewal: bool | None = None
    allow_renewal_after_expiry: bool | None = None

    def over(self, common: ProvisionerClaims) -> ProvisionerClaims:
        """Return these claims, with the authority's `common` ones where they say nothing."""
        own = attrs.asdict(self)
        return ProvisionerClaims(
            **{name: own[name] if own[name] is not None else value for name, value in attrs.asdict(common).items()}
        )


@attrs.frozen(kw_only=True, eq=False)
class AuthoritySettings:
    """The settings of a CA; None is what cannot be known from here.

    Attributes:
        dns_names: The names that audiences may have, without ports.
        provisioners: All of them.
        claims: The authority's own, which a provisioner's go before.
        roots: DER of its root certificates.
        ssh_user_keys, ssh_host_keys: Standard base64 of the wire bytes of the keys that its SSH certificates
            are signed by; none where it signs no such certificates.
        checks_issued_at: Whether it refuses tokens from before its own start.
        has_database: Whether it has one, without which nothing can be revoked.
        has_policy: Whether it has rules of its own about names.
    """

    dns_names: Sequence[str]
    provisioners: Sequence[Provisioner]
    claims: ProvisionerClaims = ProvisionerClaims()
    roots: Sequence[bytes] = attrs.field(default=(), repr=False)
    ssh_user_keys: Sequence[str] | None = None
    ssh_host_keys: Sequence[str] | None = None
    checks_issued_at: bool | None = None
    has_database: bool | None = None
    has_policy: bool | None = None
