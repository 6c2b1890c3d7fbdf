"""Remedies that fit: for a fault that the real programs can bring about, the error says what helps against it."""

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest

from adapters.jose.key_objects import generate_jwk
from entrypoints.command_line.all_commands import COMMANDS
from tests.support.ca_client import connect, general_name, make_csr
from tests.support.peer_programs import REPOSITORY, choose_port
from tests.support.provisioned_ca import ProvisionedCa, serve_provisioned
from tests.support.root_fingerprint import fingerprint_of
from tests.support.running import Result, invoke

SUBJECT, ALICE = "web.test", ("--issuer", "sandbox@example.com")


@attrs.frozen
class ManagedCa:
    """A real step-ca under remote management.

    Attributes:
        plain_port: Where it speaks plain HTTP.
        key: The private JWK of its provisioner `bare`, whose key it does not keep.
    """

    ca: ProvisionedCa
    plain_port: int
    key: dict[str, str] = attrs.field(repr=False)


@pytest.fixture(scope="module")
def managed_ca(step_ca_program: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ManagedCa]:
    """A real step-ca that has moved its provisioners into its database, and speaks plain HTTP at another port too."""
    plain_port, key = choose_port(), generate_jwk()

    def adjust(config: dict[str, Any]) -> None:
        public = {name: value for name, value in key.items() if name != "d"}
        config["insecureAddress"] = f"127.0.0.1:{plain_port}"
        config["crl"] = {"enabled": True}  # or it does not serve the address
        listed = config["authority"]["provisioners"]
        listed[:] = [listed[0], {"type": "JWK", "name": "bare", "key": public}]
        config["authority"]["enableAdmin"] = True

    with serve_provisioned(step_ca_program, tmp_path_factory.mktemp("managed") / "step", adjust) as ca:
        yield ManagedCa(ca, plain_port, key)


@attrs.frozen
class Place:
    """A copy of the CA's step path."""

    path: Path
    managed: ManagedCa

    @property
    def config(self) -> Path:
        """Its ca.json."""
        return self.path / "config" / "ca.json"

    def run(self, *words: str) -> Result:
        """Run a command line here."""
        return invoke(*words, environment={"STEPPATH": str(self.path)})

    def refuse(self, *words: str, status: int) -> str:
        """Return the error of a command line that fails."""
        result = self.run(*words)
        assert (result.status, result.out, result.err.count("\n")) == (status, "", 1), result
        return result.err

    def change(self, change: Callable[[dict[str, Any]], object]) -> None:
        """Change the ca.json here."""
        config = json.loads(self.config.read_text())
        change(config)
        self.config.write_text(json.dumps(config))


@pytest.fixture
def place(managed_ca: ManagedCa, tmp_path: Path) -> Place:
    """A copy of the CA's step path, which a test may change."""
    shutil.copytree(managed_ca.ca.ca.path / "config", tmp_path / "step" / "config")
    made = Place(tmp_path / "step", managed_ca)
    defaults = made.path / "config" / "defaults.json"
    values = json.loads(defaults.read_text())
    defaults.write_text(json.dumps({name: value for name, value in values.items() if name != "ca-config"}))
    return made


def forget_provisioners(config: dict[str, Any]) -> None:
    """Take out what the CA itself says may be taken out once it is in the database."""
    config["authority"]["provisioners"] = []


@pytest.mark.parametrize(
    ("change", "words"),
    [(forget_provisioners, ()), (lambda _: None, ("--provisioner", "added by step ca provisioner add"))],
    ids=["none", "not that one"],
)
def test_a_ca_under_remote_management_is_to_be_asked(
    change: Callable[[dict[str, Any]], object], words: tuple[str, ...], place: Place
) -> None:
    """Offline its ca.json need not have the provisioner: the error says where they are, and the CA has them."""
    place.change(change)
    error = place.refuse("token", SUBJECT, "--offline", *words, status=2)
    assert str(place.config) in error and "leave --offline out" in error and "enableAdmin" in error
    examined = place.run("doctor", "--offline", *words)
    assert examined.status == 1 and "leave --offline out" in examined.out
    minted = place.run("token", SUBJECT, "--provisioner", "sandbox@example.com")
    answer = connect(place.managed.ca.ca).sign(make_csr("", [general_name(SUBJECT)]), minted.token)
    assert answer.status == 201


@pytest.mark.parametrize("mode", ["online", "offline"])
def test_a_key_that_the_ca_does_not_keep_is_to_be_given(mode: str, place: Place) -> None:
    """The error names the flag, and with it the real CA takes the token."""
    words = ["token", SUBJECT, "--provisioner", "bare", *(["--offline"] if mode == "offline" else [])]
    error = place.refuse(*words, status=1)
    assert "private key with --key" in error and "log" not in error
    assert (str(place.config) in error) is (mode == "offline")
    file = place.path / "bare.jwk"
    file.write_text(json.dumps(place.managed.key))
    minted = place.run(*words, "--key", str(file))
    answer = connect(place.managed.ca.ca).sign(make_csr("", [general_name(SUBJECT)]), minted.token)
    assert answer.status == 201


def test_a_port_for_plain_http_is_told(place: Place) -> None:
    """Where the CA speaks plain HTTP, token and doctor say so, and which port is the right one."""
    words = ["--ca-url", f"127.0.0.1:{place.managed.plain_port}"]
    error = place.refuse("token", SUBJECT, "--provisioner", "bare", *words, status=1)
    told = json.loads(place.run("doctor", *words, "--format", "json").out)["checks"]
    (failure,) = [check for check in told if check["outcome"] == "failed"]
    for text in (error, f"{failure['reason']} {failure['remedy']}"):
        assert "does not speak TLS: it is plain HTTP" in text and "'insecureAddress'" in text


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda config: config.update(dnsNames=[]), ALICE),
        (lambda config: config.update(root=""), ALICE),
        (lambda config: config.update(root="/nowhere"), ALICE),
        (lambda config: config.update(authority=5), ALICE),
        (forget_provisioners, ALICE),
        (lambda config: config["authority"]["provisioners"][0].update(encryptedKey="x"), ALICE),
        (lambda config: config["authority"]["provisioners"][0].update(key={}), ALICE),
        (lambda _: None, ("--issuer", "nobody")),
        (lambda _: None, ("--issuer", "bare")),
        (lambda _: None, (*ALICE, "--provisioner-password-file", "/etc/hostname")),
    ],
)  # fmt: skip
def test_errors_about_ca_json_name_it(
    change: Callable[[dict[str, Any]], object], words: tuple[str, ...], place: Place
) -> None:
    """Whatever is wrong in it, or with what was taken from it, the file that was read is told."""
    place.change(change)
    result = place.run("token", SUBJECT, "--offline", *words)
    assert (result.status != 0 and str(place.config) in result.err) or "/dev/null" in result.err, result.err


@pytest.mark.parametrize(("flags", "program"), [((), "step certificate inspect"), (("--ssh",), "ssh-keygen -L")])
def test_a_serial_number_is_shown_by_the_program_for_its_certificate(flags: tuple[str, ...], program: str) -> None:
    """Serial numbers of SSH and of X.509 certificates are read by different programs."""
    result = invoke("token", "web.test", "--revoke", *flags)
    assert result.status == 2 and program in result.err


def test_a_ca_without_a_type_for_tokens_may_have_any_of_them(place: Place) -> None:
    """The remedy names every type that step-ott makes tokens for."""
    place.change(lambda config: config["authority"].update(enableAdmin=False, provisioners=[]))
    out = place.run("doctor", "--offline").out
    assert "add one of type JWK, X5C, SSHPOP, K8sSA, Nebula, OIDC, GCP, AWS or Azure to the CA" in out


def test_a_ca_that_is_not_set_up_is_set_up_by_the_command_that_is_named(managed_ca: ManagedCa, tmp_path: Path) -> None:
    """Whichever command misses it, the error names one that puts it right, and doctor names the same with its flags."""
    environment = {"STEPPATH": str(tmp_path / "step")}
    ca = managed_ca.ca.ca
    for words in (["token", SUBJECT], ["ca", "health"], ["ca", "roots"], ["ca", "provisioner", "list"]):
        error = invoke(*words, environment=environment).err
        assert "--ca-url is missing: give it, set STEP_CA_URL, or run 'step-ott ca bootstrap'" in error
        error = invoke(*words, "--ca-url", ca.url, environment=environment).err
        assert "--root is missing" in error and "run 'step-ott ca bootstrap'" in error
    (advice,) = set(re.findall("'step-ott ([^']*--ca-url URL[^']*)'", invoke("doctor", environment=environment).out))
    line = advice.replace("URL", ca.url).replace("FINGERPRINT", fingerprint_of(ca))
    assert invoke(*line.split(), environment=environment).status == 0
    assert invoke("ca", "health", environment=environment).out == "ok\n"


def test_no_advice_names_a_command_of_step_that_is_here() -> None:
    """What step-ott can do itself is named as its own."""
    ours = {command.name for command in COMMANDS}
    for layer in ("domain", "adapters", "entrypoints", "step_ott"):
        for path in (REPOSITORY / layer).rglob("*.py"):
            named = re.findall(r"'step ((?:ca|ssh) [a-z]+(?: [a-z]+)?)", path.read_text())
            assert not [name for name in named if {name, name.rpartition(" ")[0], name.split()[-1]} & ours], path
