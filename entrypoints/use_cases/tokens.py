"""The tokens that a request is made by: one that is given, or as many as are minted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from domain.provisioners.credential import IssuedToken
from domain.token.go_jws import read_go_jws
from entrypoints.use_cases.mint import make_token

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from domain.provisioners.authority import PublishedAuthority
    from domain.provisioners.credential import Ports
    from entrypoints.use_cases.mint import Evidence


class GivenToken:
    """A token that the user has: there is no other one.

    Attributes:
        token: It.
        claims: Those of it, as the CA reads them.
    """

    can_be_renewed = False
    is_given = True

    def __init__(self, token: str) -> None:
        self.token = token
        self.claims: Mapping[str, Any] = read_go_jws(token).claims

    def make(self, fingerprint: str | None) -> str:  # noqa: ARG002  # which is in it, or not
        """Return it."""
        return self.token


class IssuedElsewhere(GivenToken):
    """A token that a machine, a person or a cluster was given for this run."""

    is_given = False


class MintedTokens:
    """Tokens that are minted here, each bound to the request that it is for.

    Attributes:
        evidence: What they are made of.
        ports: What they are minted through.
    """

    can_be_renewed = True
    is_given = False

    def __init__(self, evidence: Evidence, ports: Ports[PublishedAuthority]) -> None:
        self.evidence = evidence
        self.ports = ports

    def make(self, fingerprint: str | None) -> str:
        """Return a new one, for the CSR or SSH key of this fingerprint, None for any; Nebula's are bound to none."""
        is_bound = "nebula" not in self.evidence.issuer.header
        request = attrs.evolve(self.evidence.request, cnf=fingerprint if is_bound else None)
        return make_token(attrs.evolve(self.evidence, request=request), self.ports.clock, self.ports.randomness)


Tokens = GivenToken | MintedTokens


def open_evidence(evidence: Evidence | IssuedToken, minting: Ports[PublishedAuthority]) -> Tokens:
    """Return the tokens that are made of the evidence, or the one that it is."""
    if isinstance(evidence, IssuedToken):
        return IssuedElsewhere(evidence.token)
    return MintedTokens(evidence, minting)
