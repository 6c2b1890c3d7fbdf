"""A token as a program gets it: the text to hand on, which also tells what stands in it and never shows itself."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class Token(str):
    """A signed token: a `str` to hand on, whose `repr` has nothing of it that could be used.

    Whoever has the text can spend the token, once: hand it on, and do not log it.
    """

    __slots__ = ("_parts",)

    @property
    def header(self) -> Mapping[str, Any]:
        """The JOSE header, as JSON has it."""
        return self._read()[0]

    @property
    def claims(self) -> Mapping[str, Any]:
        """The claims, as JSON has them; times are seconds since the epoch, UTC."""
        return self._read()[1]

    @property
    def jti(self) -> str:
        """The token's own identifier, 64 hex digits, by which a CA knows that it was used; empty without one."""
        jti = self.claims.get("jti")
        return jti if isinstance(jti, str) else ""

    @property
    def expires_at(self) -> datetime | None:
        """When it is no longer valid, in UTC, to the second; None where it says nothing of that."""
        return self._read_time("exp")

    @property
    def not_before(self) -> datetime | None:
        """From when on it is valid, in UTC, to the second; None where it says nothing of that."""
        return self._read_time("nbf")

    def __repr__(self) -> str:
        from domain.errors import InputError
        from domain.formats.json_text import describe

        try:
            subject, expiry, jti = self.claims.get("sub"), self.expires_at, self.jti
        except InputError:
            return "<step_ott.Token that cannot be read>"
        shown = "unknown" if expiry is None else expiry.isoformat()
        return f"<step_ott.Token for {describe(subject)}, expires at {shown}, jti {jti[:8]!r}…>"

    def _read_time(self, claim: str) -> datetime | None:
        seconds = self.claims.get(claim)
        if not isinstance(seconds, int) or isinstance(seconds, bool):
            return None
        try:
            return datetime.fromtimestamp(seconds, UTC)
        except (ValueError, OverflowError, OSError):  # beyond the calendar, in a token of somebody else's
            return None

    def _read(self) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """Return header and claims, read once."""
        try:
            return self._parts
        except AttributeError:
            from domain.token.compact_jws import read_token
            from step_ott.json_values import read_plainly

            read = read_token(str(self))
            self._parts: tuple[Mapping[str, Any], Mapping[str, Any]] = (
                read_plainly(read.header),
                read_plainly(read.claims),
            )
            return self._parts
