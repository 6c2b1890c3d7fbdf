"""The real `step ca token` and step-ott on the same machine in a cloud: they ask the same, and make the same token.

The Go tool's addresses are fixed, but it goes to a metadata service through whatever proxy the environment names: here
one that answers in the service's place. step-ott never does.
"""

import time
from collections.abc import Sequence
from typing import Any

import pytest

from tests.support.both_tools import Pair
from tests.support.ca_client import connect, general_name, make_csr
from tests.support.cloud_identities import (
    APPLICATION,
    APPLICATION_AUDIENCE,
    AZURE_TOKEN_PATH,
    BEHAVIOURS,
    INSTANCE,
    NAMES,
    OTHER_TENANT,
    STRICT,
    be_amazon,
    be_azure,
    be_google,
    write_document,
)
from tests.support.metadata_service import Asked, Behaviour, MetadataHost, serve_metadata
from tests.support.peer_programs import RunningCa
from tests.support.running import Result, decode_part, invoke, run_step

HEADERS = ("metadata-flavor", "metadata", "x-aws-ec2-metadata-token-ttl-seconds", "x-aws-ec2-metadata-token")
PROXIES = ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")
UNAUTHORISED = 401
WORDS = ("ca", "token", "web.test", "--provisioner")


def ask_step(step: str, ca: RunningCa, host: MetadataHost, *words: str) -> Result:
    """Run the real step CLI, with the service as its proxy."""
    environment = {"STEPPATH": str(ca.path), "HOME": str(ca.path), "HTTP_PROXY": host.url}
    return run_step(step, *words, environment=environment)


def ask_us(ca: RunningCa, host: MetadataHost, *words: str) -> Result:
    return invoke(*words, environment={"STEPPATH": str(ca.path), **host.environment()})


def ask_both(step: str, ca: RunningCa, behaviour: Behaviour, name: str) -> tuple[Pair, list[Asked], list[Asked]]:
    """Return what both make of the same service, and what each asked it."""
    words, begin = (*WORDS, name), time.time()
    with serve_metadata(behaviour) as host:
        go, asked = ask_step(step, ca, host, *words), list(host.requests)
        ours = ask_us(ca, host, *words)
        return Pair(go, ours, int(time.time() - begin) + 1), asked, host.requests[len(asked) :]


def describe(requests: Sequence[Asked]) -> list[tuple[Any, ...]]:
    """Return what matters of requests, each once, in their order."""
    told = [
        (one.method, one.path, one.query, tuple(one.headers.get(name, "").lower() for name in HEADERS))
        for one in requests
    ]
    return [one for index, one in enumerate(told) if one not in told[:index]]


@pytest.mark.parametrize("type_name", ["GCP", "Azure"])
def test_both_hand_on_the_same_token(step_program: str, cloud_ca: RunningCa, type_name: str) -> None:
    """What Google and Microsoft issue is handed on as it is, after the same requests."""
    moment = int(time.time())
    fixed = {"iat": moment, "exp": moment + 3600, "jti": "1", "uti": "1", "google": {"compute_engine": {"zone": "a"}}}
    behaviour = {"GCP": be_google, "Azure": be_azure}[type_name](**fixed, nbf=moment)
    pair, theirs, ours = ask_both(step_program, cloud_ca, behaviour, NAMES[type_name])
    assert pair.ours.token == pair.go.token
    assert describe(ours) == describe(theirs)
    assert [one.target.partition("?")[2] for one in ours] == [one.target.partition("?")[2] for one in theirs]


@pytest.mark.parametrize("versions", ["v1", "v2", "v1 v2"])
def test_both_make_the_same_token_about_an_instance(step_program: str, cloud_ca: RunningCa, versions: str) -> None:
    """The tokens of an EC2 instance are alike but for the time; ours holds no empty sans."""
    pair, theirs, ours = ask_both(step_program, cloud_ca, be_amazon(write_document(), versions=versions), NAMES["AWS"])
    assert describe(ours) == describe(theirs)
    assert pair.ours.header == pair.go.header
    claims, go = pair.ours.claims, pair.go.claims
    assert go.pop("sans") is None
    assert claims["exp"] - claims["iat"] == go["exp"] - go["iat"] == 300
    for name in ("exp", "iat", "nbf"):
        assert 0 <= claims.pop(name) - go.pop(name) <= pair.seconds
    assert claims == go


@pytest.mark.parametrize(
    "cloud",
    [
        "AzurePublicCloud", "AzureCloud", "AzureUSGovernmentCloud", "AzureUSGovernment", "AzureChinaCloud",
        "AzureGermanCloud", "AzureMoonCloud", "",
    ],
)  # fmt: skip
def test_both_ask_for_the_same_in_each_of_azures_clouds(step_program: str, cloud_ca: RunningCa, cloud: str) -> None:
    """The resource follows the cloud that the machine is in."""
    _, theirs, ours = ask_both(step_program, cloud_ca, be_azure(cloud), NAMES["Azure"])
    assert describe(ours) == describe(theirs)
    assert ours[-1].path == AZURE_TOKEN_PATH


def test_the_audience_that_the_ca_names_is_asked_for(step_program: str, cloud_ca: RunningCa) -> None:
    """The Go tool asks for the cloud's resource all the same, and the CA does not take what it gets."""
    behaviour = be_azure(tid=OTHER_TENANT, iss=f"https://sts.windows.net/{OTHER_TENANT}/")
    pair, _, ours = ask_both(step_program, cloud_ca, behaviour, APPLICATION)
    assert [one.query["resource"] for one in ours] == [pair.ours.claims["aud"]] == [APPLICATION_AUDIENCE]
    assert pair.go.claims["aud"] == "https://management.azure.com/"
    client, csr = connect(cloud_ca), make_csr("web.test", [general_name("web.test")])
    assert client.sign(csr, pair.go.token).status == UNAUTHORISED
    assert client.sign(csr, pair.ours.token).certificate


@pytest.mark.parametrize("type_name", NAMES)
def test_the_metadata_service_is_never_behind_a_proxy(step_program: str, cloud_ca: RunningCa, type_name: str) -> None:
    """The Go tool asks whatever proxy the environment names who it is; step-ott asks the service itself."""
    words = (*WORDS, NAMES[type_name])
    with serve_metadata(BEHAVIOURS[type_name]()) as proxy, serve_metadata(BEHAVIOURS[type_name]()) as host:
        assert ask_step(step_program, cloud_ca, proxy, *words).status == 0
        count = len(proxy.requests)
        assert count > 0
        environment = {"STEPPATH": str(cloud_ca.path), **host.environment(), **dict.fromkeys(PROXIES, proxy.url)}
        assert invoke(*words, environment=environment).status == 0
        assert (len(proxy.requests), len(host.requests) > 0) == (count, True)


@pytest.mark.parametrize(
    ("type_name", "flags"),
    [
        ("GCP", ["--san", "a.test"]), ("GCP", ["--ssh"]), ("AWS", ["--not-after", "1h"]), ("AWS", ["--ssh", "--host"]),
        ("Azure", ["--set", "a=b"]), ("Azure", ["--revoke"]),
    ],
)  # fmt: skip
def test_flags_that_the_go_tool_drops_are_refused(
    step_program: str, cloud_ca: RunningCa, type_name: str, flags: list[str]
) -> None:
    """There they are silently without effect: the token is the same as without them."""
    words = (*WORDS[:2], "1", "--provisioner", NAMES[type_name], *flags)
    with serve_metadata(BEHAVIOURS[type_name]()) as host:
        go = ask_step(step_program, cloud_ca, host, *words)
        count = len(host.requests)
        ours = ask_us(cloud_ca, host, *words)
        assert count == len(host.requests)
    assert decode_part(go.token, 1).get("sans") is None
    assert (ours.status, ours.out) == (2, "")
    assert flags[0] in ours.err


def test_a_strict_provisioner_has_both_mint_for_the_machines_name(step_program: str, cloud_ca: RunningCa) -> None:
    """The subject stands in the token of either tool."""
    words = ("ca", "token", INSTANCE, "--provisioner", STRICT)
    with serve_metadata(be_amazon()) as host:
        go, ours = ask_step(step_program, cloud_ca, host, *words), ask_us(cloud_ca, host, *words)
    assert (go.claims["sub"], ours.claims["sub"]) == (INSTANCE, INSTANCE)
