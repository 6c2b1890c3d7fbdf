"""How a program's tokens are minted of which only names and window differ: what they share is written once."""

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


class TemplateMinter:
    """Mints for one issuer and key, from any number of threads, the tokens that `make_token` would make."""

    def __init__(self, issuer: Issuer, credential: Credential, clock: Clock, randomness: Randomness) -> None:
        self._signer = credential.signer
        self._takes_any = credential.check_request is take_any and credential.subject is None
        self._clock = clock
        self._randomness = randomness
        request = TokenRequest(kind=Kind.SIGN, subject="")
        self._template = TokenTemplate(request, issuer, credential.signer.public, now=clock.now())

    def takes(self, request: TokenRequest) -> bool:
        """Return whether the request is for an X.509 certificate and is neither bound nor has data of the user's."""
        return self._takes_any and request.kind is Kind.SIGN and request.cnf is None and not request.user

    def make_token(self, request: TokenRequest) -> str:
        """Return the token that grants a request which it takes.

        Raises:
            UsageError: the token's window is out of bounds by now.
        """
        now, begin, end = self._clock.now(), request.not_before, request.not_after
        template = self._template.at(now) if begin is None and end is None else self._template.within(begin, end, now)
        subject, jti = serialize(request.subject), self._randomness.token_id()
        if request.sans:
            return sign_input(template.fill_with_sans(subject, serialize(request.sans), jti), self._signer)
        return sign_input(template.fill(subject, jti), self._signer)
