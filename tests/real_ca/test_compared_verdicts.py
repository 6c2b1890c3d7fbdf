"""`verify` beside the real step-ca, over tokens that are changed in every way: no verdict that the CA denies."""

from functools import partial
from pathlib import Path
from random import Random

import pytest

from adapters.jose.jws import make_signer
from domain.ca_rules.endpoint import Endpoint
from domain.verify.forecast import Verdict
from tests.support.broken_requests import ask_csr
from tests.support.broken_tokens import BASES
from tests.support.ca_client import connect, make_ssh_key
from tests.support.changed_tokens import CHANGES, draw_change
from tests.support.cloud_identities import NAMES, azure_claims, cloud_key, google_claims
from tests.support.compared_verdicts import COUNT, Field, compare_all, count_outcomes, open_field
from tests.support.forged_tokens import Forged, open_forge
from tests.support.peer_programs import RunningCa
from tests.support.provisioned_ca import read_config, write_provisioned
from tests.support.raw_tokens import make_raw
from tests.support.verify_court import Court, read_published


def test_no_verdict_is_denied_by_the_ca(step_ca_program: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Accepted is accepted and refused is refused, of tokens of every type and for every endpoint; few are unknown."""
    with open_field(step_ca_program, tmp_path_factory.mktemp("verdicts") / "step") as field:
        comparisons = list(compare_all(field, COUNT))
    denied = [f"{one.what}: CA {one.said.value}, online {one.online.value}, offline {one.offline.value}: {one.reasons}"
              for one in comparisons if not one.is_agreed]  # fmt: skip
    assert denied == [], "\n".join([*denied[:20], count_outcomes(comparisons)])
    assert sum(one.offline.value == "unknown" for one in comparisons) <= len(comparisons) / 20


def test_no_verdict_on_a_clouds_token_is_denied(cloud_ca: RunningCa) -> None:
    """Tokens of machines in clouds are refused for what no token may hold, else unknown: the CA denies neither."""
    settings = {"STEPPATH": str(cloud_ca.path)}
    court = Court(connect(cloud_ca), read_published(settings), read_published(settings, "offline"))
    makers = {
        f"{name} {endpoint.value}": partial(_make_cloud_token, cloud_ca, name, endpoint)
        for name in ("GCP", "Azure")
        for endpoint in (Endpoint.SIGN, Endpoint.SSH_SIGN)
    }
    comparisons = list(compare_all(Field(court, makers, settings, 0), COUNT // 6))
    assert [one.what for one in comparisons if not one.is_agreed] == []
    assert {one.said for one in comparisons} == {Verdict.ACCEPTED, Verdict.REFUSED}
    assert {one.offline for one in comparisons} == {Verdict.UNKNOWN, Verdict.REFUSED}


def _make_cloud_token(ca: RunningCa, name: str, endpoint: Endpoint) -> Forged:
    audience = f"{ca.url}/1.0/{endpoint.value.replace('-', '/')}#gcp/{NAMES['GCP']}"
    claims = google_claims(audience) if name == "GCP" else azure_claims("https://management.azure.com/")
    wishes = {"certType": "host", "keyID": "vm-1", "principals": ["vm-1"], "publicKey": make_ssh_key().split()[1]}
    is_sign = endpoint is Endpoint.SIGN
    return Forged(
        endpoint=endpoint, signer=make_signer(cloud_key()), header={"alg": "RS256", "kid": "cloud", "typ": "JWT"},
        claims=claims, csr=ask_csr("vm-1") if is_sign else None, wishes={} if is_sign else wishes,
    )  # fmt: skip


def test_the_same_seed_draws_the_same_changes(tmp_path: Path) -> None:
    """A token that a run names can be made again; all kinds of changes are drawn."""
    ca = write_provisioned(tmp_path / "step")
    token = make_raw(BASES["JWK ssh-sign"](open_forge(ca, read_config(ca))))
    first, second = ([draw_change(Random(f"1:{number}"), token)[0] for number in range(300)] for _ in range(2))
    kinds = {what.partition(":")[0] for what in first}
    assert [what for what in first if "now" not in what] == [what for what in second if "now" not in what]
    assert kinds == CHANGES.keys() - {"names", "binding"}
