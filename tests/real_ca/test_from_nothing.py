"""From an address and a fingerprint to certificates of every kind, before each release of step-ca that is here."""

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import attrs
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import SSHCertificate, load_pem_private_key, load_ssh_public_identity

from adapters.ca.root_file import read_certificates
from tests.support.peer_programs import RunningCa, choose_port, require_program, serve_ca
from tests.support.running import Result, invoke

RELEASES = ("step-ca", "older-step-ca")


@attrs.frozen
class Newcomer:
    """Somebody who knows a CA's address, its root's fingerprint and a password, and nothing else."""

    home: Path
    ca: RunningCa

    def run(self, *words: str) -> Result:
        """Run a command line with a step path of one's own."""
        return invoke(*words, environment={"STEPPATH": str(self.home / "step")})

    def done(self, *words: str) -> Result:
        """Run one that has to succeed."""
        result = self.run(*words)
        assert result.status == 0, result.err
        return result

    def path(self, name: str) -> str:
        """Return where a file is to be."""
        return str(self.home / name)

    def read(self, name: str) -> bytes:
        """Return what a file has."""
        return (self.home / name).read_bytes()

    @property
    def password(self) -> list[str]:
        """The options that name the provisioner's password."""
        return ["--provisioner-password-file", str(self.ca.path / "secrets" / "password")]


@pytest.fixture(scope="module", params=RELEASES)
def newcomer(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Newcomer]:
    """A newcomer who has set up for the CA."""
    program = require_program(request.param)
    path, home, port = tmp_path_factory.mktemp("ca") / "step", tmp_path_factory.mktemp("home"), choose_port()
    assert invoke("sandbox", str(path), "--address", f"127.0.0.1:{port}").status == 0
    fingerprint = sha256(read_certificates((path / "certs" / "root_ca.crt").read_bytes())[0]).hexdigest()
    with serve_ca(program, path, f"https://127.0.0.1:{port}") as ca:
        somebody = Newcomer(home, ca)
        somebody.done("ca", "bootstrap", "--ca-url", ca.url, "--fingerprint", fingerprint)
        yield somebody


def test_the_ca_says_of_itself(newcomer: Newcomer) -> None:
    """It is well, and lists its provisioner and its root."""
    assert newcomer.done("ca", "health").out == "ok\n"
    assert '"sandbox@example.com"' in newcomer.done("ca", "provisioner", "list").out
    assert newcomer.done("ca", "root").out == newcomer.done("ca", "roots").out
    assert "ecdsa-sha2-nistp256" in newcomer.done("ssh", "roots").out


def test_a_certificate_is_got_renewed_and_revoked(newcomer: Newcomer) -> None:
    """Each certificate is for the key; one that is revoked is not renewed."""
    files = [newcomer.path("web.crt"), newcomer.path("web.key")]
    newcomer.done("ca", "certificate", "web.example.com", *files, "--san", "web.example.com", *newcomer.password)
    first = read_leaf(newcomer.read("web.crt"))
    assert first.public_key() == load_pem_private_key(newcomer.read("web.key"), None).public_key()
    newcomer.done("ca", "renew", *files, "--force")
    second = read_leaf(newcomer.read("web.crt"))
    assert second.serial_number != first.serial_number
    assert second.public_key() == first.public_key()
    assert str(second.serial_number) in newcomer.done("ca", "revoke", str(second.serial_number), *newcomer.password).err
    refused = newcomer.run("ca", "renew", *files, "--force")
    assert refused.status == 1
    assert read_leaf(newcomer.read("web.crt")) == second


def test_a_certificate_revokes_itself(newcomer: Newcomer) -> None:
    """By TLS, with its own key, once."""
    files = [newcomer.path("own.crt"), newcomer.path("own.key")]
    newcomer.done("ca", "certificate", "own.example.com", *files, *newcomer.password)
    shown = ["--cert", files[0], "--key", files[1]]
    newcomer.done("ca", "revoke", *shown)
    assert "already revoked" in newcomer.run("ca", "revoke", *shown).err


@pytest.mark.parametrize("flags", [["--host"], ["--principal", "ada"]], ids=["host", "user"])
def test_an_ssh_certificate_is_got(newcomer: Newcomer, flags: list[str]) -> None:
    """For a host and for a user."""
    name = f"{flags[0].strip('-')}_key"
    words = ["my.host" if "--host" in flags else "ada@example.com", newcomer.path(name), *flags, "--no-agent"]
    newcomer.done("ssh", "certificate", *words, "--no-password", "--insecure", *newcomer.password)
    certificate: Any = load_ssh_public_identity(newcomer.read(f"{name}-cert.pub"))
    assert isinstance(certificate, SSHCertificate)
    certificate.verify_cert_signature()
    assert certificate.valid_principals == [b"my.host" if "--host" in flags else b"ada"]


def read_leaf(data: bytes) -> x509.Certificate:
    """Return the first certificate of a file."""
    return x509.load_pem_x509_certificates(data)[0]
