"""Fuzz targets: certificates of X.509, SSH and Nebula, requests for them, and root files."""

from base64 import b64decode, b64encode
from datetime import UTC, datetime
from functools import cache
from ipaddress import IPv4Address, IPv4Network
from random import Random
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    SSHCertificateBuilder,
    SSHCertificateType,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from adapters.ca.root_file import RootFile
from adapters.certificates.nebula import read_nebula
from adapters.certificates.reader import CertificateReader
from adapters.certificates.requests import fingerprint_request
from adapters.certificates.ssh import fingerprint_ssh_key
from domain.formats.duration import NANOSECONDS
from tests.fuzz.keys import key
from tests.fuzz.mutation import Make, Node, either, near_bytes, near_der, near_pem, near_strings, sample
from tests.fuzz.target import Target, parser
from tests.support.forged_nebula import Draft
from tests.support.memory_ports import MemoryFiles

BEGIN, END = datetime(2020, 1, 1, tzinfo=UTC), datetime(2120, 1, 1, tzinfo=UTC)
PROVISIONER_OID = x509.ObjectIdentifier("1.3.6.1.4.1.37476.9000.64.1")
NAMES = x509.SubjectAlternativeName([
    x509.DNSName("machine.test"), x509.IPAddress(IPv4Address("10.0.0.7")), x509.RFC822Name("a@b.test"),
    x509.UniformResourceIdentifier("spiffe://a/b"), x509.DirectoryName(x509.Name([])),
])  # fmt: skip


def provisioner_extension() -> bytes:
    """Return step-ca's extension in DER: a type, a name and a key's identifier (step-ca, extension.go)."""
    pair = Node(0x30, children=(Node(12, b"k"), Node(12, b"v")))
    pairs = Node(0x30, children=(pair,))
    return Node(0x30, children=(Node(2, b"\1"), Node(4, b"me"), Node(4, b"kid"), pairs)).write()


@cache
def certificate(kind: str = "P-256") -> bytes:
    """Return a leaf with every extension that step-ott looks at, in DER."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "machine.test")])
    usage = x509.KeyUsage(True, False, False, False, False, False, False, False, False)
    constraints = x509.NameConstraints([x509.DNSName("test"), x509.IPAddress(IPv4Network("10.0.0.0/8"))], None)
    builder = (
        x509.CertificateBuilder(name, name, key(kind).public_key(), 7, BEGIN, END)
        .add_extension(NAMES, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=1), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .add_extension(constraints, critical=True)
        .add_extension(x509.UnrecognizedExtension(PROVISIONER_OID, provisioner_extension()), critical=False)
    )
    return builder.sign(key("RSA"), hashes.SHA256()).public_bytes(Encoding.DER)


@cache
def request(kind: str = "P-256") -> bytes:
    """Return a certificate signing request in DER."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "machine.test")])
    builder = x509.CertificateSigningRequestBuilder(name).add_extension(NAMES, critical=False)
    algorithm = None if kind == "Ed25519" else hashes.SHA256()
    return builder.sign(key(kind), algorithm).public_bytes(Encoding.DER)


@cache
def ssh_certificate(kind: str = "P-256") -> bytes:
    """Return the wire bytes of an SSH certificate."""
    builder = (
        SSHCertificateBuilder()
        .public_key(key(kind).public_key())
        .serial(7)
        .type(SSHCertificateType.HOST)
        .key_id(b"machine.test")
        .valid_principals([b"machine.test", b"other.test"])
        .valid_after(1_600_000_000)
        .valid_before(4_000_000_000)
        .add_critical_option(b"force-command", b"true")
        .add_extension(b"permit-pty", b"")
    )
    return b64decode(builder.sign(key("Ed25519")).public_bytes().split()[1])


@cache
def ssh_key(kind: str) -> bytes:
    """Return the wire bytes of an SSH public key."""
    return b64decode(key(kind).public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).split()[1])


def ssh_line(make: Make[bytes]) -> Make[bytes]:
    """Return what makes lines of OpenSSH around what `make` makes, mostly with the algorithm that stands in it."""

    def write(random: Random) -> bytes:
        wire = make(random)
        size = int.from_bytes(wire[:4], "big")
        name = wire[4 : 4 + size] if random.random() < 0.8 else b"ssh-ed25519"
        line = name + b" " + b64encode(wire) + b" comment\n"
        return near_bytes(lambda _: line, 1)(random) if random.random() < 0.2 else line

    return write


def nebula_bodies() -> Make[bytes]:
    """Return what makes Nebula certificates near sound ones, of both versions."""
    draft = Draft(key=key("P-256"), unsafe_networks=["10.9.0.0/16"], groups=["a", "b"], issuer="ab" * 32)
    first, second = (draft.issue(version, key("Ed25519"))[0] for version in (1, 2))
    return either(
        near_pem("NEBULA CERTIFICATE", near_bytes(sample(first))), near_bytes(sample(first, second)),
        near_pem("NEBULA CERTIFICATE V2", near_der(sample(second))), near_der(sample(second)),
    )  # fmt: skip


CERTIFICATES = CertificateReader()
NOW = 1_800_000_000 * NANOSECONDS


def read_chain(data: bytes) -> object:
    """Read a chain, and who issued whom."""
    chain: Any = CERTIFICATES.read_chain(data)
    return [one.is_issued_by(chain[0].der) for one in chain]


def read_ssh(data: bytes) -> object:
    """Read an SSH certificate, and tell what stands in it."""
    return CERTIFICATES.read_ssh(data).describe()


def read_nebula_certificate(data: bytes) -> object:
    """Read a Nebula certificate, and tell what stands in it."""
    return read_nebula(data).describe()


def read_root(data: bytes) -> object:
    """Read a root file."""
    return RootFile(MemoryFiles({"root": data}), "root", "--root").fingerprint()


KINDS = ("P-256", "RSA", "Ed25519", "secp256k1")
X509 = either(
    near_der(sample(*map(certificate, KINDS))),
    near_pem("CERTIFICATE", near_der(sample(*map(certificate, KINDS)))),
    near_pem("CERTIFICATE", near_bytes(sample(certificate()))),
)
REQUESTS = either(
    near_der(sample(*map(request, KINDS))),
    near_pem("CERTIFICATE REQUEST", near_der(sample(*map(request, KINDS)))),
    near_pem("NEW CERTIFICATE REQUEST", near_bytes(sample(request()))),
)
SSH_KEYS = ssh_line(near_strings(sample(*map(ssh_key, ("P-256", "P-521", "RSA", "Ed25519")))))
PUBLIC_KEYS = sample(*(
    key(kind).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    for kind in (*KINDS, "P-521", "X25519")
))  # fmt: skip

TARGETS: list[Target] = [
    parser("x509", X509, read_chain),
    parser("ssh", ssh_line(near_strings(sample(*map(ssh_certificate, KINDS[:3])))), read_ssh),
    parser("nebula", nebula_bodies(), read_nebula_certificate),
    parser("csr", REQUESTS, CERTIFICATES.read_request),
    parser("bound-csr", REQUESTS, fingerprint_request),
    parser("bound-ssh-key", SSH_KEYS, fingerprint_ssh_key),
    parser("public-keys", near_pem("PUBLIC KEY", near_der(PUBLIC_KEYS)), CERTIFICATES.read_public_keys),
    parser("root-file", X509, read_root),
]
