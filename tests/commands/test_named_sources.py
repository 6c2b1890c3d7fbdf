"""An error about a value or a file names what gave it: flag, variable, defaults.json or a batch's line."""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import attrs
import pytest

from domain.errors import InputError
from domain.settings.setting import Origin, Setting, respell
from entrypoints.command_line.options import BATCH_OPTIONS, TOKEN_OPTIONS, VERIFY_OPTIONS, Option
from tests.support.flag_scene import Scene, open_scene, write_json
from tests.support.hostile_ca import issue, stall
from tests.support.offline_place import OfflinePlace, prepare_place
from tests.support.running import Result, execute, invoke

SOURCES = ("flag", "variable", "configuration")


@attrs.frozen
class Fault:
    """An option with a bad value, and what stands beside it, on the command line.

    Attributes:
        value: The bad value; `@name` is a file of the scene, `@` alone one that is not there.
        beside: Options, values `@name` likewise.
        subject: None for none.
    """

    value: str
    beside: Mapping[str, str] = attrs.field(factory=dict)
    subject: str | None = "1"


_OFFLINE = {"offline": "", "ca-config": "@other-ca.json"}
_SEALED = {**_OFFLINE, "provisioner": "alice", "kid": "kid-a"}
_ONLINE = {"provisioner": "alice", "kid": "kid-a", "password-file": "@password"}
_SSH = {**_ONLINE, "ssh": ""}
_X5C = {
    **_OFFLINE,
    "provisioner": "alice",
    "x5c-cert": "@leaf.crt",
    "x5c-key": "@leaf.key",
    "password-file": "@password",
}
_SSHPOP = {
    **_OFFLINE, "provisioner": "alice", "ssh": "", "renew": "", "sshpop-cert": "@host-cert.pub",
    "sshpop-key": "@host.key", "password-file": "@password",
}  # fmt: skip
_NEBULA = {
    **_OFFLINE, "provisioner": "alice", "nebula-cert": "@nebula.crt", "nebula-key": "@nebula.key",
    "password-file": "@password",
}  # fmt: skip

FAULTS: dict[str, list[Fault]] = {
    "ssh": [Fault("maybe")], "host": [Fault("maybe")], "revoke": [Fault("maybe")], "renew": [Fault("maybe")],
    "rekey": [Fault("maybe")], "x5c-insecure": [Fault("maybe")], "console": [Fault("maybe")],
    "offline": [Fault("maybe")], "force": [Fault("maybe")],
    "san": [Fault("a", {"ssh": ""})], "principal": [Fault("a")],
    "cnf": [Fault("abc")],
    "cnf-file": [Fault("@", _ONLINE), Fault("@set.json", _ONLINE), Fault("@set.json", _SSH)],
    "csr": [Fault("@", _ONLINE, subject=None), Fault("@set.json", _ONLINE, subject=None)],
    "set": [Fault("novalue"), Fault('a={"b":1,"b":2}')],
    "set-file": [Fault("@", _ONLINE), Fault("@password", _ONLINE), Fault("@list.json", _ONLINE)],
    "not-before": [
        Fault("soon"), Fault("31m"), Fault("-6m"), Fault("10m", {"not-after": "5m"}), Fault("-1h", {"not-after": "5m"}),
    ],
    "not-after": [
        Fault("soon"), Fault("24h"), Fault("-1m"), Fault("5s"), Fault("5m", {"not-before": "10m"}),
        Fault("2h", {"not-before": "10m"}), Fault("61s", {"not-before": "1m"}),
    ],
    "cert-not-before": [
        Fault("soon", _SSH), Fault("1960-01-01T00:00:00Z", _SSH), Fault("2h", {**_SSH, "cert-not-after": "1h"}),
    ],
    "cert-not-after": [
        Fault("soon", _SSH), Fault("-1h", _SSH), Fault("0s", _SSH), Fault("1h", {**_SSH, "cert-not-before": "2h"}),
    ],
    "provisioner": [Fault("nobody", _OFFLINE)],
    "kid": [Fault("none", {**_OFFLINE, "provisioner": "alice"})],
    "key": [
        Fault("@", _SEALED), Fault("@set.json", _SEALED), Fault("@leaf.key", {**_SEALED, "password-file": "@own"}),
        Fault("awskms:key-id=1", _SEALED), Fault("@plain.key", _SEALED),
    ],
    "kms": [Fault("awskms:", {**_SEALED, "key": "pkcs11:object=a"})],
    "x5c-cert": [Fault("@", _X5C), Fault("@set.json", _X5C), Fault("@flag.crt", _X5C)],
    "x5c-key": [Fault("@", _X5C), Fault("@set.json", _X5C), Fault("@host.key", _X5C)],
    "x5c-chain": [Fault("@", _X5C), Fault("@set.json", _X5C)],
    "sshpop-cert": [Fault("@", _SSHPOP), Fault("@set.json", _SSHPOP)],
    "sshpop-key": [Fault("@", _SSHPOP), Fault("@set.json", _SSHPOP), Fault("@leaf.key", _SSHPOP)],
    "nebula-cert": [Fault("@", _NEBULA), Fault("@set.json", _NEBULA)],
    "nebula-key": [Fault("@", _NEBULA), Fault("@set.json", _NEBULA), Fault("@leaf.key", _NEBULA)],
    "k8ssa-token-path": [
        Fault("@", {**_OFFLINE, "provisioner": "alice"}), Fault("@set.json", {**_OFFLINE, "provisioner": "alice"}),
        Fault("@expired", {**_OFFLINE, "provisioner": "alice"}),
    ],
    "provisioner-password-file": [Fault("@", _SEALED), Fault("@own", _SEALED), Fault("@empty", _SEALED)],
    "password-file": [Fault("@", _SEALED), Fault("@own", _SEALED), Fault("@empty", _SEALED)],
    "ca-url": [Fault("http://ca", _ONLINE), Fault("127.0.0.1:1", {**_ONLINE, "root": "@flag.crt"})],
    "root": [
        Fault("@", _ONLINE), Fault("@set.json", _ONLINE), Fault("@other-root.crt", _ONLINE),
    ],
    "ca-config": [
        Fault("@", {"offline": ""}), Fault("@set.json", {"offline": ""}), Fault("@list.json", {"offline": ""}),
    ],
    "context": [Fault("nowhere")],
    "request-timeout": [Fault("5", _ONLINE), Fault("0s", _ONLINE), Fault("20ms", _ONLINE)],
    "timeout": [Fault("5", _ONLINE), Fault("0s", _ONLINE), Fault("20ms", _ONLINE)],
    "output-file": [
        Fault("/nonexistent/token", {**_SEALED, "password-file": "@password"}),
        Fault("@set.json", {**_SEALED, "password-file": "@password"}),
    ],
}  # fmt: skip
"""For each option of `token` values that are refused, each at another place."""


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """A CA that answers nothing in time where it is asked to, and files of every kind."""
    path = tmp_path_factory.mktemp("scene")
    with open_scene(path) as (scene, provisioners):
        config = {
            "root": str(path / "other.crt"), "dnsNames": ["other.test"], "authority": {"provisioners": provisioners}
        }  # fmt: skip
        write_json(path / "other-ca.json", config)
        write_json(path / "list.json", [1])
        (path / "own").write_text("wrong\n")
        (path / "empty").write_text("\n")
        (path / "other-root.crt").write_bytes(issue("other").pem)
        (path / "plain.key").write_bytes(issue("a key").key_pem)
        (path / "expired").write_text("e30.eyJleHAiOjF9.c2ln")
        yield scene


def find_value(scene: Scene, value: str) -> str:
    """Return a value as it is given, a file's path for `@name`."""
    return value if not value.startswith("@") else scene.file(value[1:] or "nofile")


def spell(name: str, source: str, step: Path) -> str:
    """Return how an error names an option of that source."""
    return {
        "flag": f"--{name}", "variable": "STEP_" + name.upper().replace("-", "_"),
        "configuration": f'"{name}" in {step}/config/defaults.json',
    }[source]  # fmt: skip


def run_fault(scene: Scene, step: Path, option: Option, fault: Fault, source: str) -> Result:
    """Run `token` with the bad value from `source`, and the rest as flags."""
    words = [] if fault.subject is None else [fault.subject]
    configured: dict[str, Any] = {}
    environment = {"STEPPATH": str(step)}
    value = find_value(scene, fault.value)
    for name, text in fault.beside.items():
        if name != option.name:
            words += [f"--{name}"] if not text else [f"--{name}", find_value(scene, text)]
    place = {"ca-url": scene.ca.url, "root": scene.file("flag.crt")}
    configured |= {name: text for name, text in place.items() if name != option.name and name not in fault.beside}
    if source == "configuration":
        configured[option.name] = value
    elif source == "variable":
        environment[option.environment] = value
    else:
        words.append(f"--{option.name}={value}")
    write_json(step / "config" / "defaults.json", configured)
    return invoke("token", *words, environment=environment)


def names(text: str, spelled: str) -> bool:
    """Return whether a text names what is spelled so, and not only a longer name."""
    return re.search(rf"(?<![\w-]){re.escape(spelled)}(?![\w-])", text) is not None


CASES = [
    pytest.param(option, fault, source, id=f"{option.name}={fault.value}-{source}-{index}")
    for option in TOKEN_OPTIONS
    for index, fault in enumerate(FAULTS[option.name])
    for source in SOURCES
    if not (option.name == "context" and source == "configuration")
]


@pytest.mark.parametrize(("option", "fault", "source"), CASES)
def test_an_error_names_the_source(scene: Scene, tmp_path: Path, option: Option, fault: Fault, source: str) -> None:
    """Every option of the table with a bad value from each source: named by it, and by no other."""
    needs_silence = fault.value == "20ms"
    with ExitStack() as stack:
        if needs_silence:
            stack.enter_context(pytest.MonkeyPatch.context()).setattr(scene.ca, "behaviour", stall)
        result = run_fault(scene, tmp_path, option, fault, source)
    assert result.status in (1, 2) and result.out == "", result
    assert result.err.count("\n") == 1 or result.err.startswith("✔"), result.err
    for one in SOURCES:
        assert names(result.err, spell(option.name, one, tmp_path)) is (one == source), result.err


def test_every_option_is_given_a_bad_value() -> None:
    """The walk covers the whole table."""
    assert sorted(FAULTS) == sorted(option.name for option in TOKEN_OPTIONS)


# -- Batches ----------------------------------------------------------------------------------------

MEMBERS: dict[str, list[tuple[Any, dict[str, Any]]]] = {
    "subject": [(5, {}), (None, {})],
    "sans": [("a", {}), ([1], {}), (["a"], {"--ssh": ""}), ([""], {})],
    "principals": [("a", {}), ([1], {}), (["a"], {})],
    "not_before": [(5, {}), ("", {}), ("soon", {}), ("31m", {}), ("10m", {"--not-after": "9m"})],
    "not_after": [(5, {}), ("soon", {}), ("24h", {}), ("-1m", {}), ("1s", {}), ("5m", {"--not-before": "10m"})],
    "cert_not_before": [("soon", {"--ssh": ""}), ("1h", {}), ("2h", {"--ssh": "", "--cert-not-after": "1h"})],
    "cert_not_after": [("soon", {"--ssh": ""}), ("1h", {}), ("-1h", {"--ssh": ""}), ("0s", {"--ssh": ""})],
    "cnf": [("abc", {}), (5, {})],
    "set": [([], {}), ({"a=b": 1}, {}), ({"": 1}, {})],
}
"""Bad values of each member of a line, with what stands on the command line."""


@pytest.mark.parametrize(
    ("member", "value", "flags"),
    [(member, value, flags) for member, faults in MEMBERS.items() for value, flags in faults],
)
def test_a_line_that_is_refused_names_its_member(
    place: OfflinePlace, member: str, value: Any, flags: dict[str, Any]
) -> None:
    """Number and member, and never the flag that the member stands for."""
    words = [word for pair in flags.items() for word in pair if word]
    lines = ["good", json.dumps({"subject": "a"} | {member: value}), "good"]
    result = execute("batch", *place.flags, *words, environment={"STEPPATH": str(place.path / "step")},
                     stdin="\n".join(lines).encode())  # fmt: skip
    assert result.status == 1, result
    (told,) = [line for line in result.err.splitlines() if line.startswith("line ")]
    assert told.startswith("line 2: ") and f'"{member}"' in told, told
    option = {"sans": "san", "principals": "principal"}.get(member, member.replace("_", "-"))
    assert not names(told, f"--{option}"), told


OWN_FAULTS = {
    "format": ["yaml"], "workers": ["none", "0", "5000"], "resume-from": ["0", "first"],
    "output-dir": ["/dev/null/tokens", "@full"],
}  # fmt: skip


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize(
    ("option", "value"),
    [(option, value) for option in BATCH_OPTIONS for value in OWN_FAULTS.get(option.name, [])],
)
def test_a_batch_names_the_source_of_its_own_options(
    place: OfflinePlace, option: Option, value: str, source: str
) -> None:
    """How many processes, where to begin, what to print, and into which folder."""
    (place.path / "full").mkdir()
    (place.path / "full" / "file").touch()
    value = value.replace("@", f"{place.path}/")
    check_source(place, "batch", [*place.flags], option, value, source)


VERIFY_FAULTS = {
    "for": ["nothing"], "csr": ["/nonexistent", "@root.crt"], "cert-type": ["robot"], "format": ["yaml"],
    "ca-url": ["http://ca"], "root": ["/nonexistent"], "ca-config": ["/nonexistent"], "timeout": ["5"],
    "request-timeout": ["0s"], "offline": ["maybe"],
}  # fmt: skip


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize(
    ("option", "value"),
    [(option, value) for option in VERIFY_OPTIONS for value in VERIFY_FAULTS.get(option.name, [])],
)
def test_verify_names_the_source(place: OfflinePlace, option: Option, value: str, source: str) -> None:
    """What describes the request, and what describes the CA."""
    words = [place.mint("foo").token]
    if option.name != "for":
        words += ["--for", "ssh-sign" if option.name == "cert-type" else "sign"]
    if option.name in ("csr", "ca-config"):
        words += ["--offline"]
    if option.name == "csr":
        config = {"root": str(place.path / "root.crt"), "dnsNames": ["ca"], "authority": {"provisioners": []}}
        write_json(place.path / "ca.json", config)
        words += ["--ca-config", str(place.path / "ca.json")]
    if option.name == "root":
        words += ["--ca-url", "ca.test"]
    check_source(place, "verify", words, option, value.replace("@", f"{place.path}/"), source)


def check_source(place: OfflinePlace, command: str, words: list[str], option: Option, value: str, source: str) -> None:
    """Check that a command with the bad value from `source` is refused by that name and by no other."""
    step, environment = place.path / "step", {"STEPPATH": str(place.path / "step")}
    write_json(step / "config" / "defaults.json", {option.name: value} if source == "configuration" else {})
    if source == "variable":
        environment[option.environment] = value
    words = [*words, *([f"--{option.name}={value}"] if source == "flag" else [])]
    result = execute(command, *words, environment=environment, stdin=b"a\n")
    assert result.status in (1, 2) and result.out == "", result
    error = result.err.splitlines()[-1]
    for one in SOURCES:
        assert names(error, spell(option.name, one, step)) is (one == source), error


@pytest.fixture
def place(tmp_path: Path) -> OfflinePlace:
    """A key, a root and a step path."""
    return prepare_place(tmp_path)


# -- The rule ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("--ca-url a cannot be used", "{}: a cannot be used"), ("--ca-url 'a' cannot", "{}: 'a' cannot"),
        ("--ca-url is empty", "{} is empty"), ("--ca-url cannot be used", "{} cannot be used"),
    ],
)  # fmt: skip
def test_a_key_and_its_file_are_parted_from_the_value_by_a_colon(what: str, said: str) -> None:
    """A path and a value behind it are not one."""
    spelled = '"ca-url" in /step/config/defaults.json'
    error = respell(InputError(what), {"ca-url": Setting("a", Origin.CONFIGURATION, spelled)})
    assert error.what == said.format(spelled)


@pytest.mark.parametrize(
    ("configured", "said"),
    [
        ({"offline": "yes"}, "\"offline\" in {}: 'yes' is neither true nor false"),
        ({"set": ["a"]}, "\"set\" in {}: 'a' is not name=value"),
        ({"format": "x"}, "\"format\" in {}: 'x' is not known"),
        ({"output-file": "-"}, '"output-file" in {}: - is not a file: leave it out to write to standard output'),
    ],
)  # fmt: skip
def test_a_value_in_a_file_is_told_behind_a_colon(configured: dict[str, Any], said: str, tmp_path: Path) -> None:
    """Whatever is wrong with it."""
    file = tmp_path / "config" / "defaults.json"
    file.parent.mkdir()
    write_json(file, configured)
    words = ["batch", "-"] if "format" in configured else ["token", "a"]
    result = invoke(*words, environment={"STEPPATH": str(tmp_path)})
    assert (result.status, result.out) == (2, "")
    assert said.format(file) in result.err


def test_options_are_named_in_the_advice_and_in_front() -> None:
    """An adapter that knows no settings names flags; text from elsewhere in the middle is left alone."""
    settings = {
        "root": Setting("a", Origin.ENVIRONMENT, "STEP_ROOT"), "principal": Setting(("a",), Origin.FLAG, "-n"),
        "ca-url": Setting("a", Origin.CONFIGURATION, '"ca-url" in /defaults.json'),
    }  # fmt: skip
    told = InputError("--root a, not --root-b, names --root", "check --ca-url, --principal and --roots")
    error = respell(told, settings)
    assert type(error) is InputError
    assert error.what == "STEP_ROOT a, not --root-b, names --root"
    assert error.fix == 'check "ca-url" in /defaults.json, -n and --roots'
