"""The settings by which a CA judges tokens, as far as they are known from outside (step-ca, authority/config)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from domain.ca.cert_types import HOST, USER
from domain.formats.duration import HOUR, MINUTE

if TYPE_CHECKING:
    from collections.abc import Sequence


_T = TypeVar("_T", bound=attrs.AttrsInstance)


@attrs.frozen(kw_only=True, repr=False)
class CertDurations:
    """How long certificates of one type last, in nanoseconds; None is not said.

    Attributes:
        usual: Where nobody says how long.
    """

    least: int | None = None
    most: int | None = None
    usual: int | None = None


USUAL_SSH_DURATIONS = {
    USER: CertDurations(least=5 * MINUTE, most=24 * HOUR, usual=16 * HOUR),
    HOST: CertDurations(least=5 * MINUTE, most=720 * HOUR, usual=720 * HOUR),
}
"""What step-ca goes by where nobody says otherwise (step-ca, config.GlobalProvisionerClaims)."""


USUAL_X509_DURATIONS = CertDurations(least=5 * MINUTE, most=24 * HOUR, usual=24 * HOUR)
"""The same for X.509."""


def _lay_over(own: _T, common: _T) -> _T:
    """Return `own`, an attrs instance, with the attributes of `common` where it has None."""
    values: dict[str, Any] = {}
    for field in attrs.fields(type(own)):
        value, other = getattr(own, field.name), getattr(common, field.name)
        values[field.name] = other if value is None else _lay_over(value, other) if attrs.has(type(value)) else value
    return type(own)(**values)


MAX_PROVISIONERS = 10_000
"""Of one CA; a longer list is refused."""


@attrs.frozen(kw_only=True, repr=False)
class ProvisionerClaims:
    """What a provisioner's tokens may do; None is not said (step-ca, provisioner/claims.go).

    Attributes:
        x509, user_ssh, host_ssh: How long certificates last.
    """

    enable_ssh_ca: bool | None = None
    disable_renewal: bool | None = None
    allow_renewal_after_expiry: bool | None = None
    x509: CertDurations = CertDurations()
    user_ssh: CertDurations = CertDurations()
    host_ssh: CertDurations = CertDurations()

    def ssh_durations(self, cert_type: str) -> CertDurations:
        """Return how long certificates of a type, "user" or "host", last."""
        return self.host_ssh if cert_type == HOST else self.user_ssh

    def over(self, common: ProvisionerClaims) -> ProvisionerClaims:
        """Return these claims, with the authority's `common` ones where they say nothing."""
        return _lay_over(self, common)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class AuthoritySettings:
    """The settings of a CA; None is what cannot be known from here.

    Attributes:
        dns_names: The names that audiences may have, without ports.
        claims: The authority's own, which a provisioner's go before.
        roots: DER of its root certificates.
        ssh_user_keys, ssh_host_keys: Standard base64 of the wire bytes of the keys that its SSH certificates
            are signed by; none where it signs no such certificates.
        checks_issued_at: Whether it refuses tokens from before its own start.
        has_database: Whether it has one, without which nothing can be revoked.
        has_policy: Whether it has rules of its own about names.
    """

    dns_names: Sequence[str]
    claims: ProvisionerClaims = ProvisionerClaims()
    roots: Sequence[bytes] = attrs.field(default=(), repr=False)
    ssh_user_keys: Sequence[str] | None = None
    ssh_host_keys: Sequence[str] | None = None
    checks_issued_at: bool | None = None
    has_database: bool | None = None
    has_policy: bool | None = None
