"""A real step-ca with a provisioner of each type that makes tokens, and what their users hold."""

import json
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeAlias

import attrs
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from adapters.jose.jws import make_signer
from domain.formats import base64url, json_text
from tests.support.foreign_keys import run_program
from tests.support.peer_programs import RunningCa, choose_port, serve_ca
from tests.support.running import invoke

X5C, SSHPOP, K8SSA, ACME = "x5c-machines", "sshpop", "kubernetes", "acme"
KUBERNETES_ISSUER = "kubernetes/serviceaccount"
NO_USAGE: Sequence[x509.ObjectIdentifier] = ()
PROVISIONER_OID = x509.ObjectIdentifier("1.3.6.1.4.1.37476.9000.64.1")
"""What step-ca writes into its certificates: the provisioner's type, name and key identifier."""

SigningKey: TypeAlias = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@attrs.frozen
class Held:
    """A certificate chain and its key, in files."""

    certificate: Path
    key: Path
    leaf: x509.Certificate

    @property
    def flags(self) -> list[str]:
        """The flags that name the two."""
        return ["--x5c-cert", str(self.certificate), "--x5c-key", str(self.key)]

    def thumbprint(self) -> str:
        """Return the thumbprint (RFC 7638) of a P-256 key, put together from the point that openssl finds in it."""
        der = run_program("openssl", "pkey", "-in", str(self.key), "-pubout", "-outform", "DER")
        x, y = (base64url.encode(half) for half in (der[-64:-32], der[-32:]))
        return base64url.encode(sha256(f'{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}'.encode()).digest())


@attrs.frozen
class ProvisionedCa:
    """The running CA, its intermediate (the issuer) and root, and the key of its Kubernetes.

    Its X5C provisioner trusts both, the intermediate and the root.
    """

    ca: RunningCa
    issuer: x509.Certificate
    issuer_key: ec.EllipticCurvePrivateKey = attrs.field(repr=False)
    root: x509.Certificate
    root_key: ec.EllipticCurvePrivateKey = attrs.field(repr=False)
    kubernetes_key: ec.EllipticCurvePrivateKey = attrs.field(repr=False)

    @property
    def environment(self) -> dict[str, str]:
        """The environment in which the CA's folder is the step path."""
        return {"STEPPATH": str(self.ca.path)}

    def hold(self, folder: Path, name: str = "machine.test", **wishes: Any) -> Held:
        """Write a leaf that the X5C provisioner trusts, and its key, into `folder` (see `issue_leaf`)."""
        return hold_leaf(folder, self.issuer, self.issuer_key, name, **wishes)

    def provisioner_extension(self, name: str) -> x509.UnrecognizedExtension:
        """Return what names a provisioner in a certificate (see `name_provisioner`)."""
        return name_provisioner(name)

    def kubernetes_token(self, **claims: Any) -> str:
        """Return a service account token as Kubernetes signs one."""
        now = int(time.time())
        usual = {"iss": KUBERNETES_ISSUER, "sub": "system:serviceaccount:default:web", "iat": now, "exp": now + 3600}
        parts = ({"alg": "ES256", "typ": "JWT"}, usual | claims)
        text = ".".join(base64url.encode(json_text.serialize(part).encode()) for part in parts)
        return f"{text}.{base64url.encode(make_signer(self.kubernetes_key).sign(text.encode()))}"


def name_provisioner(name: str) -> x509.UnrecognizedExtension:
    """Return the extension by which a CA knows that its provisioner `name` of type JWK got a certificate."""
    strings = b"".join(bytes([4, len(text)]) + text for text in (name.encode(), b""))
    sequence = b"\x02\x01\x01" + strings
    return x509.UnrecognizedExtension(PROVISIONER_OID, bytes([0x30, len(sequence)]) + sequence)


def write_key(key: Any) -> bytes:
    """Return a private key in PEM, not encrypted."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def hold_leaf(
    folder: Path, issuer: x509.Certificate, issuer_key: SigningKey, name: str, key: Any = None, **wishes: Any
) -> Held:
    """Write a leaf by any issuer, and its key, into `folder` (see `issue_leaf`)."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    leaf = issue_leaf(issuer, issuer_key, key, name, **wishes)
    held = Held(folder / f"{name or 'nameless'}.crt", folder / f"{name or 'nameless'}.key", leaf)
    held.certificate.write_bytes(leaf.public_bytes(Encoding.PEM))
    held.key.write_bytes(write_key(key))
    return held


def issue_leaf(
    issuer: x509.Certificate,
    issuer_key: SigningKey,
    key: Any,
    name: str,
    *,
    begin: timedelta = timedelta(minutes=-5),
    end: timedelta = timedelta(hours=1),
    digital_signature: bool | None = True,
    usages: Sequence[x509.ObjectIdentifier] = (ExtendedKeyUsageOID.CLIENT_AUTH,),
    is_ca: bool = False,
    extension: x509.ExtensionType | None = None,
) -> x509.Certificate:
    """Return a certificate, valid from and until so far from now; no key usage where `digital_signature` is None."""
    now = datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)] if name else [])
    usage = {
        "digital_signature": digital_signature is True, "content_commitment": False, "key_encipherment": not is_ca,
        "data_encipherment": False, "key_agreement": False, "key_cert_sign": is_ca, "crl_sign": is_ca,
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
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name or "nameless.test")]), critical=False)
    )
    if digital_signature is not None:
        builder = builder.add_extension(x509.KeyUsage(**usage), critical=True)
    if usages:
        builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
    if extension is not None:
        builder = builder.add_extension(extension, critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


@contextmanager
def serve_provisioned(
    program: str, path: Path, adjust: Callable[[dict[str, Any]], None] = lambda _: None
) -> Iterator[ProvisionedCa]:
    """Run step-ca on what `write_provisioned` writes into `path`."""
    written = write_provisioned(path, adjust)
    with serve_ca(program, path, written.ca.url) as ca:
        yield attrs.evolve(written, ca=ca)


def write_provisioned(path: Path, adjust: Callable[[dict[str, Any]], None] = lambda _: None) -> ProvisionedCa:
    """Write a sandbox that has, beside its JWK provisioner, one of each type that makes tokens, and ACME.

    `adjust` may change its ca.json before; nothing serves it.
    """
    port = choose_port()
    result = invoke("sandbox", str(path), "--address", f"127.0.0.1:{port}")
    assert result.status == 0, result.err
    issuer, issuer_key = read_issuer(path, "intermediate_ca")
    root, root_key = read_issuer(path, "root_ca")
    kubernetes_key = ec.generate_private_key(ec.SECP256R1())
    add_provisioners(path, (issuer, root), kubernetes_key)
    config_path = path / "config" / "ca.json"
    config = json.loads(config_path.read_text())
    adjust(config)
    config_path.write_text(json.dumps(config))
    ca = RunningCa(path, f"https://127.0.0.1:{port}")
    return ProvisionedCa(ca, issuer, issuer_key, root, root_key, kubernetes_key)


def read_config(ca: ProvisionedCa) -> dict[str, Any]:
    """Return the ca.json of a CA."""
    config = json.loads((ca.ca.path / "config" / "ca.json").read_text())
    assert isinstance(config, dict)
    return config


def read_issuer(path: Path, name: str) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    """Return one of the certificates of a sandbox's CA, with its key."""
    certificate = x509.load_pem_x509_certificate((path / "certs" / f"{name}.crt").read_bytes())
    key = load_pem_private_key((path / "secrets" / f"{name}_key").read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return certificate, key


def add_provisioners(
    path: Path, trusted: Sequence[x509.Certificate], kubernetes_key: ec.EllipticCurvePrivateKey
) -> None:
    """Write the further provisioners into the ca.json of a sandbox; every one may renew after expiry."""
    public = kubernetes_key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    roots = b"".join(certificate.public_bytes(Encoding.PEM) for certificate in trusted)
    config_path = path / "config" / "ca.json"
    config = json.loads(config_path.read_text())
    listed = config["authority"]["provisioners"]
    listed += [
        {"type": "X5C", "name": X5C, "roots": encode(roots)},
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
