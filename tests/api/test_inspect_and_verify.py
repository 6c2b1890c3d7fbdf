"""`inspect` and `verify` as values: what the commands tell, and nothing that could be taken for something else."""

import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock

import attrs
import pytest
from cryptography.hazmat.primitives.serialization import Encoding

import step_ott
from adapters.machine.clock import SystemClock
from domain.formats import base64url
from step_ott import Endpoint, Outcome, Verdict
from tests.support.ca_client import general_name, make_csr
from tests.support.flag_words import names_flags
from tests.support.peer_programs import RunningCa
from tests.support.running import invoke

PASSWORD_FILE = ("secrets", "password")


def open_ca(ca: RunningCa) -> step_ott.CA:
    return step_ott.CA(ca.url, ca.path / "certs" / "root_ca.crt")


def open_offline(ca: RunningCa) -> step_ott.OfflineCA:
    return step_ott.OfflineCA(ca.path / "config" / "ca.json", url=ca.url)


def open_issuer(ca: RunningCa) -> step_ott.JwkIssuer:
    return open_ca(ca).issuer(password=ca.path.joinpath(*PASSWORD_FILE).read_bytes().strip())


@pytest.fixture(scope="module")
def token(running_ca: RunningCa) -> step_ott.Token:
    """A token for an X.509 certificate."""
    return open_issuer(running_ca).token("web.example.com", sans=["web.example.com", "10.0.0.7"])


@pytest.fixture(scope="module")
def ssh_token(running_ca: RunningCa) -> step_ott.Token:
    """A token for the SSH certificate of a host."""
    return open_issuer(running_ca).ssh_host_token("web", principals=["web.example.com"])


def drop_time(members: Mapping[str, Any]) -> dict[str, Any]:
    """Return facts without what changes from second to second."""
    return {name: value for name, value in members.items() if name != "remaining"}


@pytest.mark.parametrize("kind", ["token", "ssh_token"])
def test_inspect_tells_what_the_command_tells(kind: str, request: pytest.FixtureRequest) -> None:
    """The members are those of --format json, and the attributes are typed."""
    token = request.getfixturevalue(kind)
    result = invoke("inspect", str(token), "--format", "json")
    inspection = step_ott.inspect(token)
    assert drop_time(inspection.members()) == drop_time(json.loads(result.out))
    assert inspection.token_id == token.jti
    assert inspection.expires_at == token.expires_at
    assert inspection.not_before == token.not_before
    assert inspection.issued_at is not None and inspection.issued_at.tzinfo is UTC
    assert inspection.provisioner_type == "JWK"
    assert inspection.provisioner == "sandbox@example.com"
    assert inspection.key_id == token.header["kid"]
    assert inspection.warnings == ()
    assert token.split(".")[2] not in repr(inspection) + str(inspection.members())
    if kind == "token":
        assert inspection.names == ("web.example.com", "10.0.0.7")
        assert inspection.subject == "web.example.com"
        assert inspection.request == "to have an X.509 certificate signed"


def test_the_moment_is_an_argument(token: step_ott.Token, running_ca: RunningCa) -> None:
    """An hour later it has expired, and half a minute before it was made too; both ways to say when agree."""
    later = step_ott.inspect(token, at=timedelta(hours=1))
    assert later.facts["remaining"].startswith("expired ")
    assert later.warnings == ("it has expired",) or later.warnings
    for ca in (open_ca(running_ca), open_offline(running_ca)):
        for at in (timedelta(hours=1), datetime.now(UTC) + timedelta(hours=1)):
            verification = step_ott.verify(token, ca, Endpoint.SIGN, at=at)
            assert verification.verdict is Verdict.REFUSED
            assert [(one.rule, one.remedy) for one in verification.failures] == [("end", "mint a new token")]
            assert not verification.accepted


def test_every_number_is_one_of_python(running_ca: RunningCa) -> None:
    """Fractions and exponents too, in the claims of a token and in what is told of it."""
    user = {"share": 0.25, "sizes": [1e3, {"low": -0.0}], "count": 3, "on": True}
    token = open_issuer(running_ca).token("web.example.com", user=user)
    assert token.claims["user"] == user
    assert step_ott.inspect(token).facts["user"] == user
    assert json.loads(json.dumps(step_ott.inspect(token).members()))["user"] == user
    assert json.loads(json.dumps(token.claims))["user"] == user
    header, claims = base64url.encode(b"{}"), base64url.encode(b'{"sub":0.5,"sans":[1.5]}')
    odd = step_ott.inspect(f"{header}.{claims}.AAAA")
    assert odd.subject is None and odd.names == () and odd.facts["subject"] == 0.5


def test_what_a_value_says_cannot_be_changed(token: step_ott.Token, running_ca: RunningCa) -> None:
    """Values are frozen, their members are copies, and a verification is neither true nor false."""
    inspection, verification = step_ott.inspect(token), step_ott.verify(token, open_offline(running_ca), Endpoint.SIGN)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        inspection.warnings = ("x",)  # type: ignore[misc]
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        verification.verdict = Verdict.REFUSED  # type: ignore[misc]
    inspection.members()["names"].append("evil.test")
    assert inspection.names == ("web.example.com", "10.0.0.7")
    with pytest.raises(TypeError, match="neither true nor false"):
        bool(verification)
    assert repr(verification).startswith("<step_ott.Verification accepted for sign: ")


QUESTIONS: list[tuple[str, Endpoint, dict[str, Any], list[str], Verdict]] = [
    ("token", Endpoint.SIGN, {}, [], Verdict.ACCEPTED),
    ("token", Endpoint.SSH_SIGN, {}, [], Verdict.REFUSED),
    ("token", Endpoint.REVOKE, {}, [], Verdict.REFUSED),
    ("ssh_token", Endpoint.SSH_SIGN, {}, [], Verdict.ACCEPTED),
    ("ssh_token", Endpoint.SSH_SIGN, {"cert_type": "user"}, ["--cert-type", "user"], Verdict.REFUSED),
    (
        "ssh_token", Endpoint.SSH_SIGN, {"key_id": "other", "principals": ["a", "b"]},
        ["--key-id", "other", "--principal", "a", "--principal", "b"], Verdict.REFUSED,
    ),
    ("ssh_token", Endpoint.RENEW, {}, [], Verdict.REFUSED),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(QUESTIONS)))
@pytest.mark.parametrize("offline", [False, True], ids=["running", "ca.json"])
def test_verify_tells_what_the_command_tells(
    number: int, offline: bool, running_ca: RunningCa, request: pytest.FixtureRequest
) -> None:
    """Members are those of --format json, but that remedies name Python's own words, and the verdict is typed."""
    kind, endpoint, wishes, flags, verdict = QUESTIONS[number]
    token = request.getfixturevalue(kind)
    ca = open_offline(running_ca) if offline else open_ca(running_ca)
    words = ["verify", str(token), "--for", endpoint.value, "--format", "json", *flags, "--ca-url", running_ca.url]
    where = {"STEPPATH": str(running_ca.path)}
    with mock.patch.object(SystemClock, "now", return_value=time.time_ns()):  # both say how long the token is valid
        told = json.loads(invoke(*words, *(["--offline"] if offline else []), environment=where).out)
        verification = step_ott.verify(token, ca, endpoint, **wishes)
    members = verification.members()
    assert verification.verdict is verdict
    assert verification.accepted is (verdict is Verdict.ACCEPTED)
    assert not names_flags(json.dumps(members))
    for finding in (*told["rules"], *members["rules"]):
        finding.pop("remedy", None)
    assert members == told
    assert members["failed"] == len(verification.failures)
    assert all(finding.outcome is Outcome.FAILED and finding.remedy for finding in verification.failures)


HOSTILE = "\x1b[2J\x07\u202e\n"


def test_what_is_told_of_a_hostile_token_can_be_printed(running_ca: RunningCa) -> None:
    """Sentences are as the command prints them; values, and those of JSON, are what the token has."""
    header = {"alg": "ES256", "kid": f"k{HOSTILE}", "typ": "JWT"}
    claims = {"iss": f"i{HOSTILE}", "sub": f"s{HOSTILE}", "aud": [f"https://a/{HOSTILE}"], "jti": "x", "exp": 1 << 40}
    head, body = (base64url.encode(json.dumps(part).encode()) for part in (header, claims | {"odd": "x"}))
    hostile = f"{head}.{body}.{'A' * 86}"
    said = step_ott.verify(hostile, open_offline(running_ca), Endpoint.SIGN)
    sentences = [text for one in said.findings for text in (one.rule, one.reason, one.remedy)] + [said.summary]
    assert any(r"\x1b[2J\x07\u202e\x0a" in text for text in sentences)
    assert all(text.isprintable() and len(text) <= 1000 for text in (*sentences, repr(said)))
    arguments = ("--ca-config", str(running_ca.path / "config" / "ca.json"), "--ca-url", running_ca.url)
    result = invoke("verify", hostile, "--for", "sign", "--offline", "--format", "json", *arguments)
    printed, members = json.loads(result.out), said.members()
    assert [one["reason"] for one in members["rules"]] == [one["reason"] for one in printed["rules"]]
    assert any(HOSTILE in one["reason"] for one in members["rules"])
    told = step_ott.inspect(hostile)
    assert all(text.isprintable() for text in (*told.warnings, told.request, repr(told)))
    assert (told.subject, told.members()["subject"]) == (claims["sub"], claims["sub"])


def test_a_csr_is_judged_with_the_token(token: step_ott.Token, running_ca: RunningCa) -> None:
    """One with the token's names is accepted, another is refused, as content and with nothing left to check of it."""
    own = make_csr("web.example.com", [general_name("web.example.com"), general_name("10.0.0.7")])
    other = make_csr("web.example.com", [general_name("other.example.com")])
    ca = open_offline(running_ca)
    verification = step_ott.verify(token, ca, Endpoint.SIGN, csr=own.public_bytes(Encoding.PEM))
    assert verification.accepted
    assert not [one for one in verification.findings if one.rule == "csr" and one.outcome is Outcome.UNCHECKED]
    refused = step_ott.verify(token, ca, Endpoint.SIGN, csr=other.public_bytes(Encoding.DER))
    assert refused.verdict is Verdict.REFUSED


@pytest.mark.parametrize("content", [b"no CSR", b"\x30\x82\x01\x00"])
def test_a_csr_that_cannot_be_read_is_refused(content: bytes, token: step_ott.Token, running_ca: RunningCa) -> None:
    """With advice on this argument, and none on methods that make tokens."""
    with pytest.raises(step_ott.InputError) as caught:
        step_ott.verify(token, open_offline(running_ca), Endpoint.SIGN, csr=content)
    assert caught.value.what.startswith("csr= ") and "holds no certificate signing request" in caught.value.what
    assert caught.value.fix == "give one CSR in PEM or DER"


def test_a_token_is_never_a_path(running_ca: RunningCa, token: step_ott.Token, tmp_path: Any) -> None:
    """The name of a file is a text that is not a token, though the file holds one; a row of a batch is read."""
    file = tmp_path / "token"
    file.write_text(token)
    for text in (str(file), "-", "", "a.b.c", "x" * (1 << 20) + "y", "\ud800", "/dev/zero"):
        for ask in (step_ott.inspect, lambda text: step_ott.verify(text, open_offline(running_ca), Endpoint.SIGN)):
            with pytest.raises(step_ott.InputError) as caught:
                ask(text)
            assert caught.value.what.startswith("token=")
            assert caught.value.fix
    row = json.dumps({"line": 1, "subject": "web", "token": token})
    assert step_ott.inspect(row).token_id == token.jti
    assert step_ott.inspect(f"  {token}\n").token_id == token.jti
