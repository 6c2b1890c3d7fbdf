"""Every pair of options, one in defaults.json and one as a flag: judged as if both were flags."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from domain.settings.setting import AMBIENT
from entrypoints.command_line.options import TOKEN_OPTIONS, ValueKind
from tests.commands.test_flag_pairs import complete
from tests.support.flag_scene import CNF, SWITCHES
from tests.support.offline_place import OfflinePlace, prepare_place
from tests.support.peer_programs import RunningCa
from tests.support.running import Result, execute, invoke, run_step

NAMES = [option.name for option in TOKEN_OPTIONS]
LISTS = {option.name for option in TOKEN_OPTIONS if option.kind is ValueKind.LIST}
SUBJECT = "1"
VALUES = {
    "san": "a", "principal": "a", "cnf": CNF, "set": "a=1", "not-before": "20m", "not-after": "70m",
    "cert-not-before": "1m", "cert-not-after": "2h", "ca-url": "ca.test", "request-timeout": "20s", "timeout": "20s",
    "kms": "pkcs11:token=t", "context": "two",
}  # fmt: skip
"""Values of options that not every text will do for; of the two ends of the window, each needs the other."""


KINDS_OF_SSHPOP = "--ssh --renew, --ssh --rekey or --ssh --revoke"
"""What an error says that such a certificate is for, whatever was given."""


def value_of(name: str, given: frozenset[str]) -> str:
    """Return a sensible value of an option among `given`."""
    if name in ("key", "x5c-key") and "kms" in given:
        return "pkcs11:object=o"
    return VALUES.get(name, f"some-{name}")


def flag_words(names: frozenset[str], given: frozenset[str]) -> list[str]:
    words = []
    for name in sorted(names):
        words += [f"--{name}"] if name in SWITCHES else [f"--{name}", value_of(name, given)]
    return words


def write_defaults(step: Path, names: frozenset[str], given: frozenset[str]) -> str:
    """Write the options in `names` into defaults.json, and return its path."""
    values: dict[str, Any] = {name: name in SWITCHES or value_of(name, given) for name in names}
    path = step / "config" / "defaults.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(values))
    return str(path)


@pytest.fixture
def judged() -> Iterator[mock.Mock]:
    """What `token` would mint, had it not ended when its settings were judged."""
    with (
        mock.patch("entrypoints.use_cases.mint.mint_token") as mint,
        mock.patch("entrypoints.wiring.token.wire_ports"),
    ):
        yield mint


def judge(words: list[str], environment: Mapping[str, str], judged: mock.Mock) -> tuple[Result, dict[str, object]]:
    """Run `token` up to where its settings are judged; return how that ended, and the settings' values."""
    judged.reset_mock()
    result = invoke("token", SUBJECT, *words, environment=environment)
    assert (result.status, result.out) in ((0, ""), (2, "")), result
    assert judged.called is (result.status == 0), result
    settings = judged.call_args.args[0].settings if judged.called else {}
    return result, {name: setting.value for name, setting in settings.items()}


@pytest.mark.parametrize("configured", [name for name in NAMES if name != "context"])
def test_a_pair_is_judged_wherever_its_options_come_from(configured: str, tmp_path: Path, judged: mock.Mock) -> None:
    """The same settings or the same verdict, and no refusal names a flag that nobody gave.

    Each pair alone and with what the two need. What describes a place is passed over where it has no use.
    """
    environment = {"STEPPATH": str(tmp_path)}
    for flag in NAMES:
        if flag in (configured, "context"):
            continue
        for given in {frozenset({configured, flag}), complete(frozenset({configured, flag}))}:
            write_defaults(tmp_path, frozenset(), given)
            as_flags, wanted = judge(flag_words(given, given), environment, judged)
            rest = flag_words(given - {configured}, given)
            without, left = judge(rest, environment, judged)
            path = write_defaults(tmp_path, frozenset({configured}), given)
            result, settings = judge(rest, environment, judged)
            if configured in AMBIENT and as_flags.status == 2:
                needless = {key: value for key, value in settings.items() if key != configured}
                assert (result.status, result.err, needless) == (without.status, without.err, left), given
                continue
            assert (result.status, settings) == (as_flags.status, wanted), (given, as_flags, result)
            if result.status == 2:
                told = result.err.replace(KINDS_OF_SSHPOP, "")
                assert f'"{configured}" in {path}' in told or any(f"--{name}" in told for name in given), told
                assert not re.search(rf"--{configured}(?![\w-])", told), told


# -- Beside the real step, and other commands --------------------------------------------------------

COMPARED = [
    ("ssh", "host"), ("ssh", "principal"), ("ssh", "cert-not-after"), ("ssh", "san"), ("san", "ssh"), ("host", "ssh"),
    ("principal", "ssh"), ("output-file", "force"), ("force", "output-file"), ("revoke", "ssh"), ("ssh", "revoke"),
    ("not-before", "not-after"), ("not-after", "not-before"), ("not-after", "san"), ("cnf", "cnf-file"),
    ("kid", "san"), ("revoke", "cnf"), ("san", "not-before"), ("password-file", "provisioner-password-file"),
]  # fmt: skip
"""Pairs of options that step has as well, the first one in defaults.json."""

STRICTER = {frozenset({"revoke", "cnf"})}
"""What the real step drops in silence, and step-ott refuses."""


@pytest.mark.parametrize(("configured", "flag"), COMPARED, ids=["+".join(pair) for pair in COMPARED])
def test_a_pair_means_what_it_means_to_step(
    running_ca: RunningCa, step_program: str, tmp_path: Path, configured: str, flag: str
) -> None:
    """Beside the real step and CA: a token from both, or from neither, wherever the two options stand."""
    (tmp_path / "certs").symlink_to(running_ca.path / "certs")
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "ca.json").symlink_to(running_ca.path / "config" / "ca.json")
    place = json.loads((running_ca.path / "config" / "defaults.json").read_text())
    place |= place.pop("step-ott")
    given, environment = frozenset({configured, flag}), {"STEPPATH": str(tmp_path)}
    files = {
        "output-file": str(tmp_path / "token"), "cnf-file": str(tmp_path / "none.csr"), "kid": find_kid(running_ca),
        "password-file": place["provisioner-password-file"],
        "provisioner-password-file": place["provisioner-password-file"],
    }  # fmt: skip

    def run(as_flags: frozenset[str]) -> list[bool]:
        words = [word if not word.startswith("some-") else files[word[5:]] for word in flag_words(as_flags, given)]
        values = {
            name: name in SWITCHES or files.get(name) or value_of(name, given) for name in given - as_flags
        }  # fmt: skip
        (tmp_path / "config" / "defaults.json").write_text(json.dumps(place | values))
        ended = [
            invoke("token", SUBJECT, *words, environment=environment),
            run_step(step_program, "ca", "token", SUBJECT, *words, environment=environment),
        ]
        (tmp_path / "token").unlink(missing_ok=True)
        return [result.status == 0 for result in ended]

    ours, theirs = run(frozenset({flag}))
    assert [ours, theirs] == run(given)
    assert theirs is (given in STRICTER or ours)


def find_kid(ca: RunningCa) -> str:
    """Return the key identifier of the CA's provisioner."""
    (provisioner,) = json.loads((ca.path / "config" / "ca.json").read_text())["authority"]["provisioners"]
    return str(provisioner["key"]["kid"])


@pytest.fixture
def place(tmp_path: Path) -> OfflinePlace:
    """A key, a root, and a step path to write a configuration into."""
    place = prepare_place(tmp_path)
    (tmp_path / "step" / "config").mkdir()
    return place


def configure(place: OfflinePlace, text: str) -> dict[str, str]:
    """Write defaults.json; return the environment in which it counts."""
    (place.path / "step" / "config" / "defaults.json").write_text(text)
    return {"STEPPATH": str(place.path / "step")}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--ssh", "--san", "a"], "--ssh and --san cannot be used together"),
        (["--not-after", "soon"], "--not-after 'soon'"),
        (["--host"], "defaults.json cannot be used"),
        ([], "defaults.json cannot be used"),
    ],
)
@pytest.mark.parametrize("text", ["{", '{"ssh": "maybe"}', '{"context": "a"}'], ids=["JSON", "a value", "a key"])
def test_a_broken_configuration_hides_no_plain_error(
    place: OfflinePlace, words: list[str], said: str, text: str
) -> None:
    """What flags do wrong by themselves is told first; where something is missing, the file might have had it."""
    environment = configure(place, text)
    result = invoke("token", "foo", *place.flags, *words, environment=environment)
    assert result.out == "" and result.err.count("\n") == 1
    if said.startswith("defaults.json"):
        assert str(place.path / "step" / "config" / "defaults.json") in result.err
        assert "--host" not in result.err
    else:
        assert result.status == 2 and said in result.err


def test_a_value_that_a_flag_goes_before_is_not_looked_at(place: OfflinePlace) -> None:
    """As with step: a flag takes back whatever stands in defaults.json, a value of the wrong type too."""
    environment = configure(place, '{"ssh": "maybe", "not-after": 5, "san": [1]}')
    words = ["--ssh=false", "--not-after", "10m", "--san", "a"]
    assert invoke("token", "foo", *place.flags, *words, environment=environment).claims["sans"] == ["a"]


@pytest.mark.parametrize("form", ["text", "json", "ndjson", "tokens"])
@pytest.mark.parametrize("source", ["configuration", "variable"])
def test_a_format_for_another_command_breaks_none(place: OfflinePlace, form: str, source: str) -> None:
    """A batch has other forms than a report: another command's is passed over, but as a flag refused."""
    environment = configure(place, json.dumps({"format": form} if source == "configuration" else {}))
    if source == "variable":
        environment["STEP_FORMAT"] = form
    subjects = place.path / "subjects"
    subjects.write_text("a\n")
    batch = execute("batch", str(subjects), *place.flags, environment=environment)
    assert batch.status == 0, batch.err
    assert batch.out.startswith("ey" if form == "tokens" else '{"line":1,')
    token = batch.out.strip() if form == "tokens" else json.loads(batch.out)["token"]
    inspected = invoke("inspect", token, environment=environment)
    assert inspected.status == 0, inspected.err
    refused = invoke("inspect", token, "--format", "tokens", environment=environment)
    assert (refused.status, "--format 'tokens' is not known" in refused.err) == (2, True)


def test_a_format_that_no_command_knows_is_refused(place: OfflinePlace) -> None:
    """It is nobody's, so that nobody passes it over; the error names the file."""
    environment = configure(place, '{"format": "yaml"}')
    result = execute("batch", *place.flags, environment=environment, stdin=b"a\n")
    assert (result.status, result.out) == (2, "")
    assert f'"format" in {place.path}/step/config/defaults.json' in result.err


def test_names_for_token_do_not_break_verify(place: OfflinePlace) -> None:
    """`principal` in defaults.json is for `token --ssh`: of another request it says nothing, and stops nothing."""
    config = {"root": str(place.path / "root.crt"), "dnsNames": ["ca"], "authority": {"provisioners": []}}
    (place.path / "ca.json").write_text(json.dumps(config))
    words = ["--for", "sign", "--offline", "--ca-config", str(place.path / "ca.json")]
    token = place.mint("foo").token
    result = invoke("verify", token, *words, environment=configure(place, '{"principal": ["root"]}'))
    assert result.status == 1 and "verdict: refused" in result.out, result


@pytest.mark.parametrize(
    ("configured", "variables"),
    [({"ssh": True}, {"STEP_HOST": "true"}), ({"x5c-cert": "/nofile"}, {"STEP_X5C_KEY": "/nofile"})],
    ids=["ssh and host", "x5c"],
)
def test_doctor_judges_what_token_judges(
    place: OfflinePlace, configured: dict[str, Any], variables: dict[str, str]
) -> None:
    """What a variable needs may stand in defaults.json for `doctor` too, which then reports."""
    environment = configure(place, json.dumps(configured)) | variables
    result = invoke("doctor", environment=environment)
    assert result.status == 1 and "passed         defaults" in result.out, result
