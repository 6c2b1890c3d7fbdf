"""The requests that a token can be bound to: CSRs and SSH public keys, on `cryptography`."""

from base64 import b64decode
from hashlib import sha256

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, ssh

from domain.errors import InputError, translating
from domain.formats import base64url

_CSR_LABELS = (b"-----BEGIN CERTIFICATE REQUEST-----", b"-----BEGIN NEW CERTIFICATE REQUEST-----")
_CERTIFICATE = b"-----BEGIN CERTIFICATE-----"
_SSH_CERTIFICATE = b"-cert-v01@openssh.com"


def fingerprint_bound_request(data: bytes, is_ssh: bool) -> str:
    """Return the SHA-256, in unpadded base64url, that the `cnf` claim carries as `x5rt#S256`.

    Args:
        data: A CSR in PEM or DER; where `is_ssh`, an SSH public key line ("ssh-ed25519 AAAA… comment").
        is_ssh: Which of the two it is.

    Raises:
        InputError: it is not, or the CSR's own signature is bad.
    """
    return base64url.encode(sha256(_ssh_key_bytes(data) if is_ssh else _csr_bytes(data)).digest())


def _csr_bytes(data: bytes) -> bytes:
    """Return the DER of a CSR whose own signature holds (RFC 2986, section 3)."""
    blocks = sum(data.count(label) for label in _CSR_LABELS)
    if blocks > 1:
        raise InputError("it holds several certificate signing requests", "give a file with one")
    if not blocks and _CERTIFICATE in data:
        raise InputError(
            "it holds no certificate signing request but a certificate", "give the CSR; with --ssh it takes an SSH key"
        )
    what, fix = "it holds no certificate signing request in PEM or DER", "with --ssh it takes an SSH key"
    with translating(lambda _: InputError(what, fix)):
        request = x509.load_pem_x509_csr(data) if blocks else x509.load_der_x509_csr(data)
        sound = request.is_signature_valid
    if not sound:
        raise InputError("the CSR is not signed by its own key", "make the CSR anew")
    return request.public_bytes(Encoding.DER)


def _ssh_key_bytes(data: bytes) -> bytes:
    """Return the wire bytes of an SSH public key (RFC 4253, section 6.6)."""
    lines = [line for line in map(bytes.strip, data.splitlines()) if line and not line.startswith(b"#")]
    what, fix = "it holds no SSH public key", "give the .pub file; without --ssh it takes a CSR"
    with translating(lambda _: InputError(what, fix)):
        if len(lines) != 1:
            raise ValueError("not one line")
        kind, text, *_ = lines[0].split()
        wire = b64decode(text, validate=True)
        if kind == b"ssh-dss":
            raise UnsupportedAlgorithm("DSA")
        ssh.load_ssh_public_key(lines[0])
    if kind.endswith(_SSH_CERTIFICATE):
        raise InputError("it holds an SSH certificate", "give the .pub file of its key")
    return wire
