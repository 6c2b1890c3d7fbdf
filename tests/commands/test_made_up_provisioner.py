"""A type of provisioner that step-ca does not have: its class, its reading, its row, and the rows of its options.

Nothing else is told of it, and every command knows it.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import attrs
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from adapters.ca import provisioner_json
from adapters.ca.json_record import read_record
from domain.keys.source import KeyFile
from domain.provisioners.base import USUAL, Provisioner
from domain.provisioners.credential import Credential, Sources
from domain.provisioners.types import TYPES
from domain.report.check_result import failed, passed
from domain.report.worded_value import WordedValue
from domain.token.kind import Kind
from entrypoints.command_line.commands import DOCTOR, TOKEN
from entrypoints.command_line.options import SIGNER, Option
from tests.support.provisioned_ca import write_key
from tests.support.running import invoke

if TYPE_CHECKING:
    from domain.ca_rules.case import Case
    from domain.certificates.ports import Certificates
    from domain.report.check_result import CheckResult
    from domain.token.options import TokenOptions

SEAL = b"a seal"


@attrs.frozen
class Seal:
    """What a made-up token carries in its header: it lasts for the first second of all."""

    body: bytes

    def span(self) -> tuple[int, int]:
        return 0, 1_000_000_000

    def describe(self) -> WordedValue:
        return WordedValue(self.body.decode(), f"a seal that says {self.body.decode()}")


@attrs.frozen
class MadeUpProvisioner(Provisioner):
    """The one class."""

    kinds: ClassVar = frozenset({Kind.SIGN})
    needs: ClassVar = ("made-up-key",)
    files: ClassVar = ("made-up-key",)
    secrets: ClassVar = ("made-up-key",)
    payload: ClassVar = frozenset({"cnf", "step"})
    header_member: ClassVar = "seal"
    certificate_name: ClassVar = "made_up_seal"
    expected: ClassVar = USUAL | {"sans"}

    type_name = "MadeUp"
    motto: str = ""

    @classmethod
    def read_certificate(cls, body: bytes, certificates: Certificates) -> Seal:
        return Seal(body)

    @classmethod
    def list_oddities(cls, claims: Mapping[str, Any]) -> Sequence[str]:
        return ["its subject is odd"] if claims.get("sub") == "odd.test" else []

    def credential(self, options: TokenOptions, sources: Sources) -> Credential:
        path = str(options.text("made-up-key"))
        signer = sources.keys.open(KeyFile(path, options.show("made-up-key", path)), sources.passwords)
        return Credential(signer, signer.public.thumbprint(), {"seal": b64encode(SEAL).decode()})

    def judge_signer(self, case: Case) -> Iterator[CheckResult]:
        if case.text("sub") == "odd.test":
            yield failed("motto", f"{self.motto} forbids odd subjects", "choose an even one")
        else:
            yield passed("motto", f"it is in the spirit of {self.motto}")


def read_made_up(listed: provisioner_json.ListedProvisioner, common: Mapping[str, Any]) -> Provisioner:
    """The one reading."""
    motto = read_record(listed, dict[str, Any])["motto"]
    return MadeUpProvisioner(listed["name"], motto=motto, **common)


OPTION = Option("made-up-key", "file", "Private key for a made-up provisioner.", SIGNER)


@pytest.fixture(autouse=True)
def made_up(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Add the type, with the row of its option."""
    monkeypatch.setitem(TYPES, "MadeUp", (frozenset({"made-up-key"}), lambda: MadeUpProvisioner))
    monkeypatch.setitem(provisioner_json._READERS, "madeup", read_made_up)
    commands = (TOKEN, DOCTOR)
    usual = [command.options for command in commands]
    for command in commands:
        object.__setattr__(command, "options", (*command.options, OPTION))
    yield
    for command, options in zip(commands, usual, strict=True):
        object.__setattr__(command, "options", options)


@pytest.fixture
def key(tmp_path: Path) -> str:
    """The key that signs, which others may read."""
    path = tmp_path / "made-up.key"
    path.write_bytes(write_key(ec.generate_private_key(ec.SECP256R1())))
    path.chmod(0o644)
    return str(path)


@pytest.fixture
def config(tmp_path: Path, sandbox_path: Path) -> str:
    """The configuration of a CA that has such a provisioner beside its own."""
    content = json.loads((sandbox_path / "config" / "ca.json").read_text())
    made_up = {"type": "madeup", "name": "mine", "motto": "All for one"}
    content["authority"]["provisioners"].append(made_up)
    return write_config(tmp_path, content)


def write_config(tmp_path: Path, content: dict[str, Any]) -> str:
    path = tmp_path / "ca.json"
    path.write_text(json.dumps(content))
    return str(path)


def mint(config: str, key: str, environment: dict[str, str], subject: str = "web.test") -> str:
    words = ["token", subject, "--offline", "--ca-config", config, "--made-up-key", key]
    result = invoke(*words, environment=environment)
    assert result.status == 0, result.err
    assert "Provisioner: mine (MadeUp)\n" in result.err
    return result.token


def test_token_mints_by_it(config: str, key: str, sandbox: dict[str, str]) -> None:
    """Its option chooses it, its key signs, and its audience has its fragment."""
    token = invoke("token", "web.test", "--offline", "--ca-config", config, "--made-up-key", key, environment=sandbox)
    assert token.claims["aud"].endswith("/1.0/sign#madeup/mine") and token.claims["iss"] == "mine"
    assert token.header["seal"] == b64encode(SEAL).decode()


def test_inspect_names_it(config: str, key: str, sandbox: dict[str, str]) -> None:
    """Type, fragment, the certificate in its header, and what is odd about its tokens."""
    said = json.loads(invoke("inspect", mint(config, key, sandbox, "odd.test"), "--format", "json").out)
    assert (said["provisioner_type"], said["audience_fragment"]) == ("MadeUp", "madeup/mine")
    assert said["made_up_seal"] == SEAL.decode()
    assert said["warnings"] == [
        "its subject is odd",
        "the certificate in its seal has expired",
    ]


@pytest.mark.parametrize(
    ("subject", "found"),
    [("web.test", "it is in the spirit of All for one"), ("odd.test", "All for one forbids odd subjects")],
)
def test_verify_judges_by_its_rules(config: str, key: str, sandbox: dict[str, str], subject: str, found: str) -> None:
    """The CA finds it by the fragment, and what its class says decides."""
    token = mint(config, key, sandbox, subject)
    words = ["verify", token, "--for", "sign", "--offline", "--ca-config", config, "--format", "json"]
    said = json.loads(invoke(*words, environment=sandbox).out)
    findings = {one["rule"]: one for one in said["rules"]}
    assert findings["provisioner"]["reason"] == "it is mine (MadeUp)"
    assert findings["motto"]["reason"] == found
    assert (said["verdict"] == "refused") is (subject == "odd.test")


def test_doctor_knows_its_secret_files(config: str, key: str, sandbox: dict[str, str]) -> None:
    """Its key opens, and everybody may read it."""
    result = invoke("doctor", "--offline", "--ca-config", config, "--made-up-key", key, environment=sandbox)
    assert "token would use mine (MadeUp)" in result.out
    assert f"{key} is accessible to other users" in result.out


def test_a_remedy_lists_it(tmp_path: Path, sandbox_path: Path, sandbox: dict[str, str]) -> None:
    """A CA without provisioners is told of every type."""
    content = json.loads((sandbox_path / "config" / "ca.json").read_text())
    content["authority"]["provisioners"] = [{"type": "ACME", "name": "acme"}]
    words = ["doctor", "--offline", "--ca-config", write_config(tmp_path, content)]
    assert "AWS, Azure or MadeUp to the CA" in invoke(*words, environment=sandbox).out


def test_its_options_are_its_own(config: str, key: str, sandbox: dict[str, str], sandbox_path: Path) -> None:
    """The help tells of them; they go with no other type's, and with no CA that has none of it."""
    assert "--made-up-key <file>" in invoke("token", "--help").out
    words = ["token", "web.test", "--offline", "--made-up-key", key]
    both = invoke(*words, "--ca-config", config, "--key", key, environment=sandbox)
    assert both.err.startswith("step-ott: --key and --made-up-key cannot be used together")
    none = invoke(*words, "--ca-config", str(sandbox_path / "config" / "ca.json"), environment=sandbox)
    assert "no provisioner matches --made-up-key" in none.err


def test_it_is_declared_by_its_options(key: str, sandbox_path: Path, tmp_path: Path) -> None:
    """Where there is no ca.json, name and options are enough."""
    root = str(sandbox_path / "certs" / "root_ca.crt")
    words = ["token", "web.test", "--offline", "--issuer", "mine", "--ca-url", "ca.test", "--root", root]
    result = invoke(*words, "--made-up-key", key, environment={"STEPPATH": str(tmp_path)})
    assert result.claims["aud"] == "https://ca.test/1.0/sign#madeup/mine"
