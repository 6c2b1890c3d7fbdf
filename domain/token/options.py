"""The options of `token`, judged and read: one request for a token, and how to reach its CA."""

from __future__ import annotations

import attrs

from domain.settings.authority import AuthorityOptions
from domain.token.claims import TokenRequest


@attrs.frozen(eq=False, kw_only=True, repr=False)
class TokenOptions(AuthorityOptions):
    """One request for a token, as the user's settings describe it.

    Attributes:
        request: What the token is to authorise, but for what stands in files that are not read yet.
    """

    request: TokenRequest
