"""A place to mint tokens in with nothing but a key and a root."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import attrs
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests.support.running import Result, invoke


@attrs.frozen
class OfflinePlace:
    """A folder with a plaintext key, `key.pem`, a root certificate, `root.crt`, and an empty step path, `step`."""

    path: Path

    @property
    def flags(self) -> list[str]:
        """The flags that say all of the CA and the provisioner."""
        key, root = str(self.path / "key.pem"), str(self.path / "root.crt")
        return ["--offline", "--issuer", "me", "--key", key, "--ca-url", "ca.example.com", "--root", root]

    def mint(self, *words: str, environment: Mapping[str, str] | None = None) -> Result:
        """Run `token` with the place's flags and then `words`."""
        surroundings = {"STEPPATH": str(self.path / "step"), **(environment or {})}
        return invoke("token", *self.flags, *words, environment=surroundings)


def write_root(path: Path, name: str = "Root") -> x509.Certificate:
    """Write a self-signed certificate and return it."""
    key, subject = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    begin = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    path.write_bytes(certificate.public_bytes(Encoding.PEM))
    return certificate


def prepare_place(path: Path) -> OfflinePlace:
    """Write what a place to mint tokens in needs: no ca.json and no configuration."""
    (path / "step").mkdir()
    key = ec.generate_private_key(ec.SECP256R1())
    (path / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    write_root(path / "root.crt")
    return OfflinePlace(path)
