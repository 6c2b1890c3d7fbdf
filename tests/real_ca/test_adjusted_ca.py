"""Tokens at a real step-ca whose ca.json says more: templates, an IPv6 name first, no issued-at check.

Without the issued-at check, the CA judges tokens of any age by their own window alone, so that the tests
mint by an explicit time and wait for nothing.
"""

import json
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from cryptography.x509.oid import NameOID

from adapters.keys.passwords import FilePassword
from adapters.keys.store import LocalKeyStore
from adapters.machine.input_files import LocalFiles
from domain.ca.url import CaUrl
from domain.formats.duration import HOUR, MINUTE, NANOSECONDS
from domain.formats.moment import Moment
from domain.keys.source import SealedKey
from domain.token.claims import Issuer, TokenRequest, compose_token
from domain.token.kind import Kind
from entrypoints.use_cases.mint import sign_token
from tests.support.ca_client import connect, general_name, make_csr, make_ssh_key
from tests.support.peer_programs import RunningCa, choose_port, serve_ca
from tests.support.running import invoke

X509_TEMPLATE = """{
  "subject": {
    "commonName": {{ toJson .Subject.CommonName }}
    {{- with .Token.user }}, "organization": {{ toJson .team }}, "serialNumber": {{ toJson .rack }}{{ end }}
  },
  "sans": {{ toJson .SANs }}
}"""
SSH_TEMPLATE = """{
  "type": {{ toJson .Type }}, "keyId": {{ toJson .KeyID }}, "principals": {{ toJson .Principals }},
  "extensions": {{ toJson .Token.user.extensions }}, "criticalOptions": {{ toJson .CriticalOptions }}
}"""
SUBJECT = "internal.example.com"
CREATED, UNAUTHORISED = 201, 401
Mint: TypeAlias = Callable[..., str]


@pytest.fixture(scope="module")
def adjusted_ca(step_ca_program: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCa]:
    """A step-ca that listens on 127.0.0.1, whose first name is an IPv6 address."""
    path, port = tmp_path_factory.mktemp("adjusted") / "step", choose_port()
    names = ("--dns", "2001:db8::1", "--dns", "127.0.0.1")
    result = invoke("sandbox", str(path), "--address", f"127.0.0.1:{port}", *names)
    assert result.status == 0, result.err
    config = json.loads((path / "config" / "ca.json").read_text())
    config["authority"]["disableIssuedAtCheck"] = True
    config["authority"]["provisioners"][0]["options"] = {
        "x509": {"template": b64encode(X509_TEMPLATE.encode()).decode()},
        "ssh": {"template": b64encode(SSH_TEMPLATE.encode()).decode()},
    }
    (path / "config" / "ca.json").write_text(json.dumps(config))
    with serve_ca(step_ca_program, path, f"https://127.0.0.1:{port}") as ca:
        yield ca


def make_mint(ca: RunningCa) -> Mint:
    """Return a function that mints by the CA's own provisioner key at a time of the caller's."""
    config = json.loads((ca.path / "config" / "ca.json").read_text())
    provisioner = config["authority"]["provisioners"][0]
    files = LocalFiles()
    password = FilePassword(files, str(ca.path / "secrets" / "password"), "the password")
    signer = LocalKeyStore(files).open(SealedKey(provisioner["encryptedKey"], "the provisioner"), password)
    issuer = Issuer(
        name=provisioner["name"], kid=provisioner["key"]["kid"], ca_url=CaUrl("127.0.0.1"), root_fingerprint="00" * 32
    )
    identifiers = iter(range(10**6))

    def mint(now: int, **members: Any) -> str:
        request = TokenRequest(kind=Kind.SIGN, subject=SUBJECT, **members)
        jti = f"{time.time_ns():x}{next(identifiers):x}".zfill(64)
        return sign_token(compose_token(request, issuer, signer.public, now=now, jti=jti), signer)

    return mint


@pytest.fixture(scope="module")
def mint(adjusted_ca: RunningCa) -> Mint:
    """Mints tokens for the adjusted CA at any time."""
    return make_mint(adjusted_ca)


def spend(ca: RunningCa, token: str) -> int:
    """Ask for a certificate and return the CA's status."""
    return connect(ca).sign(make_csr(SUBJECT, [general_name(SUBJECT)]), token).status


@pytest.mark.parametrize(
    ("age", "window", "status"),
    [
        (0, {}, CREATED),
        (4 * MINUTE, {}, CREATED),
        (2 * HOUR, {}, UNAUTHORISED),
        (7 * MINUTE, {}, UNAUTHORISED),
        (7 * MINUTE, {"not_after": 30 * MINUTE}, CREATED),
        (0, {"not_before": 29 * MINUTE}, UNAUTHORISED),
        (29 * MINUTE, {"not_before": 29 * MINUTE}, CREATED),
        (0, {"not_before": 3 * MINUTE, "not_after": 10 * MINUTE}, UNAUTHORISED),
    ],
    ids=["new", "not expired", "long expired", "expired", "longer", "early", "in time", "a little early"],
)
def test_token_counts_in_its_window_alone(
    adjusted_ca: RunningCa, mint: Mint, age: int, window: dict[str, int], status: int
) -> None:
    """An expired token and one that is not valid yet are refused; at another time, the same token is taken."""
    moments = {name: Moment(offset, relative=True) for name, offset in window.items()}
    assert spend(adjusted_ca, mint(time.time_ns() - age, **moments)) == status


def test_not_before_flag_keeps_a_token_from_being_spent(adjusted_ca: RunningCa) -> None:
    """`--not-before 30m` makes a token that the CA refuses now."""
    words = (SUBJECT, "--offline", "--not-before", "29m", "--not-after", "35m")
    token = invoke("token", *words, environment={"STEPPATH": str(adjusted_ca.path)}).token
    assert spend(adjusted_ca, token) == UNAUTHORISED


def test_token_from_before_the_start_of_the_ca_is_refused(running_ca: RunningCa, adjusted_ca: RunningCa) -> None:
    """A CA refuses a token in its window that was issued before it started, unless it is told not to look."""
    early, window = time.time_ns() - 55 * MINUTE, {"not_after": Moment(HOUR - NANOSECONDS, relative=True)}
    assert spend(running_ca, make_mint(running_ca)(early, **window)) == UNAUTHORISED
    assert spend(adjusted_ca, make_mint(adjusted_ca)(early, **window)) == CREATED


def test_first_name_of_the_ca_may_be_an_ipv6_address(adjusted_ca: RunningCa) -> None:
    """Offline the audience is the first of dnsNames, in brackets where that is IPv6, and the CA takes it."""
    result = invoke("token", SUBJECT, "--offline", environment={"STEPPATH": str(adjusted_ca.path)})
    assert result.claims["aud"] == "https://[2001:db8::1]/1.0/sign"
    assert spend(adjusted_ca, result.token) == CREATED


@pytest.mark.parametrize("mode", [("--ca-url", "127.0.0.1:{port}"), ("--offline",)], ids=["online", "offline"])
def test_user_data_reaches_the_template(adjusted_ca: RunningCa, tmp_path: Path, mode: tuple[str, ...]) -> None:
    """The CA's X.509 template finds the members of `--set-file` and of `--set`, which is laid over it."""
    port = adjusted_ca.url.rpartition(":")[2]
    document = tmp_path / "user.json"
    document.write_text('{"team": "storage", "rack": "r1"}')
    words = [SUBJECT, "--set-file", str(document), "--set", "rack=r2", *(word.format(port=port) for word in mode)]
    token = invoke("token", *words, environment={"STEPPATH": str(adjusted_ca.path)}).token
    csr = make_csr(SUBJECT, [general_name(SUBJECT)])
    subject = connect(adjusted_ca).sign(csr, token).certificate.subject
    names = {attribute.oid: attribute.value for attribute in subject}
    assert names == {
        NameOID.COMMON_NAME: SUBJECT,
        NameOID.ORGANIZATION_NAME: "storage",
        NameOID.SERIAL_NUMBER: "r2",
    }


@pytest.mark.parametrize("kind", [(), ("--host",)], ids=["user", "host"])
def test_user_data_reaches_the_ssh_template(adjusted_ca: RunningCa, kind: tuple[str, ...]) -> None:
    """The CA's SSH template finds the members of `--set`, here a JSON object."""
    words = (
        "max",
        "--ssh",
        "--offline",
        *kind,
        "--set",
        'extensions={"permit-pty": "", "team@example.com": "storage"}',
    )
    token = invoke("token", *words, environment={"STEPPATH": str(adjusted_ca.path)}).token
    certificate = connect(adjusted_ca).sign_ssh(make_ssh_key(), token).ssh_certificate
    assert certificate.extensions == {b"permit-pty": b"", b"team@example.com": b"storage"}


@pytest.mark.parametrize(
    "number", ["1E400", "-1e309", "1" + "0" * 309, "[0, 1E400]"], ids=["large", "small", "integer", "nested"]
)
@pytest.mark.parametrize("option", ["--set", "--set-file"])
def test_number_that_the_ca_cannot_read_is_refused(
    sandbox: dict[str, str], tmp_path: Path, number: str, option: str
) -> None:
    """A number beyond a double makes step-ca lose the whole user claim in its templates, so it is refused here."""
    document = tmp_path / "user.json"
    document.write_text(f'{{"rack": {number}}}')
    words = ("--set", f"rack={number}") if option == "--set" else ("--set-file", str(document))
    result = invoke("token", SUBJECT, *words, "--offline", environment=sandbox)
    assert (result.status, result.out) == (2 if option == "--set" else 1, "")
    assert option in result.err
    assert "number" in result.err
