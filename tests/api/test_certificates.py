"""Certificates in Python: the real step-ca signs them, and what comes back is whole, checked and written together."""

from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

import step_ott
from tests.support.issuing import JWK, know_ca, read_password
from tests.support.provisioned_ca import X5C, ProvisionedCa

NAMED = "web.test"
SANS = [NAMED, "10.0.0.7", "ops@web.test", "spiffe://web.test/ns"]


@pytest.fixture(scope="module")
def jwk_issuer(provisioned_ca: ProvisionedCa) -> step_ott.JwkIssuer:
    """An issuer by name and password."""
    return step_ott.JwkIssuer(know_ca(provisioned_ca.ca), JWK, password=read_password(provisioned_ca.ca))


@pytest.fixture
def x5c_issuer(provisioned_ca: ProvisionedCa, tmp_path: Path) -> step_ott.X5cIssuer:
    """An issuer by a certificate and its key."""
    held = provisioned_ca.hold(tmp_path, NAMED)
    return step_ott.X5cIssuer(know_ca(provisioned_ca.ca), held.certificate, held.key, name=X5C)


@pytest.fixture(params=["JWK", "X5C"])
def issuer(request: pytest.FixtureRequest) -> step_ott.JwkIssuer | step_ott.X5cIssuer:
    """Each of the two types that sign anything."""
    found: step_ott.JwkIssuer | step_ott.X5cIssuer = request.getfixturevalue(f"{request.param.lower()}_issuer")
    return found


def read(pem: str) -> list[x509.Certificate]:
    """Return the certificates in PEM."""
    return x509.load_pem_x509_certificates(pem.encode())


def has_key(issued: step_ott.IssuedCertificate, key: bytes, password: bytes | None = None) -> bool:
    """Return whether that is the private key of the certificate."""
    public = load_pem_private_key(key, password).public_key()
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return public.public_bytes(*form) == read(issued.certificate)[0].public_key().public_bytes(*form)


def test_a_certificate_is_whole(issuer: step_ott.JwkIssuer | step_ott.X5cIssuer) -> None:
    """Key, certificate and chain, with SANs of every type; no text that might be logged has the key."""
    issued = issuer.certificate(NAMED, sans=SANS)
    leaf = read(issued.certificate)
    assert len(leaf) == 1
    assert read(issued.chain)[0] == leaf[0]
    assert len(read(issued.chain)) == 2
    assert issued.chain.startswith(issued.certificate)
    assert has_key(issued, issued.key.encode())
    assert issued.serial == leaf[0].serial_number
    assert (issued.not_before, issued.not_after) == (leaf[0].not_valid_before_utc, leaf[0].not_valid_after_utc)
    assert issued.names == (NAMED, "10.0.0.7", "ops@web.test", "spiffe://web.test/ns")
    assert "PRIVATE" not in repr(issued)
    assert issued.key not in repr(issued)
    with pytest.raises(AttributeError):
        issued.serial = 5  # type: ignore[misc]
    assert issuer.certificate(NAMED).names == (NAMED,)
