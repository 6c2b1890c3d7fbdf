"""How a token for SSH is spent: minted or taken as it is, judged by the CA's own rules, and shown once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from domain.ca_rules.case import Case, SshWishes
from domain.enroll.refusal import BUSY, check_forecast, explain_refusal
from domain.errors import LostAnswerError, NetworkError
from domain.token.go_jws import read_go_jws
from domain.verify.forecast import foretell
from domain.verify.lookup import find_provisioner
from entrypoints.use_cases.certificates import PAUSES, GivenToken, open_evidence
from entrypoints.use_cases.mint import gather_evidence

if TYPE_CHECKING:
    from collections.abc import Callable

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
    from domain.verify.forecast import Forecast
    from entrypoints.use_cases.certificates import Tokens


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
        token: It.
        provisioner: By whose rules, None where that cannot be told.
        settings: What the CA goes by.
        asked: When it was asked, in nanoseconds since the epoch, UTC.
    """

    answer: CaAnswer
    token: str
    provisioner: Provisioner | None
    settings: AuthoritySettings
    asked: int


def open_ssh_tokens(options: TokenOptions, ports: SshPorts, given: str | None = None) -> Tokens:
    """Return the token that is given, or those that the options ask for."""
    if given is not None:
        return GivenToken(given)
    return open_evidence(gather_evidence(options, ports.minting), ports.minting)


class SshCourt:
    """The rules for one request about SSH, by settings of the CA that are asked for once.

    Attributes:
        terms: What the request asks for beside the token, None for nothing.
    """

    def __init__(self, endpoint: Endpoint, terms: SshTerms | None, ports: SshPorts) -> None:
        self.provisioners = ports.minting.authority.provisioners()
        self.settings = ports.minting.authority.settings()
        self.endpoint, self.terms, self.ports = endpoint, terms, ports

    def read_case(self, token: str) -> Case:
        """Return the token before the CA by now."""
        terms = self.terms
        return Case(
            token=read_go_jws(token),
            endpoint=self.endpoint,
            settings=self.settings,
            now=self.ports.minting.clock.now(),
            certificates=self.ports.minting.certificates,
            signatures=self.ports.signatures,
            wishes=SshWishes() if terms is None else terms.wishes(),
            not_before=None if terms is None else terms.not_before,
            not_after=None if terms is None else terms.not_after,
        )

    def foretell(self, token: str) -> Forecast:
        """Return what the CA says to the token by now."""
        return foretell(self.read_case(token), self.provisioners)


def spend(
    tokens: Tokens, make_request: Callable[[str], CaRequest], court: SshCourt, ports: SshPorts, cnf: str | None = None
) -> SpentToken:
    """Put a request to the CA, by a new token each time that it is busy or its answer is lost, where there is one.

    Args:
        tokens: The tokens.
        make_request: Returns the request by a token.
        court: What judges each token before it is sent: what the CA refuses costs the token.
        ports: What is outside.
        cnf: What tokens that are minted are bound to, None for nothing.

    Raises:
        ForeseenRefusalError: it would refuse; it was not asked.
        AuthorityError: it refuses.
        NetworkError: it does not answer; the token may have been used.
    """
    for pause in (*PAUSES, None):
        token = tokens.make(cnf)
        case = court.read_case(token)
        check_forecast(foretell(case, court.provisioners), is_given=tokens.is_given)
        is_last = pause is None or not tokens.can_be_renewed
        try:
            answer = ports.requests.put(make_request(token))
        except NetworkError as error:
            if is_last or not isinstance(error, LostAnswerError):
                used = "; the token may have been used" if tokens.is_given else ""
                raise type(error)(f"{error.what}{used}", error.fix) from error
            reason = error.what
        else:
            if answer.is_granted:
                provisioner = find_provisioner(case, court.provisioners)[0]
                return SpentToken(
                    answer=answer, token=token, provisioner=provisioner, settings=court.settings, asked=case.now
                )
            if is_last or answer.status not in BUSY:
                raise explain_refusal(answer, court.foretell(token), is_given=tokens.is_given)
            reason = f"the CA fails with status {answer.status}"
        ports.minting.notices.warn(f"{reason}; trying again with a new token")
        ports.requests.wait(pause or 0)
    raise AssertionError
