"""What a token says of itself, as a value."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import attrs

from domain.formats.rfc3339 import parse_time
from domain.formats.terminal_text import show_line
from step_ott.json_values import read_plainly
from step_ott.ports import GivenFiles
from step_ott.token_arguments import add_token, choose_clock
from step_ott.wording import speaking_python

if TYPE_CHECKING:
    from collections.abc import Mapping

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@attrs.frozen(repr=False, eq=False)
class Inspection:
    """What a token says of itself. Its signature is not checked: whether a CA would take it, `verify` tells.

    Attributes:
        facts: All that it says, by name, as `step-ott inspect --format json` prints it; what a token does not say
            is left out. Nothing in it can be used as a token.
        warnings: What is odd about it, a sentence each, which can be printed as it is.

    Whatever else is text is what the token has, with its control characters: print the `repr` of that.
    """

    facts: Mapping[str, Any]
    warnings: tuple[str, ...]

    @property
    def request(self) -> str:
        """What it asks a CA for, in words."""
        return show_line(str(self.facts["request"]))

    @property
    def subject(self) -> str | None:
        """The name or identifier that it is for; None where it has none that is text."""
        return self._text("subject")

    @property
    def names(self) -> tuple[str, ...]:
        """The names that an X.509 certificate may have by its `sans`; none where these are not texts."""
        names = self.facts.get("names")
        is_told = isinstance(names, list) and all(isinstance(name, str) for name in names)
        return tuple(names) if is_told and names else ()

    @property
    def provisioner(self) -> str | None:
        """The name of the provisioner that it is from."""
        return self._text("provisioner")

    @property
    def provisioner_type(self) -> str | None:
        """Its type, as far as the token shows it."""
        return self._text("provisioner_type")

    @property
    def key_id(self) -> str | None:
        """The `kid` of the key that signed it."""
        return self._text("key_id")

    @property
    def token_id(self) -> str | None:
        """Its `jti`, by which a CA knows that it was used."""
        return self._text("token_id")

    @property
    def issued_at(self) -> datetime | None:
        """When it was made, in UTC; None where it does not say."""
        return self._time("issued")

    @property
    def not_before(self) -> datetime | None:
        """From when on it is valid, in UTC; None where it does not say."""
        return self._time("from")

    @property
    def expires_at(self) -> datetime | None:
        """When it is no longer valid, in UTC; None where it does not say."""
        return self._time("until")

    def members(self) -> dict[str, Any]:
        """Return the facts as a dict of one's own, which `json.dumps` takes."""
        return deepcopy(dict(self.facts))

    def __repr__(self) -> str:
        return f"<step_ott.Inspection of a token for {self.subject!r}, {len(self.warnings)} warnings>"

    def _text(self, name: str) -> str | None:
        value = self.facts.get(name)
        return value if isinstance(value, str) else None

    def _time(self, name: str) -> datetime | None:
        nanoseconds = parse_time(self._text(name) or "")
        return None if nanoseconds is None else _EPOCH + timedelta(microseconds=nanoseconds // 1000)


def inspect(token: str, *, at: datetime | timedelta | None = None) -> Inspection:
    """Return what a token says of itself; no key is needed, and nothing outside is asked.

    Args:
        token: The token, or a row of `step-ott batch` with one in it; never the path of a file.
        at: The moment that times are told from: a datetime with a time zone, or a timedelta from now; None for now.

    Raises:
        UsageError: an argument is none of these.
        InputError: the text is not a token.
    """
    from adapters.certificates.reader import CertificateReader
    from entrypoints.use_cases.inspect import describe_token
    from entrypoints.use_cases.report import list_members

    with speaking_python():
        files = GivenFiles()
        facts = describe_token(add_token(files, token), files, CertificateReader(), choose_clock(at))
    members = read_plainly(list_members(facts))
    return Inspection(members, tuple(map(show_line, members.get("warnings", ()))))
