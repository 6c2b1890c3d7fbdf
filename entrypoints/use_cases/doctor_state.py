"""What a run of `doctor` works with: its setup, and what it knows so far."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from domain.doctor.diagnosis import excuse, judge_error
from domain.errors import PersonNeededError, StepOttError
from domain.report.check_result import CheckResult, unchecked
from domain.settings.setting import respell
from domain.token.kind import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from domain.doctor.ports import Setup
    from domain.ports import Configuration
    from domain.token.options import TokenOptions


_T = TypeVar("_T")


@attrs.define(eq=False, repr=False)
class DoctorState:
    """What `doctor` knows so far.

    Attributes:
        options: The settings; those from configuration only once that is read.
        findings: What was found, in order.
        step_path: The step path, once its context is known to be usable.
        configured: What defaults.json says, once it is read.
        unknown: Why step path or configuration cannot be used, empty while nothing speaks against it.
        clock_shift: Nanoseconds from this machine's clock to the CA's, as far as they are known to be apart.
    """

    setup: Setup
    options: TokenOptions
    findings: list[CheckResult] = attrs.field(factory=list)
    step_path: Configuration | None = None
    configured: Mapping[str, tuple[Any, str]] = attrs.field(factory=dict)
    unknown: str = ""
    clock_shift: int = 0

    def note(self, *findings: CheckResult) -> None:
        """Record findings; where the CA need not be asked, failing to reach it is a warning."""
        self.findings += findings if self.asks_ca() else map(excuse, findings)

    def skip(self, reason: str, *rules: str) -> None:
        """Record that the `rules` cannot be checked."""
        self.note(*(unchecked(rule, reason) for rule in rules))

    def attempt(self, rule: str, work: Callable[[], _T]) -> _T | None:
        """Return what `work` returns; where it raises, record that under `rule` and return None.

        Raises:
            PersonNeededError: a person would be asked.
        """
        try:
            return work()
        except PersonNeededError:
            raise
        except StepOttError as error:
            self.note(judge_error(rule, respell(error, self.options.settings)))
            return None

    def asks_ca(self) -> bool:
        """Return whether `token` asks the CA, or reads its ca.json: not for the renewal of a certificate."""
        return self.options.request.kind is not Kind.RENEW

    def stands_alone(self) -> bool:
        """Return whether the settings known so far say which CA is meant and what to trust."""
        options = self.options
        if not self.asks_ca() and options.flag("ca-url"):
            return True
        return all(map(options.flag, ("ca-url", "root"))) or all(map(options.flag, ("offline", "ca-config")))
