"""What a check found: a rule, how it came out, why, and what to do about it."""

from __future__ import annotations

from enum import Enum

import attrs


class Outcome(Enum):
    """How a check came out; the value is the word that people and programs read."""

    PASSED = "passed"
    FAILED = "failed"
    WARNING = "warning"
    UNCHECKED = "not checkable"


@attrs.frozen
class Finding:
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


def passed(rule: str, reason: str) -> Finding:
    """Return that all is well."""
    return Finding(rule, Outcome.PASSED, reason)


def failed(rule: str, reason: str, remedy: str) -> Finding:
    """Return that something is wrong."""
    return Finding(rule, Outcome.FAILED, reason, remedy)


def warning(rule: str, reason: str, remedy: str = "") -> Finding:
    """Return that something is odd but stops nothing."""
    return Finding(rule, Outcome.WARNING, reason, remedy)


def unchecked(rule: str, reason: str, remedy: str = "") -> Finding:
    """Return that it cannot be told from here."""
    return Finding(rule, Outcome.UNCHECKED, reason, remedy)
