"""Many tokens that differ in little: what they share is written once, what differs is filled in.

A template's tokens are those of `compose_token`: it composes one token with a slot in the place of
everything that differs, and fills the slots in its JSON.
"""

from __future__ import annotations

from functools import lru_cache, partial
from typing import TYPE_CHECKING, cast

import attrs

from domain.formats import base64url, json_text
from domain.formats.duration import NANOSECONDS
from domain.formats.json_text import Number
from domain.token.claims import compose_token
from domain.token.kind import Kind
from domain.token.validity import check_certificate_window, resolve_window

if TYPE_CHECKING:
    from domain.formats.moment import Moment
    from domain.keys.jwk import PublicJwk
    from domain.token.claims import Issuer, TokenRequest
    from domain.token.validity import Window

_TIMES = ("exp", "iat", "nbf")
_SLOTS = {name: f"\0{name}\0" for name in (*_TIMES, "jti", "sans", "sub")}
"""Marked by what no JSON text holds: a control character stands in it as an escape alone."""

MAX_WINDOWS = 16
"""So many windows of tokens' own are kept filled in: a program has few, but one a second is new of each."""


class TokenTemplate:
    """Requests that differ in their subject, SANs and window alone, for one issuer and one key.

    Args:
        request: What the tokens authorise; its subject counts for nothing.
        now: Nanoseconds since the epoch, UTC, at which the window is judged for the first time.

    Raises:
        UsageError: the token's window is out of bounds at `now`.
    """

    def __init__(self, request: TokenRequest, issuer: Issuer, public: PublicJwk, *, now: int) -> None:
        self.request = request
        # A request and an identifier are only carried along, so that slots do in their place.
        open_request = attrs.evolve(request, subject=cast("str", _slot("sub")))
        unsigned = compose_token(open_request, issuer, public, now=now, jti=cast("str", _slot("jti")))
        claims = {**unsigned.claims, **{name: _slot(name) for name in _TIMES}}
        if request.kind is Kind.SIGN and not request.sans:
            claims["sans"] = _slot("sans")
        self._header = unsigned.header.text + "."
        self._claims = json_text.serialize(claims)
        moments = (request.not_before, request.not_after, request.cert_not_before, request.cert_not_after)
        self._has_moments = moments != (None,) * len(moments)
        self._latest: TimedTemplate | None = None
        self._fill_times = lru_cache(MAX_WINDOWS)(partial(TimedTemplate, self._header, self._claims))

    @property
    def length(self) -> int:
        """About how many bytes a token has that is made of it."""
        return len(self._header) + len(self._claims) * 4 // 3

    def at(self, now: int) -> TimedTemplate:
        """Return what tokens that are made at `now` share, in nanoseconds since the epoch, UTC.

        It may be asked by several threads.

        Raises:
            UsageError: the window is out of bounds by now.
        """
        request, latest = self.request, self._latest
        if latest is not None and not self._has_moments and latest.times[1] == now // NANOSECONDS:
            return latest  # the usual window has passed every rule, and is the same for all of a second
        window = resolve_window(request.not_before, request.not_after, now)
        check_certificate_window(request.cert_not_before, request.cert_not_after, now)
        times = _count_seconds(window, now)
        if latest is None or times != latest.times:
            latest = self._latest = TimedTemplate(self._header, self._claims, times)
        return latest

    def within(self, not_before: Moment | None, not_after: Moment | None, now: int) -> TimedTemplate:
        """Return what tokens share that are made at `now` with this window in place of the template's.

        It may be asked by several threads.

        Raises:
            UsageError: the window is out of bounds by now.
        """
        window = resolve_window(not_before, not_after, now)
        check_certificate_window(self.request.cert_not_before, self.request.cert_not_after, now)
        return self._fill_times(_count_seconds(window, now))


class TimedTemplate:
    """A template in which only subject, SANs and identifier are left to fill in: tokens of a second share it.

    Attributes:
        times: When the tokens expire, are made, and become valid, in seconds since the epoch, UTC.
    """

    def __init__(self, header: str, claims: str, times: tuple[int, int, int]) -> None:
        self.times = times
        for name, seconds in zip(_TIMES, times, strict=True):
            claims = claims.replace(_SLOTS[name], str(seconds))
        before, after = claims.split(_SLOTS["jti"])
        known, slot, more = before.partition(_SLOTS["sub"])
        start = known.encode()
        whole = len(start) // 3 * 3  # three bytes make four characters, whatever follows
        self._start = header + base64url.encode(start[:whole])
        self._odd = start[whole:]
        self._before_jti = (slot + more).split(_SLOTS["sub"])
        self._after_jti = after.replace(_SLOTS["sans"], f"[{_SLOTS['sub']}]").split(_SLOTS["sub"])
        self._around_sans = [part.split(_SLOTS["sub"]) for part in after.split(_SLOTS["sans"])]

    @property
    def expires_at(self) -> int:
        """When the tokens expire, in seconds since the epoch, UTC."""
        return self.times[0]

    def fill(self, subject: str, jti: str) -> str:
        """Return what is signed of the token for `subject` (RFC 7515, 5.1), as `compose_token` would compose it.

        Args:
            subject: As JSON writes it, in quotes.
            jti: 64 lower-case hex characters, never used before.
        """
        claims = f'{subject.join(self._before_jti)}"{jti}"{subject.join(self._after_jti)}'
        return self._start + base64url.encode(self._odd + claims.encode())

    def fill_with_sans(self, subject: str, sans: str, jti: str) -> str:
        """Return the same for a token with SANs of its own, where the template is for X.509 and has none.

        Args:
            subject: As JSON writes it, in quotes.
            sans: As JSON writes a list of them, one or more.
            jti: As for `fill`.
        """
        before, after = self._around_sans
        claims = f'{subject.join(self._before_jti)}"{jti}"{subject.join(before)}{sans}{subject.join(after)}'
        return self._start + base64url.encode(self._odd + claims.encode())


def _count_seconds(window: Window, now: int) -> tuple[int, int, int]:
    """Return when tokens expire, are made, and become valid, in seconds since the epoch, UTC."""
    return window.not_after // NANOSECONDS, now // NANOSECONDS, window.not_before // NANOSECONDS


def _slot(name: str) -> Number:
    """Return what JSON writes as the slot."""
    return Number(_SLOTS[name])
