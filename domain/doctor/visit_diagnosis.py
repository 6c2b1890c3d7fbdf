"""Why a CA cannot be talked to: rules over what a visit to it saw."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain.doctor.ca_visit import Stop
from domain.doctor.diagnosis import CLOCK, REACHED, TLS, judge_clock
from domain.report.finding import Finding, failed, passed, unchecked, warning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain.doctor.ca_visit import Encounter

_NOT_REACHED = (Stop.CONNECTION, Stop.SILENCE, Stop.ANSWER)
_BEFORE_TLS = (Stop.PROXY, Stop.CONNECTION, Stop.SILENCE)
_TLS_FAULTS = {
    Stop.TLS: (
        "{} and step-ott do not get on",
        "check host and port of --ca-url: the port is that of the CA's 'address', not its 'insecureAddress'",
    ),
    Stop.TRUST: (
        "the certificate that {} shows is not trusted by the root",
        "check that --ca-url and --root are of the same CA, or get its root by 'step ca root'",
    ),
    Stop.VALIDITY: (
        "the certificate that {} shows cannot be used now",
        "check this machine's clock; if it is right, restart the CA, which then makes itself a new certificate",
    ),
}
"""What went wrong, with the address to be put in, and what to do about it."""

_CHECK_ADDRESS = "check the address, that the CA is running, and that no firewall or proxy is in between"


def judge_encounter(seen: Encounter) -> Iterator[Finding]:
    """Give what a visit says of the way to the CA, of its certificate, and of the two clocks."""
    yield _judge_way(seen)
    yield _judge_tls(seen)
    if seen.stop is not None:
        yield unchecked(CLOCK, "the CA has told no time")
    else:
        yield judge_clock(seen.date, seen.asked_at, seen.answered_at)


def _judge_way(seen: Encounter) -> Finding:
    through = f" through the proxy {seen.proxy}" if seen.proxy else ""
    if seen.stop is Stop.PROXY:
        return unchecked(REACHED, f"the way leads{through}: {seen.reason}")
    if seen.stop in _NOT_REACHED:
        remedy = f"{_CHECK_ADDRESS}, or raise --{seen.late}" if seen.late else _CHECK_ADDRESS
        return failed(REACHED, f"{seen.ca_url} cannot be reached{through}: {seen.reason}", remedy)
    if seen.stop is not None:
        return passed(REACHED, f"{seen.ca_url} takes connections{through}")
    if not seen.is_healthy:
        reason = f"{seen.ca_url} answers{through}, but does not report that it is healthy (status {seen.status})"
        return warning(REACHED, reason, "check that this is a step-ca, and its log")
    return passed(REACHED, f"{seen.ca_url} answers{through} and reports that it is healthy")


def _judge_tls(seen: Encounter) -> Finding:
    host = seen.ca_url.host
    if seen.stop in _BEFORE_TLS:
        return unchecked(TLS, "there is no connection to look at")
    if seen.stop is Stop.NO_ROOT:
        return unchecked(TLS, "there is no root to check the CA's certificate with")
    if seen.stop in _TLS_FAULTS:
        what, remedy = _TLS_FAULTS[seen.stop]
        return failed(TLS, f"{what.format(seen.ca_url)}: {seen.reason}", remedy)
    names = ", ".join(seen.names) or "no name that it tells"
    if seen.stop is Stop.NAME:
        remedy = f"use one of these names in --ca-url, or add {host} to dnsNames in the CA's ca.json and restart it"
        return failed(TLS, f"the CA's certificate is for {names}, not for {host}", remedy)
    until = "" if seen.not_after is None else f", until {_format_time(seen.not_after)}"
    return passed(TLS, f"the certificate for {host} is trusted by the root{until}")


def _format_time(nanoseconds: int) -> str:
    from domain.formats.rfc3339 import format_time  # noqa: PLC0415  # the calendar is slow to load

    return format_time(nanoseconds)
