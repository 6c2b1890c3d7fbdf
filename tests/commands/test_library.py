"""The page about use from Python tells the truth: its code runs, and its tokens are good at the real step-ca."""

import json
import os
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import attrs
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from hypothesis import given
from hypothesis import strategies as st

from adapters.jose.jws import make_signer
from adapters.machine.clock import SystemClock, SystemRandomness
from domain.ca.url import parse_ca_url
from domain.formats.moment import Moment
from domain.mint.judge_options import read_token_options
from domain.provisioners.credential import Credential
from domain.settings.setting import Origin, Setting
from domain.token.claims import Issuer, TokenRequest
from domain.token.compact_jws import read_token
from domain.token.kind import Kind
from entrypoints.use_cases.mint import Evidence, issue_token, make_token
from entrypoints.use_cases.mint_subjects import SubjectMinter
from tests.support.ca_client import connect, general_name, make_csr
from tests.support.peer_programs import REPOSITORY, RunningCa, choose_port, serve_ca
from tests.support.running import invoke
from tests.support.token_requests import NOW, memory_ports

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


class NoEnvironment(dict[str, str]):
    """An environment that nobody may look at."""

    def __getitem__(self, name: str) -> str:
        raise AssertionError(f"{name} was read")

    def get(self, name: str, default: Any = None) -> Any:
        return self[name]


def test_threads_issue_tokens_without_a_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """A use case takes options and ports alone: no argv, no environment, no clock of its own; threads do not meet."""
    monkeypatch.setattr("sys.argv", [])
    monkeypatch.setattr(os, "environ", NoEnvironment())

    def issue(number: int) -> tuple[Any, ...]:
        settings = {"san": Setting((f"{number}.example.com",), Origin.FLAG, "sans")}
        ports = memory_ports()
        claims = read_token(issue_token(read_token_options(f"host {number}", settings, NOW), ports)).claims
        assert ports.sink.delivered == []  # type: ignore[attr-defined]  # it is the caller's alone
        return claims["sub"], claims["sans"], claims["iat"], claims["jti"]

    with ThreadPoolExecutor(4) as threads:
        issued = list(threads.map(issue, range(40)))
    assert issued == [(f"host {n}", [f"{n}.example.com"], NOW // 10**9, f"{1:064x}") for n in range(40)]


@given(subject=st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_a_token_of_a_subject_alone_is_the_one_that_any_request_gets(subject: str) -> None:
    """What is written once for many tokens gives the same bytes as the rules anew, and takes nothing else."""
    ports, others = memory_ports(), memory_ports()
    signer = make_signer(ed25519.Ed25519PrivateKey.generate())  # which signs alike each time
    issuer = Issuer(name="you", kid="k", ca_url=parse_ca_url("ca.example.com"), root_fingerprint="0d" * 32)
    minter = SubjectMinter(issuer, Credential(signer, "k"), ports.clock, ports.randomness)
    bare = TokenRequest(kind=Kind.SIGN, subject=subject)
    made = make_token(Evidence(bare, issuer, signer), others.clock, others.randomness)
    assert minter.takes(bare)
    assert minter.make_token(subject) == made
    moment = Moment(0, relative=True)
    for more in ({"sans": ("a",)}, {"user": {"a": 1}}, {"cnf": "x"}, {"not_before": moment}, {"not_after": moment},
                 {"kind": Kind.REVOKE}, {"kind": Kind.SSH_HOST}):  # fmt: skip
        assert not minter.takes(attrs.evolve(bare, **more))
