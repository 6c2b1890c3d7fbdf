"""The step path: contexts, defaults.json and default places, as the step CLI reads them."""

import json
from pathlib import Path
from typing import Any

import pytest

from adapters.machine.input_files import LocalFiles
from adapters.machine.step_path import StepPath
from domain.errors import InputError, StepOttError, UsageError
from tests.support.running import invoke, run_step

CONTEXTS = {"one": {"authority": "a1", "profile": "p1"}, "two": {"authority": "a2", "profile": "p2"}}


def write(path: Path, value: object) -> None:
    """Write `value` to `path`: text as it stands, anything else as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(value if isinstance(value, str) else json.dumps(value))


def open_path(base: Path, context: str | None = None) -> StepPath:
    """Return the step path at `base`."""
    return StepPath(LocalFiles(), str(base), context)


@pytest.fixture
def contexts(tmp_path: Path) -> Path:
    """A base with two contexts, of which the first is the current one."""
    write(tmp_path / "contexts.json", CONTEXTS)
    write(tmp_path / "current-context.json", {"context": "one"})
    for authority, profile in (("a1", "p1"), ("a2", "p2")):
        defaults = {"ca-url": f"https://{authority}.test", "root": f"/{authority}", "fingerprint": "f"}
        write(tmp_path / "authorities" / authority / "config" / "defaults.json", defaults)
        write(tmp_path / "profiles" / profile / "config" / "defaults.json", {"root": f"/{profile}", "kid": profile})
    return tmp_path


def values(step_path: StepPath) -> dict[str, Any]:
    """Return the configured values without their files."""
    return {key: value for key, (value, _) in step_path.defaults().items()}


def test_without_contexts_the_base_is_the_step_path(tmp_path: Path) -> None:
    """Configuration, root and ca.json lie in the base, and each value knows its file."""
    file = tmp_path / "config" / "defaults.json"
    write(file, {"ca-url": "https://ca.test", "redirect-url": ""})
    step_path = open_path(tmp_path)
    assert step_path.authority_path() == str(tmp_path)
    assert step_path.default_root() == f"{tmp_path}/certs/root_ca.crt"
    assert step_path.default_ca_config() == f"{tmp_path}/config/ca.json"
    assert step_path.defaults() == {"ca-url": ("https://ca.test", str(file)), "redirect-url": ("", str(file))}


def test_settings_of_step_ott_alone_go_before_the_rest_of_their_file(contexts: Path) -> None:
    """A profile's go before an authority's own all the same, as it is the nearer file."""
    own, profile = ({"kid": "own", "root": "/own"}, {"root": "/p1"})
    write(contexts / "authorities" / "a1" / "config" / "defaults.json", {"kid": "shared", "step-ott": own})
    write(contexts / "profiles" / "p1" / "config" / "defaults.json", profile)
    assert values(open_path(contexts)) == {"kid": "own", "root": "/p1"}


@pytest.mark.parametrize("own", [5, None, [], {"context": "two"}], ids=repr)
def test_settings_of_step_ott_alone_are_settings(own: object, tmp_path: Path) -> None:
    """They are an object, and choose no context either."""
    write(tmp_path / "config" / "defaults.json", {"step-ott": own})
    with pytest.raises(InputError, match=r"defaults\.json"):
        open_path(tmp_path).defaults()


@pytest.mark.parametrize("base", ["missing", "file"])
def test_a_base_that_is_not_there_configures_nothing(base: str, tmp_path: Path) -> None:
    """A user without a step path has no settings, and no error."""
    write(tmp_path / "file", "")
    assert open_path(tmp_path / base).defaults() == {}


def test_the_current_context_is_used(contexts: Path) -> None:
    """The authority's folder is the step path, and the profile's defaults go over the authority's."""
    step_path = open_path(contexts)
    assert step_path.authority_path() == f"{contexts}/authorities/a1"
    assert step_path.default_root() == f"{contexts}/authorities/a1/certs/root_ca.crt"
    assert step_path.default_ca_config() == f"{contexts}/authorities/a1/config/ca.json"
    profile = f"{contexts}/profiles/p1/config/defaults.json"
    assert step_path.defaults() == {
        "ca-url": ("https://a1.test", f"{contexts}/authorities/a1/config/defaults.json"),
        "root": ("/p1", profile),
        "fingerprint": ("f", f"{contexts}/authorities/a1/config/defaults.json"),
        "kid": ("p1", profile),
    }


@pytest.mark.parametrize("current", [None, {"context": "one"}, {"context": "gone"}, {"context": 5}])
def test_a_named_context_goes_before_the_current_one(current: object, contexts: Path) -> None:
    """--context says which, whatever current-context.json says."""
    (contexts / "current-context.json").unlink()
    if current is not None:
        write(contexts / "current-context.json", current)
    step_path = open_path(contexts, "two")
    assert values(step_path) == {"ca-url": "https://a2.test", "root": "/p2", "fingerprint": "f", "kid": "p2"}


def test_a_context_that_is_not_there_is_refused(contexts: Path) -> None:
    """The error lists the contexts that there are."""
    with pytest.raises(UsageError, match=r"--context names the context 'three', which is not in .*: it has one, two"):
        open_path(contexts, "three").defaults()


def test_a_context_without_any_contexts_is_refused(tmp_path: Path) -> None:
    """--context without a contexts.json is not ignored."""
    with pytest.raises(UsageError, match="it has none"):
        open_path(tmp_path, "one").defaults()


def test_contexts_without_a_current_one_need_a_choice(contexts: Path) -> None:
    """With several contexts and none selected, nothing is guessed."""
    (contexts / "current-context.json").unlink()
    with pytest.raises(UsageError, match=r"no context is selected; .* has one, two: name one with --context"):
        open_path(contexts).defaults()


@pytest.mark.parametrize("folder", ["authorities/a1", "profiles/p1"])
@pytest.mark.parametrize("key", ["context", "profile", "authority"])
def test_a_key_that_chooses_a_context_is_refused_within_one(key: str, folder: str, contexts: Path) -> None:
    """defaults.json cannot lead to another context; the error names key and file."""
    file = contexts / folder / "config" / "defaults.json"
    write(file, {key: "two"})
    with pytest.raises(InputError, match=rf'"{key}" is not allowed in {file}'):
        open_path(contexts).defaults()


@pytest.mark.parametrize("key", ["authority", "profile"])
@pytest.mark.parametrize("value", ["../x", "..", ".", "", "/etc", "a/b", "a\0b", None, 5, ["a1"]], ids=repr)
def test_a_context_names_plain_folders(key: str, value: object, contexts: Path) -> None:
    """An authority or profile that would lead out of its place, or is not text, is refused."""
    write(contexts / "contexts.json", {"one": CONTEXTS["one"] | {key: value}})
    with pytest.raises(InputError, match=rf"context 'one' in .*contexts\.json has no proper '{key}'"):
        open_path(contexts).defaults()


@pytest.mark.parametrize("context", [None, 5, "a1", ["a1", "p1"], {}], ids=repr)
def test_a_context_is_an_object(context: object, contexts: Path) -> None:
    """What is not a mapping of authority and profile is refused."""
    write(contexts / "contexts.json", {"one": context})
    with pytest.raises(InputError, match="context 'one'"):
        open_path(contexts).defaults()


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"x"', '{"a":1,"a":2}', '{"a":NaN}', "[" * 10_000, "\ufeff[]"])
@pytest.mark.parametrize(
    "name", ["contexts.json", "current-context.json", "authorities/a1/config/defaults.json",
             "profiles/p1/config/defaults.json"],
)  # fmt: skip
def test_a_malformed_file_is_named(name: str, text: str, contexts: Path) -> None:
    """A file that is not a JSON object is never passed over."""
    write(contexts / name, text)
    with pytest.raises(InputError, match=f"{contexts}/{name} "):
        open_path(contexts).defaults()


@pytest.mark.parametrize("current", [5, [], {}, True])
def test_a_current_context_is_text(current: object, contexts: Path) -> None:
    """A current context of another type is refused."""
    write(contexts / "current-context.json", {"context": current})
    with pytest.raises(InputError, match=r'"context" in .*current-context\.json is not text'):
        open_path(contexts).defaults()


@pytest.mark.parametrize("name", ["contexts.json", "config/defaults.json"])
def test_a_file_that_cannot_be_reached_is_not_taken_for_absent(name: str, tmp_path: Path) -> None:
    """Settings that are there but cannot be read are an error, never silently left out."""
    (tmp_path / "config").mkdir()
    (tmp_path / name).symlink_to(tmp_path / name)
    with pytest.raises(InputError, match=f"{tmp_path}/{name} cannot be read: Too many levels"):
        open_path(tmp_path).defaults()


def test_a_context_s_settings_reach_the_command(contexts: Path) -> None:
    """The command takes address and root from the context that it is told."""
    environment = {"STEPPATH": str(contexts)}
    told = invoke("token", "a", "--context", "two", environment=environment)
    assert (told.status, told.out) == (1, "") and "/p2 cannot be read" in told.err
    assert "/p1 cannot be read" in invoke("token", "a", environment=environment).err


@pytest.mark.parametrize(
    ("listed", "current"),
    [
        (CONTEXTS, {"context": "one"}),
        (CONTEXTS, {"context": "two"}),
        (CONTEXTS, {"context": "gone"}),
        (CONTEXTS, {"context": ""}),
        (CONTEXTS, {"context": 5}),
        (CONTEXTS, "{"),
        (CONTEXTS, None),
        ([], {"context": "one"}),
        ({}, {"context": "one"}),
        ({}, None),
        (None, {"context": "one"}),
        (None, None),
        ({"one": {"authority": "a1", "profile": ""}}, {"context": "one"}),
        ({"one": {"authority": "", "profile": "p1"}}, {"context": "one"}),
    ],
)
def test_step_has_the_same_step_path(listed: object, current: object, step_program: str, tmp_path: Path) -> None:
    """The real step finds the same authority's folder, or refuses where we refuse."""
    if listed is not None:
        write(tmp_path / "contexts.json", listed)
    if current is not None:
        write(tmp_path / "current-context.json", current)
    theirs = run_step(step_program, "path", environment={"STEPPATH": str(tmp_path)})
    try:
        ours = open_path(tmp_path).authority_path()
    except StepOttError:
        ours = ""
    assert (ours == "") == (theirs.status != 0), theirs
    assert ours == "" or ours == theirs.out.strip()
