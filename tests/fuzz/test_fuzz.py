"""A small share of `make fuzz`, the same inputs each time."""

from contextlib import nullcontext

import pytest

from tests.fuzz.hunt import hunt
from tests.fuzz.target import Target
from tests.fuzz.targets import TARGETS

COUNT, START = 60, 20_260_131


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_hostile_input_is_taken_or_refused_in_words(target: Target) -> None:
    """No other exception, no endless work, and nothing on a terminal that acts on it."""
    tally = hunt(target, COUNT, START)
    assert tally.count == COUNT
    assert tally.refused or target.name in {"proxy", "terminal-text"}


def test_the_same_seed_makes_the_same_inputs() -> None:
    """What failed can be looked at again."""
    seen: list[list[object]] = []
    for start in (1, 1, 2):
        inputs: list[object] = []
        target = TARGETS[0]
        hunt(Target("any", target.inputs, lambda inputs=inputs: nullcontext(inputs.append), target.refusals), 20, start)
        seen.append(inputs)
    assert seen[0] == seen[1] != seen[2]
