"""What asking the CA to change something uses from outside, and what it would say to a token."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from domain.ca_rules.case import Case
from domain.token.go_jws import read_go_jws
from domain.verify.forecast import foretell

if TYPE_CHECKING:
    from collections.abc import Sequence

    from domain.ca_rules.endpoint import Endpoint
    from domain.certificates.ports import Signatures
    from domain.enroll.ports import CaAccess
    from domain.provisioners.authority import PublishedAuthority
    from domain.provisioners.credential import Ports
    from domain.verify.forecast import Forecast


@attrs.frozen(kw_only=True, eq=False, repr=False)
class CaPorts:
    """Everything outside that renewing and revoking use.

    Attributes:
        minting: What a token is minted through, with the CA itself.
        roots: The DER of those that are trusted.
        access: What the CA is asked through.
    """

    minting: Ports[PublishedAuthority]
    roots: Sequence[bytes]
    access: CaAccess
    signatures: Signatures


def foretell_token(token: str, endpoint: Endpoint, ports: CaPorts) -> Forecast:
    """Return what the CA would say to a token at an endpoint."""
    authority = ports.minting.authority
    provisioners = authority.provisioners()
    case = Case(
        token=read_go_jws(token),
        endpoint=endpoint,
        settings=authority.settings(),
        now=ports.minting.clock.now(),
        certificates=ports.minting.certificates,
        signatures=ports.signatures,
    )
    return foretell(case, provisioners)
