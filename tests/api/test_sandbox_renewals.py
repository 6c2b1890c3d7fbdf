"""Tokens that certificates ask for themselves, spent at a sandbox: by a real step-ca, and by the rules alone."""

import json
from collections.abc import Iterator
from pathlib import Path
from time import time
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    SSHCertificateBuilder,
    SSHCertificateType,
    load_pem_private_key,
    load_ssh_public_identity,
)

import step_ott
from step_ott import sandbox
from tests.support.provisioned_ca import issue_leaf, name_provisioner

KEY = ec.generate_private_key(ec.SECP256R1())


@pytest.fixture(params=["served", "in-process"])
def opened(
    request: pytest.FixtureRequest, tmp_path: Path, step_ca_program: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[step_ott.SandboxCA]:
    """A sandbox that has an SSHPOP provisioner too."""
    really = sandbox._write

    def write(folder: Path) -> tuple[Path, str]:
        path, url = really(folder)
        config = json.loads((path / "config" / "ca.json").read_text())
        config["authority"]["provisioners"].append({"type": "SSHPOP", "name": "pop", "claims": {"enableSSHCA": True}})
        (path / "config" / "ca.json").write_text(json.dumps(config))
        return path, url

    monkeypatch.setattr(sandbox, "_write", write)
    monkeypatch.setenv("STEP_CA", step_ca_program)
    with sandbox.open_sandbox(lambda: tmp_path / "ca", request.param) as opened:
        assert opened.is_served is (request.param == "served")
        yield opened


def make_renewal_issuer(opened: step_ott.SandboxCA) -> tuple[step_ott.RenewalIssuer, x509.Certificate]:
    """Return the issuer of a certificate that is as those of the sandbox's provisioner, and that."""
    issuer = x509.load_pem_x509_certificate((opened.path / "certs" / "intermediate_ca.crt").read_bytes())
    issuer_key: Any = load_pem_private_key((opened.path / "secrets" / "intermediate_ca_key").read_bytes(), None)
    leaf = issue_leaf(issuer, issuer_key, KEY, "web.test", extension=name_provisioner(opened.provisioner))
    chain = b"".join(one.public_bytes(Encoding.PEM) for one in (leaf, issuer))
    return step_ott.RenewalIssuer(opened.ca, chain, KEY), leaf


def make_sshpop_issuer(opened: step_ott.SandboxCA) -> tuple[step_ott.SshpopIssuer, Any]:
    """Return the issuer of the certificate of an SSH host, and that."""
    signer: Any = load_pem_private_key((opened.path / "secrets" / "ssh_host_ca_key").read_bytes(), None)
    now = int(time())
    certificate = (
        SSHCertificateBuilder().public_key(KEY.public_key()).serial(7).type(SSHCertificateType.HOST).key_id(b"web.test")
        .valid_principals([b"web.test"]).valid_after(now - 60).valid_before(now + 3600).sign(signer)
    )  # fmt: skip
    return step_ott.SshpopIssuer(opened.ca, certificate.public_bytes(), KEY), certificate


def test_an_x509_certificate_is_renewed(opened: step_ott.SandboxCA) -> None:
    """For the same key and names, under another number; a second use is refused, as it is of every token."""
    issuer, leaf = make_renewal_issuer(opened)
    token = issuer.renewal_token()
    taken = opened.take(token)
    assert isinstance(taken, step_ott.Taken)
    assert {one.outcome for one in taken.findings} <= {step_ott.Outcome.PASSED, step_ott.Outcome.UNCHECKED}
    assert bool(taken.certificate) is opened.is_served
    if taken.certificate:
        renewed = x509.load_pem_x509_certificate(taken.certificate.encode())
        assert renewed.serial_number != leaf.serial_number and renewed.public_key() == KEY.public_key()
    with pytest.raises(step_ott.TokenRefusedError):
        opened.take(issuer.renewal_token(), endpoint=step_ott.Endpoint.SIGN)


def test_an_ssh_certificate_is_renewed(opened: step_ott.SandboxCA) -> None:
    """For the same key."""
    issuer, _ = make_sshpop_issuer(opened)
    token = issuer.ssh_renewal_token()
    taken = opened.take(token)
    assert bool(taken.certificate) is opened.is_served
    if taken.certificate:
        renewed: Any = load_ssh_public_identity(taken.certificate.encode())
        assert renewed.public_key() == KEY.public_key() and renewed.serial != 7
    with pytest.raises(step_ott.TokenRefusedError, match="it has been used"):
        opened.take(token)


def test_an_ssh_certificate_is_rekeyed(opened: step_ott.SandboxCA) -> None:
    """For a new key: one that is given, or one made for it."""
    issuer, _ = make_sshpop_issuer(opened)
    other = ec.generate_private_key(ec.SECP256R1()).public_key()
    line = other.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    for key in (line, None):
        taken = opened.take(issuer.ssh_rekey_token(), public_key=key)
        assert bool(taken.certificate) is opened.is_served
        if taken.certificate:
            rekeyed: Any = load_ssh_public_identity(taken.certificate.encode())
            assert rekeyed.public_key() != KEY.public_key()
            assert (rekeyed.public_key() == other) is (key is line)
    with pytest.raises(step_ott.TokenRefusedError):
        opened.take(issuer.ssh_rekey_token(), endpoint=step_ott.Endpoint.SSH_RENEW)
