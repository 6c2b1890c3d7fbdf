"""A moment as the user writes one: an RFC 3339 time, or a duration from now."""

import attrs

from domain.formats.duration import format_duration, parse_duration


@attrs.frozen(repr=False)
class Moment:
    """A point in time, or a distance from now.

    Attributes:
        nanoseconds: Since the epoch in UTC, or since now where `relative`.
        relative: Whether this is a duration.
        whose: What gave it, as the user wrote its name, for errors; empty where it is not known.
    """

    nanoseconds: int
    relative: bool
    whose: str = attrs.field(default="", eq=False)

    def at(self, now: int) -> int:
        """Return nanoseconds since the epoch, UTC, given `now` in the same unit."""
        return now + self.nanoseconds if self.relative else self.nanoseconds

    def canonical(self) -> str:
        """Return the form that step-ca's `step.ssh` claim carries.

        A time in UTC with a fraction only where there is one, a duration in Go's canonical form, and
        nothing for a duration of zero (step-ca, authority/provisioner/timeduration.go).
        """
        if self.relative:
            return format_duration(self.nanoseconds) if self.nanoseconds else ""
        from domain.formats.rfc3339 import format_time  # noqa: PLC0415

        return format_time(self.nanoseconds)


def parse_moment(text: str, whose: str = "") -> Moment:
    """Return the moment that `text` stands for, which `whose` names in errors.

    Raises:
        ValueError: `text` is neither an RFC 3339 time nor a Go duration.
    """
    if "T" in text:
        from domain.formats.rfc3339 import parse_time  # noqa: PLC0415  # the calendar is slow to load

        nanoseconds = parse_time(text)
        if nanoseconds is not None:
            return Moment(nanoseconds, relative=False, whose=whose)
    try:
        return Moment(parse_duration(text), relative=True, whose=whose)
    except ValueError as error:
        raise ValueError(f"not an RFC 3339 time such as 2026-01-31T23:59:59Z, and {error}") from error
