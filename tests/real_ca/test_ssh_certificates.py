"""The commands for SSH certificates before a real step-ca, read by OpenSSH."""

import json
import shlex
import subprocess
from pathlib import Path

import pytest

from entrypoints.command_line.ssh_commands import SSH_COMMANDS
from tests.support.peer_programs import REPOSITORY
from tests.support.pseudo_terminal import ENTER, run_cli_on_terminal
from tests.support.running import invoke
from tests.support.ssh_scene import JWK, PLAIN, SshScene

PAGE = (REPOSITORY / "docs" / "ssh.md").read_text().splitlines()
LINES = [line.removeprefix("step-ott ").partition(" >")[0] for line in PAGE if line.startswith("step-ott ssh")]
EXAMPLES = [words for command in SSH_COMMANDS for _, words in command.examples]


@pytest.mark.parametrize("host", [False, True], ids=["user", "host"])
def test_a_key_and_its_certificate_are_got(ssh_scene: SshScene, host: bool) -> None:
    """Three files with step's modes and messages; OpenSSH reads each, and they belong together."""
    result = ssh_scene.get(
        "certificate", *(["--host"] if host else ["--no-agent"]), "max@ex.test", "@key", *PLAIN, *JWK
    )
    assert ssh_scene.modes() == {"key": 0o600, "key.pub": 0o644, "key-cert.pub": 0o644}
    assert result.err.splitlines()[2:] == [
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
    assert result.err.splitlines()[2:] == [f"✔ Certificate: {ssh_scene.place('@id-cert.pub')}"]
    assert ((ssh_scene.folder / "id").read_bytes(), (ssh_scene.folder / "id.pub").read_bytes()) == before
    shown = ssh_scene.read("id-cert.pub")
    assert (shown["Key ID"], shown["Principals"]) == ('"ops"', "max root")
    assert ssh_scene.derive("id") == ssh_scene.public("id.pub")


@pytest.mark.parametrize(
    "words",
    [
        ("renew", "@host-cert.pub", "@host", "--out", "@host"),
        ("renew", "@host-cert.pub", "@host", "--out", "@link"),
        ("rekey", "@host-cert.pub", "@host", "--out", "@host-cert.pub", *PLAIN),
        ("rekey", "@host-cert.pub", "@host", "--out", "@host-cert", *PLAIN),
        ("certificate", "--host", "host.test", "@host", *PLAIN, *JWK, "--set-file", "@link"),
    ],
)
def test_what_is_read_is_not_replaced(words: tuple[str, ...], ssh_scene: SshScene) -> None:
    """Not with --force either, nor by another name."""
    ssh_scene.get("certificate", "--host", "host.test", "@host", *PLAIN, *JWK)
    (ssh_scene.folder / "link").symlink_to("host")
    before = {path.name: path.read_bytes() for path in ssh_scene.folder.iterdir() if path.is_file()}
    result = ssh_scene.run(words[0], "--force", *words[1:])
    assert (result.status, result.out) == (2, "")
    assert "is the file of the key" in result.err or "is a file that the command reads" in result.err
    assert {path.name: path.read_bytes() for path in ssh_scene.folder.iterdir() if path.is_file()} == before


@pytest.mark.parametrize("command", ["renew", "rekey"])
def test_a_key_of_another_certificate_is_named_with_it(command: str, ssh_scene: SshScene) -> None:
    """By the files of both."""
    for name in ("@host", "@other"):
        ssh_scene.get("certificate", "--host", "host.test", name, *PLAIN, *JWK)
    result = ssh_scene.run(command, "--force", "@host-cert.pub", "@other", *(PLAIN if command == "rekey" else ()))
    what = f"{ssh_scene.place('@other')} is not the key of {ssh_scene.place('@host-cert.pub')}"
    assert result.status == 1 and what in result.err


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
    assert twice.status == 1 and twice.err.endswith(f"certificate with serial number '{serial}' is already revoked\n")


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


@pytest.mark.parametrize("line", dict.fromkeys([*EXAMPLES, *LINES]))
def test_an_example_does_what_it_says(ssh_scene: SshScene, monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    """Each line of the help and of the page runs, where there are the files that it names."""
    monkeypatch.chdir(ssh_scene.folder)
    host = ("certificate", "--host", "internal.example.com", "@ssh_host_ecdsa_key", *PLAIN, *JWK)
    if "--sign" in line or "_key-cert.pub" in line:
        ssh_scene.get(*host)
    if "--sign" in line:
        (ssh_scene.folder / "ssh_host_ecdsa_key-cert.pub").unlink()
    (ssh_scene.folder / "password").write_text("password")
    environment = {**ssh_scene.ca.environment, "STEP_PASSWORD_FILE": "password"}
    if "_key-cert.pub" not in line and "roots" not in line:
        environment["STEP_PROVISIONER"] = JWK[1]
    result = invoke(*shlex.split(line.replace("\\\n", " ")), environment=environment)
    assert result.status == 0 and (result.err or result.out), result.err


def test_one_password_may_be_for_both_keys(ssh_scene: SshScene) -> None:
    """As in step, --password-file opens the provisioner's key, and encrypts the new one; it may be standard input."""
    password = (ssh_scene.ca.ca.path / "secrets" / "password").read_bytes()
    environment = {**ssh_scene.ca.environment, "STEP_PROVISIONER_PASSWORD_FILE": ""}
    words = ("ssh", "certificate", "max", ssh_scene.place("@id"), "--no-agent", "--password-file", "-", *JWK)
    defaults = ssh_scene.ca.ca.path / "config" / "defaults.json"
    before = defaults.read_text()
    try:
        defaults.write_text(json.dumps({k: v for k, v in json.loads(before).items() if k != "step-ott"}))
        result = invoke(*words, environment=environment, stdin=password)
    finally:
        defaults.write_text(before)
    assert result.status == 0, result.err
    assert "warning" not in result.err
    assert ssh_scene.derive("id", password.decode().strip()) == ssh_scene.public("id.pub")


def test_what_has_no_effect_is_said(ssh_scene: SshScene) -> None:
    """A line each on stderr: the agent, what it would call the key, and the identifier of a host."""
    told = ssh_scene.get("certificate", "max", "@id", *PLAIN, "--comment", "mine", *JWK).err.splitlines()
    assert told[-1] == (
        "warning: the certificate is not added to an SSH agent, and --comment has no effect: "
        "run ssh-add, or say --no-agent"
    )
    host = ("certificate", "--host", "h.test", "@host", "--host-id", "machine", "--comment", "mine", *PLAIN, *JWK)
    assert ssh_scene.get(*host).err.splitlines()[-2:] == [
        "warning: --comment has no effect: nothing is added to an SSH agent",
        "warning: --host-id has no effect: step-ca asks for no identity certificate",
    ]


def test_a_token_revokes_what_it_was_minted_for(ssh_scene: SshScene) -> None:
    """One for another serial number is kept."""
    words = ("token", "17", "--ssh", "--revoke", *JWK)
    token = invoke(*words, environment=ssh_scene.ca.environment).token
    refused = ssh_scene.run("revoke", "18", "--token", token)
    assert (refused.status, refused.out) == (2, "") and "the token is for serial number '17', not 18" in refused.err
    assert ssh_scene.get("revoke", "17", "--token", token).err.endswith("Serial Number 17 has been revoked.\n")


@pytest.mark.parametrize("command", ["renew", "rekey"])
def test_a_users_certificate_cannot_be_renewed(ssh_scene: SshScene, command: str) -> None:
    """The CA would refuse; the line names the file, and nothing changes."""
    ssh_scene.get("certificate", "max", "@id", "--no-agent", *PLAIN, *JWK)
    (ssh_scene.folder / "other").write_bytes((ssh_scene.folder / "id.pub").read_bytes())
    before = {path.name: path.read_bytes() for path in ssh_scene.folder.iterdir()}
    refused = ssh_scene.run(command, "@id-cert.pub", "@id", "--force", *(PLAIN if command == "rekey" else ()))
    assert (refused.status, refused.out) == (2, "") and "is a user certificate" in refused.err
    assert {path.name: path.read_bytes() for path in ssh_scene.folder.iterdir()} == before
    other = ssh_scene.run(command, "@other", "@id", "--force", *(PLAIN if command == "rekey" else ()))
    assert other.status == 1 and f"{ssh_scene.place('@other')}" in other.err and "no SSH certificate" in other.err


def test_a_certificate_is_revoked_by_its_file_or_in_hex(ssh_scene: SshScene) -> None:
    """The line on stderr has the serial number in decimal."""
    for name, spell in (("one", None), ("two", hex)):
        ssh_scene.get("certificate", "--host", "host.test", f"@{name}", *PLAIN, *JWK)
        serial = ssh_scene.read(f"{name}-cert.pub")["Serial"]
        word = f"@{name}-cert.pub" if spell is None else spell(int(serial))
        told = ssh_scene.get("revoke", word, *JWK).err.splitlines()
        assert told[-1] == f"SSH Certificate with Serial Number {serial} has been revoked."
        again = ssh_scene.run("revoke", word, *JWK)
        assert again.status == 1 and "already revoked" in again.err
    nothing = ssh_scene.run("revoke", "@one.pub", *JWK)
    assert nothing.status == 1 and "no SSH certificate" in nothing.err


def test_a_token_is_enough(ssh_scene: SshScene, tmp_path: Path) -> None:
    """On a machine that knows no CA: the token says where it is, and which root it has."""
    words = ("token", "host.test", "--ssh", "--host", "-n", "host.test", *JWK)
    token = invoke(*words, environment=ssh_scene.ca.environment).token
    words = ("ssh", "certificate", "--host", "host.test", ssh_scene.place("@key"), "--token", token, *PLAIN)
    got = invoke(*words, environment={"STEPPATH": str(tmp_path / "empty")})
    assert got.status == 0, got.err
    assert ssh_scene.read("key-cert.pub")["Principals"] == "host.test"


@pytest.mark.parametrize("typed", [b"a word", b""], ids=["a password", "nothing"])
def test_a_password_is_typed(ssh_scene: SshScene, typed: bytes) -> None:
    """On the terminal, before the token is spent; a key without one is not what was asked for."""
    words = ("ssh", "certificate", "max", ssh_scene.place("@id"), "--no-agent", *JWK)
    with run_cli_on_terminal(*words, environment=ssh_scene.ca.environment) as session:
        for _ in range(1 if typed else 3):
            session.wait_for("lease enter the password to encrypt the private key: " if typed else "private key: ")
            session.type(typed + ENTER)
        result = session.finish()
    if not typed:
        assert result.status == 2 and "the password to encrypt the private key is empty" in result.err
        assert not ssh_scene.modes()
        return
    assert result.status == 0, result.err
    assert ssh_scene.derive("id", "a word") == ssh_scene.public("id.pub")
