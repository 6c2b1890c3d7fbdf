"""How a certificate is kept from expiring: renewed before its end, again and again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from domain.enroll.renewal import format_seconds, wait_after_failures
from domain.errors import StepOttError, translating
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
        _wait(wait, renewable, schedule, ports, is_retry=failures > 0)
        try:
            with translating(_explain):
                renewable.read_again()
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
            with translating(_explain):
                ports.services.notify()
        except StepOttError as error:
            ports.log.warn(str(error))


def _wait(wait: int, renewable: Renewable, schedule: Schedule, ports: DaemonPorts, *, is_retry: bool) -> None:
    """Wait so long; where the clock is changed meanwhile, as long as the schedule says now."""
    while (wait := ports.alarm.wait(wait)) > 0:
        if is_retry:
            continue
        due = _next_wait(renewable, schedule, ports)
        wait = min(wait, due) if schedule.period else due
        ports.log.inform(f"the clock was changed, next in {format_seconds(wait)}")


def _explain(error: BaseException) -> StepOttError:
    """Return the error for what nobody foresaw, such as a file that cannot be opened for there are too many."""
    told = isinstance(error, OSError | ImportError) and str(error)
    return StepOttError(f"unexpected: {type(error).__name__}" + (f": {error}" if told else ""))


def _next_wait(renewable: Renewable, schedule: Schedule, ports: DaemonPorts) -> int:
    leaf = renewable.leaf
    return schedule.next_wait(leaf.not_before, leaf.not_after, ports.clock.now(), draw(ports.randomness))
