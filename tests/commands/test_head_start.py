"""The opening of a key that begins before the rest of the program has loaded: a guess that nothing rests on."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from adapters.machine.input_files import RegularFiles
from adapters.machine.step_path import StepPath
from domain.errors import WrongPasswordError
from domain.settings.setting import Origin, Setting
from entrypoints.wiring import head_start
from entrypoints.wiring.head_start import begin_opening_key
from tests.support.peer_programs import REPOSITORY


@pytest.fixture
def own_path(sandbox_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A sandbox to change, in a process that counts as the command line's own."""
    monkeypatch.setattr(head_start, "is_own", lambda: True)
    return shutil.copytree(sandbox_path, tmp_path / "step")


def begin(path: Path, **given: str) -> Any:
    """Return what is begun for `token --offline` with the sandbox's password file and these settings."""
    usual = {"offline": True, "password-file": str(path / "secrets" / "password")}
    usual["ca-config"] = str(path / "config" / "ca.json")
    values = usual | {name.replace("_", "-"): value for name, value in given.items()}
    settings = {name: Setting(value, Origin.FLAG, f"--{name}") for name, value in values.items()}
    return begin_opening_key(settings, StepPath(RegularFiles(), str(path)))


def change(path: Path, adjust: Callable[[list[Any]], object]) -> None:
    """Change the list of provisioners in the sandbox's ca.json."""
    file = path / "config" / "ca.json"
    config = json.loads(file.read_text())
    adjust(config["authority"]["provisioners"])
    file.write_text(json.dumps(config))


def read_envelope(path: Path) -> str:
    """Return the encrypted key of the sandbox's JWK provisioner."""
    config = json.loads((path / "config" / "ca.json").read_text())
    (found,) = (one["encryptedKey"] for one in config["authority"]["provisioners"] if "encryptedKey" in one)
    return str(found)


def test_what_is_begun_opens_the_key_once_and_others_are_opened_anew(own_path: Path) -> None:
    """The same envelope and password are not derived for again; another password is refused as ever."""
    jwe, password = read_envelope(own_path), (own_path / "secrets" / "password").read_bytes().strip()
    begun = begin(own_path)
    assert json.loads(begun.take(jwe, password)())["kty"] == "EC"
    assert json.loads(begun.take(jwe, password)())["kty"] == "EC"
    with pytest.raises(WrongPasswordError):
        begin(own_path).take(jwe, b"another")()


def test_the_provisioner_is_told_by_name_and_kid(own_path: Path) -> None:
    """Of two that have a key, settings tell which; where they do not, nothing is begun."""
    change(own_path, lambda listed: listed.append({**listed[0], "name": "second", "key": {"kid": "other"}}))
    first = json.loads((own_path / "config" / "ca.json").read_text())["authority"]["provisioners"][0]
    assert begin(own_path) is None
    assert begin(own_path, provisioner="nobody") is None
    assert begin(own_path, kid="nobody") is None
    assert begin(own_path, provisioner="second") is not None
    assert begin(own_path, kid=first["key"]["kid"]) is not None


@pytest.mark.parametrize(
    "given",
    [{"offline": ""}, {"password_file": ""}, {"key": "a.key"}, {"x5c_cert": "a.crt"}, {"renew": "x"},
     {"ca_config": "/nonexistent"}, {"password_file": "/nonexistent"}, {"password_file": "-"}, {"ca_config": "-"},
     {"password_file": "/dev/null"}, {"provisioner_password_file": "/nonexistent"}],
    ids=str,
)  # fmt: skip
def test_nothing_is_begun_where_there_is_nothing_to_guess(own_path: Path, given: dict[str, str]) -> None:
    """Neither without a password in a file, nor where another key is meant; standard input is left alone."""
    assert begin(own_path, **given) is None


@pytest.mark.parametrize(
    "config",
    ["", "[]", "{}", "{", '{"authority": 1}', '{"authority": {"provisioners": 1}}',
     '{"authority": {"provisioners": [1, {"encryptedKey": 1}]}}',
     '{"authority": {"provisioners": [{"encryptedKey": "x"}]}}', '{"a": ' * 100, " " * 2_000_000],
    ids=lambda text: text[:60],
)  # fmt: skip
def test_whatever_ca_json_says_is_no_error_yet(own_path: Path, config: str) -> None:
    """Who reads it the usual way tells what is wrong with it."""
    (own_path / "config" / "ca.json").write_text(config)
    assert begin(own_path) is None


def test_pipes_are_left_to_those_who_wait_for_them(own_path: Path) -> None:
    """What can be read once is not read for a guess."""
    os.mkfifo(own_path / "pipe")
    assert begin(own_path, password_file=str(own_path / "pipe")) is None
    assert begin(own_path, ca_config=str(own_path / "pipe")) is None
    with (own_path / "secrets" / "password").open() as file:
        assert begin(own_path, password_file=f"/dev/fd/{file.fileno()}") is None


def test_a_process_that_goes_on_gets_no_thread(own_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that uses step-ott may end while the key is still derived."""
    monkeypatch.setattr(head_start, "is_own", lambda: False)
    assert begin(own_path) is None


@pytest.mark.parametrize("words", [["--not-after", "nonsense"], ["--san", ""], ["--issuer", "nobody"]], ids=str)
def test_a_refused_request_says_what_it_always_did(own_path: Path, words: list[str]) -> None:
    """The derivation that has begun is in nobody's way."""
    usual = ["token", "foo", "--offline", "--password-file", str(own_path / "secrets" / "password")]
    command = [sys.executable, "-m", "entrypoints.cli", *usual, *words]
    environment = {"PATH": os.environ["PATH"], "STEPPATH": str(own_path)}
    done = subprocess.run(command, capture_output=True, cwd=REPOSITORY, env=environment, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.decode().startswith("step-ott: ")
    assert done.stderr.count(b"\n") == 1


def test_a_token_is_minted_by_the_key_that_is_begun(own_path: Path) -> None:
    """And likewise where nothing is begun, for a second one that has a key is ruled out by its type alone."""
    command = [sys.executable, "-m", "entrypoints.cli", "token", "foo", "--offline"]
    command += ["--password-file", str(own_path / "secrets" / "password")]
    environment = {"PATH": os.environ["PATH"], "STEPPATH": str(own_path)}
    for adjust in (len, lambda listed: listed.append({"type": "ACME", "name": "acme", "encryptedKey": "x"})):
        change(own_path, adjust)
        done = subprocess.run(command, capture_output=True, cwd=REPOSITORY, env=environment, timeout=60, check=True)
        assert done.stdout.count(b".") == 2
