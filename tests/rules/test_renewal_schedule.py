"""When certificates are renewed, and how a daemon goes on: no test waits."""

from collections.abc import Callable, Sequence

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.enroll.renewal import Schedule, format_seconds, wait_after_failures
from domain.enroll.revocation import parse_reason
from domain.enroll.services import parse_number, split_command
from domain.errors import NetworkError, OutputError
from domain.formats.duration import HOUR, MINUTE, NANOSECONDS
from entrypoints.use_cases.renewal import draw
from entrypoints.use_cases.renewal_daemon import DaemonPorts, keep_renewed
from tests.support.memory_ports import RecordedNotices

DAY = 24 * HOUR
ALWAYS = Schedule()
CHANCES = st.floats(0, 1, exclude_max=True)


@given(chance=CHANCES)
def test_a_third_of_the_life_is_left_at_the_renewal(chance: float) -> None:
    """Less up to a twentieth of the life, as in step's nextRenewDuration."""
    wait = Schedule().next_wait(0, DAY, 0, chance)
    assert 16 * HOUR - DAY // 20 <= wait <= 16 * HOUR


@given(chance=CHANCES)
def test_the_user_says_how_long_before_the_end(chance: float) -> None:
    """`--expires-in` in the place of the third."""
    assert 23 * HOUR - DAY // 20 <= Schedule(expires_in=HOUR).next_wait(0, DAY, 0, chance) <= 23 * HOUR


def test_a_period_is_kept_unless_the_end_comes_first() -> None:
    """`--renew-period` leaves nothing to chance."""
    schedule = Schedule(period=2 * HOUR)
    assert schedule.next_wait(0, DAY, 0, 0.5) == 2 * HOUR
    assert schedule.next_wait(0, DAY, 22 * HOUR, 0.5) == 0


@pytest.mark.parametrize("now", [16 * HOUR, 20 * HOUR, 30 * HOUR])
def test_what_is_due_is_renewed_at_once(now: int) -> None:
    """An expired certificate too."""
    assert Schedule().next_wait(0, DAY, now, 0.9) == 0


@given(chance=CHANCES)
def test_shortly_before_it_is_any_time_until_then(chance: float) -> None:
    """Where less than a twentieth of the life is left, the whole of it is left to chance."""
    left = HOUR
    assert 0 <= Schedule().next_wait(0, DAY, 15 * HOUR, chance) <= left


@given(left=st.integers(-DAY, 2 * DAY), chance=CHANCES)
def test_it_is_due_within_expires_in_and_a_twentieth(left: int, chance: float) -> None:
    """And always where nothing is said."""
    due = Schedule(expires_in=HOUR).is_due(left, 0, chance)
    assert due is True if left <= HOUR else due is False if left > HOUR + HOUR // 20 else True
    assert Schedule().is_due(left, 0, chance)


def test_failures_are_waited_out_longer_and_longer() -> None:
    """A minute, two, four, up to a twentieth of the life and never over an hour; less for a certificate of minutes."""
    assert [wait_after_failures(count, 30 * DAY, 0) // MINUTE for count in (1, 2, 3, 4, 7, 99)] == [1, 2, 4, 8, 60, 60]
    assert [wait_after_failures(count, 2 * HOUR, 0) // MINUTE for count in (1, 2, 3, 4, 99)] == [1, 2, 4, 6, 6]
    assert [wait_after_failures(count, 5 * MINUTE, 0) // NANOSECONDS for count in (1, 99)] == [15, 15]
    assert MINUTE < wait_after_failures(1, DAY, 0.99) < MINUTE + MINUTE // 20


def test_durations_are_told_to_the_second() -> None:
    """As step rounds them."""
    assert [format_seconds(value) for value in (HOUR + NANOSECONDS // 2, 1, DAY)] == ["1h0m1s", "0s", "24h0m0s"]


@pytest.mark.parametrize(
    ("text", "command"),
    [("", ()), ("  ", ()), (" nginx -s reload ", ("nginx", "-s", "reload")), ("a  b", ("a", "", "b")),
     ('echo "x y" $Z; w', ("echo", '"x', 'y"', "$Z;", "w"))],
)  # fmt: skip
def test_a_command_is_taken_apart_at_spaces(text: str, command: tuple[str, ...]) -> None:
    """As step does: neither quotes nor a shell, and two spaces have an empty argument between them."""
    assert split_command(text) == command


@pytest.mark.parametrize("text", ["0", "-1", "", "x", "1 ", "+1", "1" * 11, "١"])
def test_what_is_no_process_is_refused(text: str) -> None:
    """An identifier of a process, and the number of a signal, is a number above zero."""
    with pytest.raises(ValueError, match="above zero"):
        parse_number(text)


@pytest.mark.parametrize(
    ("text", "code"),
    [("0", 0), ("10", 10), ("7", 7), ("keyCompromise", 1), ("Key Compromise", 1), ("AACOMPROMISE", 10),
     ("removefromcrl", 8), ("unspecified", 0)],
)  # fmt: skip
def test_reasons_have_numbers_and_names(text: str, code: int) -> None:
    """In any case, with spaces or without, as step takes them."""
    assert parse_reason(text) == code


@pytest.mark.parametrize("text", ["11", "-1", "stolen", "key-compromise", "1.0", "٣"])
def test_other_reasons_are_refused(text: str) -> None:
    """The error lists those that there are."""
    with pytest.raises(ValueError, match="keycompromise"):
        parse_reason(text)


# -- The daemon -------------------------------------------------------------------------------------


class OverError(BaseException):
    """The test has seen enough."""


@attrs.define
class JumpingClock:
    """A clock that is an alarm too: whoever waits is there at once.

    Attributes:
        left: How many waits there are before it ends.
        waits: How long each was.
    """

    left: int
    time: int = 0
    waits: list[int] = attrs.field(factory=list)

    def now(self) -> int:
        """Return the time."""
        return self.time

    jumps: list[tuple[int, int]] = attrs.field(factory=list)

    def wait(self, nanoseconds: int) -> int:
        """Jump there, unless somebody changes the clock after a time, each of `jumps`."""
        if not self.left:
            raise OverError
        self.left -= 1
        self.waits.append(nanoseconds)
        if self.jumps:
            passed, change = self.jumps.pop(0)
            self.time += passed + change
            return nanoseconds - passed
        self.time += nanoseconds
        return 0


@attrs.frozen
class Life:
    """A certificate, as far as a daemon looks at it."""

    not_before: int
    not_after: int
    common_name: str = "web"


@attrs.define
class Renewed:
    """What is renewed for a day each time, but for the failures that come first."""

    clock: JumpingClock
    failures: list[Exception]
    action: str = "renewed"
    count: int = 0
    leaf: Life = Life(0, DAY)
    reads: int = 0

    def read_again(self) -> None:
        """Count."""
        self.reads += 1

    def renew(self) -> None:
        """Renew, or fail."""
        if self.failures:
            raise self.failures.pop(0)
        self.count += 1
        self.leaf = Life(self.clock.time, self.clock.time + DAY)


@attrs.define
class Told:
    """Services that are told, or cannot be."""

    failure: Exception | None = None
    count: int = 0

    def notify(self) -> None:
        """Count, or fail."""
        self.count += 1
        if self.failure is not None:
            raise self.failure


class NoChance:
    """Randomness that always draws the least."""

    def token_id(self) -> str:
        """Return zeros."""
        return "0" * 64


def run_daemon(
    waits: int,
    failures: Sequence[Exception],
    told: Told,
    schedule: Schedule = ALWAYS,
    jumps: Sequence[tuple[int, int]] = (),
) -> tuple[Renewed, JumpingClock, RecordedNotices]:
    """Run it for so many waits."""
    clock, log = JumpingClock(waits, jumps=list(jumps)), RecordedNotices()
    renewed = Renewed(clock, list(failures))
    ports = DaemonPorts(clock=clock, randomness=NoChance(), alarm=clock, log=log, services=told)
    with pytest.raises(OverError):
        keep_renewed(renewed, schedule, ports)  # type: ignore[arg-type]  # as far as a daemon looks at it
    return renewed, clock, log


def test_a_daemon_renews_at_two_thirds_again_and_again() -> None:
    """For a year; it says so each time, and tells the services."""
    told = Told()
    renewed, clock, log = run_daemon(500, [], told)
    assert (renewed.count, told.count) == (500, 500)
    assert set(clock.waits) == {16 * HOUR}
    assert log.informed[:2] == ["first renewal in 16h0m0s", "web certificate renewed, next in 16h0m0s"]


def test_a_daemon_tells_failures_and_tries_again() -> None:
    """Longer and longer apart; the services are told of what succeeds alone."""
    told = Told()
    renewed, clock, log = run_daemon(5, [NetworkError("the CA is away") for _ in range(3)], told)
    assert [wait // MINUTE for wait in clock.waits] == [960, 1, 2, 4, 960]
    assert (renewed.count, told.count) == (2, 2)
    assert log.warned == [f"the CA is away; next attempt in {m}m0s" for m in (1, 2, 4)]


def test_a_daemon_goes_on_where_a_service_cannot_be_told() -> None:
    """The certificate is the new one; the next comes when it is due."""
    renewed, clock, log = run_daemon(3, [], Told(OutputError("nginx is away")))
    assert renewed.count == 3 and set(clock.waits) == {16 * HOUR}
    assert log.warned == ["nginx is away"] * 3


@pytest.mark.parametrize(
    "error", [OSError(24, "Too many open files"), ImportError("No module named 'x'"), KeyError("x")]
)
def test_a_daemon_outlives_what_nobody_foresaw(error: Exception) -> None:
    """It is told, and the next attempt comes after a minute; of a library's error the kind alone."""
    renewed, clock, log = run_daemon(3, [error], Told())
    assert [wait // MINUTE for wait in clock.waits] == [960, 1, 960]
    assert renewed.reads == 3 and len(log.warned) == 1 and type(error).__name__ in log.warned[0]
    assert log.warned[0].endswith("; next attempt in 1m0s")
    renewed, clock, log = run_daemon(2, [], Told(error))
    assert renewed.count == 2 and len(log.warned) == 2


@pytest.mark.parametrize(("change", "next_wait"), [(-DAY, 39 * HOUR), (10 * HOUR, 5 * HOUR), (DAY, 0)])
def test_a_changed_clock_has_the_schedule_computed_anew(change: int, next_wait: int) -> None:
    """After an hour of waiting: back by a day, on by some hours, or beyond the end."""
    _, clock, log = run_daemon(2, [], Told(), jumps=[(HOUR, change)])
    assert clock.waits == [16 * HOUR, next_wait]
    assert log.informed[1] == f"the clock was changed, next in {format_seconds(next_wait)}"


def test_neither_a_retry_nor_a_period_is_longer_by_a_changed_clock() -> None:
    """What is left of them counts, however far the clock goes back."""
    failures = [NetworkError("the CA is away")] * 2
    _, clock, _ = run_daemon(4, failures, Told(), jumps=[(16 * HOUR, 0), (MINUTE // 4, -DAY)])
    assert clock.waits == [16 * HOUR, MINUTE, MINUTE * 3 // 4, 2 * MINUTE]
    _, clock, _ = run_daemon(2, [], Told(), Schedule(period=2 * HOUR), jumps=[(HOUR, -1000 * DAY)])
    assert clock.waits == [2 * HOUR, HOUR]


def test_chance_is_between_nothing_and_all() -> None:
    """Whatever is drawn."""
    draws: list[Callable[[], str]] = [lambda: "0" * 64, lambda: "f" * 64]
    for token_id in draws:
        randomness = type("Drawn", (), {"token_id": lambda _, drawn=token_id: drawn()})()
        assert 0 <= draw(randomness) < 1
