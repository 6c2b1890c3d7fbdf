"""SSH certificates of hosts, signed by a real CA, and their keys, in files."""

from pathlib import Path
from typing import Any

import attrs
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from tests.support.ca_client import connect
from tests.support.provisioned_ca import ProvisionedCa
from tests.support.running import invoke

HOST_KEYS = {
    "P-256": ec.generate_private_key(ec.SECP256R1()),
    "P-384": ec.generate_private_key(ec.SECP384R1()),
    "P-521": ec.generate_private_key(ec.SECP521R1()),
    "Ed25519": ed25519.Ed25519PrivateKey.generate(),
    "RSA": rsa.generate_private_key(65537, 2048),
}


@attrs.frozen
class Host:
    """The files of a host certificate, its key and the key's password, and its serial number."""

    folder: Path
    serial: int

    @property
    def flags(self) -> list[str]:
        return ["--sshpop-cert", str(self.folder / "host-cert.pub"), "--sshpop-key", str(self.folder / "host")]

    @property
    def password_flags(self) -> list[str]:
        return ["--provisioner-password-file", str(self.folder / "password")]

    @property
    def wire(self) -> str:
        """The second field of the certificate's line."""
        return (self.folder / "host-cert.pub").read_text().split()[1]


def write_host(folder: Path, key: Any, line: bytes, form: PrivateFormat, sealed: bool) -> None:
    """Write a certificate's line, its key, and the password of that."""
    (folder / "host-cert.pub").write_bytes(line + b" host.test\n")
    encryption = BestAvailableEncryption(b"password") if sealed else NoEncryption()
    (folder / "host").write_bytes(key.private_bytes(Encoding.PEM, form, encryption))
    (folder / "password").write_text("password\n")


def get_certificate(
    ca: ProvisionedCa,
    folder: Path,
    kind: str = "P-256",
    form: PrivateFormat = PrivateFormat.OpenSSH,
    sealed: bool = False,
) -> Host:
    """Have the CA sign a host certificate."""
    key = HOST_KEYS[kind]
    line = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    words = ["--ssh", "--host", "--principal", "host.test", "--provisioner", "sandbox@example.com"]
    token = invoke("token", "host.test", *words, environment=ca.environment).token
    certificate = connect(ca.ca).sign_ssh(line, token).ssh_certificate
    write_host(folder, key, certificate.public_bytes(), form, sealed)
    return Host(folder, certificate.serial)
