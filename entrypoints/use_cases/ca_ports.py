"""What asking the CA to change something uses from outside, and what it would say to a token."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from entrypoints.use_cases.spending import Court, PublishedRules, SpendingPorts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from domain.ca_rules.endpoint import Endpoint
    from domain.enroll.ports import CaAccess
    from domain.verify.forecast import Forecast


@attrs.frozen(kw_only=True, eq=False, repr=False)
class CaPorts(SpendingPorts):
    """Everything outside that renewing and revoking use.

    Attributes:
        requests: What the CA is asked through, also by a certificate.
        roots: The DER of those that are trusted.
    """

    requests: CaAccess
    roots: Sequence[bytes]


def foretell_token(token: str, endpoint: Endpoint, ports: CaPorts) -> Forecast:
    """Return what the CA would say to a token at an endpoint."""
    return Court(endpoint, PublishedRules(ports.minting.authority), ports).foretell(token)
