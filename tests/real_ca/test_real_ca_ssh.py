"""A real step-ca takes our tokens for SSH requests, and refuses them where it should."""

import time
from base64 import b64decode, urlsafe_b64encode
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import SSHCertificateType, load_ssh_public_key

from domain.formats.duration import NANOSECONDS, parse_duration
from tests.support.ca_client import CaClient, connect, make_ssh_key
from tests.support.peer_programs import RunningCa
from tests.support.running import Result, invoke

UNAUTHORISED, FORBIDDEN, BAD_REQUEST = 401, 403, 400
KINDS = pytest.mark.parametrize("kind", [(), ("--host",)], ids=["user", "host"])
MODES = pytest.mark.parametrize("mode", [(), ("--offline",)], ids=["online", "offline"])


@pytest.fixture(scope="module")
def client(running_ca: RunningCa) -> CaClient:
    """A client of the running CA."""
    return connect(running_ca)


def ask(ca: RunningCa, *words: str) -> Result:
    """Run `token --ssh` with the CA's step path."""
    return invoke("token", "--ssh", *words, environment={"STEPPATH": str(ca.path)})


@KINDS
@MODES
@pytest.mark.parametrize("principals", [(), ("max",), ("max", "admin")], ids=["none", "one", "two"])
def test_certificate_is_for_the_principals(
    running_ca: RunningCa, client: CaClient, kind: tuple[str, ...], mode: tuple[str, ...], principals: tuple[str, ...]
) -> None:
    """The certificate has the kind, the subject and the principals of the token; without any, the subject is one."""
    token = ask(running_ca, "max@example.com", *kind, *mode, *(f"--principal={name}" for name in principals)).token
    key = make_ssh_key()
    certificate = client.sign_ssh(key, token).ssh_certificate
    assert certificate.type is (SSHCertificateType.HOST if kind else SSHCertificateType.USER)
    assert certificate.key_id == b"max@example.com"
    assert [name.decode() for name in certificate.valid_principals] == list(principals or ["max@example.com"])
    assert certificate.public_key() == load_ssh_public_key(key.encode())


@KINDS
@MODES
@pytest.mark.parametrize(
    ("begin", "end"),
    [(None, "2h"), ("10m", "2h30m"), ("-30m", "1h15m30.5s"), ("10m", None)],
    ids=["end", "both", "begun already", "begin"],
)
def test_certificate_validity_in_durations_counts_from_signing(
    running_ca: RunningCa, client: CaClient, kind: tuple[str, ...], mode: tuple[str, ...],
    begin: str | None, end: str | None,
) -> None:  # fmt: skip
    """The CA adds the durations of the token to the time of its signing."""
    words = [f"--cert-not-before={begin}"] * bool(begin) + [f"--cert-not-after={end}"] * bool(end)
    token = ask(running_ca, "max", *kind, *mode, *words).token
    earliest = time.time_ns()
    certificate = client.sign_ssh(make_ssh_key(), token).ssh_certificate
    latest = time.time_ns()
    given = {begin: certificate.valid_after, end: certificate.valid_before}
    for duration, moment in given.items():
        if duration is not None:
            offset = parse_duration(duration)
            assert (earliest + offset) // NANOSECONDS <= moment <= (latest + offset) // NANOSECONDS


@KINDS
@MODES
@pytest.mark.parametrize("form", ["%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S.75Z", "%Y-%m-%dT%H:%M:%S+00:00"])
def test_certificate_validity_in_times_is_kept(
    running_ca: RunningCa, client: CaClient, kind: tuple[str, ...], mode: tuple[str, ...], form: str
) -> None:
    """The certificate begins and ends at the seconds that the token names."""
    begin = time.time_ns() // NANOSECONDS + 600
    moments = (begin, begin + 3600)
    first, last = (time.strftime(form, time.gmtime(moment)) for moment in moments)
    token = ask(running_ca, "max", *kind, *mode, f"--cert-not-before={first}", f"--cert-not-after={last}").token
    certificate = client.sign_ssh(make_ssh_key(), token).ssh_certificate
    assert (certificate.valid_after, certificate.valid_before) == moments


@pytest.mark.parametrize(
    "wishes",
    [
        {"certType": "host"},
        {"principals": ["root"]},
        {"principals": ["max", "root"]},
        {"validBefore": "2h"},
        {"validAfter": "1h"},
    ],
    ids=["another kind", "another principal", "a principal more", "a later end", "a later begin"],
)
def test_request_beyond_the_token_is_refused(
    running_ca: RunningCa, client: CaClient, wishes: dict[str, object]
) -> None:
    """What the token says cannot be widened by the request that spends it."""
    words = ("--principal=max", "--cert-not-before=5m", "--cert-not-after=1h")
    token = ask(running_ca, "max@example.com", *words).token
    assert client.sign_ssh(make_ssh_key(), token, **wishes).status == FORBIDDEN


@KINDS
@MODES
def test_token_bound_to_its_key_is_taken(
    running_ca: RunningCa, client: CaClient, tmp_path: Path, kind: tuple[str, ...], mode: tuple[str, ...]
) -> None:
    """A token carries the SHA-256 of the key's wire bytes, and the CA signs that key for it."""
    key, path = make_ssh_key(), tmp_path / "key.pub"
    path.write_text(f"{key} max@laptop\n")
    result = ask(running_ca, "max", *kind, *mode, "--cnf-file", str(path))
    digest = sha256(b64decode(key.split()[1])).digest()
    assert result.claims["cnf"] == {"x5rt#S256": urlsafe_b64encode(digest).decode().rstrip("=")}
    assert client.sign_ssh(key, result.token).status == 201


def test_ca_does_not_look_at_the_bound_key(running_ca: RunningCa, client: CaClient, tmp_path: Path) -> None:
    """What step-ca compares `cnf` with is a CSR: of an SSH token it signs any key."""
    path = tmp_path / "key.pub"
    path.write_text(make_ssh_key())
    token = ask(running_ca, "max", "--cnf-file", str(path)).token
    assert client.sign_ssh(make_ssh_key(), token).status == 201


def test_token_is_good_for_one_request(running_ca: RunningCa, client: CaClient) -> None:
    """The CA refuses a token that it has seen."""
    token = ask(running_ca, "max").token
    assert client.sign_ssh(make_ssh_key(), token).status == 201
    assert client.sign_ssh(make_ssh_key(), token).status == UNAUTHORISED


@MODES
def test_revoking_by_serial(running_ca: RunningCa, client: CaClient, mode: tuple[str, ...]) -> None:
    """A revoke token revokes the SSH certificate of its serial once, and no other certificate."""
    serial = client.sign_ssh(make_ssh_key(), ask(running_ca, "max").token).ssh_certificate.serial
    assert client.revoke_ssh(serial + 1, ask(running_ca, "--revoke", str(serial), *mode).token).status == FORBIDDEN
    answer = client.revoke_ssh(serial, ask(running_ca, "--revoke", str(serial), *mode).token)
    assert (answer.status, answer.body) == (200, {"status": "ok"})
    again = client.revoke_ssh(serial, ask(running_ca, "--revoke", str(serial), *mode).token)
    assert again.status == BAD_REQUEST
    assert "already revoked" in again.body["message"]


@MODES
def test_token_is_good_for_its_own_kind_of_request_alone(
    running_ca: RunningCa, client: CaClient, mode: tuple[str, ...]
) -> None:
    """An SSH revoke token signs no key and revokes no X.509 certificate, and a token to sign revokes nothing."""
    assert client.sign_ssh(make_ssh_key(), ask(running_ca, "--revoke", "17", *mode).token).status == UNAUTHORISED
    assert client.revoke(17, ask(running_ca, "--revoke", "17", *mode).token).status == UNAUTHORISED
    assert client.revoke_ssh(17, ask(running_ca, "17", *mode).token).status == UNAUTHORISED


def test_sign_token_for_x509_signs_no_ssh_key(running_ca: RunningCa, client: CaClient) -> None:
    """A token without `step.ssh` signs no SSH key, though the CA takes its audience."""
    plain = invoke("token", "max", environment={"STEPPATH": str(running_ca.path)}).token
    assert client.sign_ssh(make_ssh_key(), plain).status == UNAUTHORISED
