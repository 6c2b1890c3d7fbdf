"""Nebula networks: certificates and keys that the real nebula-cert makes, and a real step-ca that trusts them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs

from tests.support.foreign_keys import run_program
from tests.support.provisioned_ca import ProvisionedCa, encode, serve_provisioned

NEBULA, NAME, ADDRESS = "nebula-hosts", "web.test", "10.1.2.3"
NETWORKS = {1: f"{ADDRESS}/16", 2: f"{ADDRESS}/16,fd00::7/64"}
CURVES = {"X25519": "25519", "P-256": "P256"}
"""What nebula-cert calls the curve of a host's key."""


@attrs.frozen
class Held:
    """A Nebula certificate and its key, in files."""

    certificate: Path
    key: Path

    @property
    def flags(self) -> list[str]:
        """The flags that name the two."""
        return ["--nebula-cert", str(self.certificate), "--nebula-key", str(self.key)]


@attrs.frozen
class Mesh:
    """Nebula CAs of both versions on both curves, in a folder."""

    program: str
    path: Path

    def authority(self, version: int, kind: str) -> Held:
        """Return a Nebula CA's own certificate and key, for hosts with keys of a kind."""
        held = Held(self.path / f"ca-{version}-{kind}.crt", self.path / f"ca-{version}-{kind}.key")
        if not held.certificate.exists():
            self._run("ca", held, "-name", f"mesh {version} {kind}", "-version", str(version), "-curve", CURVES[kind])
        return held

    def host(self, folder: Path, version: int = 2, kind: str = "X25519", name: str = NAME, *wishes: str) -> Held:
        """Write a host's certificate and key into `folder`; `wishes` are further words for nebula-cert."""
        held, issuer = Held(folder / "host.crt", folder / "host.key"), self.authority(version, kind)
        words = ["-ca-crt", str(issuer.certificate), "-ca-key", str(issuer.key), "-name", name]
        self._run("sign", held, *words, "-networks", NETWORKS[version], *wishes)
        return held

    def roots(self) -> bytes:
        """Return the certificates of all the CAs, in PEM."""
        held = [self.authority(version, kind) for version in NETWORKS for kind in CURVES]
        return b"".join(one.certificate.read_bytes() for one in held)

    def _run(self, mode: str, held: Held, *words: str) -> None:
        run_program(self.program, mode, "-out-crt", str(held.certificate), "-out-key", str(held.key), *words)


def open_mesh(program: str, path: Path) -> Mesh:
    """Return a mesh in a new folder."""
    path.mkdir()
    return Mesh(program, path)


@contextmanager
def serve_mesh(program: str, path: Path, mesh: Mesh) -> Iterator[ProvisionedCa]:
    """Run a step-ca with, among others, a Nebula provisioner that trusts the mesh."""
    with serve_provisioned(program, path, lambda config: add_provisioner(config, mesh)) as ca:
        yield ca


def add_provisioner(config: dict[str, Any], mesh: Mesh) -> None:
    """Add a Nebula provisioner that trusts the mesh to a ca.json."""
    config["authority"]["provisioners"].append(
        {"type": "Nebula", "name": NEBULA, "roots": encode(mesh.roots()), "claims": {"enableSSHCA": True}}
    )


def print_certificate(program: str, path: Path) -> dict[str, Any]:
    """Return what nebula-cert itself reads in a certificate."""
    printed = json.loads(run_program(program, "print", "-json", "-path", str(path)))
    certificate = printed[0] if isinstance(printed, list) else printed
    assert isinstance(certificate, dict)
    return certificate
