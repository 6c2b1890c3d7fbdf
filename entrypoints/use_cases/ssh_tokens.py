"""The tokens for requests about SSH, and the rules for these."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from domain.ca_rules.case import SshWishes
from entrypoints.use_cases.mint import gather_evidence
from entrypoints.use_cases.spending import Court, PublishedRules, SpendingPorts
from entrypoints.use_cases.tokens import GivenToken, open_evidence

if TYPE_CHECKING:
    from domain.ca_rules.endpoint import Endpoint
    from domain.enroll.ssh_ports import NewSshKeys
    from domain.enroll.ssh_request import SshTerms
    from domain.token.options import TokenOptions
    from entrypoints.use_cases.tokens import Tokens


@attrs.frozen(kw_only=True, eq=False, repr=False)
class SshPorts(SpendingPorts):
    """Everything outside that spending a token for SSH uses."""

    new_keys: NewSshKeys


def open_ssh_tokens(options: TokenOptions, ports: SshPorts, given: str | None = None) -> Tokens:
    """Return the token that is given, or those that the options ask for."""
    if given is not None:
        return GivenToken(given)
    return open_evidence(gather_evidence(options, ports.minting), ports.minting)


def open_ssh_court(endpoint: Endpoint, terms: SshTerms | None, ports: SshPorts) -> Court:
    """Return the rules for a request; `terms` are what it asks for beside the token, None for nothing."""
    wishes = SshWishes() if terms is None else terms.wishes()
    times = {} if terms is None else {"not_before": terms.not_before, "not_after": terms.not_after}
    return Court(endpoint, PublishedRules(ports.minting.authority), ports, wishes=wishes, **times)
