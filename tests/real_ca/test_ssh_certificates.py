"""The commands for SSH certificates before a real step-ca, read by OpenSSH."""

import json
import re
import shutil
import stat
import subprocess
from pathlib import Path

import attrs
import pytest

from tests.support.peer_programs import leave_out
from tests.support.provisioned_ca import ProvisionedCa
from tests.support.running import Result, invoke

PLAIN = ("--no-password", "--insecure")
JWK = ("--provisioner", "sandbox@example.com")


@pytest.fixture(scope="session")
def ssh_keygen() -> str:
    """OpenSSH's own reader of keys and certificates."""
    return shutil.which("ssh-keygen") or leave_out("no ssh-keygen here: install OpenSSH")


@attrs.frozen
class Scene:
    """A CA, a folder, and OpenSSH."""

    ca: ProvisionedCa
    folder: Path
    ssh_keygen: str

    def run(self, *words: str) -> Result:
        """Run a command under `ssh` in the CA's step path; words that begin with @ are files in the folder."""
        return invoke("ssh", *(self.place(word) for word in words), environment=self.ca.environment)

    def place(self, word: str) -> str:
        return str(self.folder / word[1:]) if word.startswith("@") else word

    def get(self, *words: str) -> Result:
        """Run what must succeed, with nothing on stdout."""
        result = self.run(*words)
        assert (result.status, result.out) == (0, ""), result.err
        return result

    def read(self, name: str) -> dict[str, str]:
        """Return what OpenSSH says of a certificate, by the words before the colons."""
        shown = self._openssh("-L", "-f", str(self.folder / name))
        fields = dict(re.findall(r"^ {8}([A-Z][\w ]+): *(.*)$", shown, re.MULTILINE))
        fields["Principals"] = " ".join(
            re.findall(r"^ {16}(\S.*)$", shown.partition("Principals:")[2].partition("Critical")[0], re.MULTILINE)
        )
        return fields

    def derive(self, name: str, password: str = "") -> str:
        """Return the public key that OpenSSH finds in a private one."""
        return " ".join(self._openssh("-y", "-P", password, "-f", str(self.folder / name)).split()[:2])

    def public(self, name: str) -> str:
        return " ".join((self.folder / name).read_text().split()[:2])

    def _openssh(self, *words: str) -> str:
        return subprocess.run([self.ssh_keygen, *words], capture_output=True, check=True, text=True, timeout=30).stdout

    def modes(self) -> dict[str, int]:
        return {path.name: stat.S_IMODE(path.stat().st_mode) for path in self.folder.iterdir()}


@pytest.fixture
def scene(provisioned_ca: ProvisionedCa, tmp_path: Path, ssh_keygen: str) -> Scene:
    return Scene(provisioned_ca, tmp_path, ssh_keygen)


@pytest.mark.parametrize("host", [False, True], ids=["user", "host"])
def test_a_key_and_its_certificate_are_got(scene: Scene, host: bool) -> None:
    """Three files with step's modes and messages; OpenSSH reads each, and they belong together."""
    result = scene.get("certificate", *(["--host"] if host else ["--no-agent"]), "max@ex.test", "@key", *PLAIN, *JWK)
    assert scene.modes() == {"key": 0o600, "key.pub": 0o644, "key-cert.pub": 0o644}
    assert result.err.splitlines()[1:] == [
        scene.place("✔ Private Key: ") + scene.place("@key"),
        "✔ Public Key: " + scene.place("@key.pub"),
        "✔ Certificate: " + scene.place("@key-cert.pub"),
    ]
    assert scene.derive("key") == scene.public("key.pub")
    shown = scene.read("key-cert.pub")
    assert shown["Key ID"] == '"max@ex.test"'
    assert shown["Type"].endswith("host certificate" if host else "user certificate")
    assert shown["Principals"] == ("max@ex.test" if host else "max max@ex.test")
    assert (scene.folder / "key.pub").read_text().split()[2:] == ["max@ex.test"]
    assert (scene.folder / "key-cert.pub").read_text().split()[2:] == ["max@ex.test"]


def test_a_public_key_that_is_there_gets_a_certificate(scene: Scene) -> None:
    """The key stays as it is, and only the certificate is written, for the names that are given."""
    subprocess.run([scene.ssh_keygen, "-q", "-t", "ed25519", "-N", "", "-f", scene.place("@id")], check=True)
    before = (scene.folder / "id").read_bytes(), (scene.folder / "id.pub").read_bytes()
    result = scene.get("certificate", "--sign", "-n", "max", "-n", "root", "ops", "@id.pub", "--not-after", "2h", *JWK)
    assert result.err.splitlines()[1:] == [f"✔ Certificate: {scene.place('@id-cert.pub')}"]
    assert ((scene.folder / "id").read_bytes(), (scene.folder / "id.pub").read_bytes()) == before
    shown = scene.read("id-cert.pub")
    assert (shown["Key ID"], shown["Principals"]) == ('"ops"', "max root")
    assert scene.derive("id") == scene.public("id.pub")


def test_a_host_certificate_is_renewed_rekeyed_and_revoked(scene: Scene) -> None:
    """Each is for the same names; a rekeyed one is for the new key; a revoked one speaks for nobody."""
    scene.get("certificate", "--host", "host.test", "@host", *PLAIN, *JWK)
    first, key = scene.read("host-cert.pub"), scene.public("host.pub")
    refused = scene.run("renew", "@host-cert.pub", "@host")
    assert (refused.status, refused.out) == (1, "") and "add --force" in refused.err
    renewed = scene.get("renew", "--force", "@host-cert.pub", "@host")
    assert renewed.err.splitlines()[-1] == f"✔ Certificate: {scene.place('@host-cert.pub')}"
    second = scene.read("host-cert.pub")
    assert (second["Key ID"], second["Principals"]) == ('"host.test"', "host.test")
    assert second["Serial"] != first["Serial"] and second["Public key"] == first["Public key"]
    scene.get("rekey", "@host-cert.pub", "@host", "--out", "@other", *PLAIN)
    assert scene.modes() == dict.fromkeys(("host", "other"), 0o600) | dict.fromkeys(
        ("host.pub", "host-cert.pub", "other.pub", "other-cert.pub"), 0o644
    )
    assert scene.derive("other") == scene.public("other.pub") != key
    third = scene.read("other-cert.pub")
    assert (third["Key ID"], third["Principals"]) == ('"host.test"', "host.test")
    scene.get("rekey", "--force", "@host-cert.pub", "@host", *PLAIN)
    assert scene.derive("host") == scene.public("host.pub") != key
    serial = scene.read("host-cert.pub")["Serial"]
    revoked = scene.get("revoke", "--sshpop-cert", "@host-cert.pub", "--sshpop-key", "@host")
    assert revoked.err.splitlines()[-1] == f"SSH Certificate with Serial Number {serial} has been revoked."
    again = scene.run("renew", "--force", "@host-cert.pub", "@host")
    assert again.status == 1 and "401" in again.err
    assert scene.read("host-cert.pub")["Serial"] == serial
    serial = scene.read("other-cert.pub")["Serial"]
    revoked = scene.get("revoke", serial, "--reason", "lost", "--reasonCode", "Key Compromise", *JWK)
    assert revoked.err.splitlines()[-1] == f"SSH Certificate with Serial Number {serial} has been revoked."
    twice = scene.run("revoke", serial, *JWK)
    assert twice.status == 1 and "already revoked" in twice.err


def test_the_keys_of_the_ca_are_printed(scene: Scene) -> None:
    """They are those that its certificates are signed by, a line each, or as JSON."""
    scene.get("certificate", "--host", "host.test", "@host", *PLAIN, *JWK)
    scene.get("certificate", "max", "@user", "--no-agent", *PLAIN, *JWK)
    for words, name in (([], "user"), (["--host"], "host")):
        printed = scene.run("roots", *words)
        assert (printed.status, printed.err) == (0, "")
        (scene.folder / "root.pub").write_text(printed.out)
        shown = scene._openssh("-l", "-f", scene.place("@root.pub")).split()[1]
        assert shown in scene.read(f"{name}-cert.pub")["Signing CA"]
        told = json.loads(scene.run("roots", *words, "--format", "json").out)
        assert told == {"type": name, "keys": printed.out.splitlines()}
