"""The X5C provisioner, on the real step-ca."""

from pathlib import Path

from tests.ca_client import connect, general_name, make_csr, names_of
from tests.provisioned_ca import ProvisionedCa
from tests.running import invoke


def test_an_x5c_token_is_signed_for(provisioned_ca: ProvisionedCa, tmp_path: Path) -> None:
    """The key of a certificate that the provisioner's roots vouch for gets another certificate."""
    held = provisioned_ca.hold(tmp_path)
    words = ["token", "web.test", "--x5c-cert", str(held.certificate), "--x5c-key", str(held.key)]
    token = invoke(*words, environment=provisioned_ca.environment).token
    names = [general_name("web.test")]
    assert names_of(connect(provisioned_ca.ca).sign(make_csr("web.test", names), token).certificate) == names
