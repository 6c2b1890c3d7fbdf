"""A provisioner as a CA lists it, for programs."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from domain.ca.settings import CertDurations
    from domain.provisioners.base import Provisioner


@attrs.frozen(kw_only=True)
class CertificateLife:
    """How long certificates of one kind may last; None where the provisioner says nothing, and the CA's rule counts.

    Attributes:
        shortest: The least that a request may ask for.
        longest: The most.
        default: What they get that ask for nothing.
    """

    shortest: timedelta | None = None
    longest: timedelta | None = None
    default: timedelta | None = None


@attrs.frozen(kw_only=True)
class ProvisionerClaims:
    """What a provisioner's tokens may do; None where it says nothing, and the CA's own rule counts.

    Attributes:
        ssh_enabled: Whether they may ask for SSH certificates.
        renewal_disabled: Whether its certificates cannot be renewed.
        renewal_after_expiry: Whether they can be renewed even after they have expired.
        x509: How long its X.509 certificates last.
        ssh_user: How long its SSH certificates of users last.
        ssh_host: How long its SSH certificates of hosts last.
    """

    ssh_enabled: bool | None = None
    renewal_disabled: bool | None = None
    renewal_after_expiry: bool | None = None
    x509: CertificateLife = CertificateLife()
    ssh_user: CertificateLife = CertificateLife()
    ssh_host: CertificateLife = CertificateLife()


@attrs.frozen
class ProvisionerInfo:
    """A provisioner as the CA lists it.

    Attributes:
        type: In step-ca's spelling, such as "JWK".
        name: The `iss` of its tokens.
        key_id: The `kid` of its tokens, empty where the type has none.
        claims: What its tokens may do.
    """

    type: str
    name: str
    key_id: str
    claims: ProvisionerClaims = ProvisionerClaims()


def describe_provisioner(provisioner: Provisioner) -> ProvisionerInfo:
    """Return a provisioner as programs get it."""
    claims = provisioner.claims
    return ProvisionerInfo(
        provisioner.type_name,
        provisioner.name,
        provisioner.key_id,
        ProvisionerClaims(
            ssh_enabled=claims.enable_ssh_ca,
            renewal_disabled=claims.disable_renewal,
            renewal_after_expiry=claims.allow_renewal_after_expiry,
            x509=_read_life(claims.x509),
            ssh_user=_read_life(claims.user_ssh),
            ssh_host=_read_life(claims.host_ssh),
        ),
    )


def _read_life(durations: CertDurations) -> CertificateLife:
    return CertificateLife(
        shortest=_read_duration(durations.least),
        longest=_read_duration(durations.most),
        default=_read_duration(durations.usual),
    )


def _read_duration(nanoseconds: int | None) -> timedelta | None:
    """Return a duration to the microsecond."""
    return None if nanoseconds is None else timedelta(microseconds=nanoseconds // 1000)
