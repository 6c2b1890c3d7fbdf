"""The GCP, AWS and Azure provisioners of the real step-ca, which takes what the metadata service of a machine says.

The clouds' keys are our own: Amazon's certificate is one that the provisioner names; the way to Google's and
Microsoft's key servers is a proxy that leads to servers of ours.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.ca_client import CaClient, connect, general_name, make_csr, make_ssh_key, names_of
from tests.cloud_identities import (
    BEHAVIOURS,
    NAMES,
    provisioners,
    serve_keys,
)
from tests.metadata_service import MetadataHost, serve_metadata
from tests.peer_programs import RunningCa, serve_ca
from tests.provisioned_ca import write_provisioned
from tests.running import Result, invoke

UNAUTHORISED, CREATED = 401, 201
TYPES = list(NAMES)


@pytest.fixture(scope="module")
def cloud_ca(step_ca_program: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCa]:
    """A real step-ca with a provisioner for each cloud, which takes a machine's tokens more than once."""
    path = tmp_path_factory.mktemp("cloud")

    def adjust(config: dict[str, Any]) -> None:
        for members in provisioners(path):
            members |= {"claims": {"enableSSHCA": True}, "disableTrustOnFirstUse": True}
            config["authority"]["provisioners"].append(members)

    written = write_provisioned(path / "step", adjust)
    with serve_keys(path) as keys, serve_ca(step_ca_program, path / "step", written.ca.url, keys.environment) as ca:
        yield ca


@pytest.fixture(scope="module")
def client(cloud_ca: RunningCa) -> CaClient:
    """A client of the CA."""
    return connect(cloud_ca)


def mint(cloud_ca: RunningCa, host: MetadataHost, type_name: str, *words: str) -> Result:
    environment = {"STEPPATH": str(cloud_ca.path), **host.environment()}
    return invoke("token", "web.test", "--provisioner", NAMES[type_name], *words, environment=environment)


@pytest.mark.parametrize("mode", [[], ["--offline"]], ids=["online", "offline"])
@pytest.mark.parametrize("type_name", TYPES)
def test_the_ca_signs_for_a_machine(cloud_ca: RunningCa, client: CaClient, type_name: str, mode: list[str]) -> None:
    """The machine's identity is enough for a certificate, and for that of an SSH host."""
    with serve_metadata(BEHAVIOURS[type_name]()) as host:
        token = mint(cloud_ca, host, type_name, *mode).token
    answer = client.sign(make_csr("web.test", [general_name("web.test")]), token)
    assert names_of(answer.certificate) == [general_name("web.test")]
    with serve_metadata(BEHAVIOURS[type_name]()) as host:
        token = mint(cloud_ca, host, type_name, *mode).token
    wishes = {"certType": "host", "keyID": "web.test", "principals": ["web.test"]}
    assert client.sign_ssh(make_ssh_key(), token, **wishes).ssh_certificate
