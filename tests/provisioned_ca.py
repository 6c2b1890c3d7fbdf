"""A real step-ca with a provisioner of each type that makes tokens, and what their users hold."""

import json
import time
from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import attrs
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from adapters.jws import make_signer
from domain import base64url, json_text
from tests.peer_programs import RunningCa, choose_port, serve_ca
from tests.running import invoke

X5C, SSHPOP, K8SSA, ACME = "x5c-machines", "sshpop", "kubernetes", "acme"
KUBERNETES_ISSUER = "kubernetes/serviceaccount"
NO_USAGE: Sequence[x509.ObjectIdentifier] = ()


@attrs.frozen
class Held:
    """A certificate chain and its key, in files."""

    certificate: Path
    key: Path
    leaf: x509.Certificate


@attrs.frozen
class ProvisionedCa:
    """The running CA, the issuer that its X5C provisioner trusts, and the key of its Kubernetes."""

    ca: RunningCa
    issuer: x509.Certificate
    issuer_key: ec.EllipticCurvePrivateKey = attrs.field(repr=False)
    kubernetes_key: ec.EllipticCurvePrivateKey = attrs.field(repr=False)

    @property
    def environment(self) -> dict[str, str]:
        """The environment in which the CA's folder is the step path."""
        return {"STEPPATH": str(self.ca.path)}

    def hold(self, folder: Path, name: str = "machine.test", **wishes: Any) -> Held:
        """Write a leaf that the X5C provisioner trusts, and its key, into `folder` (see `issue_leaf`)."""
        key = ec.generate_private_key(ec.SECP256R1())
        leaf = issue_leaf(self.issuer, self.issuer_key, key, name, **wishes)
        held = Held(folder / f"{name}.crt", folder / f"{name}.key", leaf)
        held.certificate.write_bytes(leaf.public_bytes(Encoding.PEM))
        held.key.write_bytes(write_key(key))
        return held

    def kubernetes_token(self, **claims: Any) -> str:
        """Return a service account token as Kubernetes signs one."""
        now = int(time.time())
        usual = {"iss": KUBERNETES_ISSUER, "sub": "system:serviceaccount:default:web", "iat": now, "exp": now + 3600}
        parts = ({"alg": "ES256", "typ": "JWT"}, usual | claims)
        text = ".".join(base64url.encode(json_text.serialize(part).encode()) for part in parts)
        return f"{text}.{base64url.encode(make_signer(self.kubernetes_key).sign(text.encode()))}"


def write_key(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Return a private key in PEM, not encrypted."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def issue_leaf(
    issuer: x509.Certificate,
    issuer_key: ec.EllipticCurvePrivateKey,
    key: ec.EllipticCurvePrivateKey,
    name: str,
    *,
    begin: timedelta = timedelta(minutes=-5),
    end: timedelta = timedelta(hours=1),
    digital_signature: bool = True,
    usages: Sequence[x509.ObjectIdentifier] = (ExtendedKeyUsageOID.CLIENT_AUTH,),
) -> x509.Certificate:
    """Return a leaf certificate, valid from and until so far from now."""
    now = datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)] if name else [])
    usage = {
        "digital_signature": digital_signature, "content_commitment": False, "key_encipherment": True,
        "data_encipherment": False, "key_agreement": False, "key_cert_sign": False, "crl_sign": False,
        "encipher_only": False, "decipher_only": False,
    }  # fmt: skip
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + begin)
        .not_valid_after(now + end)
        .add_extension(x509.KeyUsage(**usage), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name or "nameless.test")]), critical=False)
    )
    if usages:
        builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


@contextmanager
def serve_provisioned(program: str, path: Path) -> Iterator[ProvisionedCa]:
    """Run step-ca on a sandbox that has, beside its JWK provisioner, one of each type that makes tokens, and ACME."""
    port = choose_port()
    result = invoke("sandbox", str(path), "--address", f"127.0.0.1:{port}")
    assert result.status == 0, result.err
    issuer = x509.load_pem_x509_certificate((path / "certs" / "intermediate_ca.crt").read_bytes())
    issuer_key = load_pem_private_key((path / "secrets" / "intermediate_ca_key").read_bytes(), None)
    assert isinstance(issuer_key, ec.EllipticCurvePrivateKey)
    kubernetes_key = ec.generate_private_key(ec.SECP256R1())
    add_provisioners(path, issuer, kubernetes_key)
    with serve_ca(program, path, f"https://127.0.0.1:{port}") as ca:
        yield ProvisionedCa(ca, issuer, issuer_key, kubernetes_key)


def add_provisioners(path: Path, issuer: x509.Certificate, kubernetes_key: ec.EllipticCurvePrivateKey) -> None:
    """Write the further provisioners into the ca.json of a sandbox; every one may renew after expiry."""
    public = kubernetes_key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    config_path = path / "config" / "ca.json"
    config = json.loads(config_path.read_text())
    listed = config["authority"]["provisioners"]
    listed += [
        {"type": "X5C", "name": X5C, "roots": encode(issuer.public_bytes(Encoding.PEM))},
        {"type": "SSHPOP", "name": SSHPOP},
        {"type": "K8sSA", "name": K8SSA, "publicKeys": encode(public)},
        {"type": "ACME", "name": ACME},
    ]
    for provisioner in listed:
        provisioner["claims"] = {"enableSSHCA": True, "allowRenewalAfterExpiry": True}
    config_path.write_text(json.dumps(config))


def encode(data: bytes) -> str:
    """Return standard base64, as Go writes bytes in JSON."""
    return b64encode(data).decode()
