"""Certificates in Python: the real step-ca signs them, and what comes back is whole, checked and written together."""

import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    SSHCertificate,
    SSHCertificateType,
    load_pem_private_key,
    load_ssh_public_identity,
)

import step_ott
from tests.support.ca_client import general_name, make_csr, make_ssh_key
from tests.support.cloud_identities import BEHAVIOURS, NAMES
from tests.support.issuing import JWK, know_ca, read_password
from tests.support.metadata_service import serve_metadata
from tests.support.nebula_mesh import NAME as NEBULA_NAME
from tests.support.nebula_mesh import NEBULA, Mesh
from tests.support.peer_programs import RunningCa
from tests.support.provisioned_ca import K8SSA, ProvisionedCa

NAMED = "web.test"
SANS = [NAMED, "10.0.0.7", "ops@web.test", "spiffe://web.test/ns"]


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


def test_a_certificate_is_renewed_and_revoked(provisioned_ca: ProvisionedCa, jwk_issuer: step_ott.JwkIssuer) -> None:
    """By the certificate itself, in memory; the serial number is told in any form, and once."""
    ca, issued = know_ca(provisioned_ca.ca), jwk_issuer.certificate(NAMED, sans=SANS)
    renewed = ca.renew(issued.chain, issued.key)
    assert renewed.serial != issued.serial
    assert renewed.names == issued.names
    assert read(renewed.certificate)[0].public_key() == read(issued.certificate)[0].public_key()
    jwk_issuer.revoke(issued.serial, reason="replaced", reason_code="superseded")
    with pytest.raises(step_ott.AuthorityError, match=f"{issued.serial}' is already revoked"):
        jwk_issuer.revoke(hex(issued.serial))
    with pytest.raises(step_ott.AuthorityError, match="refuses the request with status 401"):
        ca.renew(issued.chain, issued.key)
    jwk_issuer.revoke(renewed.certificate)
    with pytest.raises(step_ott.AuthorityError, match=f"{renewed.serial}' is already revoked"):
        jwk_issuer.revoke(renewed.serial)


def test_a_csr_of_ones_own_is_signed(issuer: step_ott.JwkIssuer | step_ott.X5cIssuer, tmp_path: Path) -> None:
    """In each form, for the names in it; the chain alone is written, with the mode of a file that it replaces."""
    csr = make_csr(NAMED, [general_name(san) for san in SANS])
    pem = csr.public_bytes(Encoding.PEM)
    (tmp_path / "web.csr").write_bytes(pem)
    for given in (pem, pem.decode(), csr.public_bytes(Encoding.DER), tmp_path / "web.csr"):
        signed = issuer.sign(given)
        assert read(signed.certificate)[0].public_key() == csr.public_key()
        assert set(signed.names) == set(SANS)
        assert not hasattr(signed, "key")
    target = tmp_path / "web.crt"
    signed.save(target)
    assert target.read_text() == signed.chain
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    with pytest.raises(step_ott.OutputError, match=r"web\.crt exists: add replace= to replace it$"):
        signed.save(target)
    target.chmod(0o644)
    signed.save(str(target), replace=True)
    assert stat.S_IMODE(target.stat().st_mode) == 0o644


def test_a_token_from_elsewhere_is_spent(provisioned_ca: ProvisionedCa, jwk_issuer: step_ott.JwkIssuer) -> None:
    """Once, by its own names or for a CSR; what the CA would refuse does not spend it."""
    ca, csr = know_ca(provisioned_ca.ca), make_csr(NAMED, [general_name(NAMED)])
    token = jwk_issuer.token(NAMED, sans=SANS)
    with pytest.raises(step_ott.ForeseenRefusalError, match="the token can still be used"):
        ca.sign(make_csr("other.test", [general_name("other.test")]).public_bytes(Encoding.PEM), token)
    with pytest.raises(step_ott.UsageError, match=r"^sans= does not go with a token that says for which names it is"):
        ca.certificate(token, sans=SANS)
    with pytest.raises(step_ott.UsageError, match=r"the token is for 'web\.test', and the subject"):
        ca.certificate(token, "other.test")
    assert ca.certificate(token).names == tuple(SANS)
    with pytest.raises(step_ott.AuthorityError, match="the token counts as used"):
        ca.certificate(token)
    signed = ca.sign(csr.public_bytes(Encoding.PEM), jwk_issuer.token(NAMED))
    assert read(signed.certificate)[0].public_key() == csr.public_key()


@pytest.mark.parametrize(
    ("kind", "cls", "size"),
    [("P-384", ec.EllipticCurvePrivateKey, 384), ("P-521", ec.EllipticCurvePrivateKey, 521),
     ("RSA-3072", rsa.RSAPrivateKey, 3072), ("Ed25519", ed25519.Ed25519PrivateKey, None)],
)  # fmt: skip
def test_each_kind_of_key(jwk_issuer: step_ott.JwkIssuer, kind: Any, cls: type, size: int | None) -> None:
    """It is what was asked for, and the certificate is for it."""
    issued = jwk_issuer.certificate(NAMED, key_kind=kind)
    key = load_pem_private_key(issued.key.encode(), None)
    assert isinstance(key, cls)
    assert getattr(key, "key_size", None) == size
    assert has_key(issued, issued.key.encode())


def test_a_pair_is_written_whole_or_not_at_all(jwk_issuer: step_ott.JwkIssuer, tmp_path: Path) -> None:
    """With mode 0600, encrypted by a password; what is there stays as it was unless it is to be replaced."""
    issued, crt, key = jwk_issuer.certificate(NAMED), tmp_path / "web.crt", tmp_path / "web.key"
    issued.save(crt, str(key))
    assert (crt.read_text(), key.read_text()) == (issued.chain, issued.key)
    assert [stat.S_IMODE(file.stat().st_mode) for file in (crt, key)] == [0o600, 0o600]
    other = jwk_issuer.certificate(NAMED)
    crt.unlink()
    with pytest.raises(step_ott.OutputError, match=r"web\.key exists: add replace= to replace it$"):
        other.save(crt, key)
    assert not crt.exists()
    assert key.read_text() == issued.key
    other.save(crt, key, replace=True, password=b"sesame")
    assert has_key(other, key.read_bytes(), b"sesame")
    with pytest.raises(step_ott.UsageError, match="are the same file"):
        issued.save(crt, crt, replace=True)
    with pytest.raises(step_ott.InputError, match=r"^password= is empty"):
        issued.save(crt, key, replace=True, password=b"")
    with pytest.raises(step_ott.OutputError):
        issued.save(tmp_path / "no" / "web.crt", tmp_path / "no" / "web.key")
    assert crt.read_text() == other.chain


def test_times_are_those_of_the_certificate(jwk_issuer: step_ott.JwkIssuer) -> None:
    """As a distance or a moment; what the CA would refuse is not asked for."""
    now = datetime.now(UTC)
    issued = jwk_issuer.certificate(NAMED, not_after=timedelta(minutes=30))
    assert abs(issued.not_after - now - timedelta(minutes=30)) < timedelta(minutes=2)
    end = now.replace(microsecond=0) + timedelta(hours=2)
    issued = jwk_issuer.certificate(NAMED, not_before=now + timedelta(minutes=5), not_after=end)
    assert issued.not_after == end
    with pytest.raises(step_ott.ForeseenRefusalError, match="so it was not sent"):
        jwk_issuer.certificate(NAMED, not_before=now + timedelta(hours=2), not_after=now + timedelta(hours=1))


def test_one_issuer_serves_threads(jwk_issuer: step_ott.JwkIssuer) -> None:
    """Each call has a key, a token and a connection of its own."""
    names = [f"host{number}.test" for number in range(12)]
    with ThreadPoolExecutor(6) as pool:
        issued = list(pool.map(jwk_issuer.certificate, names))
    assert [one.names for one in issued] == [(name,) for name in names]
    assert len({one.serial for one in issued}) == len({one.key for one in issued}) == len(names)
    assert all(has_key(one, one.key.encode()) for one in issued)


def test_a_ca_that_does_not_run_gives_none(provisioned_ca: ProvisionedCa) -> None:
    """It is refused in words, whatever is asked."""
    offline = step_ott.OfflineCA(provisioned_ca.ca.path / "config" / "ca.json")
    issuer = offline.issuer(JWK, password=read_password(provisioned_ca.ca))
    csr = make_csr(NAMED, [general_name(NAMED)]).public_bytes(Encoding.PEM)
    for call in (lambda: issuer.certificate(NAMED), lambda: issuer.sign(csr), lambda: issuer.revoke(5)):
        with pytest.raises(
            step_ott.UsageError, match=r"does not run, and can only be asked for tokens: use a step_ott.CA"
        ):
            call()


def test_ssh_certificates_are_got(
    provisioned_ca: ProvisionedCa, issuer: step_ott.JwkIssuer | step_ott.X5cIssuer, tmp_path: Path
) -> None:
    """Of hosts and users, for a key in a line or a file, by the CA's own key; they are written for all to read."""
    (tmp_path / "host.pub").write_text(make_ssh_key())
    host = issuer.ssh_host_certificate(tmp_path / "host.pub", NAMED)
    assert (host.principals, host.key_id) == ((NAMED,), NAMED)
    told = load_ssh_public_identity(host.line.encode())
    assert isinstance(told, SSHCertificate)
    assert (told.serial, told.type) == (host.serial, SSHCertificateType.HOST)
    target = tmp_path / "host-cert.pub"
    host.save(target)
    assert target.read_text() == host.line
    assert stat.S_IMODE(target.stat().st_mode) == 0o644
    with pytest.raises(step_ott.OutputError, match=r"exists: add replace= to replace it$"):
        host.save(target)
    host.save(target, replace=True)
    user = issuer.ssh_user_certificate(make_ssh_key(), "Ada@web.test", not_after=timedelta(minutes=10))
    assert user.principals == ("ada", "Ada@web.test")
    assert user.not_after is not None
    assert abs(user.not_after - datetime.now(UTC) - timedelta(minutes=10)) < timedelta(minutes=2)
    named = issuer.ssh_user_certificate(make_ssh_key(), "ada", principals=["ada", "root"])
    assert named.principals == ("ada", "root")
    with pytest.raises(step_ott.InputError, match=r"^public_key="):
        issuer.ssh_user_certificate(b"x", "ada")
    offline = step_ott.OfflineCA(provisioned_ca.ca.path / "config" / "ca.json")
    with pytest.raises(step_ott.UsageError, match="does not run"):
        offline.issuer(JWK, password=read_password(provisioned_ca.ca)).ssh_host_certificate(make_ssh_key(), NAMED)


@pytest.mark.parametrize("kind", ["X25519", "P-256"])
def test_nebula_hosts_get_certificates(mesh_ca: ProvisionedCa, mesh: Mesh, tmp_path: Path, kind: str) -> None:
    """X.509 and SSH, of the names that the Nebula certificate vouches for and no others."""
    held = mesh.host(tmp_path, 2, kind)
    issuer = step_ott.NebulaIssuer(know_ca(mesh_ca.ca), held.certificate, held.key, name=NEBULA)
    assert issuer.certificate(NEBULA_NAME).names == (NEBULA_NAME,)
    assert issuer.ssh_host_certificate(make_ssh_key(), NEBULA_NAME).principals == (NEBULA_NAME,)
    with pytest.raises(step_ott.UsageError, match=r"elsewhere\.test"):
        issuer.certificate("elsewhere.test")
    assert not hasattr(issuer, "ssh_user_certificate")
    assert not hasattr(issuer, "revoke")


def test_service_accounts_get_certificates(provisioned_ca: ProvisionedCa, tmp_path: Path) -> None:
    """By the token in the file, for the subject and names that the program says."""
    (tmp_path / "token").write_text(provisioned_ca.kubernetes_token())
    issuer = step_ott.K8saIssuer(know_ca(provisioned_ca.ca), tmp_path / "token", name=K8SSA)
    assert issuer.certificate(NAMED).names == (NAMED,)
    assert issuer.certificate(NAMED, sans=SANS).names == tuple(SANS)
    csr = make_csr(NAMED, [general_name(NAMED)])
    assert read(issuer.sign(csr.public_bytes(Encoding.PEM)).certificate)[0].public_key() == csr.public_key()


@pytest.mark.parametrize("type_name", NAMES)
def test_machines_in_clouds_get_certificates(cloud_ca: RunningCa, type_name: str) -> None:
    """By the identity that the cloud gives, for the names that the program says."""
    cls = {"AWS": step_ott.AwsIssuer, "GCP": step_ott.GcpIssuer, "Azure": step_ott.AzureIssuer}[type_name]
    with serve_metadata(BEHAVIOURS[type_name]()) as host:
        issued = cls(know_ca(cloud_ca), NAMES[type_name], metadata=host.url).certificate(NAMED, sans=[NAMED])
    assert NAMED in issued.names
    assert has_key(issued, issued.key.encode())


def test_a_renewal_takes_every_form_of_key(
    provisioned_ca: ProvisionedCa, jwk_issuer: step_ott.JwkIssuer, tmp_path: Path
) -> None:
    """An encrypted file, an object of `cryptography`, and a signer of the program's own, which TLS cannot use."""
    ca, crt, key = know_ca(provisioned_ca.ca), tmp_path / "web.crt", tmp_path / "web.key"
    issued = jwk_issuer.certificate(NAMED)
    issued.save(crt, key, password=b"sesame")
    private = load_pem_private_key(issued.key.encode(), None)
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    signer = step_ott.DerSigner(private.public_key(), lambda message: private.sign(message, ec.ECDSA(SHA256())))
    with pytest.raises(step_ott.WrongPasswordError):
        ca.renew(crt, key, password=b"wrong")
    serials = {
        ca.renew(crt, key, password=b"sesame").serial, ca.renew(crt, private).serial, ca.renew(crt, signer).serial,
    }  # fmt: skip
    assert len(serials - {issued.serial}) == 3
    renewable = step_ott.RenewalIssuer(ca, crt, key, password=b"sesame")
    renewable.renew().save(crt, replace=True)
    assert read(crt.read_text())[0].serial_number != issued.serial
    assert renewable.renew().names == (NAMED,)
    with pytest.raises(step_ott.KeyMismatchError):
        ca.renew(crt, ec.generate_private_key(ec.SECP256R1()))
