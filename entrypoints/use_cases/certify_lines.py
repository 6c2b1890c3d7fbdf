"""How the lines of a batch become certificates: a key, a token and a request for each, and the CA's answer to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from domain.batch.certificate_options import list_pauses, read_terms, take_own_terms
from domain.batch.certified_line import CertifiedLine
from domain.batch.line import is_comment, read_line
from domain.batch.portion import Goods, Portion, RefusedLine
from domain.errors import LostAnswerError, StepOttError, UnreachableError
from domain.formats.duration import NANOSECONDS
from domain.formats.rfc3339 import format_time
from domain.settings.setting import respell
from entrypoints.use_cases.certificates import complete_terms, sign
from entrypoints.use_cases.spending import Patience, PublishedRules
from entrypoints.use_cases.tokens import MintedTokens

if TYPE_CHECKING:
    from domain.batch.certificate_options import FleetOptions
    from domain.batch.line import BatchLine
    from domain.batch.portion import Lines
    from domain.batch.ports import Progress
    from domain.enroll.ports import SharedRequests
    from entrypoints.use_cases.certificates import SigningPorts
    from entrypoints.use_cases.mint_lines import LineMinter


class LineCertifier:
    """Gets certificates for lines, several at a time (see `entrypoints.use_cases.batch.LineMaker`).

    The CA is asked for its rules once. Where it cannot be reached at all, that is the end of the batch.

    Attributes:
        options: What holds for a line that says nothing else.
        minter: Judges what lines say of their tokens.
        ports: The outside.
        requests: Those of the ports, for every line with time of its own.
        progress: What is to be said of a line before it is done.
    """

    def __init__(
        self,
        options: FleetOptions,
        minter: LineMinter,
        ports: SigningPorts,
        requests: SharedRequests,
        progress: Progress,
    ) -> None:
        self.options = options
        self.minter = minter
        self.ports = ports
        self.requests = requests
        self.progress = progress
        pauses = list_pauses(options.defaults.minting.timeout / NANOSECONDS)
        self._patience = Patience(pauses, (LostAnswerError, UnreachableError))
        self._terms = complete_terms(options.defaults, ports)
        self._rules = PublishedRules(ports.minting.authority)

    def make(self, lines: Lines) -> tuple[Portion, Goods]:
        """Return what becomes of some lines, and their certificates.

        Raises:
            UnreachableError: the CA cannot be reached.
        """
        certified, refused, comments = list[CertifiedLine](), list[RefusedLine](), list[int]()
        for number, text in enumerate(lines.texts, lines.first):
            outcome = self._judge_line(number, text)
            if isinstance(outcome, CertifiedLine):
                certified.append(outcome)
            elif outcome is not None:
                refused.append(outcome)
            elif is_comment(text):
                comments.append(number)
        numbers = [one.number for one in certified]
        return Portion(lines.first, len(lines.texts), numbers, refused, comments), Goods((), (), certified)

    def _judge_line(self, number: int, text: bytes) -> CertifiedLine | RefusedLine | None:
        """Return the line's certificate, or why it gets none; None where it asks for nothing."""
        asked = None
        try:
            asked = read_line(text)
            return None if asked is None else self._certify(number, asked)
        except UnreachableError:
            raise
        except StepOttError as error:
            given = self.options.defaults.settings
            return RefusedLine(number, str(respell(error, given if asked is None else {**given, **asked.settings})))

    def _certify(self, number: int, asked: BatchLine) -> CertifiedLine:
        now = self.ports.minting.clock.now()
        own, others = take_own_terms(asked.settings)
        terms = read_terms(own, self._terms, now) if own else self._terms
        request = self.minter.complete(attrs.evolve(asked, settings=others), now)
        notices = _LineNotices(number, self.progress)
        ports = attrs.evolve(self.ports, minting=attrs.evolve(self.ports.minting, notices=notices))
        key = ports.new_keys.make(self.options.defaults.key_kind)
        csr = key.request(request.subject, request.sans or (request.subject,))
        tokens = MintedTokens(attrs.evolve(self.minter.evidence, request=request), ports.minting)
        self.requests.renew_time()
        chain = sign(csr, tokens, terms, ports, rules=self._rules, patience=self._patience, is_brief=True)
        leaf = ports.minting.certificates.read_chain(chain)[0]
        end = format_time(leaf.not_after // NANOSECONDS * NANOSECONDS)
        return CertifiedLine(number, request.subject, chain, key.serialize(None) or b"", leaf.serial, end)


class _LineNotices:
    """Says what there is to say of a line (see `domain.ports.Notices`)."""

    def __init__(self, number: int, progress: Progress) -> None:
        self._number = number
        self._progress = progress

    def inform(self, text: str) -> None:
        self._progress.say(f"line {self._number}: {text}")

    def warn(self, text: str) -> None:
        self._progress.say(f"line {self._number}: warning: {text}")
