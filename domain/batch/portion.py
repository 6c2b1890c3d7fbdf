"""A portion of a batch: consecutive lines, what became of each, and what is printed for them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from domain.batch.certified_line import CertifiedLine


@attrs.frozen
class Lines:
    """Some lines that follow one another.

    Attributes:
        first: Number of the first, from 1.
        texts: Without their ends; one that is too long is cut to a byte more than the limit.
    """

    first: int
    texts: Sequence[bytes]


@attrs.define  # made for every line, and a third of the time of a frozen one
class MintedLine:
    """A token of a batch.

    Attributes:
        number: Of its line.
        subject: As JSON writes it, in quotes.
        signing_input: The token but for its signature (RFC 7515, 5.1).
        jti: Its identifier.
        expires_at: RFC 3339, UTC.
        signature: Unpadded base64url; empty until it is signed.
    """

    number: int
    subject: str
    signing_input: str = attrs.field(repr=False)
    jti: str
    expires_at: str
    signature: str = attrs.field(default="", repr=False)

    @property
    def token(self) -> str:
        """A compact JWS."""
        return f"{self.signing_input}.{self.signature}"


@attrs.frozen
class RefusedLine:
    """A line that gave no token, and why."""

    number: int
    reason: str


@attrs.frozen
class Portion:
    """What became of `Lines`.

    Attributes:
        first: Number of the first line.
        count: How many lines they were.
        numbers: Numbers of the lines that gave a token.
        refused: The lines that gave none, blank ones and comments left out.
        comments: Numbers of the lines that are comments.
    """

    first: int
    count: int
    numbers: Sequence[int]
    refused: Sequence[RefusedLine]
    comments: Sequence[int] = ()


@attrs.frozen
class Goods:
    """What a `Portion` gave, in the form in which it is handed over; the other forms are empty.

    Attributes:
        rows: What is printed for them, each row with a newline, some rows at a time.
        tokens: The tokens themselves, where each gets a file.
        certificates: Those that were got by the tokens.
    """

    rows: Sequence[bytes] = attrs.field(repr=False)
    tokens: Sequence[MintedLine]
    certificates: "Sequence[CertifiedLine]" = ()


@attrs.frozen
class LooseEnd:
    """What is not known, or not whole, of the tokens behind those that are counted.

    Attributes:
        doubtful: How many of the next may have been handed over as well, or the last of them in part.
        is_cut: Whether the next has been handed over in part, and cannot be taken back.
    """

    doubtful: int = 0
    is_cut: bool = False
