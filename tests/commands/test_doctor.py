"""`doctor`: each fault of a place is found, by name and with a remedy, and `token` agrees with the verdict."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import attrs
import cryptography
import pytest
import urllib3

from adapters.jose.key_objects import generate_jwk
from adapters.machine.libraries import InstalledLibraries
from domain.doctor import diagnosis
from domain.doctor.advisories import ADVISORIES
from domain.formats.duration import NANOSECONDS
from domain.report.check_result import Outcome
from entrypoints.command_line.commands import DOCTOR
from tests.support.ca_client import connect, general_name, make_csr
from tests.support.hostile_ca import root
from tests.support.nebula_mesh import Mesh
from tests.support.peer_programs import REPOSITORY, RunningCa, choose_port
from tests.support.provisioned_ca import ProvisionedCa
from tests.support.running import Result, invoke
from tests.support.ssh_hosts import get_certificate

PASSED, FAILED, WARNING, UNCHECKED = (outcome.value for outcome in Outcome)
ONLINE = [rule for rule in diagnosis.RULES if rule != diagnosis.CA_JSON]
SUBJECT = "doctor.test"
HOUR = timedelta(hours=1)
find_version = InstalledLibraries.find_version


@attrs.define
class Place:
    """A step path for a CA, which a test may damage, and what is to be said on the command line there.

    Attributes:
        path: The step path.
        words: Flags for `doctor` and `token` alike.
        variables: What stands in the environment beside the step path.
    """

    path: Path
    ca: RunningCa
    monkeypatch: pytest.MonkeyPatch
    words: list[str] = attrs.field(factory=list)
    variables: dict[str, str] = attrs.field(factory=dict)

    @property
    def defaults(self) -> Path:
        """The file of its settings."""
        return self.path / "config" / "defaults.json"

    @property
    def password(self) -> Path:
        """The file of the provisioner's password."""
        return self.path / "secrets" / "password"

    def run(self, command: str, *words: str) -> Result:
        """Run a command here."""
        return invoke(command, *words, *self.words, environment={"STEPPATH": str(self.path), **self.variables})

    def examine(self) -> tuple[dict[str, Any], int]:
        """Return what `doctor` tells programs, and its exit status."""
        result = self.run("doctor", "--format", "json")
        assert result.err == "", result.err
        return json.loads(result.out), result.status

    def outcomes(self) -> dict[str, str]:
        """Return how each check comes out here."""
        return {check["rule"]: check["outcome"] for check in self.examine()[0]["checks"]}

    def configure(self, **settings: object) -> None:
        """Change settings in defaults.json; underscores in names are dashes, and None takes one out."""
        values = json.loads(self.defaults.read_text()) | {k.replace("_", "-"): v for k, v in settings.items()}
        self.defaults.write_text(json.dumps({name: value for name, value in values.items() if value is not None}))

    def move_clock(self, seconds: int) -> None:
        """Let this machine's clock be so far ahead."""
        moved = lambda _: time.time_ns() + seconds * NANOSECONDS  # noqa: E731
        self.monkeypatch.setattr("adapters.machine.clock.SystemClock.now", moved)


@pytest.fixture
def place(running_ca: RunningCa, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A copy of the running CA's step path."""
    path = tmp_path / "step"
    for folder in ("certs", "config", "secrets"):
        shutil.copytree(running_ca.path / folder, path / folder)
    made = Place(path, running_ca, monkeypatch)
    settings = json.loads(made.defaults.read_text().replace(str(running_ca.path), str(path)))
    made.defaults.write_text(json.dumps(settings | settings.pop("step-ott")))
    return made


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> dict[str, str | None]:
    """The versions of libraries that doctor finds, whatever runs these tests: those of the page's example."""
    versions: dict[str, str | None] = {"cryptography": "50.0.2", "urllib3": "2.8.0"}
    monkeypatch.setattr("adapters.machine.libraries.InstalledLibraries.find_version", lambda _, name: versions[name])
    return versions


# -- Faults -----------------------------------------------------------------------------------------


def remove_step_path(place: Place) -> None:
    shutil.rmtree(place.path)


def name_unknown_context(place: Place) -> None:
    place.words = ["--context", "nowhere"]


def break_defaults(place: Place) -> None:
    place.defaults.write_text("{")


def misconfigure(place: Place) -> None:
    place.configure(san=5)  # which doctor has no use for, and token does


def want_a_host_of_nothing(place: Place) -> None:
    place.variables = {"STEP_HOST": "true"}


def empty_address(place: Place) -> None:
    place.configure(ca_url="")


def forget_address(place: Place) -> None:
    place.configure(ca_url=None)


def break_root(place: Place) -> None:
    (place.path / "certs" / "root_ca.crt").write_text("garbage")


def trust_another_root(place: Place) -> None:
    other = place.path / "other.crt"
    other.write_bytes(root().pem)
    place.words = ["--root", str(other)]


def stop_ca(place: Place) -> None:
    place.words = ["--ca-url", f"127.0.0.1:{choose_port()}"]


def misname_ca(place: Place) -> None:
    place.words = ["--ca-url", f"127.1:{urlsplit(place.ca.url).port}"]  # an address that no certificate has


def run_far_ahead(place: Place) -> None:
    place.move_clock(90)


def choose_nobody(place: Place) -> None:
    place.words = ["--provisioner", "nobody"]


def mistype_password(place: Place) -> None:
    place.password.write_text("wrong")


def lose_password(place: Place) -> None:
    place.password.write_text("")


def take_another_key(place: Place) -> None:
    path = place.path / "secrets" / "other.jwk"
    path.write_text(json.dumps(generate_jwk()))
    path.chmod(0o600)
    place.words = ["--key", str(path)]


FAULTS: dict[str, tuple[Callable[[Place], None], str]] = {
    "no step path": (remove_step_path, diagnosis.STEP_PATH),
    "unknown context": (name_unknown_context, diagnosis.CONTEXT),
    "broken defaults.json": (break_defaults, diagnosis.DEFAULTS),
    "a setting of the wrong kind": (misconfigure, diagnosis.DEFAULTS),
    "a variable that needs another": (want_a_host_of_nothing, diagnosis.SETTINGS),
    "an empty address": (empty_address, diagnosis.CA_URL),
    "no address": (forget_address, diagnosis.CA_URL),
    "garbage for a root": (break_root, diagnosis.ROOT),
    "another CA's root": (trust_another_root, diagnosis.TLS),
    "nobody listens": (stop_ca, diagnosis.REACHED),
    "another name": (misname_ca, diagnosis.TLS),
    "clock far ahead": (run_far_ahead, diagnosis.CLOCK),
    "unknown provisioner": (choose_nobody, diagnosis.PROVISIONER),
    "wrong password": (mistype_password, diagnosis.KEY),
    "empty password file": (lose_password, diagnosis.KEY),
    "another provisioner's key": (take_another_key, diagnosis.KEY),
}
"""What stops token, each with the check that it fails."""


def run_a_little_ahead(place: Place) -> None:
    place.move_clock(45)


def show_password(place: Place) -> None:
    place.password.chmod(0o644)


def link_secret(place: Place) -> None:
    (place.path / "secrets" / "link").symlink_to("/etc/hostname")


def configure_nothing(place: Place) -> None:
    settings = json.loads(place.defaults.read_text())
    place.defaults.unlink()
    words = ("ca-url", "root", "provisioner-password-file")
    place.words = [word for name in words for word in (f"--{name}", settings[name])]


def do_without_step_path(place: Place) -> None:
    elsewhere = place.path.parent / "elsewhere"
    place.path.rename(elsewhere)
    root_file, password = elsewhere / "certs" / "root_ca.crt", elsewhere / "secrets" / "password"
    place.words = ["--ca-url", place.ca.url, "--root", str(root_file), "--password-file", str(password)]


def forget_fingerprint(place: Place) -> None:
    place.configure(fingerprint=None)


ODDITIES: dict[str, tuple[Callable[[Place], None], dict[str, str]]] = {
    "nothing": (lambda _: None, {}),
    "clock a little ahead": (run_a_little_ahead, {diagnosis.CLOCK: WARNING}),
    "password for all to read": (show_password, {diagnosis.FILES: WARNING}),
    "link among the secrets": (link_secret, {diagnosis.FILES: UNCHECKED}),
    "no fingerprint stored": (forget_fingerprint, {diagnosis.FINGERPRINT: UNCHECKED}),
    "everything by flags": (configure_nothing, {diagnosis.DEFAULTS: WARNING, diagnosis.FINGERPRINT: UNCHECKED}),
    "no step path, everything by flags": (
        do_without_step_path,
        {diagnosis.STEP_PATH: WARNING, diagnosis.DEFAULTS: WARNING, diagnosis.FINGERPRINT: UNCHECKED},
    ),
}
"""What stops nothing, each with how the checks come out that do not pass."""


def test_in_a_healthy_place_all_is_well(place: Place) -> None:
    """Every check passes, in the documented order, and the text ends in one line that sums them up."""
    told, status = place.examine()
    assert [check["rule"] for check in told["checks"]] == ONLINE
    assert {check["outcome"] for check in told["checks"]} == {PASSED}
    assert (status, told["failed"], told["passed"], told["verdict"]) == (0, 0, len(ONLINE), "token should work here")
    text = place.run("doctor")
    *lines, summary = text.out.splitlines()
    assert (text.status, text.err, len(lines)) == (0, "", len(ONLINE))
    assert summary == "summary: 16 passed, 0 failed, 0 warnings, 0 not checkable: token should work here"


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_fails_its_own_check_alone(fault: str, place: Place) -> None:
    """The exit status is 1; what went before still passes, what hangs on it is not checkable, nothing is left out."""
    damage, rule = FAULTS[fault]
    damage(place)
    told, status = place.examine()
    checks = told["checks"]
    assert [check["rule"] for check in checks] == ONLINE
    failures = [check for check in checks if check["outcome"] == FAILED]
    assert [check["rule"] for check in failures] == [rule]
    assert (status, told["failed"], told["verdict"]) == (1, 1, "token would not work here")
    assert failures[0]["remedy"]
    before = checks[: ONLINE.index(rule)]
    assert {check["outcome"] for check in before if check["rule"] != diagnosis.FINGERPRINT} <= {PASSED}


def test_an_empty_address_is_called_empty(place: Place) -> None:
    """An address that stands in defaults.json as an empty text is not one that is missing."""
    empty_address(place)
    assert f'"ca-url" in {place.defaults} is empty: give it' in place.run("doctor").out


@pytest.mark.parametrize("oddity", ODDITIES)
def test_an_oddity_stops_nothing(oddity: str, place: Place) -> None:
    """The exit status is 0, and only the checks concerned come out otherwise."""
    damage, others = ODDITIES[oddity]
    damage(place)
    told, status = place.examine()
    assert {check["rule"]: check["outcome"] for check in told["checks"]} == dict.fromkeys(ONLINE, PASSED) | others
    assert status == 0


@pytest.mark.parametrize("name", [*FAULTS, *ODDITIES, "clock far behind"])
def test_token_agrees(name: str, place: Place) -> None:
    """Where doctor sees no failure, token mints and the real CA signs; where it sees one, one of them refuses."""
    if name == "clock far behind":
        place.move_clock(-600)
    else:
        (FAULTS.get(name) or ODDITIES[name])[0](place)
    _, status = place.examine()
    minted = place.run("token", SUBJECT)
    is_taken = minted.status == 0
    if is_taken:
        csr = make_csr(SUBJECT, [general_name(SUBJECT)])
        is_taken = connect(place.ca).sign(csr, minted.token).status == 201
    assert is_taken is (status == 0), minted.err


@pytest.mark.parametrize("name", [*FAULTS, *ODDITIES])
def test_no_secret_is_told(name: str, place: Place) -> None:
    """Neither password nor private key of the provisioner, nor a token, is in what is printed, in either form."""
    password = place.password.read_text().strip()
    sealed = json.loads((place.path / "config" / "ca.json").read_text())["authority"]["provisioners"][0]["encryptedKey"]
    (FAULTS.get(name) or ODDITIES[name])[0](place)
    for form in ("text", "json"):
        result = place.run("doctor", "--format", form)
        assert not any(secret in result.out + result.err for secret in (password, sealed, sealed.split(".")[3], "eyJ"))
        assert result.err == ""


def test_another_fingerprint_is_a_warning(place: Place) -> None:
    """A root that is not the one whose fingerprint was stored is warned of: token itself compares none."""
    place.configure(fingerprint="ab" * 32)
    assert place.outcomes() == dict.fromkeys(ONLINE, PASSED) | {diagnosis.FINGERPRINT: WARNING}
    place.words = ["--root", str(place.path / "certs" / "root_ca.crt")]
    assert place.outcomes()[diagnosis.FINGERPRINT] == WARNING


def test_a_clock_hides_nothing_else(place: Place) -> None:
    """Whatever the clocks say, the CA is asked for its provisioners and the key is tried."""
    run_far_ahead(place)
    assert place.outcomes() == dict.fromkeys(ONLINE, PASSED) | {diagnosis.CLOCK: FAILED}


def test_a_clock_far_behind_is_told(place: Place) -> None:
    """Ten minutes behind, tokens have expired on arrival; so young a root is not valid yet either."""
    place.move_clock(-600)
    told, status = place.examine()
    failures = {check["rule"]: check["reason"] for check in told["checks"] if check["outcome"] == FAILED}
    assert status == 1 and set(failures) <= {diagnosis.ROOT, diagnosis.CLOCK}
    assert re.search("(9m5[89]|10m0)s behind the CA's, so its tokens have expired", failures[diagnosis.CLOCK])


@pytest.mark.parametrize("home", ["relative/folder", "/nonexistent"])
def test_without_a_step_path_that_can_be_found(home: str) -> None:
    """Neither STEPPATH nor a home: the first check fails, and nothing that follows is left out."""
    result = invoke("doctor", "--format", "json", environment={"HOME": home})
    told = json.loads(result.out)
    assert [check["rule"] for check in told["checks"]] == ONLINE
    assert (result.status, result.err, told["failed"], told["not_checkable"]) == (1, "", 1, len(ONLINE) - 2)
    assert [check["rule"] for check in told["checks"] if check["outcome"] == PASSED] == [diagnosis.LIBRARIES]
    assert "STEPPATH" in told["checks"][0]["remedy"]


def test_a_root_file_may_be_standard_input(place: Place) -> None:
    """What can be read only once is enough for all checks that want it."""
    words = ["--root", "-", "--format", "json"]
    pem = (place.path / "certs" / "root_ca.crt").read_bytes()
    result = invoke("doctor", *words, environment={"STEPPATH": str(place.path)}, stdin=pem)
    assert (result.status, json.loads(result.out)["passed"]) == (0, len(ONLINE))


@pytest.mark.usefixtures("no_terminal")
def test_without_a_password_file_and_a_terminal_the_key_cannot_be_had(place: Place) -> None:
    """An encrypted key without a password fails as it does in token, and the remedy names the flag."""
    place.configure(provisioner_password_file=None)
    told, status = place.examine()
    (check,) = [check for check in told["checks"] if check["rule"] == diagnosis.KEY]
    assert (check["outcome"], status) == (FAILED, 1)
    assert "no terminal" in check["reason"] and "--password-file" in check["remedy"]


def test_a_password_file_that_is_not_there_is_told_though_the_ca_is_silent(place: Place) -> None:
    """What cannot be tried is still looked at."""
    stop_ca(place)
    place.password.unlink()
    assert place.outcomes()[diagnosis.KEY] == UNCHECKED
    assert "secrets/password is not there" in place.run("doctor").out


def test_the_context_in_use_is_named(place: Place) -> None:
    """With contexts, the current one and its folder are told, and its own files are looked at."""
    base = place.path.parent / "base"
    (base / "authorities").mkdir(parents=True)
    place.path.rename(base / "authorities" / "a1")
    defaults = base / "authorities" / "a1" / "config" / "defaults.json"
    defaults.write_text(defaults.read_text().replace(str(place.path), str(base / "authorities" / "a1")))
    (base / "contexts.json").write_text(json.dumps({"work": {"authority": "a1", "profile": "p1"}}))
    (base / "current-context.json").write_text(json.dumps({"context": "work"}))
    place.path = base
    assert set(place.outcomes().values()) == {PASSED}
    out = place.run("doctor").out
    assert f"context: work, whose CA is in {base}/authorities/a1\n" in out and "secret files: 5," in out
    (base / "current-context.json").unlink()
    assert place.outcomes()[diagnosis.CONTEXT] == FAILED


def test_what_flags_say_is_checked_though_defaults_json_is_broken(place: Place) -> None:
    """The CA that the flags name is visited; what else hangs on the file is not checkable."""
    place.words = ["--ca-url", place.ca.url, "--root", str(place.path / "certs" / "root_ca.crt")]
    break_defaults(place)
    outcomes = place.outcomes()
    assert outcomes[diagnosis.DEFAULTS] == FAILED
    assert {outcomes[rule] for rule in (diagnosis.ROOT, diagnosis.REACHED, diagnosis.TLS)} == {PASSED}
    assert outcomes[diagnosis.PROVISIONERS] == UNCHECKED


def test_other_types_of_provisioner_are_looked_at(provisioned_ca: ProvisionedCa, tmp_path: Path) -> None:
    """An X5C provisioner's certificate and key are checked like a JWK provisioner's key, its expiry too."""
    for wishes, outcome in (({}, PASSED), ({"name": "late.test", "begin": -2 * HOUR, "end": -HOUR}, FAILED)):
        held = provisioned_ca.hold(tmp_path, **wishes)
        held.key.chmod(0o600)
        result = invoke("doctor", *held.flags, "--format", "json", environment=provisioned_ca.environment)
        checks = {check["rule"]: check for check in json.loads(result.out)["checks"]}
        assert "x5c-machines (X5C)" in checks[diagnosis.PROVISIONER]["reason"]
        assert checks[diagnosis.KEY]["outcome"] == outcome, checks[diagnosis.KEY]


def test_a_provisioner_without_tokens_fails_by_itself(provisioned_ca: ProvisionedCa) -> None:
    """The fault of one that takes no tokens is in the choice, not in a key."""
    words = ["--provisioner", "acme", "--format", "json"]
    told = json.loads(invoke("doctor", *words, environment=provisioned_ca.environment).out)
    checks = {check["rule"]: check for check in told["checks"]}
    assert (checks[diagnosis.PROVISIONER]["outcome"], checks[diagnosis.KEY]["outcome"]) == (FAILED, UNCHECKED)
    assert "acme (ACME) cannot be used" in checks[diagnosis.PROVISIONER]["reason"]


def test_a_nebula_certificate_is_looked_at(mesh: Mesh, mesh_ca: ProvisionedCa, tmp_path: Path) -> None:
    """It and its key are checked, whatever name a token will be for; a key of another is told."""
    held, other = mesh.host(tmp_path), mesh.authority(2, "X25519")
    held.key.chmod(0o600)
    for key, outcome in ((held.key, PASSED), (other.key, FAILED)):
        words = ["--nebula-cert", str(held.certificate), "--nebula-key", str(key), "--format", "json"]
        result = invoke("doctor", *words, environment=mesh_ca.environment)
        checks = {check["rule"]: check for check in json.loads(result.out)["checks"]}
        assert "nebula-hosts (Nebula)" in checks[diagnosis.PROVISIONER]["reason"]
        assert checks[diagnosis.KEY]["outcome"] == outcome, checks[diagnosis.KEY]
        assert checks[diagnosis.TOKEN]["outcome"] in (PASSED, UNCHECKED)


@pytest.mark.parametrize("kind", ["RENEW", "REKEY", "REVOKE"])
def test_an_ssh_certificate_is_looked_at(kind: str, provisioned_ca: ProvisionedCa, tmp_path: Path) -> None:
    """Whatever it is to ask for about itself, its own serial number is the subject."""
    host = get_certificate(provisioned_ca, tmp_path)
    cert, key = host.flags[1::2]
    named = {"STEP_SSHPOP_CERT": cert, "STEP_SSHPOP_KEY": key}
    wish = {"STEP_SSH": "true", f"STEP_{kind}": "true"}
    result = invoke("doctor", "--format", "json", environment={**provisioned_ca.environment, **named, **wish})
    checks = {check["rule"]: check for check in json.loads(result.out)["checks"]}
    assert checks[diagnosis.TOKEN]["outcome"] == PASSED, result.out
    assert f"/1.0/ssh/{kind.lower()}" in checks[diagnosis.TOKEN]["reason"]


@pytest.mark.parametrize(
    ("host", "offline", "is_warned"),
    [
        ("LOCALHOST", False, True),
        ("localhost", False, False),
        ("127.0.0.1", False, False),
        ("elsewhere.test", True, True),
        ("LOCALHOST", True, True),
        ("localhost", True, False),
        ("", True, False),
    ],
)
def test_token_warns_of_an_address_that_the_ca_does_not_have(
    host: str, offline: bool, is_warned: bool, place: Place
) -> None:
    """Where the audience names a host otherwise than the CA names itself, the token comes with a warning."""
    port = urlsplit(place.ca.url).port
    place.words = [*(["--ca-url", f"{host}:{port}"] if host else []), *(["--offline"] if offline else [])]
    minted = place.run("token", SUBJECT)
    names = json.loads((place.path / "config" / "ca.json").read_text())["dnsNames"]
    told = f"and not {host}: it will refuse this token; use one of its own names in --ca-url\n"
    assert minted.status == 0 and (told in minted.err) is is_warned, minted.err
    if is_warned:
        (line,) = [line for line in minted.err.splitlines() if line.startswith("warning: the CA calls itself ")]
        shown = line.removeprefix("warning: the CA calls itself ").partition(" and not ")[0]
        assert sorted(shown.split(", ")) == sorted(names)
    csr = make_csr(SUBJECT, [general_name(SUBJECT)])
    assert (connect(place.ca).sign(csr, minted.token).status == 201) is not is_warned


def test_a_token_for_later_is_a_warning(place: Place) -> None:
    """A beginning that the user asked for is not a failure: the rest is judged as at that time."""
    for begin, outcomes in (("20m", [PASSED, WARNING]), ("30s", [PASSED])):
        result = invoke(
            "doctor", "--format", "json", environment={"STEPPATH": str(place.path), "STEP_NOT_BEFORE": begin}
        )
        found = [check for check in json.loads(result.out)["checks"] if check["rule"] == diagnosis.TOKEN]
        assert (result.status, [check["outcome"] for check in found]) == (0, outcomes)
        assert len(found) == 1 or re.fullmatch(
            "the CA accepts it only in (19m0|18m5[0-9])s, for STEP_NOT_BEFORE", found[1]["reason"]
        )


# -- Offline ----------------------------------------------------------------------------------------


def test_offline_without_ca_json_all_that_is_missing_is_named(place: Place) -> None:
    """The root too, where no file stands in its usual place; doctor says the same."""
    (place.path / "config" / "ca.json").unlink()
    place.configure(root=None, ca_url=None, ca_config=None)
    for has_root, missing in ((True, "--issuer, --ca-url, --key"), (False, "--issuer, --ca-url, --key, --root")):
        if not has_root:
            (place.path / "certs" / "root_ca.crt").unlink()
        for words in (("token", SUBJECT), ("doctor",)):
            result = place.run(*words, "--offline")
            assert f"so --offline needs {missing} as well: give them" in result.out + result.err


def test_offline_no_ca_is_asked(place: Place) -> None:
    """ca.json stands for the CA: what would take a network is not checkable, the rest passes."""
    place.words = ["--offline"]
    told, status = place.examine()
    outcomes = {check["rule"]: check["outcome"] for check in told["checks"]}
    network = (diagnosis.REACHED, diagnosis.TLS, diagnosis.CLOCK)
    assert list(outcomes) == [rule for rule in diagnosis.RULES if rule != diagnosis.CA_URL]
    assert outcomes == dict.fromkeys(outcomes, PASSED) | dict.fromkeys(network, UNCHECKED)
    assert status == 0 and place.run("token", SUBJECT).status == 0


@pytest.mark.parametrize(
    ("file", "content", "rule"),
    [
        ("config/ca.json", "{", diagnosis.CA_JSON),
        ("config/ca.json", '{"dnsNames": [], "authority": {}}', diagnosis.CA_JSON),
        ("certs/root_ca.crt", "garbage", diagnosis.ROOT),
        ("secrets/password", "wrong", diagnosis.KEY),
    ],
)
def test_offline_faults_are_found(file: str, content: str, rule: str, place: Place) -> None:
    """The file at fault fails its check, and token fails too."""
    place.words = ["--offline"]
    config = place.path / "config" / "ca.json"
    config.write_text(config.read_text().replace(str(place.ca.path), str(place.path)))
    (place.path / file).write_text(content)
    place.configure(ca_config=str(config))
    told, status = place.examine()
    assert [check["rule"] for check in told["checks"] if check["outcome"] == FAILED] == [rule]
    assert status == 1 and place.run("token", SUBJECT).status != 0


# -- Libraries --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "version", "outcome", "named", "target"),
    [
        ("cryptography", "43.0.0", WARNING, "GHSA-h4gh-qq45-vh27 (fixed in 43.0.1), CVE-2024-12797", "50.0.0"),
        ("cryptography", "42.0.3", WARNING, "CVE-2024-26130 (fixed in 42.0.4)", "50.0.0"),
        ("cryptography", "49.0.0", WARNING, "1 published advisory: CVE-2026-69247 (fixed in 50.0.0)", "50.0.0"),
        ("cryptography", "50.0.0rc1", WARNING, "CVE-2026-69247", "50.0.0"),
        ("cryptography", "50", PASSED, "cryptography 50, urllib3 2.8.0: no advisory", ""),
        ("cryptography", "1!50.0.0", UNCHECKED, "has a version that cannot be compared, '1!50.0.0'", ""),
        ("urllib3", None, UNCHECKED, "urllib3 says no version", ""),
        ("urllib3", "2.0.6", WARNING, "urllib3 2.0.6 has 10 published advisories: CVE-2023-45803", "2.8.0"),
        ("urllib3", "2.7.0.post1", WARNING, "CVE-2026-97687 (fixed in 2.8.0)", "2.8.0"),
        ("urllib3", "2.10.0", PASSED, "urllib3 2.10.0: no advisory", ""),
    ],
)
def test_libraries_with_published_advisories_are_a_warning(
    name: str,
    version: str | None,
    outcome: str,
    named: str,
    target: str,
    place: Place,
    installed: dict[str, str | None],
) -> None:
    """In JSON as in text, with the first version that has none; it stops nothing."""
    place.words = ["--offline"]
    installed[name] = version
    told, status = place.examine()
    found = [check for check in told["checks"] if check["rule"] == diagnosis.LIBRARIES]
    (said,) = [check for check in found if name in check["reason"]]
    assert (said["outcome"], status) == (outcome, 0)
    assert (named in said["reason"] and f"upgrade it to {target} or later by: " in said.get("remedy", "")) or not target
    assert f"{outcome:15}libraries: {said['reason']}" in place.run("doctor").out
    assert len(found) == (1 if outcome == PASSED else 2)


def test_the_versions_are_those_that_are_installed() -> None:
    """What the libraries say of themselves, and nothing of one that is not there."""
    libraries = InstalledLibraries()
    assert find_version(libraries, "cryptography") == cryptography.__version__
    assert find_version(libraries, "urllib3") == urllib3.__version__
    assert find_version(libraries, "no-such-library") is None


def test_the_table_of_advisories_is_in_order() -> None:
    """By the version that fixes them, each once, and none that is fixed before it came."""
    for advisories in ADVISORIES.values():
        fixed = [tuple(map(int, one.fixed_in.split("."))) for one in advisories]
        assert fixed == sorted(fixed) and len({one.identifier for one in advisories}) == len(advisories)
        assert all(tuple(map(int, one.since.split("."))) < last for one, last in zip(advisories, fixed, strict=True))


# -- The command line -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["a"], "doctor takes no 'a'"),
        (["--format", "xml"], "choose text or json"),
        (["--ca-url", "ftp://a"], "a CA speaks https"),
        (["--offline", "--timeout", "1s"], "cannot be used together"),
    ],
    ids=str,
)
def test_wrong_words_are_usage_errors(words: list[str], said: str) -> None:
    """Flags that make no sense are refused before anything is looked at: exit status 2 and one line."""
    result = invoke("doctor", *words)
    assert (result.status, result.out, result.err.count("\n")) == (2, "", 1)
    assert said in result.err


def test_the_examples_of_the_help_run(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every example works as written in a step path that has what it names."""
    monkeypatch.chdir(place.path)
    shutil.copy(place.password, place.path / "password.txt")
    for _, line in DOCTOR.examples:
        words = line.replace("you@example.com", "sandbox@example.com").split()
        assert place.run(*words).status == 0, line


PAGE = (REPOSITORY / "docs" / "doctor.md").read_text()


def test_the_page_names_every_check_in_order() -> None:
    """The table of checks is that of the rules."""
    assert re.findall(r"^\| `([^`]+)` \|", PAGE, re.MULTILINE) == list(diagnosis.RULES)


def hide_changing(text: str) -> str:
    """Replace what is another one each time: fingerprints, key identifiers, times."""
    patterns = {r"\b[0-9a-f]{64}\b": "HEX", r"kid: [\w-]{43}": "KID", r"\d{4}-\d\d-\d\dT\S+Z": "TIME"}
    for pattern, word in patterns.items():
        text = re.sub(pattern, word, text)
    return text


def test_the_page_shows_what_is_printed(place: Place) -> None:
    """The worked example is what the command says, but for what changes each time."""
    other = place.path.parent / "other"
    assert invoke("sandbox", str(other)).status == 0
    command, shown = re.findall(r"```console\n\$ step-ott (.*?)\n(.*?)```", PAGE, re.DOTALL)[0]
    words = command.replace("/tmp/other", str(other)).split()
    port = urlsplit(place.ca.url).port
    said = place.run(*words).out.replace(str(place.path), "/tmp/ca").replace(str(other), "/tmp/other")
    assert hide_changing(said.replace(f":{port}", ":9000")) == hide_changing(shown)


# -- Read-only mounts -------------------------------------------------------------------------------

MOUNT = """
mount -t tmpfs none "$1" && mkdir "$1/..data1" && cp "$2" "$1/..data1/password" && chmod "$3" "$1/..data1/password" &&
ln -s ..data1 "$1/..data" && ln -s ..data/password "$1/password" && mount -o remount,ro "$1" && shift 3 && exec "$@"
"""
"""Mounts a file as Kubernetes mounts a secret, and becomes the command."""


@pytest.mark.parametrize(("mode", "outcome"), [("0444", WARNING), ("0400", PASSED)])
def test_a_mounted_secret_is_not_to_be_changed_by_chmod(mode: str, outcome: str, place: Place) -> None:
    """A secret of Kubernetes, which no chmod can change here, is to be mounted otherwise."""
    if subprocess.run(["unshare", "-rm", "true"], capture_output=True, check=False).returncode:
        pytest.skip("a mount takes user namespaces")
    folder = place.path.parent / "mounted"
    folder.mkdir()
    mount = ["unshare", "-rm", "sh", "-c", MOUNT, "sh", str(folder), str(place.password), mode]
    words = ["doctor", "--password-file", str(folder / "password"), "--format", "json"]
    place.configure(provisioner_password_file=None)
    done = subprocess.run(
        [*mount, sys.executable, "-m", "entrypoints.cli", *words],
        capture_output=True, check=False, cwd=REPOSITORY, env={"PATH": os.environ["PATH"], "STEPPATH": str(place.path)},
    )  # fmt: skip
    assert done.returncode == 0, done
    found = [check for check in json.loads(done.stdout)["checks"] if check["rule"] == diagnosis.FILES]
    assert [check["outcome"] for check in found] == [outcome]
    assert outcome == PASSED or ("chmod" not in found[0]["remedy"] and "defaultMode" in found[0]["remedy"])
