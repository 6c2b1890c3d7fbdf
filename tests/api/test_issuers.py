"""Issuers in Python: the real step-ca takes what each of them issues, of every kind of request."""

import logging
import shutil
from pathlib import Path
from unittest import mock

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

import step_ott
from tests.support.ca_client import connect, general_name, make_csr, make_ssh_key, names_of
from tests.support.cloud_identities import BEHAVIOURS, NAMES
from tests.support.forked_child import run_in_child
from tests.support.issuing import JWK, holds, know_ca
from tests.support.metadata_service import serve_metadata
from tests.support.nebula_mesh import NAME, NEBULA, Mesh
from tests.support.peer_programs import RunningCa
from tests.support.provisioned_ca import K8SSA, SSHPOP, X5C, Held, ProvisionedCa, issue_leaf
from tests.support.softhsm import PIN, PIN_ENCODED, TOKEN, SoftHsm
from tests.support.ssh_hosts import get_certificate

UNAUTHORISED = 401
NAMED = "web.test"
SANS = [NAMED, "10.0.0.7", "ops@web.test", "spiffe://web.test/ns"]


def test_certificates_are_signed_and_revoked(
    provisioned_ca: ProvisionedCa, issuer: step_ott.JwkIssuer | step_ott.X5cIssuer
) -> None:
    """With SANs of every type; a token is good for one certificate, and one of the same issuer revokes it."""
    client, names = connect(provisioned_ca.ca), [general_name(san) for san in SANS]
    token = issuer.token(NAMED, sans=SANS)
    certificate = client.sign(make_csr(NAMED, names), token).certificate
    assert sorted(map(str, names_of(certificate))) == sorted(map(str, names))
    assert client.sign(make_csr(NAMED, names), token).status == UNAUTHORISED
    revoked = client.revoke(certificate.serial_number, issuer.revocation_token(certificate.serial_number))
    assert (revoked.status, revoked.body) == (200, {"status": "ok"})


@pytest.mark.parametrize("form", ["PEM", "DER", "text", "path"])
def test_a_bound_token_signs_that_csr_alone(
    provisioned_ca: ProvisionedCa, jwk_issuer: step_ott.JwkIssuer, tmp_path: Path, form: str
) -> None:
    """By a CSR in any form; another CSR for the same names is refused, and does not spend it."""
    client, csr = connect(provisioned_ca.ca), make_csr(NAMED, [general_name(NAMED)])
    pem = csr.public_bytes(Encoding.PEM)
    (tmp_path / "csr").write_bytes(pem)
    given = {"PEM": pem, "DER": csr.public_bytes(Encoding.DER), "text": pem.decode(), "path": tmp_path / "csr"}[form]
    other = make_csr(NAMED, [general_name(NAMED)])
    assert client.sign(other, jwk_issuer.token(NAMED, csr=given)).status != 201
    assert client.sign(csr, jwk_issuer.token(NAMED, csr=given)).certificate


def test_ssh_certificates_are_signed(
    provisioned_ca: ProvisionedCa, issuer: step_ott.JwkIssuer | step_ott.X5cIssuer
) -> None:
    """Of hosts and of users, with principals, bound to a key or not."""
    client, line = connect(provisioned_ca.ca), make_ssh_key()
    host = client.sign_ssh(line, issuer.ssh_host_token(NAMED, principals=[NAMED], public_key=line)).ssh_certificate
    assert host.valid_principals == [NAMED.encode()]
    user = client.sign_ssh(line, issuer.ssh_user_token("ada", principals=["ada", "root"])).ssh_certificate
    assert (user.valid_principals, user.key_id) == ([b"ada", b"root"], b"ada")
    assert "cnf" in issuer.ssh_user_token("ada", principals=["ada"], public_key=line.encode()).claims


def test_an_ssh_certificate_is_revoked_by_its_serial(
    provisioned_ca: ProvisionedCa, jwk_issuer: step_ott.JwkIssuer
) -> None:
    """By JWK alone: X5C issuers have no such method."""
    client = connect(provisioned_ca.ca)
    serial = client.sign_ssh(
        make_ssh_key(), jwk_issuer.ssh_user_token("ada", principals=["ada"])
    ).ssh_certificate.serial
    assert jwk_issuer.ssh_revocation_token(hex(serial)).claims["sub"] == str(serial)
    assert client.revoke_ssh(serial, jwk_issuer.ssh_revocation_token(serial)).status == 200
    assert not hasattr(step_ott.X5cIssuer, "ssh_revocation_token")


def test_an_ssh_certificate_speaks_for_itself(provisioned_ca: ProvisionedCa, tmp_path: Path) -> None:
    """It is renewed, rekeyed and revoked, by an encrypted key in a file or in memory."""
    host, client = get_certificate(provisioned_ca, tmp_path, sealed=True), connect(provisioned_ca.ca)
    ca, paths = know_ca(provisioned_ca.ca), (tmp_path / "host-cert.pub", tmp_path / "host")
    issuer = step_ott.SshpopIssuer(ca, *paths, name=SSHPOP, password=b"password")
    assert client.post("/1.0/ssh/renew", ott=issuer.ssh_renewal_token()).ssh_certificate
    line = make_ssh_key()
    rekeyed = client.post("/1.0/ssh/rekey", ott=issuer.ssh_rekey_token(), publicKey=line.split()[1]).ssh_certificate
    assert (
        rekeyed.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode().split()[1] == line.split()[1]
    )
    in_memory = step_ott.SshpopIssuer(ca, paths[0].read_text(), paths[1].read_bytes(), password=lambda: b"password")
    assert client.revoke_ssh(host.serial, in_memory.ssh_revocation_token()).status == 200


def test_a_certificate_is_renewed_by_its_own_key(provisioned_ca: ProvisionedCa, tmp_path: Path) -> None:
    """The CA takes the token for a renewal."""
    held = provisioned_ca.hold(tmp_path, NAMED, extension=provisioned_ca.provisioner_extension(JWK))
    chain = held.certificate.read_bytes() + provisioned_ca.issuer.public_bytes(Encoding.PEM)
    issuer = step_ott.RenewalIssuer(know_ca(provisioned_ca.ca), chain, held.key.read_bytes())
    renewed = connect(provisioned_ca.ca).post("/1.0/renew", bearer=issuer.renewal_token()).certificate
    assert renewed.serial_number != held.leaf.serial_number


@pytest.mark.parametrize("kind", ["X25519", "P-256"])
def test_nebula_hosts_get_certificates(mesh_ca: ProvisionedCa, mesh: Mesh, tmp_path: Path, kind: str) -> None:
    """X.509 and SSH host certificates, with keys on both curves."""
    held, client = mesh.host(tmp_path, 2, kind), connect(mesh_ca.ca)
    issuer = step_ott.NebulaIssuer(know_ca(mesh_ca.ca), held.certificate, held.key, name=NEBULA)
    assert names_of(client.sign(make_csr(NAME, [general_name(NAME)]), issuer.token(NAME)).certificate)
    assert client.sign_ssh(make_ssh_key(), issuer.ssh_host_token(NAME, principals=[NAME])).ssh_certificate
    with pytest.raises(step_ott.UsageError, match=r"elsewhere\.test"):
        issuer.token("elsewhere.test")
    with pytest.raises(step_ott.UsageError, match="sans= "):
        issuer.token(NAME, sans=["elsewhere.test"])


def test_kubernetes_tokens_are_handed_on(
    provisioned_ca: ProvisionedCa, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The file is read each time, so that a token which Kubernetes has changed counts; and nothing is cautioned of."""
    (tmp_path / "token").write_text(provisioned_ca.kubernetes_token())
    issuer = step_ott.K8saIssuer(know_ca(provisioned_ca.ca), tmp_path / "token", name=K8SSA)
    fresh = provisioned_ca.kubernetes_token(sub="system:serviceaccount:default:other")
    (tmp_path / "token").write_text(fresh)
    token = issuer.token()
    assert token == fresh
    assert connect(provisioned_ca.ca).sign(make_csr(NAMED, [general_name(NAMED)]), token).certificate
    assert token not in repr(token) and repr(token).startswith("<step_ott.Token for 'system:serviceaccount:default:oth")
    assert not [one for one in caplog.records if one.levelno >= logging.WARNING]


def test_a_token_in_the_place_of_a_file_is_never_shown(provisioned_ca: ProvisionedCa) -> None:
    """Where it will do it is the content of such a file, and elsewhere the error does not have it."""
    ca, text = know_ca(provisioned_ca.ca), provisioned_ca.kubernetes_token()
    assert step_ott.K8saIssuer(ca, text, name=K8SSA).token() == text
    for call in (
        lambda: step_ott.CA(ca.url, text),
        lambda: step_ott.OfflineCA(text),
        lambda: ca.issuer(key=text),
        lambda: step_ott.RenewalIssuer(ca, text, text),
        lambda: step_ott.verify(text, ca, step_ott.Endpoint.SIGN, csr=text),
    ):
        with pytest.raises(step_ott.StepOttError) as caught:
            call()
        assert text not in str(caught.value)


@pytest.mark.parametrize("type_name", NAMES)
def test_machines_in_clouds_get_certificates(cloud_ca: RunningCa, type_name: str) -> None:
    """For as many tokens as are asked for, of a metadata service at an address that the program says."""
    client, name = connect(cloud_ca), NAMES[type_name]
    with serve_metadata(BEHAVIOURS[type_name]()) as host:
        ca = know_ca(cloud_ca)
        if type_name == "AWS":
            token = step_ott.AwsIssuer(ca, name, metadata=host.url).token(NAMED)
        else:
            cls = step_ott.GcpIssuer if type_name == "GCP" else step_ott.AzureIssuer
            issuer = cls(ca, name, metadata=host.url)
            assert issuer.token().claims["iss"]
            token = issuer.token()
    assert client.sign(make_csr(NAMED, [general_name(NAMED)]), token).certificate


def encrypt_key(held: Held) -> None:
    """Encrypt the key in its file."""
    key = load_pem_private_key(held.key.read_bytes(), None)
    held.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")))


def test_a_certificate_that_was_renewed_counts_at_once(provisioned_ca: ProvisionedCa, tmp_path: Path) -> None:
    """The files are read anew; with a new key in them, that signs, and its password is asked for again."""
    held, asked = provisioned_ca.hold(tmp_path, NAMED), []
    encrypt_key(held)
    ca = know_ca(provisioned_ca.ca)

    def give() -> bytes:
        asked.append(None)
        return b"secret"

    issuer = step_ott.X5cIssuer(ca, held.certificate, held.key, name=X5C, password=give)
    before = issuer.token(NAMED)
    (tmp_path / "new").mkdir()
    renewed = provisioned_ca.hold(tmp_path / "new", NAMED)
    thumbprint = renewed.thumbprint()
    encrypt_key(renewed)
    shutil.copy(renewed.key, held.key)
    assert issuer.token(NAMED).header["x5c"] == before.header["x5c"], "the key came first, and the old pair still signs"
    shutil.copy(renewed.certificate, held.certificate)
    after = issuer.token(NAMED)
    assert after.header["x5c"] != before.header["x5c"] and after.header["kid"] == thumbprint
    assert connect(provisioned_ca.ca).sign(make_csr(NAMED, [general_name(NAMED)]), after).certificate
    assert issuer.token(NAMED) and len(asked) == 2, "once for each key"


def test_a_certificate_without_its_key_is_refused_until_that_is_there(
    provisioned_ca: ProvisionedCa, tmp_path: Path
) -> None:
    """Where the certificate comes first, the error names both arguments, and passes with the key."""
    held = provisioned_ca.hold(tmp_path, NAMED)
    issuer = step_ott.X5cIssuer(know_ca(provisioned_ca.ca), held.certificate, held.key, name=X5C)
    (tmp_path / "new").mkdir()
    renewed = provisioned_ca.hold(tmp_path / "new", NAMED)
    shutil.copy(renewed.certificate, held.certificate)
    with pytest.raises(step_ott.KeyMismatchError, match=r"key=.*certificate="):
        issuer.token(NAMED)
    shutil.copy(renewed.key, held.key)
    assert issuer.token(NAMED).header["kid"] == renewed.thumbprint()


def test_a_key_in_a_device_signs(
    provisioned_ca: ProvisionedCa, softhsm: SoftHsm, caplog: pytest.LogCaptureFixture
) -> None:
    """By its URI, with the PIN for a password that is asked for once."""
    key, asked = softhsm.make("P-256"), []
    leaf = issue_leaf(provisioned_ca.issuer, provisioned_ca.issuer_key, key, NAMED)

    def give() -> bytes:
        asked.append(None)
        return PIN.encode()

    uri = f"{key.uri};module-path={softhsm.module};token={TOKEN}"
    pem = leaf.public_bytes(Encoding.PEM)
    issuer = step_ott.X5cIssuer(know_ca(provisioned_ca.ca), pem, uri, name=X5C, password=give)
    client = connect(provisioned_ca.ca)
    assert client.sign(make_csr(NAMED, [general_name(NAMED)]), issuer.token(NAMED)).certificate
    assert issuer.token(NAMED) != issuer.token(NAMED)
    assert len(asked) == 1
    assert run_in_child(lambda: holds(issuer.token(NAMED), leaf)), "a fork opens a session of its own"
    inline = step_ott.X5cIssuer(know_ca(provisioned_ca.ca), pem, f"{uri}?pin-value={PIN_ENCODED}", name=X5C)
    assert holds(inline.token(NAMED), leaf) and "pin" not in caplog.text.lower(), (
        "nobody sees it in a list of processes"
    )


def test_a_name_that_is_not_the_cas_is_cautioned_of_once(
    provisioned_ca: ProvisionedCa, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """In the log "step_ott", in the words of Python, when the issuer is made and not again."""
    held = provisioned_ca.hold(tmp_path, NAMED)
    with mock.patch("adapters.ca.https.HttpsAuthority.names", return_value=["ca.test"]):
        issuer = step_ott.X5cIssuer(know_ca(provisioned_ca.ca), held.certificate, held.key, name=X5C)
    issuer.token(NAMED)
    issuer.token(NAMED)
    said = [one.getMessage() for one in caplog.records if one.levelno >= logging.WARNING]
    assert len(said) == 1 and said[0].endswith("use one of its own names in url=")
