"""The result of a check: the rule, its outcome, the reason, and what to do about it."""

from enum import Enum

import attrs


class Outcome(Enum):
    """How a check came out; the value is the word that people and programs read."""

    PASSED = "passed"
    FAILED = "failed"
    WARNING = "warning"
    UNCHECKED = "not checkable"


@attrs.frozen
class CheckResult:
    """What one check found.

    Attributes:
        rule: What was looked at, in one or two words.
        outcome: How it came out.
        reason: What was seen, a phrase.
        remedy: What to do about it, as an imperative; empty where there is nothing to do.
    """

    rule: str
    outcome: Outcome
    reason: str
    remedy: str = ""

    def members(self) -> dict[str, str]:
        """Return it as a JSON object, without the remedy where there is none."""
        said = {"rule": self.rule, "outcome": self.outcome.value, "reason": self.reason}
        return said | {"remedy": self.remedy} if self.remedy else said


def passed(rule: str, reason: str) -> CheckResult:
    """Return that all is well."""
    return CheckResult(rule, Outcome.PASSED, reason)


def failed(rule: str, reason: str, remedy: str) -> CheckResult:
    """Return that something is wrong."""
    return CheckResult(rule, Outcome.FAILED, reason, remedy)


def warning(rule: str, reason: str, remedy: str = "") -> CheckResult:
    """Return that something is odd but stops nothing."""
    return CheckResult(rule, Outcome.WARNING, reason, remedy)


def unchecked(rule: str, reason: str, remedy: str = "") -> CheckResult:
    """Return that it cannot be checked from here."""
    return CheckResult(rule, Outcome.UNCHECKED, reason, remedy)
