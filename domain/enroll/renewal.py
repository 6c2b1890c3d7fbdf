"""When a certificate is renewed, and what the user asks for (step CLI, command/ca/renew.go)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from domain.ca_rules.renewal import judge_presented
from domain.enroll.services import ServiceOptions, read_service_options
from domain.errors import UsageError
from domain.formats.duration import MINUTE, NANOSECONDS, format_duration, parse_duration
from domain.mint.judge_options import read_token_options
from domain.settings.authority import judge_pairs, parse_option
from domain.settings.setting import Origin, Setting, drop_absent
from domain.verify.forecast import Forecast

if TYPE_CHECKING:
    from collections.abc import Sequence

    from domain.certificates.x509_and_ssh import Certificate
    from domain.provisioners.base import Provisioner
    from domain.settings.setting import Settings
    from domain.token.options import TokenOptions

ABOUT_CA = frozenset({"ca-url", "context", "kms", "password-file", "request-timeout", "root", "timeout"})
"""Options that count for a renewal token as for any other."""

JITTER_PART = 20
"""What part of a duration is left to chance, so that not all ask the CA at once: a twentieth."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Schedule:
    """When the next certificate is asked for; nanoseconds.

    Attributes:
        expires_in: How long before the end; 0 for a third of the life.
        period: How often, 0 for whenever the end comes near.
        period_name: The option that says that.
    """

    expires_in: int = 0
    period: int = 0
    period_name: str = "renew-period"

    def check(self, not_before: int, not_after: int, settings: Settings) -> None:
        """Check that it fits into the life of a certificate.

        Raises:
            UsageError: it does not.
        """
        life = not_after - not_before
        for name, value, most in ((self.period_name, self.period, life - 1), ("expires-in", self.expires_in, life)):
            if value > most:
                what = f"{settings[name].shown(str(settings[name].value))} is longer than the certificate lasts"
                raise UsageError(what, f"give less than {format_duration(life // NANOSECONDS * NANOSECONDS)}")

    def is_due(self, not_after: int, now: int, chance: float) -> bool:
        """Return whether it is time for a renewal: always where nothing says how long before the end.

        Args:
            not_after, now: Nanoseconds since the epoch, UTC.
            chance: 0 to less than 1, drawn anew each time.
        """
        if not self.expires_in:
            return True
        return not_after - now <= self.expires_in + int(self.expires_in / JITTER_PART * chance)

    def next_wait(self, not_before: int, not_after: int, now: int, chance: float) -> int:
        """Return how long to wait with the next renewal, in nanoseconds; the other arguments are as in `is_due`."""
        left, life = not_after - now, not_after - not_before
        if self.period:
            return self.period if left > self.period else 0
        wait = left - (self.expires_in or life // 3)
        if wait <= 0:
            return 0
        if wait < life // JITTER_PART:
            return int(wait * chance)
        return wait - int(life // JITTER_PART * chance)


def format_seconds(nanoseconds: int) -> str:
    """Return a duration in Go's form, to the second."""
    return format_duration((nanoseconds + NANOSECONDS // 2) // NANOSECONDS * NANOSECONDS)


def foretell_by_certificate(leaf: Certificate, provisioners: Sequence[Provisioner] | None, now: int) -> Forecast:
    """Return what the CA finds in a certificate that is shown by TLS to be renewed.

    Args:
        leaf: The certificate.
        provisioners: The CA's, None where they are not known.
        now: Nanoseconds since the epoch, UTC.
    """
    listed = None if provisioners is None else {one.name: (one.label(), one.claims) for one in reversed(provisioners)}
    return Forecast(tuple(judge_presented(leaf, listed, now)))


def wait_after_failures(count: int, life: int, chance: float) -> int:
    """Return how long to wait after so many failures in a row: a minute at first, then twice as long each time.

    It is a twentieth of the certificate's life at the most, or a minute where that is longer, but never over an hour;
    of a certificate that lasts less than twenty minutes, a twentieth from the first.
    """
    share = max(life // JITTER_PART, NANOSECONDS)
    wait = min(MINUTE << min(count - 1, 6), max(share, MINUTE), 60 * MINUTE)
    wait = min(wait, share) if share < MINUTE else wait
    return wait + int(wait / JITTER_PART * chance)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class RenewalOptions:
    """One request for the renewal of a certificate, as the user's settings describe it.

    Attributes:
        minting: The certificate, its key and the CA, as a renewal token takes them.
        certificate: Its file.
        out_certificate: The file for the new one.
        by_token: Whether the CA is to be asked by a renewal token although the certificate is valid.
        settings: All of them.
    """

    minting: TokenOptions
    certificate: str
    out_certificate: str
    by_token: bool
    schedule: Schedule
    services: ServiceOptions
    settings: Settings


def read_renewal_options(
    certificate: str, key: str, settings: Settings, now: int, period_name: str = "renew-period"
) -> RenewalOptions:
    """Return the request that the settings describe.

    Args:
        certificate, key: The files that are named.
        settings: All settings.
        now: Nanoseconds since the epoch, UTC.
        period_name: The option with the period of a daemon.

    Raises:
        UsageError: the settings do not go together, or a value is malformed.
    """
    given = drop_absent(settings)
    schedule = Schedule(
        expires_in=parse_option(given, "expires-in", _parse_span) or 0,
        period=parse_option(given, period_name, _parse_span) or 0,
        period_name=period_name,
    )
    judge_pairs(given, {period_name: "daemon"}, (("expires-in", period_name),))
    if certificate == "-":
        raise UsageError("the certificate cannot be read from standard input", "name its file")
    shown = Setting(certificate, Origin.FLAG, "certificate"), Setting(key, Origin.FLAG, "key")
    return RenewalOptions(
        minting=read_holder_options(*shown, given, now),
        certificate=certificate,
        out_certificate=str(given["output-file"].value) if "output-file" in given else certificate,
        by_token="mtls" in settings and settings["mtls"].value is False,
        schedule=schedule,
        services=read_service_options(given),
        settings=given,
    )


def read_holder_options(certificate: Setting, key: Setting, given: Settings, now: int) -> TokenOptions:
    """Return the options of a renewal token, by which the holder of a certificate asks the CA.

    Args:
        certificate, key: The files, with how the user wrote what gives them.
        given: All settings, of which those about the CA and the key count.
        now: Nanoseconds since the epoch, UTC.
    """
    about = {name: given[name] for name in ABOUT_CA & given.keys()}
    own = {"renew": Setting(True, Origin.FLAG, "renewal"), "x5c-cert": certificate, "x5c-key": key}
    return read_token_options(None, about | own, now)


def _parse_span(text: str) -> int:
    nanoseconds = parse_duration(text)
    if nanoseconds <= 0:
        raise ValueError("not above zero")
    return nanoseconds
