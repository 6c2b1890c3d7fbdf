"""How a token for SSH is spent: minted or taken as it is, judged by the CA's own rules, and shown once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from domain.ca_rules.case import Case, SshWishes
from domain.enroll.refusal import check_forecast, explain_refusal
from domain.provisioners.credential import IssuedToken
from domain.token.go_jws import read_go_jws
from domain.verify.forecast import foretell
from domain.verify.lookup import find_provisioner
from entrypoints.use_cases.mint import gather_evidence, make_token

if TYPE_CHECKING:
    from domain.ca.settings import AuthoritySettings
    from domain.ca_rules.endpoint import Endpoint
    from domain.certificates.ports import Signatures
    from domain.enroll.answer import CaAnswer
    from domain.enroll.ports import CaRequests
    from domain.enroll.request import CaRequest
    from domain.enroll.ssh_ports import NewSshKeys
    from domain.enroll.ssh_request import SshTerms
    from domain.provisioners.authority import PublishedAuthority
    from domain.provisioners.base import Provisioner
    from domain.provisioners.credential import Ports
    from domain.token.options import TokenOptions


@attrs.frozen(kw_only=True, eq=False, repr=False)
class SshPorts:
    """Everything outside that spending a token for SSH uses.

    Attributes:
        minting: What the token is minted through.
        requests: What the CA is asked through.
    """

    minting: Ports[PublishedAuthority]
    requests: CaRequests
    new_keys: NewSshKeys
    signatures: Signatures


@attrs.frozen(kw_only=True, eq=False, repr=False)
class SpentToken:
    """What the CA has done for a token.

    Attributes:
        provisioner: By whose rules, None where that cannot be told.
        settings: What the CA goes by.
        asked: When it was asked, in nanoseconds since the epoch, UTC.
    """

    answer: CaAnswer
    provisioner: Provisioner | None
    settings: AuthoritySettings
    asked: int


def mint(options: TokenOptions, ports: SshPorts, public_key: bytes = b"") -> str:
    """Return a token for what `options` ask for, bound to a public key, the line of a .pub file, where there is one."""
    evidence = gather_evidence(options, ports.minting)
    if isinstance(evidence, IssuedToken):
        return evidence.token
    if public_key:
        cnf = ports.minting.certificates.fingerprint_ssh_key(public_key)
        evidence = attrs.evolve(evidence, request=attrs.evolve(evidence.request, cnf=cnf))
    return make_token(evidence, ports.minting.clock, ports.minting.randomness)


def spend(
    token: str, request: CaRequest, endpoint: Endpoint, ports: SshPorts, terms: SshTerms | None = None
) -> SpentToken:
    """Put a request to the CA, unless it would refuse: that would cost the token.

    Args:
        token: The token.
        request: What is put to the CA.
        endpoint: Where.
        ports: What is outside.
        terms: What the request asks for beside the token, None for nothing.

    Raises:
        ForeseenRefusalError: it would refuse; it was not asked.
        AuthorityError: it refuses.
        NetworkError: it does not answer; the token may have been used.
    """
    authority = ports.minting.authority
    provisioners = authority.provisioners()
    case = Case(
        token=read_go_jws(token),
        endpoint=endpoint,
        settings=authority.settings(),
        now=ports.minting.clock.now(),
        certificates=ports.minting.certificates,
        signatures=ports.signatures,
        wishes=SshWishes() if terms is None else terms.wishes(),
        not_before=None if terms is None else terms.not_before,
        not_after=None if terms is None else terms.not_after,
    )
    forecast = foretell(case, provisioners)
    check_forecast(forecast)
    answer = ports.requests.put(request)
    if not answer.is_granted:
        raise explain_refusal(answer, forecast)
    return SpentToken(
        answer=answer, provisioner=find_provisioner(case, provisioners)[0], settings=case.settings, asked=case.now
    )
