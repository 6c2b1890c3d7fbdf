"""The K8sSA provisioner, on the real step-ca."""

from pathlib import Path

from tests.ca_client import connect, general_name, make_csr
from tests.provisioned_ca import ProvisionedCa
from tests.running import invoke


def test_a_kubernetes_token_is_signed_for(provisioned_ca: ProvisionedCa, tmp_path: Path) -> None:
    """The token is handed on without the white space around it, and the CA takes it."""
    path = tmp_path / "token"
    path.write_text(provisioned_ca.kubernetes_token() + "\n")
    result = invoke("token", "web.test", "--k8ssa-token-path", str(path), environment=provisioned_ca.environment)
    assert result.token == path.read_text().strip()
    csr = make_csr("web.test", [general_name("web.test")])
    assert connect(provisioned_ca.ca).sign(csr, result.token).certificate
