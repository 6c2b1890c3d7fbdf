"""From an address and a fingerprint to certificates of every kind, before each release of step-ca that is here."""

import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import attrs
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    SSHCertificate,
    load_pem_private_key,
    load_ssh_public_identity,
)

from adapters.ca.root_file import read_certificates
from tests.support.ca_client import general_name, make_csr, names_of
from tests.support.peer_programs import RunningCa, choose_port, require_program, serve_ca
from tests.support.running import Result, execute, invoke

SSHPOP = {"type": "SSHPOP", "name": "sshpop", "claims": {"enableSSHCA": True}}
RELEASES = ("step-ca", "older-step-ca")


@attrs.frozen
class Newcomer:
    """Somebody who knows a CA's address, its root's fingerprint and a password, and nothing else."""

    home: Path
    ca: RunningCa

    def run(self, *words: str) -> Result:
        """Run a command line with a step path of one's own."""
        return invoke(*words, environment={"STEPPATH": str(self.home / "step")})

    def run_apart(self, *words: str) -> Result:
        """Run one in a process of its own, as its workers need it."""
        return execute(*words, environment={"STEPPATH": str(self.home / "step")})

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
    config = path / "config" / "ca.json"
    content = json.loads(config.read_text())
    content["authority"]["provisioners"].append(SSHPOP)
    config.write_text(json.dumps(content))
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


def test_a_request_of_ones_own_is_signed_and_the_key_is_changed(newcomer: Newcomer) -> None:
    """The certificate is for the request's names, by a token that is bound to it; rekeying keeps them for a new key."""
    key = ec.generate_private_key(ec.SECP256R1())
    csr = make_csr("api.example.com", [general_name("api.example.com"), general_name("10.0.0.7")], key)
    Path(newcomer.path("api.csr")).write_bytes(csr.public_bytes(Encoding.PEM))
    Path(newcomer.path("api.key")).write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    files = [newcomer.path("api.crt"), newcomer.path("api.key")]
    newcomer.done("ca", "sign", newcomer.path("api.csr"), files[0], *newcomer.password)
    first = read_leaf(newcomer.read("api.crt"))
    assert first.public_key() == key.public_key()
    newcomer.done("ca", "rekey", *files, "--force")
    second = read_leaf(newcomer.read("api.crt"))
    assert second.public_key() == load_pem_private_key(newcomer.read("api.key"), None).public_key() != key.public_key()
    assert names_of(second) == names_of(first)


def test_a_fleet_gets_certificates(newcomer: Newcomer) -> None:
    """A pair for each line."""
    Path(newcomer.path("hosts.txt")).write_text("one.example.com\ntwo.example.com\n")
    words = ["--certificates", newcomer.path("fleet"), *newcomer.password]
    done = newcomer.run_apart("batch", newcomer.path("hosts.txt"), *words)
    assert done.status == 0, done.err
    leaves = [read_leaf(path.read_bytes()) for path in sorted(Path(newcomer.path("fleet")).glob("*.crt"))]
    assert [names_of(leaf) for leaf in leaves] == [[general_name(f"{name}.example.com")] for name in ("one", "two")]
    assert len(done.out.splitlines()) == 2


def test_an_ssh_host_renews_rekeys_and_revokes_its_certificate(newcomer: Newcomer) -> None:
    """By the certificate itself."""
    name, words = newcomer.path("own_host"), ["--host", "--no-password", "--insecure", *newcomer.password]
    newcomer.done("ssh", "certificate", "own.host", name, *words)
    serials = [read_ssh(newcomer.read("own_host-cert.pub")).serial]
    for change in ("renew", "rekey"):
        words = ["--no-password", "--insecure"] if change == "rekey" else []
        newcomer.done("ssh", change, f"{name}-cert.pub", name, "--force", *words)
        serials.append(read_ssh(newcomer.read("own_host-cert.pub")).serial)
    assert len(set(serials)) == 3
    shown = ["--sshpop-cert", f"{name}-cert.pub", "--sshpop-key", name]
    newcomer.done("ssh", "revoke", str(serials[-1]), *shown)
    assert newcomer.run("ssh", "renew", f"{name}-cert.pub", name, "--force").status == 1


@pytest.mark.parametrize("flags", [["--host"], ["--principal", "ada"]], ids=["host", "user"])
def test_an_ssh_certificate_is_got(newcomer: Newcomer, flags: list[str]) -> None:
    """For a host and for a user."""
    name = f"{flags[0].strip('-')}_key"
    words = ["my.host" if "--host" in flags else "ada@example.com", newcomer.path(name), *flags, "--no-agent"]
    newcomer.done("ssh", "certificate", *words, "--no-password", "--insecure", *newcomer.password)
    certificate = read_ssh(newcomer.read(f"{name}-cert.pub"))
    assert certificate.valid_principals == [b"my.host" if "--host" in flags else b"ada"]


def read_leaf(data: bytes) -> x509.Certificate:
    """Return the first certificate of a file."""
    return x509.load_pem_x509_certificates(data)[0]


def read_ssh(data: bytes) -> SSHCertificate:
    """Return the SSH certificate in a file, its own signature checked."""
    certificate: Any = load_ssh_public_identity(data)
    assert isinstance(certificate, SSHCertificate)
    certificate.verify_cert_signature()
    return certificate


def test_a_name_that_is_too_long_for_a_common_name_is_certified(newcomer: Newcomer) -> None:
    """Hosts of clouds have such names: the certificate has it among its Subject Alternative Names."""
    name = f"ip-10-0-0-7.{'some-very-long-cluster-name'}.production.eu-central-1.compute.internal"
    assert len(name) > 64
    newcomer.done("ca", "certificate", name, newcomer.path("long.crt"), newcomer.path("long.key"), *newcomer.password)
    assert names_of(read_leaf(newcomer.read("long.crt"))) == [general_name(name)]
