"""How a token is spent: judged by the CA's own rules before it is sent, and shown once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from domain.ca_rules.case import Case
from domain.enroll.refusal import BUSY, check_forecast, explain_refusal
from domain.errors import LostAnswerError, NetworkError
from domain.token.go_jws import read_go_jws
from domain.verify.forecast import foretell

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from domain.ca_rules.endpoint import Endpoint
    from domain.certificates.ports import Signatures
    from domain.enroll.answer import CaAnswer
    from domain.enroll.ports import CaRequests
    from domain.enroll.request import CaRequest
    from domain.provisioners.authority import PublishedAuthority
    from domain.provisioners.credential import Ports
    from domain.verify.forecast import Forecast
    from entrypoints.use_cases.tokens import Tokens

PAUSES = (0.5, 2.0)
"""Seconds before each further attempt by a new token, where the CA is busy or its answer was lost."""


class Patience:
    """How long a CA is waited for that cannot sign just now.

    Attributes:
        pauses: Seconds before each further attempt by a new token.
        outlasts: What is waited for to pass, beside an answer that it is busy.
    """

    def __init__(self, pauses: Sequence[float], outlasts: type[NetworkError] | tuple[type[NetworkError], ...]) -> None:
        self.pauses = pauses
        self.outlasts = outlasts


BRIEF = Patience(PAUSES, LostAnswerError)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class SpendingPorts:
    """Everything outside that spending a token uses.

    Attributes:
        minting: What the token is minted through.
        requests: What the CA is asked through.
    """

    minting: Ports[PublishedAuthority]
    requests: CaRequests
    signatures: Signatures


class PublishedRules:
    """What a CA goes by, as it publishes it; asked for once."""

    def __init__(self, authority: PublishedAuthority) -> None:
        self.provisioners = authority.provisioners()
        self.settings = authority.settings()


class Court:
    """The rules for one request.

    Attributes:
        endpoint: Where it is put.
        rules: What the CA publishes.
        ports: What is outside.
        asked: What else is asked for: members of `Case`.
    """

    def __init__(self, endpoint: Endpoint, rules: PublishedRules, ports: SpendingPorts, **asked: Any) -> None:
        self.endpoint, self.rules, self.ports, self.asked = endpoint, rules, ports, asked

    def read_case(self, token: str) -> Case:
        """Return the token before the CA by now."""
        return Case(
            token=read_go_jws(token),
            endpoint=self.endpoint,
            settings=self.rules.settings,
            now=self.ports.minting.clock.now(),
            certificates=self.ports.minting.certificates,
            signatures=self.ports.signatures,
            **self.asked,
        )

    def foretell(self, token: str) -> Forecast:
        """Return what the CA says to the token by now."""
        return foretell(self.read_case(token), self.rules.provisioners)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class SpentToken:
    """What the CA has done for a token.

    Attributes:
        case: The token before the CA, at the time when it was asked.
    """

    answer: CaAnswer
    case: Case


def spend(
    tokens: Tokens,
    make_request: Callable[[str], CaRequest],
    court: Court,
    cnf: str | None = None,
    patience: Patience = BRIEF,
    *,
    is_brief: bool = False,
) -> SpentToken:
    """Put a request to the CA, by a new token each time that it is busy or its answer is lost, where there is one.

    Args:
        tokens: The tokens.
        make_request: Returns the request by a token.
        court: What judges each token before it is sent: what the CA refuses costs the token.
        cnf: What tokens that are minted are bound to, None for nothing.
        patience: How long a CA that is busy is waited for.
        is_brief: Whether a refusal without a reason is told without what may be the reason.

    Raises:
        ForeseenRefusalError: it would refuse; it was not asked.
        AuthorityError: it refuses.
        NetworkError: it does not answer; the token may have been used.
    """
    ports = court.ports
    for attempt, pause in enumerate((*patience.pauses, None)):
        token = tokens.make(cnf)
        case = court.read_case(token)
        check_forecast(foretell(case, court.rules.provisioners), is_given=tokens.is_given)
        is_last = pause is None or not tokens.can_be_renewed
        try:
            answer = ports.requests.put(make_request(token))
        except NetworkError as error:
            if is_last or not isinstance(error, patience.outlasts):
                raise _tell_spent(error, tokens) from error
            reason = error.what
        else:
            if answer.is_granted:
                return SpentToken(answer=answer, case=case)
            is_hopeless = answer.status == 500 and attempt >= len(PAUSES)  # it may be this very request that fails
            if is_last or is_hopeless or answer.status not in BUSY:
                raise explain_refusal(answer, court.foretell(token), is_given=tokens.is_given, is_brief=is_brief)
            reason = f"the CA fails with status {answer.status}"
        ports.minting.notices.warn(f"{reason}; trying again with a new token")
        ports.requests.wait(pause or 0)
    raise AssertionError


def _tell_spent(error: NetworkError, tokens: Tokens) -> NetworkError:
    """Return the error with what may have become of a token that is the user's."""
    if not tokens.is_given:
        return error
    return type(error)(f"{error.what}; the token may have been used", error.fix)
