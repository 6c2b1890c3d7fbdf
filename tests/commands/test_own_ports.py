"""Use cases and rules go by the ports that they are given: other clocks, keys, authorities and outputs will do."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import attrs
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

from adapters.certificates.reader import CertificateReader
from adapters.jose.jws import StepCaSignatures
from adapters.jose.key_objects import read_public
from adapters.machine.clock import SystemClock, SystemRandomness
from domain.ca.settings import AuthoritySettings
from domain.ca.url import parse_ca_url
from domain.ca_rules.case import Case
from domain.ca_rules.endpoint import Endpoint
from domain.inspect.inspection import inspect_token
from domain.mint.judge_options import read_token_options
from domain.provisioners.jwk import JwkProvisioner
from domain.settings.setting import Origin, Setting
from domain.token.claims import Issuer, TokenRequest
from domain.token.compact_jws import read_token
from domain.token.go_jws import read_go_jws
from domain.token.kind import Kind
from domain.verify.forecast import Forecast, Verdict, foretell
from entrypoints.command_line.argv import parse_words
from entrypoints.command_line.options import TOKEN_OPTIONS
from entrypoints.use_cases.inspect import read_header_certificates
from entrypoints.use_cases.mint import Evidence, issue_token, make_token, mint_token
from entrypoints.wiring.settings import open_step_path
from entrypoints.wiring.token import wire_ports
from tests.support.ca_client import connect, general_name, make_csr
from tests.support.peer_programs import RunningCa
from tests.support.published_key import serve_with_key
from tests.support.running import invoke
from tests.support.token_requests import NOW, memory_ports


class Vault:
    """Stands for the client of a key service."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())

    def public_key(self) -> ec.EllipticCurvePublicKey:
        return self._key.public_key()

    def sign(self, data: bytes) -> bytes:
        return self._key.sign(data, ec.ECDSA(hashes.SHA256()))


class VaultSigner:
    """The port `Signer` over a vault."""

    def __init__(self, vault: Vault) -> None:
        self.vault = vault
        self.public = read_public(vault.public_key())

    def sign(self, message: bytes) -> bytes:
        r, s = utils.decode_dss_signature(self.vault.sign(message))  # vaults answer in DER, a JWS holds r and s
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


class FixedClock:
    """The port `Clock`: nanoseconds since the epoch, UTC."""

    def now(self) -> int:
        return 1_800_000_000 * 10**9


class Collected(list[str]):
    """The port `TokenSink`."""

    def check(self) -> None:
        pass

    def deliver(self, token: str) -> None:
        self.append(token)


REQUEST = TokenRequest(kind=Kind.SIGN, subject="web.example.com", sans=("web.example.com", "10.0.0.7"))


@pytest.fixture
def signer() -> VaultSigner:
    return VaultSigner(Vault())


def vouch(signer: VaultSigner, url: str) -> Issuer:
    return Issuer(
        name="vault@example.com",
        kid=signer.public.thumbprint(),
        ca_url=parse_ca_url(url),
        root_fingerprint="0d" * 32,
    )


@pytest.fixture
def token(signer: VaultSigner) -> str:
    """A token by a signer, a clock and an issuer of one's own."""
    return make_token(Evidence(REQUEST, vouch(signer, "ca.example.com"), signer), FixedClock(), SystemRandomness())


def test_a_token_says_what_it_is_for_at_any_time(token: str) -> None:
    """What is told of a token goes by the clock that is given."""
    read = read_token(token)
    facts = inspect_token(read, read_header_certificates(read.header, CertificateReader()), FixedClock().now())
    assert facts["subject"] == "web.example.com"
    assert facts["names"] == ["web.example.com", "10.0.0.7"]
    assert facts["remaining"] == "expires in 5m0s"


def test_a_ca_that_is_written_down_takes_it_in_time(token: str, signer: VaultSigner) -> None:
    """Settings and provisioners as values are enough to foretell the CA's answer."""
    provisioner = JwkProvisioner("vault@example.com", kid=signer.public.thumbprint(), key=signer.public)
    settings = AuthoritySettings(dns_names=["ca.example.com"])

    def foretell_at(endpoint: Endpoint, now: int) -> Forecast:
        ports = {"certificates": CertificateReader(), "signatures": StepCaSignatures()}
        case = Case(token=read_go_jws(token), endpoint=endpoint, settings=settings, now=now, **ports)
        return foretell(case, [provisioner])

    assert foretell_at(Endpoint.SIGN, FixedClock().now()).verdict is Verdict.ACCEPTED
    late = foretell_at(Endpoint.SIGN, FixedClock().now() + 3600 * 10**9)
    assert late.verdict is Verdict.REFUSED
    assert [finding.rule for finding in late.findings if finding.remedy == "mint a new token"] == ["end"]


def test_a_command_runs_with_other_ports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings are judged as the command line does; the token goes into a list, and the time stands still."""
    monkeypatch.chdir(tmp_path)
    assert invoke("sandbox", "ca").status == 0
    words = ["--offline", "--san", "web.example.com", "--password-file", "ca/secrets/password"]
    clock, sink = FixedClock(), Collected()
    options = read_token_options("web", parse_words(words, TOKEN_OPTIONS).settings, clock.now())
    ports = wire_ports(options, open_step_path({"STEPPATH": "ca"}, context=None))
    mint_token(options, attrs.evolve(ports, clock=clock, sink=sink))
    assert read_token(sink[0]).claims["iat"] == 1_800_000_000


@pytest.fixture
def vault_ca(signer: VaultSigner, step_ca_program: str, tmp_path: Path) -> Iterator[RunningCa]:
    """A real step-ca whose second provisioner publishes the key in the vault."""
    with serve_with_key(step_ca_program, tmp_path / "served", "vault@example.com", signer.vault.public_key()) as ca:
        yield ca


def test_the_vaults_token_is_signed_by_the_real_ca(signer: VaultSigner, vault_ca: RunningCa) -> None:
    """The same request by the same signer, at the time of the day: the CA gives the certificate."""
    token = make_token(Evidence(REQUEST, vouch(signer, vault_ca.url), signer), SystemClock(), SystemRandomness())
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
