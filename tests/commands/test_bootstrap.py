"""`ca bootstrap`, `ca root` and `ca roots`, without a real CA: whoever answers, and whatever is there already."""

import json
import os
import shutil
import sys
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from entrypoints.command_line.refused_commands import REFUSED_COMMANDS
from entrypoints.command_line.refused_options import REFUSED
from tests.support.file_tree import read_tree
from tests.support.hostile_ca import Behaviour, HostileCa, answer, endless, issue, leaf, root, serve, stall
from tests.support.running import Result, invoke

pytestmark = pytest.mark.usefixtures("undisturbed", "no_terminal")

OTHER = issue("Other Root", is_authority=True)
FINGERPRINT = sha256(root().der).hexdigest()
JUNK = b"\x30\x03\x02\x01\x05"


def give(pem: bytes) -> bytes:
    """Return the answer of a CA whose root is this."""
    return answer({"ca": pem.decode()}, status=201)


def pem_of(der: bytes) -> bytes:
    """Return any bytes in the form of a certificate."""
    from domain.formats.pem import encode_pem

    return encode_pem("CERTIFICATE", der)


def set_up(ca: HostileCa, folder: Path, *words: str, fingerprint: str = FINGERPRINT, **environment: str) -> Result:
    """Set a step path up for whoever answers."""
    given = {"STEPPATH": str(folder), **environment}
    named = () if "--fingerprint" in words else ("--fingerprint", fingerprint)
    return invoke("ca", "bootstrap", "--ca-url", ca.url, *named, *words, environment=given)


def read_defaults(folder: Path) -> Any:
    """Return what is configured."""
    return json.loads((folder / "config" / "defaults.json").read_text())


WRONG: Mapping[str, tuple[Behaviour | bytes, str]] = {
    "another root": (give(OTHER.pem), "answers with a root whose fingerprint is"),
    "the root and another": (give(root().pem + OTHER.pem), "answers with 2 certificates, not one"),
    "another and the root": (give(OTHER.pem + root().pem), "answers with 2 certificates, not one"),
    "the root twice": (give(root().pem * 2), "answers with 2 certificates, not one"),
    "a torn certificate": (give(root().pem[:200]), "answers with no root certificate"),
    "no certificate": (give(b"root"), "answers with 0 certificates, not one"),
    "a number": (answer({"ca": 5}), "answers with no root certificate"),
    "no JSON": (answer(b"<html>"), "its answer to /root/"),
    "a body that ends early": (give(root().pem)[:-100] + b"", "the CA at"),
    "no such root": (answer({"message": "not found"}, status=404), "has no root with the fingerprint"),
    "a redirect": (answer({}, status=302, Location="https://evil.test/"), "to https://evil.test/, which is refused"),
    "an error": (answer({"message": "no\x1b[31m"}, status=500), r"with status 500: no\x1b[31m"),
    "too much": (answer(b" " * (1 << 20) + b" "), "over 1048576 bytes"),
    "no end": (endless(b"HTTP/1.1 200 OK\r\n\r\n", b" " * 65_536), "over 1048576 bytes"),
    "silence": (stall, "did not answer within 500ms"),
}


@pytest.mark.parametrize("present", [False, True], ids=["nothing there", "a CA set up"])
@pytest.mark.parametrize("case", WRONG)
def test_whatever_else_comes_back_nothing_is_written(case: str, present: bool, tmp_path: Path) -> None:
    """One line says what it was; the step path is as before, be there one or not."""
    told, words = WRONG[case]
    folder = tmp_path / "step"
    if present:
        with serve(lambda _: give(root().pem)) as good:
            assert set_up(good, folder).status == 0
    before = read_tree(tmp_path)
    behaviour = (lambda _: told) if isinstance(told, bytes) else told
    if case == "a body that ends early":
        behaviour = lambda _: [told, b""]  # noqa: E731  # and the connection is closed
    with serve(behaviour) as ca:
        result = set_up(ca, folder, "--force", "--request-timeout", "500ms")
        printed = invoke("ca", "root", "--ca-url", ca.url, "--fingerprint", FINGERPRINT, "--request-timeout", "500ms")
    assert (result.status, result.out, result.err.count("\n")) == (1, "", 1) and words in result.err, result.err
    assert (printed.status, printed.out) == (1, "") and words in printed.err
    assert read_tree(tmp_path) == before
    assert set(ca.targets) == {f"/root/{FINGERPRINT}"}


def test_what_has_the_fingerprint_and_is_no_certificate_is_refused(tmp_path: Path) -> None:
    """A fingerprint may be that of anything."""
    with serve(lambda _: give(pem_of(JUNK))) as ca:
        result = set_up(ca, tmp_path / "step", fingerprint=sha256(JUNK).hexdigest())
    assert result.status == 1 and "is not an X.509 certificate" in result.err
    assert not (tmp_path / "step").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "--ca-url is missing: give the CA's address, or set STEP_CA_URL"),
        (["--ca-url", "ca.test"], "--fingerprint is missing: give the root's: 'openssl x509"),
        (["--ca-url", "http://ca.test", "--fingerprint", FINGERPRINT], "--ca-url 'http://ca.test' cannot be used"),
        (["--ca-url", "ca.test", "--fingerprint", FINGERPRINT[1:]], "cannot be used: it is not a SHA-256"),
        (["--ca-url", "ca.test", "--fingerprint", FINGERPRINT + "a"], "cannot be used: it is not a SHA-256"),
        (["--ca-url", "ca.test", "--fingerprint", "g" * 64], "cannot be used: it is not a SHA-256"),
        (["--ca-url", "ca.test", "--fingerprint", FINGERPRINT, "x"], "ca bootstrap takes no 'x'"),
        (["--ca-url", "ca.test", "--fingerprint", FINGERPRINT, "--context", "a/b"], "--context 'a/b' cannot be used"),
        (["--ca-url", "ca.test", "--fingerprint", FINGERPRINT, "--context", ".."], "--context '..' cannot be used"),
        (["--ca-url", "ca.test", "--fingerprint", FINGERPRINT, "--context", "a", "--authority", "../b"],
         "--authority '../b' cannot be used"),
        (["--ca-url", "ca.test", "--fingerprint", FINGERPRINT, "--profile", "."], "--profile '.' cannot be used"),
        (["--ca-url", "ca.test", "--fingerprint", FINGERPRINT, "--redirect-url", "https://a%"], "it is not a URL"),
        (["--ca-url", "ca.test", "--fingerprint", FINGERPRINT, "--context", ""], "--context needs a value"),
        *(([f"--{name}", "x"], f"--{name} is an option of step alone: it asks Smallstep's own servers for the CA: "
          "give the CA's --ca-url and --fingerprint") for name in REFUSED["ca bootstrap"]),
        (["--root", "x"], "there is no option --root"),
    ],
)  # fmt: skip
def test_what_cannot_be_set_up_is_refused_before_anybody_is_asked(words: list[str], said: str, tmp_path: Path) -> None:
    """Status 2, one line, and nothing written."""
    result = invoke("ca", "bootstrap", *words, environment={"STEPPATH": str(tmp_path / "step")})
    assert (result.status, result.out, result.err.count("\n")) == (2, "", 1) and said in result.err, result.err
    assert not (tmp_path / "step").exists()


@pytest.mark.parametrize("name", REFUSED_COMMANDS)
def test_commands_of_step_alone_are_refused_by_name(name: str) -> None:
    """With what they are for there, and what to do instead."""
    result = invoke(*name.split(), "x", "--admin-subject", "y")
    why, fix = REFUSED_COMMANDS[name]
    assert (result.status, result.out) == (2, "")
    assert result.err == f"step-ott: {name!r} is a command of step alone: {why}: {fix}\n"


def test_what_is_configured_has_no_say(tmp_path: Path) -> None:
    """The address and fingerprint of the CA before are not those of the next one; variables are."""
    with serve(lambda _: give(root().pem)) as ca:
        assert set_up(ca, tmp_path).status == 0
        bare = invoke("ca", "bootstrap", environment={"STEPPATH": str(tmp_path)})
        assert bare.status == 2 and "--ca-url is missing" in bare.err
        given = {"STEP_CA_URL": ca.url, "STEP_FINGERPRINT": FINGERPRINT, "STEP_CONTEXT": "here"}
        result = invoke("ca", "bootstrap", environment={"STEPPATH": str(tmp_path / "new"), **given})
    assert result.status == 0 and (tmp_path / "new" / "authorities" / "here").is_dir()


KEPT = {"provisioner": "me", "step-ott": {"provisioner-password-file": "p"}, "x": [1.50, "é"], "ca-config": "c"}


def test_other_settings_stay_and_are_named(tmp_path: Path) -> None:
    """Only what is set up is replaced, with --force alone; the rest of the file means what it meant."""
    (tmp_path / "config").mkdir()
    path = tmp_path / "config" / "defaults.json"
    path.write_text(json.dumps({"root": "old", "redirect-url": "old", **KEPT, "ca-url": "old"}))
    before = read_tree(tmp_path)
    with serve(lambda _: give(root().pem)) as ca:
        refused = set_up(ca, tmp_path)
        assert (refused.status, refused.out) == (1, "")
        assert refused.err == f"step-ott: {path} exists: add --force to replace it\n" and read_tree(tmp_path) == before
        result = set_up(ca, tmp_path, "--force")
    assert result.status == 0
    assert f"{path} keeps what it had beside: 'provisioner', 'step-ott', 'x', 'ca-config'." in result.err
    wanted = {"ca-url": ca.url, "fingerprint": FINGERPRINT, "root": f"{tmp_path}/certs/root_ca.crt", **KEPT}
    assert list(read_defaults(tmp_path).items()) == list(wanted.items())


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("config/defaults.json", "{"), ("config/defaults.json", "[]"), ("config/defaults.json", '{"a":1,"a":2}'),
        ("contexts.json", "{"), ("contexts.json", '{"a": 5}'), ("current-context.json", '{"context": 5}'),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_not_replaced(name: str, content: str, tmp_path: Path) -> None:
    """A file whose settings would be lost is named, before the CA is asked, with --force too."""
    (tmp_path / "config").mkdir()
    (tmp_path / name).write_text(content)
    before = read_tree(tmp_path)
    with serve(lambda _: give(root().pem)) as ca:
        result = set_up(ca, tmp_path, "--force")
    assert result.status == 1 and name in result.err and read_tree(tmp_path) == before and not ca.targets


def test_other_contexts_stay(tmp_path: Path) -> None:
    """With whatever they have, and a profile's settings too."""
    others = {"zoo": {"profile": "p", "authority": "a", "note": [1]}, "a": {"authority": "a", "profile": "p"}}
    (tmp_path / "contexts.json").write_text(json.dumps(others))
    (tmp_path / "profiles" / "p" / "config").mkdir(parents=True)
    (tmp_path / "profiles" / "p" / "config" / "defaults.json").write_text('{"provisioner": "me"}')
    with serve(lambda _: give(root().pem)) as ca:
        result = set_up(ca, tmp_path, "--profile", "p")
        health = set_up(ca, tmp_path, "--context", "zoo")
    assert result.status == health.status == 0 and "profile configuration" not in result.err
    contexts = json.loads((tmp_path / "contexts.json").read_text())
    named = {"zoo": {"profile": "zoo", "authority": "zoo"}, "127.0.0.1": {"profile": "p", "authority": "127.0.0.1"}}
    assert contexts == others | named
    assert json.loads((tmp_path / "current-context.json").read_text()) == {"context": "zoo"}
    assert json.loads((tmp_path / "profiles" / "p" / "config" / "defaults.json").read_text()) == {"provisioner": "me"}


def test_a_relative_step_path_is_written_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that what names the root names it from any folder."""
    monkeypatch.chdir(tmp_path)
    with serve(lambda _: give(root().pem)) as ca:
        assert set_up(ca, Path("step")).status == 0
    assert read_defaults(tmp_path / "step")["root"] == f"{tmp_path}/step/certs/root_ca.crt"


def test_a_link_is_replaced_and_its_target_stays(tmp_path: Path) -> None:
    """Nothing is written through a link; what is no file is left alone, and so are the others then."""
    (tmp_path / "step" / "config").mkdir(parents=True)
    target = tmp_path / "dotfiles.json"
    target.write_text('{"provisioner": "me"}')
    path = tmp_path / "step" / "config" / "defaults.json"
    path.symlink_to(target)
    with serve(lambda _: give(root().pem)) as ca:
        assert set_up(ca, tmp_path / "step").status == 1
        assert set_up(ca, tmp_path / "step", "--force").status == 0
        assert not path.is_symlink() and read_defaults(tmp_path / "step")["provisioner"] == "me"
        assert target.read_text() == '{"provisioner": "me"}'
        (tmp_path / "other" / "certs" / "root_ca.crt").mkdir(parents=True)
        before = read_tree(tmp_path)
        result = set_up(ca, tmp_path / "other", "--force")
    assert result.status == 1 and "root_ca.crt is not a regular file" in result.err and read_tree(tmp_path) == before


def test_modes_are_never_wider_than_before(tmp_path: Path) -> None:
    """Who has closed a file to others finds it closed."""
    with serve(lambda _: give(root().pem)) as ca:
        assert set_up(ca, tmp_path).status == 0
        (tmp_path / "config" / "defaults.json").chmod(0o600)
        assert set_up(ca, tmp_path, "--redirect-url", "https://a.test", "--force").status == 0
    assert read_tree(tmp_path)["config/defaults.json"][0] == "-rw-------"


# -- Printed and written certificates ---------------------------------------------------------------


@pytest.fixture
def trusting(tmp_path: Path) -> tuple[str, ...]:
    """The flag for the root."""
    (tmp_path / "root.crt").write_bytes(root().pem)
    return ("--root", str(tmp_path / "root.crt"))


@pytest.mark.parametrize("bundle", ["roots", "federation"])
def test_all_certificates_are_printed_or_written(bundle: str, trusting: tuple[str, ...], tmp_path: Path) -> None:
    """Each as one block, whatever was around it; several stay several."""
    told = answer({"crts": [f"subject=x\n{root().pem.decode()}", (OTHER.pem + leaf().pem).decode()]}, status=201)
    with serve(lambda _: told) as ca:
        printed = invoke("ca", bundle, "--ca-url", ca.url, *trusting)
        written = invoke("ca", bundle, str(tmp_path / "out"), "--ca-url", ca.url, *trusting)
    wanted = (root().pem + OTHER.pem + leaf().pem).decode()
    assert (printed.status, printed.out, printed.err) == (0, wanted, "")
    assert (written.status, written.out) == (0, "") and (tmp_path / "out").read_text() == wanted
    assert read_tree(tmp_path)["out"][0] == "-rw-------" and set(ca.targets) == {f"/{bundle}"}


@pytest.mark.parametrize(
    "told",
    [
        answer({"crts": ["-----BEGIN CERTIFICATE-----\n!"]}), answer({"crts": [pem_of(JUNK).decode()]}),
        answer({"crts": [root().pem.decode()[:200]]}), answer({"crts": 5}), answer([]), answer({}, status=404),
        answer({}, status=307, Location="//x"), answer(b" " * (1 << 20) + b" "),
    ],
    ids=["no base64", "no X.509", "torn", "a number", "a list", "absent", "redirect", "too much"],
)  # fmt: skip
def test_what_is_no_list_of_certificates_is_neither_printed_nor_written(
    told: bytes, trusting: tuple[str, ...], tmp_path: Path
) -> None:
    """Not even the sound ones of it."""
    with serve(lambda _: told) as ca:
        result = invoke("ca", "roots", str(tmp_path / "out"), "--ca-url", ca.url, *trusting)
    assert (result.status, result.out, result.err.count("\n")) == (1, "", 1)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["root", "a", "b"], "ca root takes one file, not 2"), (["roots", "-"], "'-' is not a file to write"),
        (["federation", ""], "'' is not a file to write"),
        (["root", "--force"], "--force has no effect without a file"),
        (["roots", "-f"], "-f has no effect without a file"), (["root", "--root", "x"], "there is no option --root"),
        (["provisioner", "list", "x"], "ca provisioner list takes no 'x'"),
        (["root", "--ca-url", "ca.test"], "--fingerprint is missing"), (["roots"], "--ca-url is missing"),
        (["root"], "--ca-url is missing: give it, set STEP_CA_URL, or run 'step-ott ca bootstrap'\n"),
        (["roots", "--ca-url", "ca.test"], "give it, or run 'step-ott ca bootstrap'"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_refused(words: list[str], said: str, tmp_path: Path) -> None:
    """Status 2, one line."""
    environment = {"STEPPATH": str(tmp_path)}
    if words[:1] == ["root"] and "--ca-url" not in words:
        environment["STEP_FINGERPRINT"] = FINGERPRINT
    if "force" in said or words[-1] == "-f":
        with serve(lambda _: give(root().pem)) as ca:
            (tmp_path / "root").write_bytes(root().pem)
            environment |= {"STEP_CA_URL": ca.url, "STEP_ROOT": str(tmp_path / "root")}
            result = invoke("ca", *words, environment=environment)
    else:
        result = invoke("ca", *words, environment=environment)
    assert (result.status, result.out, result.err.count("\n")) == (2, "", 1) and said in result.err, result.err


@pytest.mark.parametrize("path", ["/dev/stdout", "/dev/null", "/dev/fd/1"])
def test_a_device_is_not_replaced(path: str, tmp_path: Path) -> None:
    """Not even with --force: root could take the system's own away."""
    with serve(lambda _: give(root().pem)) as ca:
        words = ["ca", "root", path, "--ca-url", ca.url, "--fingerprint", FINGERPRINT, "--force"]
        before = os.lstat(path)
        result = invoke(*words)
    assert result.status == 1 and "is not a regular file" in result.err
    assert (os.lstat(path).st_ino, os.lstat(path).st_mode) == (before.st_ino, before.st_mode)


# -- The system's trust -----------------------------------------------------------------------------

TOOL = """#!/bin/sh
echo "$(basename "$0") $*" >> "$LOG"
case "$0" in *"$FAILS") echo "it is\nread-only" >&2; exit 3;; esac
"""


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of tools that note their words, which takes the place of PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setattr("adapters.machine.trust_store.FURTHER_PLACES", ())
    monkeypatch.setattr("adapters.machine.trust_store.ANCHOR_FOLDERS", (str(tmp_path / "absent"), str(tmp_path)))
    return folder


def put_tools(folder: Path, *names: str) -> None:
    """Have tools by these names."""
    for name in names:
        (folder / name).write_text(TOOL)
        (folder / name).chmod(0o755)


@pytest.mark.parametrize("user", [0, 1000])
@pytest.mark.parametrize("tool", ["update-ca-certificates", "trust"])
def test_the_system_trusts_the_root_by_its_own_tool(
    tool: str, user: int, tools: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With update-ca-certificates under the name that step gives it; whoever is not root goes through sudo."""
    put_tools(tools, tool, "install", "sudo")
    monkeypatch.setattr(os, "geteuid", lambda: user)
    log, step = tmp_path / "log", tmp_path / "step"
    places = {"PATH": f"{tools}:/bin:/usr/bin", "LOG": str(log), "FAILS": "none"}
    if tool == "trust":
        monkeypatch.setattr("adapters.machine.trust_store.ANCHOR_FOLDERS", ())
    with serve(lambda _: give(root().pem)) as ca:
        result = set_up(ca, step, "--install", **places)
    assert result.status == 0, result.err
    assert result.err.endswith("Installing the root certificate in the system truststore... done.\n")
    path, serial = step / "certs" / "root_ca.crt", root().certificate.serial_number
    install = ["install", "-m", "0644", "--", str(path), f"{tmp_path}/Test_Root_{serial}.crt"]
    wanted = [install, [tool]] if tool != "trust" else [["trust", "anchor", "--store", str(path)]]
    if user:
        wanted = [["sudo", "--", f"{tools}/{words[0]}", *words[1:]] for words in wanted]
    assert [line.split() for line in log.read_text().splitlines()] == wanted


@pytest.mark.parametrize("failing", ["install", "update-ca-certificates"])
def test_a_tool_that_fails_is_told_and_the_files_stay(failing: str, tools: Path, tmp_path: Path) -> None:
    """With what it said, on one line."""
    put_tools(tools, "update-ca-certificates", "install", "sudo")
    places = {"PATH": f"{tools}:/bin:/usr/bin", "LOG": str(tmp_path / "log"), "FAILS": failing}
    with serve(lambda _: give(root().pem)) as ca:
        result = set_up(ca, tmp_path / "step", "--install", **places)
    assert result.status == 1 and read_defaults(tmp_path / "step")["ca-url"] == ca.url
    assert f"the system does not trust it: {failing} failed: status 3: it is read-only: " in result.err


@pytest.mark.parametrize(
    ("platform", "has", "said"),
    [
        ("darwin", (), "--install is for Linux, and this is darwin: leave it out, then run 'sudo security add-trusted"),
        ("win32", (), "this is win32: leave it out, then run 'certutil -addstore"),
        ("freebsd14", ("trust",), "this is freebsd14: leave it out, then add it by the system's own tool"),
        ("linux", ("sudo",), "--install finds neither update-ca-certificates nor trust on this system"),
        ("linux", ("trust",), "--install takes the rights of root, and there is no sudo: run it as root"),
    ],
)  # fmt: skip
def test_where_nothing_can_be_installed_nothing_is_written(
    platform: str, has: tuple[str, ...], said: str, tools: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is refused by name before the CA is asked."""
    put_tools(tools, *has)
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with serve(lambda _: give(root().pem)) as ca:
        result = set_up(ca, tmp_path / "step", "--install", PATH=str(tools))
    assert (result.status, result.err.count("\n")) == (2, 1) and said in result.err, result.err
    assert not (tmp_path / "step").exists() and not ca.targets
    shutil.rmtree(tools)
