"""A key that several threads sign by."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from domain.keys.jwk import PublicJwk
    from domain.keys.ports import Signer


class SharedSigner:
    """A `Signer` (see `domain.keys.ports`) that signs one message after the other: a device may do no more at a time.

    Attributes:
        signer: Whose key it is.
    """

    def __init__(self, signer: Signer) -> None:
        self.signer = signer
        self._turn = threading.Lock()

    @property
    def public(self) -> PublicJwk:
        return self.signer.public

    def sign(self, message: bytes) -> bytes:
        with self._turn:
            return self.signer.sign(message)
