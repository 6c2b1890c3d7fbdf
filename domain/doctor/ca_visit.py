"""One visit of `doctor` to a CA: how far it got, what was seen on the way, and why the CA cannot be used."""

from collections.abc import Iterator, Sequence
from enum import Enum

import attrs

from domain.ca.url import CaUrl
from domain.doctor.diagnosis import CLOCK, REACHED, TLS, judge_clock
from domain.formats.rfc3339 import format_time
from domain.report.check_result import CheckResult, failed, passed, unchecked, warning


class Stop(Enum):
    """Where a visit ended early, in the order of its way."""

    PROXY = "the connection goes through a proxy that doctor cannot use"
    CONNECTION = "there is no connection"
    NO_ROOT = "there is no root to check the certificate with"
    SILENCE = "there is a connection, but no TLS within the time"
    TLS = "the two sides cannot agree on TLS"
    TRUST = "the certificate was not issued by the root"
    VALIDITY = "the certificate, or one that vouches for it, has expired or is not valid yet"
    NAME = "the certificate is for other names"
    ANSWER = "the answer is not HTTP"


@attrs.frozen(kw_only=True)
class CaVisit:
    """A visit to a CA: connection, TLS handshake and one request for its health.

    Attributes:
        ca_url: Whom it was paid to.
        stop: Where it ended early, None where it did not.
        reason: Why, in the words of the system or the library.
        late: The option whose time was over, where it ended for that; else empty.
        proxy: Host and port of the proxy on the way, empty for none.
        names: The names in the CA's certificate; empty where no trusted certificate was seen.
        not_after: When that certificate expires, nanoseconds since the epoch, UTC; None where none was seen.
        is_healthy: Whether the CA says that it is well.
        status: The HTTP status of its answer.
        date: The CA's clock by the `Date` header of its answer, nanoseconds since the epoch, UTC, whole
            seconds; None where it does not tell.
        asked_at, answered_at: This machine's clock before and after that request, in the same unit.
    """

    ca_url: CaUrl
    stop: Stop | None = None
    reason: str = ""
    late: str = ""
    proxy: str = ""
    names: Sequence[str] = ()
    not_after: int | None = None
    is_healthy: bool = False
    status: int = 0
    date: int | None = None
    asked_at: int = 0
    answered_at: int = 0


_NOT_REACHED = (Stop.CONNECTION, Stop.SILENCE, Stop.ANSWER)
_BEFORE_TLS = (Stop.PROXY, Stop.CONNECTION, Stop.SILENCE)
_TLS_FAULTS = {
    Stop.TLS: (
        "{} and step-ott cannot agree on TLS",
        "check host and port of --ca-url: the port is that of the CA's 'address', not its 'insecureAddress'",
    ),
    Stop.TRUST: (
        "the certificate that {} shows is not trusted by the root",
        "check that --ca-url and --root belong to the same CA, or get its root by 'step-ott ca root'",
    ),
    Stop.VALIDITY: (
        "the certificate that {} shows cannot be used now",
        "check this machine's clock; if it is right, restart the CA, which then makes itself a new certificate",
    ),
}
"""What went wrong, with the address to be put in, and what to do about it."""

_CHECK_ADDRESS = "check the address, that the CA is running, and that no firewall or proxy is in between"


def judge_visit(seen: CaVisit) -> Iterator[CheckResult]:
    """Give what a visit says of the way to the CA, of its certificate, and of the two clocks."""
    yield _judge_way(seen)
    yield _judge_tls(seen)
    if seen.stop is not None:
        yield unchecked(CLOCK, "the CA gave no time")
    else:
        yield judge_clock(seen.date, seen.asked_at, seen.answered_at)


def _judge_way(seen: CaVisit) -> CheckResult:
    through = f" through the proxy {seen.proxy}" if seen.proxy else ""
    if seen.stop is Stop.PROXY:
        return unchecked(REACHED, f"the connection goes{through}: {seen.reason}")
    if seen.stop in _NOT_REACHED:
        remedy = f"{_CHECK_ADDRESS}, or raise --{seen.late}" if seen.late else _CHECK_ADDRESS
        return failed(REACHED, f"{seen.ca_url} cannot be reached{through}: {seen.reason}", remedy)
    if seen.stop is not None:
        return passed(REACHED, f"{seen.ca_url} takes connections{through}")
    if not seen.is_healthy:
        reason = f"{seen.ca_url} answers{through}, but does not report that it is healthy (status {seen.status})"
        return warning(REACHED, reason, "check that this is a step-ca, and read its log")
    return passed(REACHED, f"{seen.ca_url} answers{through} and reports that it is healthy")


def _judge_tls(seen: CaVisit) -> CheckResult:
    host = seen.ca_url.host
    if seen.stop in _BEFORE_TLS:
        return unchecked(TLS, "there is no connection to look at")
    if seen.stop is Stop.NO_ROOT:
        return unchecked(TLS, "there is no root to check the CA's certificate with")
    if seen.stop in _TLS_FAULTS:
        what, remedy = _TLS_FAULTS[seen.stop]
        return failed(TLS, f"{what.format(seen.ca_url)}: {seen.reason}", remedy)
    names = ", ".join(seen.names) or "no name that it shows"
    if seen.stop is Stop.NAME:
        remedy = f"use one of these names in --ca-url, or add {host} to dnsNames in the CA's ca.json and restart it"
        return failed(TLS, f"the CA's certificate is for {names}, not for {host}", remedy)
    until = "" if seen.not_after is None else f", until {format_time(seen.not_after)}"
    return passed(TLS, f"the certificate for {host} is trusted by the root{until}")
