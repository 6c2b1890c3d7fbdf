"""The GCP, AWS and Azure provisioners of the real step-ca, which takes what the metadata service of a machine says.

The clouds' keys are our own: Amazon's certificate is one that the provisioner names; the way to Google's and
Microsoft's key servers is a proxy that leads to servers of ours.
"""

import pytest

from tests.support.ca_client import CaClient, connect, general_name, make_csr, make_ssh_key, names_of
from tests.support.cloud_identities import (
    BEHAVIOURS,
    INSTANCE,
    NAMES,
    ONCE,
    OTHER_TENANT,
    SIGNED_ELSEWHERE,
    STRICT,
    USERS,
    be_amazon,
    be_azure,
    be_google,
    write_document,
)
from tests.support.metadata_service import Behaviour, serve_metadata
from tests.support.peer_programs import RunningCa
from tests.support.running import Result, invoke

UNAUTHORISED, CREATED = 401, 201


@pytest.fixture(scope="module")
def client(cloud_ca: RunningCa) -> CaClient:
    """A client of the CA."""
    return connect(cloud_ca)


def mint(cloud_ca: RunningCa, behaviour: Behaviour, name: str, *words: str, subject: str = "web.test") -> Result:
    """Mint on a machine whose metadata service behaves so."""
    with serve_metadata(behaviour) as host:
        environment = {"STEPPATH": str(cloud_ca.path), **host.environment()}
        return invoke("token", subject, "--provisioner", name, *words, environment=environment)


def sign(client: CaClient, token: str) -> int:
    """Return the status of the CA's answer to a token shown with a CSR for web.test."""
    return client.sign(make_csr("web.test", [general_name("web.test")]), token).status


@pytest.mark.parametrize("mode", [[], ["--offline"]], ids=["online", "offline"])
@pytest.mark.parametrize("type_name", NAMES)
def test_the_ca_signs_for_a_machine(cloud_ca: RunningCa, client: CaClient, type_name: str, mode: list[str]) -> None:
    """The machine's identity is enough for a certificate, and for that of an SSH host."""
    behave, name = BEHAVIOURS[type_name], NAMES[type_name]
    answer = client.sign(make_csr("web.test", [general_name("web.test")]), mint(cloud_ca, behave(), name, *mode).token)
    assert names_of(answer.certificate) == [general_name("web.test")]
    wishes = {"certType": "host", "keyID": "web.test", "principals": ["web.test"]}
    token = mint(cloud_ca, behave(), name, *mode).token
    assert client.sign_ssh(make_ssh_key(), token, **wishes).ssh_certificate


@pytest.mark.parametrize("type_name", NAMES)
def test_a_machines_token_signs_no_ssh_user_certificate(cloud_ca: RunningCa, client: CaClient, type_name: str) -> None:
    """Machines are hosts; only for Google's can the CA's operator have it otherwise."""
    wishes = {"certType": "user", "keyID": "web", "principals": ["web"]}
    token = mint(cloud_ca, BEHAVIOURS[type_name](), NAMES[type_name]).token
    assert client.sign_ssh(make_ssh_key(), token, **wishes).status != CREATED


def test_googles_machines_may_be_ssh_users(cloud_ca: RunningCa, client: CaClient) -> None:
    """Where the CA's operator says so, the same token is good for its service account."""
    wishes = {"certType": "user", "keyID": "web", "principals": ["sa_1107"]}
    assert client.sign_ssh(make_ssh_key(), mint(cloud_ca, be_google(), USERS).token, **wishes).ssh_certificate


@pytest.mark.parametrize("versions", ["v1", "v2", "v1 v2"])
def test_either_version_of_amazons_service_will_do(cloud_ca: RunningCa, client: CaClient, versions: str) -> None:
    """A token comes of IMDSv1 alone, of IMDSv2 alone, and of both."""
    assert sign(client, mint(cloud_ca, be_amazon(versions=versions), NAMES["AWS"]).token) == CREATED


def test_a_machine_is_taken_once_unless_the_ca_says_otherwise(cloud_ca: RunningCa, client: CaClient) -> None:
    """By default the CA knows the machine again, whatever the token's subject."""
    behaviour = be_amazon(write_document(instanceId="i-1"))
    assert sign(client, mint(cloud_ca, behaviour, ONCE).token) == CREATED
    assert sign(client, mint(cloud_ca, behaviour, ONCE, subject="other.test").token) == UNAUTHORISED
    assert sign(client, mint(cloud_ca, be_amazon(write_document(instanceId="i-2")), ONCE).token) == CREATED


def test_a_strict_provisioner_takes_the_machines_own_name(cloud_ca: RunningCa, client: CaClient) -> None:
    """The subject stands in the token of an EC2 instance, and the CA compares it with the document."""
    for subject, status in (("web.test", UNAUTHORISED), (INSTANCE, CREATED)):
        token = mint(cloud_ca, be_amazon(), STRICT, subject=subject).token
        assert client.sign(make_csr(subject), token).status == status


@pytest.mark.parametrize(
    "document",
    [
        pytest.param({"accountId": "999999999999"}, id="account"),
        pytest.param({"pendingTime": "2020-01-01T00:00:00Z"}, id="age"),
    ],
)
def test_whose_machine_it_is_is_for_the_ca_to_say(
    cloud_ca: RunningCa, client: CaClient, document: dict[str, str]
) -> None:
    """A document that the provisioner does not want is handed on, and the CA refuses it."""
    token = mint(cloud_ca, be_amazon(write_document(**document)), STRICT, subject=INSTANCE).token
    assert client.sign(make_csr(INSTANCE), token).status == UNAUTHORISED


def test_a_document_that_amazon_did_not_sign_is_refused(cloud_ca: RunningCa, client: CaClient) -> None:
    """The signature is the token's key, and the CA checks both."""
    token = mint(cloud_ca, be_amazon(signature=SIGNED_ELSEWHERE), NAMES["AWS"]).token
    assert sign(client, token) == UNAUTHORISED


CAUTIONS = {
    "Google's issuer": (
        "GCP",
        be_google(iss="https://issuer.test"),
        "tokens only of the issuer https://accounts.google.com",
    ),
    "no machine": ("GCP", be_google(google={}), "does not say which machine it is from"),
    "tenant": ("Azure", be_azure(tid=OTHER_TENANT), "of the tenant "),
    "no VM": ("Azure", be_azure(xms_mirid="/subscriptions/a/other"), "of virtual machines and user-assigned"),
    "other cloud": ("Azure", be_azure("AzureUSGovernment"), "only for the audience https://management.azure.com/"),
}


@pytest.mark.parametrize(("type_name", "behaviour", "caution"), CAUTIONS.values(), ids=CAUTIONS)
def test_the_ca_refuses_what_a_warning_says_that_it_will(
    cloud_ca: RunningCa, client: CaClient, type_name: str, behaviour: Behaviour, caution: str
) -> None:
    """A token that does not suit the provisioner is made, with a warning, and the CA does not take it."""
    result = mint(cloud_ca, behaviour, NAMES[type_name])
    assert caution in result.err
    assert sign(client, result.token) == UNAUTHORISED
