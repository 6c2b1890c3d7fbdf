"""What came of one careful visit to a CA: how far it led, and what was seen on the way."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from domain.ca.url import CaUrl


class Stop(Enum):
    """Where a visit ended early, in the order of its way."""

    PROXY = "the way leads through a proxy that this visit cannot take"
    CONNECTION = "there is no connection"
    NO_ROOT = "there is no root to check the certificate with"
    SILENCE = "there is a connection, but no TLS within the time"
    TLS = "the two sides do not get on"
    TRUST = "the certificate was not issued by the root"
    VALIDITY = "the certificate, or one that vouches for it, has expired or is not valid yet"
    NAME = "the certificate is for other names"
    ANSWER = "there is no answer that is HTTP"


@attrs.frozen(kw_only=True)
class Encounter:
    """A visit to a CA: connection, TLS handshake and one request for its health.

    Attributes:
        ca_url: Whom it was paid to.
        stop: Where it ended early, None where it did not.
        reason: Why, in the words of the system or the library.
        late: The option whose time was over, where it ended for that; else empty.
        proxy: Host and port of the proxy on the way, empty for none.
        names: The names in the CA's certificate; empty where no trusted certificate was seen.
        not_after: When that certificate expires, nanoseconds since the epoch, UTC; None where none was seen.
        is_healthy: Whether the CA says that it is well.
        status: The HTTP status of its answer.
        date: The CA's clock by the `Date` header of its answer, nanoseconds since the epoch, UTC, whole
            seconds; None where it does not tell.
        asked_at, answered_at: This machine's clock before and after that request, in the same unit.
    """

    ca_url: CaUrl
    stop: Stop | None = None
    reason: str = ""
    late: str = ""
    proxy: str = ""
    names: Sequence[str] = ()
    not_after: int | None = None
    is_healthy: bool = False
    status: int = 0
    date: int | None = None
    asked_at: int = 0
    answered_at: int = 0
