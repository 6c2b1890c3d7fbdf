"""How the lines of a batch become tokens: swiftly where a line gives its subject alone, else by every rule anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from domain.batch.line import BatchLine, read_line
from domain.batch.portion import MintedLine, RefusedLine
from domain.errors import StepOttError
from domain.formats import base64url
from domain.formats.duration import NANOSECONDS
from domain.formats.json_text import display, serialize
from domain.formats.rfc3339 import format_time
from domain.mint.judge_options import check_subject, judge_settings, read_request
from domain.provisioners.credential import take_any
from domain.settings.authority import check_texts, drop_absent, list_texts
from domain.settings.setting import respell
from domain.token.claims import compose_token
from domain.token.template import TokenTemplate

if TYPE_CHECKING:
    from domain.ports import Clock, Randomness
    from domain.settings.setting import Settings
    from domain.token.claims import TokenRequest
    from domain.token.kind import Kind
    from domain.token.options import TokenOptions
    from entrypoints.use_cases.mint import Evidence

CHECKED_EVERY = 128
"""Of so many signatures one is verified, the first of each worker among them."""

SWIFT_ALGORITHMS = frozenset({"ES256", "EdDSA"})
"""A core makes tens of thousands of their signatures a second; of the others some hundreds or thousands."""


class LineMinter:
    """Mints for lines; each token's validity counts from its own signing.

    Attributes:
        defaults: What holds for a line that says nothing else.
        evidence: The same with what stands in files, who vouches for it, and the key.
    """

    def __init__(self, defaults: TokenOptions, evidence: Evidence, clock: Clock, randomness: Randomness) -> None:
        self.defaults = defaults
        self.evidence = evidence
        self.clock = clock
        self.randomness = randomness
        self._template = TokenTemplate(evidence.request, evidence.issuer, evidence.signer.public, now=clock.now())
        self._kinds: dict[frozenset[str], Kind] = {}
        self._signed = 0
        self._expiry = (0, "")
        self._sign_unchecked = getattr(evidence.signer, "sign_unchecked", evidence.signer.sign)

    @property
    def token_length(self) -> int:
        """About how many bytes a token has whose line gives a subject alone."""
        return self._template.length

    @property
    def is_swift(self) -> bool:
        """Whether signing takes no more time than reading and writing; a device's never does."""
        signer = self.evidence.signer
        return hasattr(signer, "sign_unchecked") and signer.public.algorithm in SWIFT_ALGORITHMS

    def mint(self, number: int, line: bytes) -> MintedLine | RefusedLine | None:
        """Return what the line gives: a token, the reason why not, or nothing where it is blank.

        Raises:
            KeyFormatError: a signature by the key does not verify: then no line's can be trusted.
        """
        jti = self.randomness.token_id()
        asked = None
        try:
            asked = read_line(line)
            if asked is None:
                return None
            signing_input, expires_at = self._compose(asked, jti)
        except StepOttError as error:
            given = self.defaults.settings if asked is None else {**self.defaults.settings, **asked.settings}
            return RefusedLine(number, str(respell(error, given)))
        token = f"{signing_input}.{base64url.encode(self._sign(signing_input.encode('ascii')))}"
        return MintedLine(number, display(asked.subject), token, jti, self._format(expires_at))

    def _compose(self, asked: BatchLine, jti: str) -> tuple[str, int]:
        """Return what is signed for the line, and when that expires (see `TokenTemplate.fill`)."""
        now, issuer, public = self.clock.now(), self.evidence.issuer, self.evidence.signer.public
        if not asked.settings and self.evidence.check_request is take_any:
            subject = serialize(check_subject(asked.subject, self.evidence.request.kind))
            return self._template.fill(subject, now=now, jti=jti)
        request = self._complete(asked, now)
        self.evidence.check_request(request)
        unsigned = compose_token(request, issuer, public, now=now, jti=jti)
        return unsigned.signing_input(), unsigned.claims["exp"]

    def _format(self, seconds: int) -> str:
        """Return the time in RFC 3339; tokens of the same second share it."""
        if seconds != self._expiry[0]:
            self._expiry = (seconds, format_time(seconds * NANOSECONDS))
        return self._expiry[1]

    def _complete(self, asked: BatchLine, now: int) -> TokenRequest:
        """Return the request that the line makes, judged as the settings of `token` are."""
        common, settings = self.evidence.request, {**self.defaults.settings, **asked.settings}
        if "cnf" in asked.settings:
            settings.pop("cnf-file", None)
        if "set" in asked.settings:
            own = asked.settings["set"]
            settings["set"] = attrs.evolve(own, value=(*self.defaults.texts("set"), *list_texts(asked.settings, "set")))
        given = drop_absent(settings)
        request = read_request(asked.subject, given, self._judge(given), now)
        cnf = common.cnf if request.cnf is None else request.cnf
        return attrs.evolve(request, cnf=cnf, user={**common.user, **request.user})

    def _judge(self, given: Settings) -> Kind:
        """Return the kind of request; which settings go together is judged once for all lines that have the same."""
        names = frozenset(given)
        if names not in self._kinds:
            self._kinds[names] = judge_settings(given)
        check_texts(given)
        return self._kinds[names]

    def _sign(self, message: bytes) -> bytes:
        sign = self._sign_unchecked if self._signed % CHECKED_EVERY else self.evidence.signer.sign
        self._signed += 1
        signature: bytes = sign(message)
        return signature
