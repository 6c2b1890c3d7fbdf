"""`verify` beside the real step-ca, over tokens that are changed in every way: no verdict that the CA denies."""

from pathlib import Path
from random import Random

import pytest

from tests.broken_tokens import BASES
from tests.changed_tokens import CHANGES, draw_change
from tests.compared_verdicts import COUNT, compare_all, count_outcomes, open_field
from tests.forged_tokens import open_forge
from tests.provisioned_ca import read_config, write_provisioned
from tests.raw_tokens import make_raw


def test_no_verdict_is_denied_by_the_ca(step_ca_program: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Accepted is accepted and refused is refused, of tokens of every type and for every endpoint; few are unknown."""
    with open_field(step_ca_program, tmp_path_factory.mktemp("verdicts") / "step") as field:
        comparisons = list(compare_all(field, COUNT))
    denied = [f"{one.what}: CA {one.said.value}, online {one.online.value}, offline {one.offline.value}: {one.reasons}"
              for one in comparisons if not one.is_agreed]  # fmt: skip
    assert denied == [], "\n".join([*denied[:20], count_outcomes(comparisons)])
    assert sum(one.offline.value == "unknown" for one in comparisons) <= len(comparisons) / 20


def test_the_same_seed_draws_the_same_changes(tmp_path: Path) -> None:
    """A token that a run names can be made again; all kinds of changes are drawn."""
    ca = write_provisioned(tmp_path / "step")
    token = make_raw(BASES["JWK ssh-sign"](open_forge(ca, read_config(ca))))
    first, second = ([draw_change(Random(f"1:{number}"), token)[0] for number in range(300)] for _ in range(2))
    kinds = {what.partition(":")[0] for what in first}
    assert [what for what in first if "now" not in what] == [what for what in second if "now" not in what]
    assert kinds == CHANGES.keys() - {"names", "binding"}
