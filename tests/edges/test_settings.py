"""Where settings come from: a flag, else the environment, else the configuration; for every option of the table."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import UsageError
from domain.settings.setting import Origin, Setting, layer
from entrypoints.command_line.argv import (
    FALSE_WORDS,
    TRUE_WORDS,
    complete_settings,
    parse_environment,
    parse_switch,
    parse_words,
)
from entrypoints.command_line.options import TOKEN_OPTIONS, Option, ValueKind
from tests.support.go_answers import GoAnswers, ask_go
from tests.support.offline_place import OfflinePlace, prepare_place
from tests.support.opened_jwe import open_jwe
from tests.support.peer_programs import RunningCa
from tests.support.running import decode_part, invoke, run_step

PATH = "/step/config/defaults.json"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> OfflinePlace:
    """A key and a root."""
    return prepare_place(tmp_path_factory.mktemp("place"))


@pytest.fixture(scope="module")
def go() -> Iterator[GoAnswers]:
    """Go's own parsers."""
    with ask_go() as answers:
        yield answers


def name_option(option: Option) -> str:
    return option.name


def sample(option: Option, text: str) -> Any:
    """Return a value of the option's kind, as JSON has it, that differs by `text`."""
    if option.kind is ValueKind.SWITCH:
        return text == "flag"
    return [text, "b"] if option.kind is ValueKind.LIST else text


def flag_words(option: Option, value: Any) -> list[str]:
    if option.kind is ValueKind.SWITCH:
        return [f"--{option.name}={str(value).lower()}"]
    return [word for text in (value if isinstance(value, list) else [value]) for word in (f"--{option.name}", text)]


def variable_text(value: Any) -> str:
    return ",".join(value) if isinstance(value, list) else str(value).lower()


def typed(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


@pytest.mark.parametrize("option", TOKEN_OPTIONS, ids=name_option)
def test_a_flag_goes_before_the_environment_and_that_before_the_configuration(option: Option) -> None:
    """Each source counts where no higher one speaks, and never mixes with it: lists and false switches included."""
    flag, variable, configured = (sample(option, text) for text in ("flag", "variable", "configured"))
    if option.kind is ValueKind.SWITCH:
        flag, variable, configured = False, True, False
    layers = [
        complete_settings({}, {option.name: (configured, PATH)}, TOKEN_OPTIONS),
        parse_environment({option.environment: variable_text(variable)}, TOKEN_OPTIONS),
        dict(parse_words(flag_words(option, flag), TOKEN_OPTIONS).settings),
    ]
    spelled = [f'"{option.name}" in {PATH}', option.environment, f"--{option.name}"]
    for count, value in enumerate((configured, variable, flag), start=1):
        expected = {option.name: Setting(typed(value), Origin(count), spelled[count - 1])}
        assert layer(*layers[:count]) == expected
        assert layer(*reversed(layers[:count])) == expected


@pytest.mark.parametrize("option", TOKEN_OPTIONS, ids=name_option)
def test_the_variable_is_named_as_step_names_it(option: Option) -> None:
    """STEP_, and the option's first name in capitals with underscores (step, cli-utils)."""
    assert option.environment == "STEP_" + option.name.replace("-", "_").upper()


@pytest.mark.parametrize("option", TOKEN_OPTIONS, ids=name_option)
def test_an_empty_variable_counts_as_absent(option: Option) -> None:
    """`STEP_SAN=` in front of a command takes the variable back."""
    assert parse_environment({option.environment: ""}, TOKEN_OPTIONS) == {}


@pytest.mark.parametrize(
    ("option", "value", "wanted"),
    [
        (
            option,
            value,
            {"switch": "true or false", "list": "text or a list of texts", "text": "text"}[option.kind],
        )
        for option in TOKEN_OPTIONS
        for value in (None, 1, 1.5, {}, {"a": "b"}, [1], ["a", None], [["a"]])
        + (() if option.kind is ValueKind.SWITCH else (True,))
        + (() if option.kind is ValueKind.LIST else (["a"], []))
    ],
)
def test_a_configured_value_of_the_wrong_type_is_refused(option: Option, value: Any, wanted: str) -> None:
    """JSON's other types are not made into text, and the error names key and file."""
    with pytest.raises(UsageError) as caught:
        complete_settings({}, {option.name: (value, PATH)}, TOKEN_OPTIONS)
    assert str(caught.value) == f'"{option.name}" in {PATH} is not {wanted}: fix the file'


@pytest.mark.parametrize(
    ("key", "value", "name", "expected"),
    [
        ("issuer", "a", "provisioner", "a"), ("n", "a", "principal", ("a",)), ("f", True, "force", True),
        ("san", "a,b", "san", ("a,b",)), ("san", ["a", "b"], "san", ("a", "b")), ("ssh", "T", "ssh", True),
        ("ssh", "false", "ssh", False), ("ssh", True, "ssh", True),
    ],
)  # fmt: skip
def test_a_configured_value_is_taken_by_any_of_its_names(key: str, value: Any, name: str, expected: object) -> None:
    """Keys are flag names, aliases too; a switch may be spelled as text; only variables are split on commas."""
    assert complete_settings({}, {key: (value, PATH)}, TOKEN_OPTIONS)[name].value == expected


def test_keys_of_other_commands_are_passed_over() -> None:
    """What `step ca bootstrap` writes beside is not this command's."""
    values: Mapping[str, tuple[object, str]] = {"fingerprint": ("ab", PATH), "redirect-url": (5, PATH)}
    assert complete_settings({}, values, TOKEN_OPTIONS) == {}


@settings(max_examples=150)
@given(text=st.one_of(st.sampled_from([*TRUE_WORDS, *FALSE_WORDS, "TrUe", "yes", "on", "2", " true"]), st.text()))
def test_switches_are_spelled_as_in_go(go: GoAnswers, text: str) -> None:
    """What strconv.ParseBool takes is taken, and nothing else."""
    answer = go.ask("bool", text)
    try:
        truth = parse_switch(text, "--ssh")
    except UsageError:
        assert "error" in answer
    else:
        assert truth is answer.get("truth", False)
        assert "error" not in answer


def test_lists_in_variables_are_split_on_commas(place: OfflinePlace) -> None:
    """White space around each is dropped, as step does; a flag replaces the whole list."""
    environment = {"STEP_SAN": "a.example.com, 1.1.1.1 ,b"}
    assert place.mint("foo", environment=environment).claims["sans"] == ["a.example.com", "1.1.1.1", "b"]
    assert place.mint("foo", "--san", "c,d", environment=environment).claims["sans"] == ["c,d"]


def test_a_hole_in_a_list_is_refused(place: OfflinePlace) -> None:
    """An empty name between two commas is not a name."""
    result = place.mint("foo", environment={"STEP_SAN": "a,,b"})
    assert (result.status, result.out) == (2, "")
    assert "item 2 of 3 in STEP_SAN is empty" in result.err


def test_a_false_flag_takes_a_true_variable_back(place: OfflinePlace) -> None:
    """`--ssh=false` overrides STEP_SSH=true, and then nothing SSH-like is asked for or refused."""
    environment = {"STEP_SSH": "true"}
    assert place.mint("foo", environment=environment).claims["aud"].endswith("/1.0/ssh/sign")
    claims = place.mint("foo", "--ssh=false", "--san", "a", environment=environment).claims
    assert (claims["aud"], claims["sans"]) == ("https://ca.example.com/1.0/sign", ["a"])


@pytest.mark.parametrize(
    ("environment", "words", "named"),
    [
        ({"STEP_SSH": "1"}, ["--san", "a"], ("STEP_SSH", "--san")),
        ({"STEP_SAN": "a"}, ["--ssh"], ("STEP_SAN", "--ssh")),
        ({"STEP_SAN": "a"}, ["--revoke"], ("STEP_SAN", "--revoke")), ({"STEP_HOST": "1"}, [], ("STEP_HOST", "--ssh")),
        ({"STEP_REVOKE": "t", "STEP_RENEW": "t"}, [], ("STEP_REVOKE", "STEP_RENEW")),
        ({"STEP_PRINCIPAL": "root"}, [], ("STEP_PRINCIPAL", "--ssh")),
        ({"STEP_CERT_NOT_AFTER": "1h"}, [], ("STEP_CERT_NOT_AFTER", "--ssh")),
        ({"STEP_SET": "a=b"}, ["--renew"], ("STEP_SET", "--renew")),
        ({"STEP_OFFLINE": "1"}, ["--timeout", "5s"], ("STEP_OFFLINE", "--timeout")),
        ({"STEP_NOT_AFTER": "soon"}, [], ("STEP_NOT_AFTER 'soon'",)),
        ({"STEP_CA_URL": "http://h"}, [], ("STEP_CA_URL",)),
        ({"STEP_OFFLINE": "maybe"}, [], ("STEP_OFFLINE 'maybe'", "true or false")),
        ({"STEP_CNF": "x"}, [], ("STEP_CNF 'x'",)), ({"STEP_KID": "\udcff"}, [], ("STEP_KID is not UTF-8",)),
        ({"STEP_PASSWORD_FILE": "-"}, ["--root", "-"], ("STEP_PASSWORD_FILE", "--root", "standard input")),
    ],
)  # fmt: skip
def test_a_variable_that_contradicts_is_refused_by_its_name(
    environment: dict[str, str], words: list[str], named: tuple[str, ...]
) -> None:
    """The error spells each setting as the user did: a flag with dashes, a variable by its name."""
    result = invoke("token", "1", *words, environment={"STEPPATH": "/nonexistent", **environment})
    assert (result.status, result.out) == (2, "")
    assert all(name in result.err for name in named), result.err


def test_a_place_in_variables_and_files_is_not_refused_where_it_has_no_use(tmp_path: Path) -> None:
    """What describes a CA, not a request, may stand in the environment or the configuration for other runs."""
    place = prepare_place(tmp_path)
    (tmp_path / "step" / "config").mkdir()
    habits = {"force": True, "timeout": "5s", "provisioner-password-file": "/nowhere", "ca-config": "/nowhere.json"}
    (tmp_path / "step" / "config" / "defaults.json").write_text(json.dumps({"request-timeout": "5s", "f": True}))
    environment = {f"STEP_{name.replace('-', '_').upper()}": variable_text(value) for name, value in habits.items()}
    del environment["STEP_CA_CONFIG"]
    assert place.mint("foo", environment=environment).claims["sub"] == "foo"
    online = invoke("token", "foo", environment={"STEPPATH": "/nonexistent", "STEP_CA_CONFIG": "/nowhere.json"})
    assert "--ca-url is missing" in online.err


SOURCES = ("flag", "variable", "configuration")


def give(step: Path, settings: Mapping[str, tuple[str, str]]) -> tuple[list[str], dict[str, str]]:
    """Return flags and variables that give `settings`, each a value and a source; write the rest to defaults.json."""
    words = [word for name, (value, source) in settings.items() if source == "flag" for word in (f"--{name}", value)]
    variables = {
        "STEP_" + name.replace("-", "_").upper(): value
        for name, (value, source) in settings.items()
        if source == "variable"
    }
    configured = {name: value for name, (value, source) in settings.items() if source == "configuration"}
    (step / "config").mkdir(parents=True, exist_ok=True)
    (step / "config" / "defaults.json").write_text(json.dumps(configured))
    return words, variables


@pytest.mark.parametrize("common", SOURCES)
@pytest.mark.parametrize("own", SOURCES)
@pytest.mark.parametrize("is_right", [True, False], ids=["right", "wrong"])
def test_the_provisioners_own_password_file_goes_first(
    sandbox_path: Path, step_program: str, tmp_path: Path, own: str, common: str, is_right: bool
) -> None:
    """Wherever the two come from, as with step; a file that was named for this run in vain is told of."""
    (tmp_path / "wrong").write_text("wrong")
    files = [str(sandbox_path / "secrets" / "password"), str(tmp_path / "wrong")]
    one, other = files if is_right else files[::-1]
    settings = {"provisioner-password-file": (one, own), "password-file": (other, common)}
    words, variables = give(tmp_path / "step", settings)
    for name in ("config/ca.json", "certs"):
        (tmp_path / "step" / name).symlink_to(sandbox_path / name)
    environment = {"STEPPATH": str(tmp_path / "step"), **variables}
    result = invoke("token", "foo", "--offline", *words, environment=environment)
    theirs = run_step(step_program, "ca", "token", "foo", "--offline", *words, environment=environment)
    assert (result.status == 0) is is_right is (theirs.status == 0), (result, theirs)
    vain = "--password-file" if common == "flag" else "STEP_PASSWORD_FILE"
    before = spell(own, tmp_path)
    told = f"{vain} is not used{':' if is_right else ', because'} {before} takes precedence"
    assert (told in result.err) is (common != "configuration"), result.err
    advised = "; --provisioner-password-file on the command line takes precedence over both: check the password\n"
    if not is_right and common != "configuration":
        assert result.err.endswith(advised if own != "flag" else f"{told}: check the password\n")
        examined = invoke("doctor", "--offline", *words, environment=environment)
        assert told in examined.out and examined.status == 1


def spell(source: str, path: Path) -> str:
    """Return how an error spells `provisioner-password-file` of this source."""
    name, file = "provisioner-password-file", path / "step" / "config" / "defaults.json"
    return {"flag": f"--{name}", "variable": "STEP_PROVISIONER_PASSWORD_FILE", "configuration": f'"{name}" in {file}'}[
        source
    ]


def write_contexts(base: Path, current: str | None) -> None:
    """Write a step path with two contexts; the second one's profile says more than its authority does."""
    contexts = {name: {"authority": f"{name}-ca", "profile": f"{name}-me"} for name in ("one", "two")}
    (base / "contexts.json").write_text(json.dumps(contexts))
    if current:
        (base / "current-context.json").write_text(json.dumps({"context": current}))
    for name in ("one", "two"):
        for folder, values in (
            (base / "authorities" / f"{name}-ca", {"ca-url": f"{name}.example.com", "provisioner": "of the authority"}),
            (base / "profiles" / f"{name}-me", {"provisioner": f"of {name}"}),
        ):
            (folder / "config").mkdir(parents=True)
            (folder / "config" / "defaults.json").write_text(json.dumps(values))


@pytest.mark.parametrize(
    ("current", "words", "environment", "expected"),
    [
        ("one", [], {}, "one"), ("one", ["--context", "two"], {}, "two"), (None, ["--context", "one"], {}, "one"),
        ("one", [], {"STEP_CONTEXT": "two"}, "two"), ("one", ["--context", "one"], {"STEP_CONTEXT": "two"}, "one"),
    ],
)  # fmt: skip
def test_a_context_chooses_the_configuration(
    tmp_path: Path, current: str | None, words: list[str], environment: dict[str, str], expected: str
) -> None:
    """The flag, else the variable, else the current one; its profile's values lie over its authority's."""
    place = prepare_place(tmp_path)
    write_contexts(tmp_path / "step", current)
    bare = ["--offline", "--key", str(tmp_path / "key.pem"), "--root", str(tmp_path / "root.crt")]
    surroundings = {"STEPPATH": str(place.path / "step"), **environment}
    claims = invoke("token", "foo", *bare, *words, environment=surroundings).claims
    assert (claims["aud"], claims["iss"]) == (f"https://{expected}.example.com/1.0/sign", f"of {expected}")


COMPARED = [
    ({"STEP_SAN": "a.example.com, 1.1.1.1"}, ["foo"]), ({"STEP_SAN": "a,b"}, ["foo", "--san", "c"]),
    ({"STEP_SSH": "true"}, ["foo"]), ({"STEP_SSH": "T", "STEP_HOST": "1"}, ["foo"]),
    ({"STEP_SSH": "true"}, ["--ssh=false", "foo"]),
    ({"STEP_PRINCIPAL": "a,b", "STEP_SSH": "1"}, ["foo"]), ({"STEP_REVOKE": "TRUE"}, ["12"]),
    ({"STEP_SSH": ""}, ["foo"]), ({"STEP_NOT_AFTER": "30m"}, ["foo"]),
    ({"STEP_NOT_AFTER": "30m"}, ["--not-after=10m", "foo"]),
    ({}, ["-not-before", "-1m", "--san=a", "-san", "b", "foo"]), ({}, ["--ssh", "-n", "a", "-n=b", "foo"]),
    ({"STEP_PROVISIONER": "sandbox@example.com"}, ["foo"]), ({}, ["--issuer", "sandbox@example.com", "foo"]),
]  # fmt: skip


@pytest.fixture(scope="module")
def provisioner_key(running_ca: RunningCa, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The provisioner's key, not encrypted, for both tools to sign by without delay."""
    (provisioner,) = json.loads((running_ca.path / "config" / "ca.json").read_text())["authority"]["provisioners"]
    path = tmp_path_factory.mktemp("key") / "token.key"
    password = (running_ca.path / "secrets" / "password").read_bytes().strip()
    path.write_bytes(open_jwe(provisioner["encryptedKey"], password))
    return path


@pytest.mark.parametrize(("environment", "words"), COMPARED)
def test_settings_mean_what_they_mean_to_step(
    running_ca: RunningCa, step_program: str, provisioner_key: Path, environment: dict[str, str], words: list[str]
) -> None:
    """The same variables and flags give the claims that the real step gives, identifier and seconds apart."""
    surroundings = {"STEPPATH": str(running_ca.path), "STEP_KEY": str(provisioner_key), **environment}
    step = run_step(step_program, "ca", "token", *words, environment=surroundings)
    assert step.status == 0, step.err
    theirs, ours = decode_part(step.out.strip(), 1), invoke("token", *words, environment=surroundings).claims
    assert theirs.pop("user", {}) == {}
    for claims in (theirs, ours):
        begin, end, now = (claims.pop(name) for name in ("nbf", "exp", "iat"))
        claims |= {"jti": None, "minutes": (round((begin - now) / 60), round((end - now) / 60))}
    assert ours == theirs
