"""`ca certificate` before a real step-ca."""

import stat
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.support.peer_programs import RunningCa
from tests.support.running import invoke


def test_a_certificate_and_its_key_are_got(running_ca: RunningCa, tmp_path: Path) -> None:
    """Both are private files; the certificate is for the name and the key, and nothing is on stdout."""
    certificate, key = tmp_path / "web.crt", tmp_path / "web.key"
    words = ["ca", "certificate", "web.example.com", str(certificate), str(key)]
    got = invoke(*words, environment={"STEPPATH": str(running_ca.path)})
    assert (got.status, got.out) == (0, ""), got.err
    leaf, *issuers = x509.load_pem_x509_certificates(certificate.read_bytes())
    private = load_pem_private_key(key.read_bytes(), None)
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["web.example.com"]
    assert leaf.public_key() == private.public_key()
    assert issuers
    assert {stat.S_IMODE(path.stat().st_mode) for path in (certificate, key)} == {0o600}
