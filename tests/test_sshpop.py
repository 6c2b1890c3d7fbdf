"""The SSHPOP provisioner, on the real step-ca."""

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from tests.ca_client import connect
from tests.provisioned_ca import ProvisionedCa
from tests.running import invoke


def hold_host_certificate(ca: ProvisionedCa, folder: Path) -> tuple[Path, Path, int]:
    """Return the files of a host certificate that the CA signed and of its OpenSSH key, and its serial number."""
    key = ec.generate_private_key(ec.SECP256R1())
    line = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    words = ["--ssh", "--host", "--principal", "host.test", "--provisioner", "sandbox@example.com"]
    token = invoke("token", "host.test", *words, environment=ca.environment).token
    answer = connect(ca.ca).sign_ssh(line, token)
    certificate = answer.ssh_certificate
    (folder / "host-cert.pub").write_bytes(certificate.public_bytes())
    (folder / "host").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()))
    return folder / "host-cert.pub", folder / "host", certificate.serial


def test_a_host_certificate_is_renewed(provisioned_ca: ProvisionedCa, tmp_path: Path) -> None:
    """The token of a host certificate's key renews that certificate."""
    certificate, key, _ = hold_host_certificate(provisioned_ca, tmp_path)
    words = ["token", "host.test", "--ssh", "--renew", "--sshpop-cert", str(certificate), "--sshpop-key", str(key)]
    token = invoke(*words, environment=provisioned_ca.environment).token
    assert connect(provisioned_ca.ca).post("/1.0/ssh/renew", ott=token).ssh_certificate
