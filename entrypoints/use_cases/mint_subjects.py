"""How a program's tokens are minted that say nothing but their subject: what they share is written once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain.formats.json_text import serialize
from domain.provisioners.credential import take_any
from domain.token.claims import TokenRequest
from domain.token.kind import Kind
from domain.token.template import TokenTemplate
from entrypoints.use_cases.mint import sign_input

if TYPE_CHECKING:
    from domain.ports import Clock, Randomness
    from domain.provisioners.credential import Credential
    from domain.token.claims import Issuer


class SubjectMinter:
    """Mints for one issuer and key, from any number of threads, the tokens that `make_token` would make."""

    def __init__(self, issuer: Issuer, credential: Credential, clock: Clock, randomness: Randomness) -> None:
        self._signer = credential.signer
        self._takes_any = credential.check_request is take_any and credential.subject is None
        self._clock = clock
        self._randomness = randomness
        request = TokenRequest(kind=Kind.SIGN, subject="")
        self._template = TokenTemplate(request, issuer, credential.signer.public, now=clock.now())

    def takes(self, request: TokenRequest) -> bool:
        """Return whether the request is for an X.509 certificate and has nothing of its own but the subject."""
        moments = request.not_before or request.not_after
        has_more = request.sans or request.user or moments is not None or request.cnf is not None
        return self._takes_any and request.kind is Kind.SIGN and not has_more

    def make_token(self, subject: str) -> str:
        """Return the token for a subject."""
        template = self._template.at(self._clock.now())
        return sign_input(template.fill(serialize(subject), self._randomness.token_id()), self._signer)
