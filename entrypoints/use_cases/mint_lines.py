"""How the lines of a batch become tokens: fast where a line gives only its subject, else by every rule again."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import attrs

from domain.batch.line import BatchLine, read_bare, read_line
from domain.batch.portion import MintedLine, RefusedLine
from domain.errors import StepOttError, UsageError
from domain.formats import base64url
from domain.formats.duration import NANOSECONDS
from domain.formats.json_text import display, serialize
from domain.formats.rfc3339 import format_time
from domain.keys.sampled_signer import SampledSigner
from domain.mint.judge_options import check_subject, judge_settings, read_request
from domain.provisioners.credential import take_any
from domain.settings.authority import check_texts, list_texts
from domain.settings.setting import drop_absent, respell
from domain.token.claims import compose_token
from domain.token.kind import REVOKING
from domain.token.template import TokenTemplate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from domain.batch.ports import Identifiers
    from domain.ports import Clock
    from domain.settings.setting import Settings
    from domain.token.claims import TokenRequest
    from domain.token.kind import Kind
    from domain.token.options import TokenOptions
    from domain.token.template import TimedTemplate
    from entrypoints.use_cases.mint import Evidence

LINES_TOGETHER = 128
"""How many lines' tokens are made in one go where signing is swift: as many as stay near the processor."""

SWIFT_ALGORITHMS = frozenset({"ES256", "EdDSA"})
"""A core makes tens of thousands of their signatures a second; of the others some hundreds or thousands."""


@lru_cache(maxsize=16)
def _format_seconds(seconds: int) -> str:
    """Return seconds since the epoch in RFC 3339; most tokens share theirs with the one before."""
    return format_time(seconds * NANOSECONDS)


class LineMinter:
    """Mints for lines; each token's validity counts from its own signing.

    Attributes:
        defaults: What holds for a line that says nothing else.
        evidence: The same with what stands in files, who vouches for it, and the key.
    """

    def __init__(self, defaults: TokenOptions, evidence: Evidence, clock: Clock, identifiers: Identifiers) -> None:
        self.defaults = defaults
        self.evidence = evidence
        self.clock = clock
        self.identifiers = identifiers
        self._template = TokenTemplate(evidence.request, evidence.issuer, evidence.signer.public, now=clock.now())
        self._kinds: dict[frozenset[str], Kind] = {}
        signer: Any = evidence.signer
        self._sampled = SampledSigner(signer) if hasattr(signer, "sign_unchecked") else None

    @property
    def token_length(self) -> int:
        """About how many bytes a token has whose line gives a subject alone."""
        return self._template.length

    @property
    def is_swift(self) -> bool:
        """Whether signing takes no more time than reading and writing; a device's never does."""
        return self._sampled is not None and self._sampled.public.algorithm in SWIFT_ALGORITHMS

    @property
    def lines_together(self) -> int:
        """For how many lines each step is taken before the next one, so that a token is no older than it need be."""
        return LINES_TOGETHER if self.is_swift else 1

    def mint(self, first: int, lines: Sequence[bytes]) -> tuple[list[MintedLine], list[RefusedLine]]:
        """Return the tokens of some lines, and why others get none; blank lines and comments give neither.

        All are composed, then all are signed: a processor that alternates between the two loads the code and the tables
        of each again and again, which takes longer than composing itself.

        Args:
            first: Number of the first.
            lines: `lines_together` of them at the most.

        Raises:
            KeyFormatError: a signature by the key does not verify: then no line's can be trusted.
        """
        minted, refused, now = list[MintedLine](), list[RefusedLine](), self.clock.now()
        template = self._find_template(now)
        expiry = "" if template is None else _format_seconds(template.expires_at)
        for number, (line, jti) in enumerate(zip(lines, self.identifiers.token_ids(len(lines)), strict=True), first):
            if template is not None and (bare := read_bare(line)) is not None:
                subject = f'"{bare}"'
                minted.append(MintedLine(number, subject, template.fill(subject, jti), jti, expiry))
                continue
            outcome = self._judge_line(number, line, jti, now)
            if isinstance(outcome, MintedLine):
                minted.append(outcome)
            elif outcome is not None:
                refused.append(outcome)
        signatures = self._sign([one.signing_input.encode("ascii") for one in minted])
        for one, signature in zip(minted, signatures, strict=True):
            one.signature = base64url.encode(signature)
        return minted, refused

    def _find_template(self, now: int) -> TimedTemplate | None:
        """Return what the tokens of bare lines share; None where each must be judged by itself."""
        if self.evidence.check_request is not take_any or self.evidence.request.kind in REVOKING:
            return None
        try:
            return self._template.at(now)
        except UsageError:
            return None

    def _judge_line(self, number: int, line: bytes, jti: str, now: int) -> MintedLine | RefusedLine | None:
        """Return the line's token but for its signature, or why it gets none."""
        asked = None
        try:
            asked = read_line(line)
            if asked is None:
                return None
            signing_input, expires_at = self._compose(asked, jti, now)
        except StepOttError as error:
            given = self.defaults.settings if asked is None else {**self.defaults.settings, **asked.settings}
            return RefusedLine(number, str(respell(error, given)))
        kind = self.evidence.request.kind
        subject = check_subject(asked.subject, kind) if kind in REVOKING else asked.subject
        return MintedLine(number, display(subject), signing_input, jti, _format_seconds(expires_at))

    def _compose(self, asked: BatchLine, jti: str, now: int) -> tuple[str, int]:
        """Return what is signed for the line, and when that expires, in seconds since the epoch, UTC."""
        if not asked.settings and self.evidence.check_request is take_any:
            subject = serialize(check_subject(asked.subject, self.evidence.request.kind))
            template = self._template.at(now)
            return template.fill(subject, jti), template.expires_at
        request = self.complete(asked, now)
        self.evidence.check_request(request)
        unsigned = compose_token(request, self.evidence.issuer, self.evidence.signer.public, now=now, jti=jti)
        return unsigned.signing_input(), unsigned.claims["exp"]

    def complete(self, asked: BatchLine, now: int) -> TokenRequest:
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

    def _sign(self, messages: Sequence[bytes]) -> list[bytes]:
        if self._sampled is None:
            return [self.evidence.signer.sign(message) for message in messages]
        return self._sampled.sign_together(messages)
