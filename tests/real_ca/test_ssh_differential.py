"""The commands for SSH certificates beside the real step CLI, at a real step-ca: files, modes, statuses, sentences."""

import re
import subprocess
from base64 import b64decode
from pathlib import Path
from typing import Any

import attrs
import pytest

from tests.support.running import Result
from tests.support.ssh_scene import JWK, PLAIN, SshScene

OF_HOST = ("--host", "host.test", "@NAME", *PLAIN)
CERTIFICATES = {
    "user": ("max@ex.test", "@NAME", "--no-agent", *PLAIN),
    "user with dots": ("Max.Doe@ex.test", "@NAME", "--no-agent", *PLAIN),
    "user without address": ("max", "@NAME", "--no-agent", *PLAIN),
    "odd user": ("Ä b_c@d@ex.test", "@NAME", "--no-agent", *PLAIN),
    "host": OF_HOST,
    "principals": ("-n", "a", "-n", "b", "-n", "A.b", "ops", "@NAME", "--no-agent", *PLAIN),
    "times": (*OF_HOST, "--not-before", "5m", "--not-after", "65m"),
    "fixed times": (*OF_HOST, "--not-before", "2050-01-01T00:00:00Z", "--not-after", "2050-01-02T00:00:00Z"),
    "Ed25519": (*OF_HOST, "--kty", "OKP", "--crv", "Ed25519"),
    "P-384": (*OF_HOST, "--kty", "EC", "--curve", "P-384"),
    "RSA": (*OF_HOST, "--kty", "RSA", "--size", "3072"),
    "comment": (*OF_HOST, "--comment", "other"),
    "template data": (*OF_HOST, "--set", "a=1", "--set", 'b={"c": "d"}'),
    "adding the user": ("max", "@NAME", "--add-user", "--no-agent", *PLAIN),
}
REFUSED = {
    "no key file": ("max",),
    "no-password alone": ("max", "@NAME", "--no-password"),
    "two words on the password": ("max", "@NAME", *PLAIN, "--password-file", "@password"),
    "host-id without host": ("max", "@NAME", *PLAIN, "--host-id", "machine"),
    "adding a host": (*OF_HOST, "--add-user"),
    "adding two": ("max", "@NAME", "--add-user", "-n", "a", "-n", "b", *PLAIN),
    "size of a curve": (*OF_HOST, "--kty", "EC", "--size", "2048"),
    "curve of RSA": (*OF_HOST, "--kty", "RSA", "--curve", "P-256"),
    "no time": (*OF_HOST, "--not-after", "tomorrow"),
    "no assignment": (*OF_HOST, "--set", "a"),
    "no public key": ("--host", "--sign", "host.test", "@nothing.pub"),
}


@attrs.frozen
class Both:
    """The scene, the real step CLI, and a file with the provisioner's password."""

    scene: SshScene
    step: str
    password: str

    def ask(self, *words: str) -> tuple[Result, Result]:
        """Put the words to both, each with a name of its own for NAME; the flags go first, as Go wants them."""
        flags = ("--provisioner-password-file", self.password)
        go = self.scene.run_step(self.step, words[0], *flags, *_sort(_fill(words[1:], "step")))
        return go, self.scene.run(words[0], *flags, *_fill(words[1:], "ours"))


def _fill(words: tuple[str, ...], name: str) -> list[str]:
    return [word.replace("NAME", name) for word in words]


def _sort(words: list[str]) -> list[str]:
    """Return the words with those that are no flags and no values of any at the end: Go stops at the first of them."""
    switches = {"--host", "--sign", "--no-agent", "--add-user", "--force", "-f", *PLAIN}
    flags: list[str] = []
    rest: list[str] = []
    left = iter(words)
    for word in left:
        if word.startswith("-"):
            flags += [word] if word in switches else [word, next(left)]
        else:
            rest.append(word)
    return flags + rest


@pytest.fixture
def both(ssh_scene: SshScene, step_program: str) -> Both:
    return Both(ssh_scene, step_program, str(ssh_scene.ca.ca.path / "secrets" / "password"))


def told(result: Result, name: str) -> list[str]:
    """Return the lines of stderr that name a file, with NAME for its name, without colours."""
    lines = re.sub(r"\x1b\[[0-9;]*m", "", result.err).replace(f"/{name}", "/NAME").splitlines()
    return [line for line in lines if "/NAME" in line]


def view(scene: SshScene, name: str) -> dict[str, Any]:
    """Return what can be seen of the files whose names begin so: modes, comments, and what OpenSSH says."""
    seen: dict[str, Any] = {}
    for path in sorted(scene.folder.glob(f"{name}*")):
        shown: dict[str, Any] = {"mode": path.stat().st_mode}
        if path.name.endswith("-cert.pub"):
            shown |= scene.read(path.name)
            shown = {key: value for key, value in shown.items() if key not in ("Serial", "Public key", "Valid")}
        if path.suffix == ".pub":
            shown["comment"] = path.read_text().split(" ", 2)[2:]
            shown["algorithm"] = path.read_text().split()[0]
        else:
            shown["first line"] = path.read_text().splitlines()[0]
            assert scene.derive(path.name) == scene.public(f"{path.name}.pub")
        seen[path.name.replace(name, "NAME")] = shown
    return seen


@pytest.mark.parametrize("words", CERTIFICATES.values(), ids=CERTIFICATES)
def test_both_write_the_same(both: Both, words: tuple[str, ...]) -> None:
    """The same files with the same modes, names and comments, and the same lines about them; OpenSSH reads them."""
    go, ours = both.ask("certificate", *words, *JWK)
    assert (go.status, ours.status, ours.out) == (0, 0, go.out), (go.err, ours.err)
    assert told(ours, "ours") == told(go, "step")
    assert view(both.scene, "ours") == view(both.scene, "step") != {}


@pytest.mark.parametrize("words", REFUSED.values(), ids=REFUSED)
def test_both_refuse(both: Both, words: tuple[str, ...]) -> None:
    """Neither writes anything; our status is 2 for a line that cannot be meant, 1 for a file."""
    (both.scene.folder / "password").write_text("password")
    before = both.scene.modes()
    go, ours = both.ask("certificate", *words, *JWK)
    assert go.status == 1 and ours.status == (1 if "@nothing.pub" in words else 2), (go, ours)
    assert ours.err.count("\nstep-ott: ") + ours.err.startswith("step-ott: ") == 1
    assert both.scene.modes() == before


@pytest.mark.parametrize("kind", ["ecdsa", "ed25519", "rsa"])
def test_both_sign_a_key_that_is_there(both: Both, kind: str) -> None:
    """The certificate alone is written, named after the key; neither touches what is there."""
    for name in ("step", "ours"):
        subprocess.run(
            [both.scene.ssh_keygen, "-q", "-t", kind, "-N", "", "-C", "mine", "-f", both.scene.place(f"@{name}")],
            check=True,
        )
    before = {path.name: path.read_bytes() for path in both.scene.folder.iterdir()}
    go, ours = both.ask("certificate", "--host", "--sign", "host.test", "@NAME.pub", *JWK)
    assert (go.status, ours.status, ours.out) == (0, 0, go.out), (go.err, ours.err)
    assert told(ours, "ours") == told(go, "step")
    assert view(both.scene, "ours") == view(both.scene, "step")
    after = {path.name: path.read_bytes() for path in both.scene.folder.iterdir()}
    assert after.keys() - before.keys() == {"step-cert.pub", "ours-cert.pub"} and before.items() <= after.items()


def test_both_encrypt_alike(both: Both) -> None:
    """A password from a file: OpenSSH opens both keys by it, and neither without."""
    password = both.scene.folder / "password"
    password.write_text("a word\n")
    for result in both.ask("certificate", "max", "@NAME", "--no-agent", "--password-file", str(password), *JWK):
        assert result.status == 0, result.err
    for name in ("step", "ours"):
        assert both.scene.derive(name, "a word") == both.scene.public(f"{name}.pub")
        assert b"bcrypt" in _decode(both.scene.folder / name) and b"aes256-ctr" in _decode(both.scene.folder / name)


def _decode(path: Path) -> bytes:
    return b64decode("".join(path.read_text().splitlines()[1:-1]))


def test_each_goes_on_with_the_others_files(both: Both) -> None:
    """Step renews, rekeys and revokes what we wrote, and we what it wrote; both say the same of it."""
    for result in both.ask("certificate", *OF_HOST, *JWK):
        assert result.status == 0, result.err
    scene = both.scene
    for ours, go in (("ours", "step"), ("step", "ours")):
        by_us = scene.run("renew", "-f", f"@{go}-cert.pub", f"@{go}")
        by_step = scene.run_step(both.step, "renew", "-f", f"@{ours}-cert.pub", f"@{ours}")
        assert (by_us.status, by_step.status) == (0, 0), (by_us.err, by_step.err)
        assert told(by_us, go) == told(by_step, ours)
    by_us = scene.run("rekey", "-f", *PLAIN, "@step-cert.pub", "@step")
    by_step = scene.run_step(both.step, "rekey", "-f", *PLAIN, "@ours-cert.pub", "@ours")
    assert (by_us.status, by_step.status) == (0, 0), (by_us.err, by_step.err)
    assert told(by_us, "step") == told(by_step, "ours")
    assert view(scene, "ours") == view(scene, "step")
    serials = {name: scene.read(f"{name}-cert.pub")["Serial"] for name in ("ours", "step")}
    pop = {name: ("--sshpop-cert", f"@{name}-cert.pub", "--sshpop-key", f"@{name}") for name in serials}
    by_us = scene.run("revoke", *pop["step"], serials["step"])
    by_step = scene.run_step(both.step, "revoke", *pop["ours"], serials["ours"])
    assert by_us.status == by_step.status == 0, (by_us.err, by_step.err)
    assert by_us.err.splitlines()[-1].replace(serials["step"], "") == by_step.err.splitlines()[-1].replace(
        serials["ours"], ""
    )
    for name, serial in serials.items():
        assert scene.run("revoke", *pop[name], serial).status == 1
        assert scene.run_step(both.step, "revoke", *pop[name], serial).status == 1


@pytest.mark.parametrize("words", [[], ["--host"]], ids=["user", "host"])
def test_the_keys_are_those_that_step_prints(both: Both, words: list[str]) -> None:
    """`ssh roots` is what `step ssh config --roots` prints."""
    ours, go = both.scene.run("roots", *words), both.scene.run_step(both.step, "config", "--roots", *words)
    assert (ours.status, ours.out) == (go.status, go.out) and ours.out
