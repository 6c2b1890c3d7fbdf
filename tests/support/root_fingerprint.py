"""The fingerprint by which a test's CA is known."""

from hashlib import sha256

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from tests.support.peer_programs import RunningCa


def fingerprint_of(ca: RunningCa) -> str:
    """Return the SHA-256 of its root's DER, 64 lower-case hex."""
    root = x509.load_pem_x509_certificate((ca.path / "certs" / "root_ca.crt").read_bytes())
    return sha256(root.public_bytes(Encoding.DER)).hexdigest()
