"""The adapter that asks a CA over HTTPS, as tests use it."""

import os
from collections.abc import Sequence
from typing import Any

from adapters.ca.https import HttpsAuthority
from adapters.ca.https_client import HttpsClient
from domain.ca.url import CaUrl
from domain.formats.duration import NANOSECONDS
from tests.support.hostile_ca import HostileCa, answer, root

EMPTY_LIST = answer({"provisioners": [], "nextCursor": ""})
PLENTY = 30 * NANOSECONDS


def connect(
    ca: HostileCa | int, *, roots: Sequence[bytes] | None = None, host: str = "127.0.0.1", **options: Any
) -> HttpsAuthority:
    """Return the client of `ca`, or of what listens on that port, with plenty of time unless a test says otherwise."""
    ca_url = CaUrl(host, ca if isinstance(ca, int) else ca.port)
    times = {name: options.pop(name, PLENTY) for name in ("request_timeout", "timeout")}
    client = HttpsClient(ca_url, [root().der] if roots is None else roots, environment=os.environ, **times)
    return HttpsAuthority(client, **options)
