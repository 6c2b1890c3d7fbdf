"""How a certificate is kept from expiring: renewed before its end, again and again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from domain.enroll.renewal import format_seconds, wait_after_failures
from domain.errors import StepOttError
from entrypoints.use_cases.renewal import draw

if TYPE_CHECKING:
    from domain.enroll.ports import Alarm, Services
    from domain.enroll.renewal import Schedule
    from domain.ports import Clock, Notices, Randomness
    from entrypoints.use_cases.renewal import Renewable


@attrs.frozen(kw_only=True, eq=False, repr=False)
class DaemonPorts:
    """Everything outside that a daemon uses.

    Attributes:
        alarm: Waits.
        log: Told what is done, and what fails.
        services: Told of each new certificate.
    """

    clock: Clock
    randomness: Randomness
    alarm: Alarm
    log: Notices
    services: Services


def keep_renewed(renewable: Renewable, schedule: Schedule, ports: DaemonPorts) -> None:
    """Renew a certificate whenever the schedule says so, without an end."""
    wait, failures = _next_wait(renewable, schedule, ports), 0
    ports.log.inform(f"first renewal in {format_seconds(wait)}")
    while True:
        ports.alarm.wait_until(ports.clock.now() + wait)
        try:
            renewable.renew()
        except StepOttError as error:
            failures += 1
            leaf = renewable.leaf
            wait = wait_after_failures(failures, leaf.not_after - leaf.not_before, draw(ports.randomness))
            ports.log.warn(f"{error}; next attempt in {format_seconds(wait)}")
            continue
        wait, failures = _next_wait(renewable, schedule, ports), 0
        name = renewable.leaf.common_name
        ports.log.inform(f"{name} certificate {renewable.action}, next in {format_seconds(wait)}")
        try:
            ports.services.notify()
        except StepOttError as error:
            ports.log.warn(str(error))


def _next_wait(renewable: Renewable, schedule: Schedule, ports: DaemonPorts) -> int:
    leaf = renewable.leaf
    return schedule.next_wait(leaf.not_before, leaf.not_after, ports.clock.now(), draw(ports.randomness))
