"""What the user asks `batch --certificates` for, beside what any batch has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from domain.enroll.key_kind import read_key_kind
from domain.enroll.options import CertificateOptions
from domain.enroll.request import CertificateTerms
from domain.errors import InputError, UsageError
from domain.formats.moment import Moment, parse_moment
from domain.mint.judge_options import ANY_SUBJECT, read_token_options
from domain.settings.authority import list_texts, parse_option
from domain.settings.print_form import BATCH_FORMS, TOKENS, choose_form
from domain.settings.setting import counts, exclude, spell
from domain.token.user_data import parse_assignment
from domain.token.validity import check_certificate_window

if TYPE_CHECKING:
    from collections.abc import Mapping

    from domain.settings.setting import Setting, Settings

USUAL_REQUESTS, MAX_REQUESTS = 4, 64

FIRST_PAUSE, LONGEST_PAUSE, MAX_PAUSES = 0.5, 16.0, 100
"""Seconds before a further attempt at a CA that is busy, and how many there are at the most."""

OF_TERMS = frozenset({"cert-not-before", "cert-not-after", "set", "set-file"})
"""Options that say of the certificate what they say of a token elsewhere."""

_SENSELESS = (
    "ssh", "host", "principal", "revoke", "rekey", "cnf", "cnf-file", "offline", "ca-config", "output-dir", "workers",
)  # fmt: skip
"""Options that are about other tokens, or about tokens that are printed."""

_SENSELESS_IN_LINE = {
    "cnf": "leave it out: each token is bound to the request that is made for it",
    "principal": "leave it out: it is for SSH certificates",
}


@attrs.frozen(eq=False, kw_only=True, repr=False)
class FleetOptions:
    """What is the same for the certificates of all lines that say nothing else.

    Attributes:
        folder: Where they and their keys go.
        requests: How many are asked for at a time.
        defaults: One of them.
    """

    folder: str
    requests: int
    defaults: CertificateOptions


def read_fleet_options(own: Settings, given: Mapping[str, Setting], now: int) -> FleetOptions:
    """Return what the settings ask for.

    Args:
        own: Settings of the options that `batch` has beside those of `token`.
        given: The others.
        now: Nanoseconds since the epoch, UTC, to judge times by.

    Raises:
        UsageError: the settings do not go together, or a value is malformed.
    """
    settings = {**given, **own}
    for name in _SENSELESS:
        if counts(settings, name):
            raise exclude("certificates", name, settings)
    if choose_form(own, BATCH_FORMS) == TOKENS:
        raise UsageError(f"{spell(own, 'certificates')} prints no tokens", f"leave {spell(own, 'format')} out")
    dropped = OF_TERMS | set(_SENSELESS)
    minting = read_token_options(ANY_SUBJECT, {name: given[name] for name in given.keys() - dropped}, now)
    return FleetOptions(
        folder=str(own["certificates"].value),
        requests=parse_option(own, "requests", _parse_requests) or USUAL_REQUESTS,
        defaults=CertificateOptions(
            minting=minting,
            token=None,
            key_kind=read_key_kind(own),
            device_key=None,
            encrypts_key=False,
            terms=read_terms(given, CertificateTerms(), now),
            settings=given,
        ),
    )


def read_terms(given: Settings, common: CertificateTerms, now: int) -> CertificateTerms:
    """Return what the settings, those of a line say, ask for beside the names, laid over what holds for all.

    Raises:
        UsageError: a value is malformed, or the certificate would end before it begins.
    """
    begin, end = _read_moment(given, "cert-not-before"), _read_moment(given, "cert-not-after")
    data = dict(parse_assignment(text, given["set"].spelled) for text in list_texts(given, "set"))
    terms = CertificateTerms(
        not_before=begin or common.not_before,
        not_after=end or common.not_after,
        template_data={**common.template_data, **data} if data else common.template_data,
    )
    check_certificate_window(terms.not_before, terms.not_after, now)
    return terms


def take_own_terms(settings: Settings) -> tuple[dict[str, Setting], dict[str, Setting]]:
    """Return the settings of a line apart: those about the certificate, and those about its names and its token.

    Raises:
        InputError: one of them is not about either.
    """
    for name, fix in _SENSELESS_IN_LINE.items():
        if name in settings:
            raise InputError(f"{settings[name].spelled} does not go with --certificates", fix)
    ours = {name: setting for name, setting in settings.items() if name in OF_TERMS}
    return ours, {name: setting for name, setting in settings.items() if name not in OF_TERMS}


def _read_moment(given: Settings, name: str) -> Moment | None:
    return parse_option(given, name, lambda text: parse_moment(text, given[name].spelled))


def _parse_requests(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 4 and 1 <= int(text) <= MAX_REQUESTS):
        raise ValueError(f"not a whole number from 1 to {MAX_REQUESTS}")
    return int(text)


def list_pauses(timeout: float) -> tuple[float, ...]:
    """Return the seconds to wait before each further attempt at a busy CA, each longer, all together below `timeout`.

    Args:
        timeout: Seconds.
    """
    pauses = list[float]()
    pause = FIRST_PAUSE
    while sum(pauses) + pause < timeout and len(pauses) < MAX_PAUSES:
        pauses.append(pause)
        pause = min(pause * 2, LONGEST_PAUSE)
    return tuple(pauses)
