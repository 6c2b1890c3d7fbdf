"""What the user asks `ca certificate` for, judged before any file or network counts."""

from __future__ import annotations

import attrs

from domain.enroll.key_kind import KeyKind, read_key_kind
from domain.enroll.request import CertificateTerms
from domain.formats.moment import Moment, parse_moment
from domain.mint.judge_options import read_token_options
from domain.settings.authority import list_texts, parse_option
from domain.settings.setting import Settings, drop_absent
from domain.token.options import TokenOptions
from domain.token.user_data import parse_assignment

NOT_OF_TOKEN = frozenset({"kty", "curve", "size", "not-before", "not-after", "set", "set-file", "force", "token"})
"""Options that say nothing of the token that is minted on the way."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class CertificateOptions:
    """One request for a certificate, as the user's settings describe it.

    Attributes:
        minting: How its token is minted.
        key_kind: What key it is for.
        terms: What else is asked for, but for what stands in files that are not read yet.
        settings: All of them.
    """

    minting: TokenOptions
    key_kind: KeyKind
    terms: CertificateTerms
    settings: Settings


def read_certificate_options(subject: str, settings: Settings, now: int) -> CertificateOptions:
    """Return the request that the settings describe.

    Args:
        now: Nanoseconds since the epoch, UTC.

    Raises:
        UsageError: the settings do not go together, or a value is malformed.
    """
    given = drop_absent(settings)
    data = dict(parse_assignment(text, given["set"].spelled) for text in list_texts(given, "set"))
    return CertificateOptions(
        minting=read_token_options(subject, {name: given[name] for name in given.keys() - NOT_OF_TOKEN}, now),
        key_kind=read_key_kind(given),
        terms=CertificateTerms(
            not_before=_read_moment(given, "not-before"), not_after=_read_moment(given, "not-after"), template_data=data
        ),
        settings=given,
    )


def _read_moment(given: Settings, name: str) -> Moment | None:
    return parse_option(given, name, lambda text: parse_moment(text, given[name].spelled))
