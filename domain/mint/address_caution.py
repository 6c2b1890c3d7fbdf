"""Whether the address in a token's audience is one that the CA has, told while the token is made."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from domain.ca.url import CaUrl
    from domain.token.kind import Kind

SHOWN_NAMES = 5


def list_address_cautions(ca_url: CaUrl, names: Sequence[str], kind: Kind) -> Iterator[str]:
    """Give a caution where the CA has names and the address is none of them, as step-ca compares audiences.

    Args:
        names: The CA's names, none where they are not known.
        kind: What the token asks for.
    """
    if not names or ca_url.host in names:  # the rule itself is slow to load
        return
    from domain.ca_rules.audience import matches  # noqa: PLC0415
    from domain.ca_rules.endpoint import find_endpoint  # noqa: PLC0415

    endpoint = find_endpoint(kind)
    if endpoint is None or matches([f"{ca_url}{kind.path}"], endpoint, names):
        return
    more = ", …" if len(names) > SHOWN_NAMES else ""
    shown = ", ".join(names[:SHOWN_NAMES])
    yield (
        f"the CA calls itself {shown}{more} and not {ca_url.host}: it will refuse this token; "
        "give --ca-url as it calls itself"
    )
