"""The page about use from Python tells the truth: its code runs, and its tokens are good at the real step-ca."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest

from adapters.machine.clock import SystemClock, SystemRandomness
from domain.ca.url import parse_ca_url
from entrypoints.use_cases.mint import Evidence, make_token
from tests.support.ca_client import connect, general_name, make_csr
from tests.support.peer_programs import REPOSITORY, RunningCa, choose_port, serve_ca
from tests.support.running import invoke

PAGE = REPOSITORY / "docs" / "library.md"
CODE = "\n".join(re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL))


@pytest.fixture
def run_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The names that the page's code leaves behind, run beside a sandbox of its own."""
    monkeypatch.chdir(tmp_path)
    assert invoke("sandbox", "ca").status == 0
    names: dict[str, Any] = {}
    exec(compile(CODE, str(PAGE), "exec"), names)  # the page's own code
    return names


@pytest.fixture
def vault_ca(run_page: dict[str, Any], step_ca_program: str, tmp_path: Path) -> Iterator[RunningCa]:
    """A real step-ca whose second provisioner publishes the key in the page's vault."""
    port, path = choose_port(), tmp_path / "served"
    assert invoke("sandbox", str(path), "--address", f"127.0.0.1:{port}").status == 0
    config_path = path / "config" / "ca.json"
    config = json.loads(config_path.read_text())
    public = run_page["signer"].public
    key = {**public.members, "kid": public.thumbprint(), "alg": public.algorithm, "use": "sig"}
    config["authority"]["provisioners"].append({"type": "JWK", "name": "vault@example.com", "key": key})
    config_path.write_text(json.dumps(config))
    with serve_ca(step_ca_program, path, f"https://127.0.0.1:{port}") as ca:
        yield ca


def test_the_code_of_the_page_runs(run_page: dict[str, Any]) -> None:
    """Every piece runs in its order, and what it asserts holds."""
    assert CODE.count("assert ") >= 6
    assert run_page["facts"]["names"] == ["web.example.com", "10.0.0.7"]


def test_the_vaults_token_is_signed_by_the_real_ca(run_page: dict[str, Any], vault_ca: RunningCa) -> None:
    """The page's request by the page's signer, at the time of the day: the CA gives the certificate."""
    issuer = attrs.evolve(run_page["issuer"], ca_url=parse_ca_url(vault_ca.url))
    evidence = Evidence(run_page["request"], issuer, run_page["signer"])
    token = make_token(evidence, SystemClock(), SystemRandomness())
    csr = make_csr("web.example.com", [general_name("web.example.com"), general_name("10.0.0.7")])
    assert connect(vault_ca).sign(csr, token).status == 201
