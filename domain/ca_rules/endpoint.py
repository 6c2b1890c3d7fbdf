"""The places of step-ca's API that take tokens, and the audiences that each takes (step-ca, config.GetAudiences)."""

from enum import Enum

from domain.token.kind import SSH_SIGNING, Kind

LEGACY_AUDIENCE = "step-certificate-authority"
"""What sign and revoke take beside addresses of the CA."""


class Endpoint(Enum):
    """A place that takes tokens; the value is its name on the command line."""

    SIGN = "sign"
    REVOKE = "revoke"
    RENEW = "renew"
    SSH_SIGN = "ssh-sign"
    SSH_REVOKE = "ssh-revoke"
    SSH_RENEW = "ssh-renew"
    SSH_REKEY = "ssh-rekey"

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths that an audience may have here; both ways to sign share theirs."""
        kinds = (Kind.SIGN, Kind.SSH_USER) if self in (Endpoint.SIGN, Endpoint.SSH_SIGN) else self.kinds
        return tuple(path for kind in kinds for path in kind.paths)

    @property
    def takes_legacy_audience(self) -> bool:
        """Whether an audience may be `LEGACY_AUDIENCE`."""
        return self in (Endpoint.SIGN, Endpoint.REVOKE)

    @property
    def kinds(self) -> frozenset[Kind]:
        """The kinds of request that it serves."""
        if self is Endpoint.SSH_SIGN:
            return SSH_SIGNING
        return frozenset({Kind[self.name]})


def find_endpoint(kind: Kind) -> Endpoint | None:
    """Return the place of step-ca's API that takes tokens of this kind, None where there is none."""
    return next((endpoint for endpoint in Endpoint if kind in endpoint.kinds), None)
