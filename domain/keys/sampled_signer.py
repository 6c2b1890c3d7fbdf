"""Many signatures by a key in this process, of which one in 128 is checked: decision 0004 has why."""

from __future__ import annotations

from itertools import count, islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from domain.keys.ports import SwiftSigner

CHECKED_EVERY = 128
"""Of so many signatures one is verified, the first of each process among them."""


class SampledSigner:
    """Signs, and checks the first signature and then one of 128; to be used from any number of threads.

    Attributes:
        signer: The key itself.
    """

    def __init__(self, signer: SwiftSigner) -> None:
        self.public = signer.public
        self.signer = signer
        self._numbers = count()

    def sign(self, message: bytes) -> bytes:
        """Return the signature of `message` (see `domain.keys.ports.Signer`).

        Raises:
            KeyFormatError: it was checked and does not verify: then no token of the key can be trusted.
        """
        if next(self._numbers) % CHECKED_EVERY:
            return self.signer.sign_unchecked([message])[0]
        return self.signer.sign(message)

    def sign_together(self, messages: Sequence[bytes]) -> list[bytes]:
        """Return the signatures of several, made in one go but for those that are checked.

        Raises:
            KeyFormatError: as `sign` does.
        """
        signatures, begin = list[bytes](), 0
        for index, number in enumerate(islice(self._numbers, len(messages))):
            if number % CHECKED_EVERY == 0:
                signatures += self.signer.sign_unchecked(messages[begin:index])
                signatures.append(self.signer.sign(messages[index]))
                begin = index + 1
        return signatures + self.signer.sign_unchecked(messages[begin:])
