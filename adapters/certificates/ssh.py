"""SSH certificates and public keys, on `cryptography` (OpenSSH, PROTOCOL.certkeys; RFC 4253, 6.6)."""

import warnings
from base64 import b64decode, b64encode
from hashlib import sha256

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, SSHCertificate, SSHCertificateType, ssh

from adapters.jose.key_objects import read_public_or_none
from domain.certificates.x509_and_ssh import SshCertificate, SshPublicKey
from domain.errors import InputError, translating
from domain.formats import base64url

_CERTIFICATE_KIND = b"-cert-v01@openssh.com"


def read_ssh(data: bytes) -> SshCertificate:
    """Return the SSH certificate in `data` (see `domain.certificates.ports.Certificates`)."""
    what, fix = "the file holds no SSH certificate", "give the file that ends in -cert.pub"
    with translating(lambda _: InputError(what, fix)), warnings.catch_warnings(action="ignore"):  # kept off stderr
        words = data.split()
        line = data.strip() if len(words) != 1 else _name_algorithm(words[0])
        certificate = ssh.load_ssh_public_identity(line)
        if not isinstance(certificate, SSHCertificate):
            raise ValueError("a key")
        wire = line.split()[1]
        return SshCertificate(
            wire=wire.decode("ascii"),
            serial=certificate.serial,
            is_host=certificate.type is SSHCertificateType.HOST,
            not_before=certificate.valid_after,
            not_after=certificate.valid_before,
            public=read_public_or_none(certificate.public_key()),
            key_id=certificate.key_id.decode("utf-8", "replace"),
            principals=tuple(name.decode("utf-8", "replace") for name in certificate.valid_principals),
            signed_by=_find_ssh_signer(certificate),
            key_fingerprint=_fingerprint_ssh(certificate.public_key()),
            critical_options=tuple(name.decode("utf-8", "replace") for name in certificate.critical_options),
        )


def fingerprint_ssh_key(data: bytes) -> str:
    """Return the SHA-256 of the key in `data` (see `domain.certificates.ports.Certificates`)."""
    return base64url.encode_sha256(b64decode(read_ssh_key(data).wire))


def read_ssh_key(data: bytes) -> SshPublicKey:
    """Return the key in `data`, a line such as "ssh-ed25519 AAAA… comment", perhaps among comments.

    See `domain.certificates.ports.Certificates`.
    """
    lines = [line for line in map(bytes.strip, data.splitlines()) if line and not line.startswith(b"#")]
    what, fix = (
        "it holds no SSH public key",
        'give an SSH public key: a line such as "ssh-ed25519 AAAA…", as in .pub files',
    )
    with translating(lambda _: InputError(what, fix)):
        if len(lines) != 1:
            raise ValueError("not one line")
        kind, text, *_ = lines[0].split()
        b64decode(text, validate=True)
        if kind == b"ssh-dss":
            raise UnsupportedAlgorithm("DSA")
        ssh.load_ssh_public_key(lines[0])
    if kind.endswith(_CERTIFICATE_KIND):
        raise InputError("it holds an SSH certificate", "give the .pub file of its key")
    return SshPublicKey(text.decode("ascii"))


def _name_algorithm(wire: bytes) -> bytes:
    """Return an OpenSSH line of the base64 `wire`, whose first string is the algorithm's name (RFC 4253, 6.6)."""
    data = b64decode(wire, validate=True)
    size = int.from_bytes(data[:4], "big")
    return data[4 : 4 + size] + b" " + wire


def _find_ssh_signer(certificate: SSHCertificate) -> str:
    """Return the base64 of the key that signed an SSH certificate, empty where its signature does not hold."""
    try:
        certificate.verify_cert_signature()
    except InvalidSignature:
        return ""
    line = certificate.signature_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    return line.split()[1].decode("ascii")


def _fingerprint_ssh(key: ssh.SSHCertPublicKeyTypes) -> str:
    """Return a key's fingerprint as `ssh-keygen -L` prints it."""
    wire = b64decode(key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).split()[1])
    return "SHA256:" + b64encode(sha256(wire).digest()).decode("ascii").rstrip("=")
