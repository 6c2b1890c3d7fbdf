"""The commands for SSH certificates before a real step-ca, read by OpenSSH."""

import json
import subprocess

import pytest

from tests.support.ssh_scene import JWK, PLAIN, SshScene


@pytest.mark.parametrize("host", [False, True], ids=["user", "host"])
def test_a_key_and_its_certificate_are_got(ssh_scene: SshScene, host: bool) -> None:
    """Three files with step's modes and messages; OpenSSH reads each, and they belong together."""
    result = ssh_scene.get(
        "certificate", *(["--host"] if host else ["--no-agent"]), "max@ex.test", "@key", *PLAIN, *JWK
    )
    assert ssh_scene.modes() == {"key": 0o600, "key.pub": 0o644, "key-cert.pub": 0o644}
    assert result.err.splitlines()[1:] == [
        ssh_scene.place("✔ Private Key: ") + ssh_scene.place("@key"),
        "✔ Public Key: " + ssh_scene.place("@key.pub"),
        "✔ Certificate: " + ssh_scene.place("@key-cert.pub"),
    ]
    assert ssh_scene.derive("key") == ssh_scene.public("key.pub")
    shown = ssh_scene.read("key-cert.pub")
    assert shown["Key ID"] == '"max@ex.test"'
    assert shown["Type"].endswith("host certificate" if host else "user certificate")
    assert shown["Principals"] == ("max@ex.test" if host else "max max@ex.test")
    assert (ssh_scene.folder / "key.pub").read_text().split()[2:] == ["max@ex.test"]
    assert (ssh_scene.folder / "key-cert.pub").read_text().split()[2:] == ["max@ex.test"]


def test_a_public_key_that_is_there_gets_a_certificate(ssh_scene: SshScene) -> None:
    """The key stays as it is, and only the certificate is written, for the names that are given."""
    subprocess.run([ssh_scene.ssh_keygen, "-q", "-t", "ed25519", "-N", "", "-f", ssh_scene.place("@id")], check=True)
    before = (ssh_scene.folder / "id").read_bytes(), (ssh_scene.folder / "id.pub").read_bytes()
    result = ssh_scene.get(
        "certificate", "--sign", "-n", "max", "-n", "root", "ops", "@id.pub", "--not-after", "2h", *JWK
    )
    assert result.err.splitlines()[1:] == [f"✔ Certificate: {ssh_scene.place('@id-cert.pub')}"]
    assert ((ssh_scene.folder / "id").read_bytes(), (ssh_scene.folder / "id.pub").read_bytes()) == before
    shown = ssh_scene.read("id-cert.pub")
    assert (shown["Key ID"], shown["Principals"]) == ('"ops"', "max root")
    assert ssh_scene.derive("id") == ssh_scene.public("id.pub")


def test_a_host_certificate_is_renewed_rekeyed_and_revoked(ssh_scene: SshScene) -> None:
    """Each is for the same names; a rekeyed one is for the new key; a revoked one speaks for nobody."""
    ssh_scene.get("certificate", "--host", "host.test", "@host", *PLAIN, *JWK)
    first, key = ssh_scene.read("host-cert.pub"), ssh_scene.public("host.pub")
    refused = ssh_scene.run("renew", "@host-cert.pub", "@host")
    assert (refused.status, refused.out) == (1, "") and "add --force" in refused.err
    renewed = ssh_scene.get("renew", "--force", "@host-cert.pub", "@host")
    assert renewed.err.splitlines()[-1] == f"✔ Certificate: {ssh_scene.place('@host-cert.pub')}"
    second = ssh_scene.read("host-cert.pub")
    assert (second["Key ID"], second["Principals"]) == ('"host.test"', "host.test")
    assert second["Serial"] != first["Serial"] and second["Public key"] == first["Public key"]
    ssh_scene.get("rekey", "@host-cert.pub", "@host", "--out", "@other", *PLAIN)
    assert ssh_scene.modes() == dict.fromkeys(("host", "other"), 0o600) | dict.fromkeys(
        ("host.pub", "host-cert.pub", "other.pub", "other-cert.pub"), 0o644
    )
    assert ssh_scene.derive("other") == ssh_scene.public("other.pub") != key
    third = ssh_scene.read("other-cert.pub")
    assert (third["Key ID"], third["Principals"]) == ('"host.test"', "host.test")
    ssh_scene.get("rekey", "--force", "@host-cert.pub", "@host", *PLAIN)
    assert ssh_scene.derive("host") == ssh_scene.public("host.pub") != key
    serial = ssh_scene.read("host-cert.pub")["Serial"]
    revoked = ssh_scene.get("revoke", "--sshpop-cert", "@host-cert.pub", "--sshpop-key", "@host")
    assert revoked.err.splitlines()[-1] == f"SSH Certificate with Serial Number {serial} has been revoked."
    again = ssh_scene.run("renew", "--force", "@host-cert.pub", "@host")
    assert again.status == 1 and "401" in again.err
    assert ssh_scene.read("host-cert.pub")["Serial"] == serial
    serial = ssh_scene.read("other-cert.pub")["Serial"]
    revoked = ssh_scene.get("revoke", serial, "--reason", "lost", "--reasonCode", "Key Compromise", *JWK)
    assert revoked.err.splitlines()[-1] == f"SSH Certificate with Serial Number {serial} has been revoked."
    twice = ssh_scene.run("revoke", serial, *JWK)
    assert twice.status == 1 and "already revoked" in twice.err


def test_the_keys_of_the_ca_are_printed(ssh_scene: SshScene) -> None:
    """They are those that its certificates are signed by, a line each, or as JSON."""
    ssh_scene.get("certificate", "--host", "host.test", "@host", *PLAIN, *JWK)
    ssh_scene.get("certificate", "max", "@user", "--no-agent", *PLAIN, *JWK)
    for words, name in (([], "user"), (["--host"], "host")):
        printed = ssh_scene.run("roots", *words)
        assert (printed.status, printed.err) == (0, "")
        (ssh_scene.folder / "root.pub").write_text(printed.out)
        shown = ssh_scene.openssh("-l", "-f", ssh_scene.place("@root.pub")).split()[1]
        assert shown in ssh_scene.read(f"{name}-cert.pub")["Signing CA"]
        told = json.loads(ssh_scene.run("roots", *words, "--format", "json").out)
        assert told == {"type": name, "keys": printed.out.splitlines()}
