"""A real step-ca takes our tokens for X.509 requests, and refuses them where it should."""

from base64 import urlsafe_b64encode
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from tests.support.ca_client import CaClient, connect, general_name, make_csr, make_ssh_key, names_of
from tests.support.peer_programs import RunningCa
from tests.support.running import Result, invoke

SUBJECT = "internal.example.com"
UNAUTHORISED, FORBIDDEN, BAD_REQUEST = 401, 403, 400


@pytest.fixture(scope="module")
def client(running_ca: RunningCa) -> CaClient:
    """A client of the running CA."""
    return connect(running_ca)


def ask(ca: RunningCa, *words: str) -> Result:
    """Run `token` with the CA's step path."""
    return invoke("token", *words, environment={"STEPPATH": str(ca.path)})


@pytest.mark.parametrize("mode", [(), ("--offline",)], ids=["online", "offline"])
@pytest.mark.parametrize(
    "sans",
    [
        ("a.example.com", "*.b.example.com"),
        ("192.0.2.7", "2001:db8::7"),
        ("max@example.com",),
        ("spiffe://example.com/service/a", "https://example.com/a?b=c"),
        ("a.example.com", "192.0.2.7", "::1", "max@example.com", "urn:uuid:ddfe62ba-7e99-4bc1-83b3-8f57fe3e9959"),
    ],
    ids=["dns", "ip", "email", "uri", "all"],
)
def test_certificate_holds_exactly_the_sans(
    running_ca: RunningCa, client: CaClient, sans: tuple[str, ...], mode: tuple[str, ...]
) -> None:
    """The certificate has the names of `--san` and no other, of each type and in each mode."""
    token = ask(running_ca, SUBJECT, *(f"--san={san}" for san in sans), *mode).token
    names = [general_name(san) for san in sans]
    assert set(names_of(client.sign(make_csr(SUBJECT, names), token).certificate)) == set(names)


@pytest.mark.parametrize("subject", [SUBJECT, "192.0.2.8", "2001:db8::8", "max@example.com", "spiffe://example.com/x"])
def test_subject_is_the_only_name_without_san(running_ca: RunningCa, client: CaClient, subject: str) -> None:
    """Without `--san` the certificate is for the subject, whatever type of name that is."""
    certificate = client.sign(make_csr(subject, [general_name(subject)]), ask(running_ca, subject).token).certificate
    assert names_of(certificate) == [general_name(subject)]


@pytest.mark.parametrize(
    ("common_name", "sans"),
    [
        (SUBJECT, ["a.example.com", "b.example.com"]),
        (SUBJECT, ["b.example.com"]),
        (SUBJECT, ["a.example.com", "192.0.2.9"]),
        ("other.example.com", ["a.example.com"]),
    ],
    ids=["one name more", "another name", "an address more", "another common name"],
)
def test_request_for_other_names_is_refused(
    running_ca: RunningCa, client: CaClient, common_name: str, sans: list[str]
) -> None:
    """A token for one name signs no CSR with others."""
    token = ask(running_ca, SUBJECT, "--san", "a.example.com").token
    assert client.sign(make_csr(common_name, [general_name(san) for san in sans]), token).status == FORBIDDEN


def bind(csr: x509.CertificateSigningRequest, encoding: Encoding | None, folder: Path) -> list[str]:
    """Return the flags that bind a token to a CSR: by a file in `encoding`, or by SHA-256 in unpadded base64url."""
    if encoding is None:
        digest = sha256(csr.public_bytes(Encoding.DER)).digest()
        return ["--cnf", urlsafe_b64encode(digest).decode().rstrip("=")]
    path = folder / "request.csr"
    path.write_bytes(csr.public_bytes(encoding))
    return ["--cnf-file", str(path)]


@pytest.mark.parametrize("mode", [(), ("--offline",)], ids=["online", "offline"])
@pytest.mark.parametrize("encoding", [None, Encoding.PEM, Encoding.DER], ids=["cnf", "PEM file", "DER file"])
def test_bound_token_signs_its_own_request_alone(
    running_ca: RunningCa, client: CaClient, tmp_path: Path, encoding: Encoding | None, mode: tuple[str, ...]
) -> None:
    """A token with `cnf` signs the CSR that it names, and no other CSR for the same names."""
    csr, other = (make_csr(SUBJECT, [general_name(SUBJECT)]) for _ in range(2))
    flags = bind(csr, encoding, tmp_path)
    assert client.sign(csr, ask(running_ca, SUBJECT, *flags, *mode).token).status == 201
    assert client.sign(other, ask(running_ca, SUBJECT, *flags, *mode).token).status == FORBIDDEN


def test_token_is_good_for_one_request(running_ca: RunningCa, client: CaClient) -> None:
    """The CA refuses a token that it has seen."""
    token, csr = ask(running_ca, SUBJECT).token, make_csr(SUBJECT, [general_name(SUBJECT)])
    assert client.sign(csr, token).status == 201
    assert client.sign(csr, token).status == UNAUTHORISED


def test_tokens_minted_at_once_are_all_good(running_ca: RunningCa, client: CaClient) -> None:
    """Tokens of one second, equal in all that the user said, do not shut each other out."""
    tokens = [ask(running_ca, SUBJECT, "--offline").token for _ in range(3)]
    csr = make_csr(SUBJECT, [general_name(SUBJECT)])
    assert [client.sign(csr, token).status for token in tokens] == [201, 201, 201]


def test_changed_token_is_refused(running_ca: RunningCa, client: CaClient) -> None:
    """A signature holds for its own header and claims alone."""
    one, other = (ask(running_ca, SUBJECT, "--offline").token.split(".") for _ in range(2))
    spliced = ".".join([*one[:2], other[2]])
    assert client.sign(make_csr(SUBJECT, [general_name(SUBJECT)]), spliced).status == UNAUTHORISED


@pytest.mark.parametrize("mode", [(), ("--offline",)], ids=["online", "offline"])
def test_revoking_by_serial(running_ca: RunningCa, client: CaClient, mode: tuple[str, ...]) -> None:
    """A revoke token revokes the certificate of its serial once, and no other certificate."""
    csr = make_csr(SUBJECT, [general_name(SUBJECT)])
    serial, other = (client.sign(csr, ask(running_ca, SUBJECT).token).certificate.serial_number for _ in range(2))
    assert client.revoke(other, ask(running_ca, "--revoke", str(serial), *mode).token).status == FORBIDDEN
    answer = client.revoke(serial, ask(running_ca, "--revoke", str(serial), *mode).token)
    assert (answer.status, answer.body) == (200, {"status": "ok"})
    again = client.revoke(serial, ask(running_ca, "--revoke", str(serial), *mode).token)
    assert again.status == BAD_REQUEST
    assert "already revoked" in again.body["message"]


@pytest.mark.parametrize("mode", [(), ("--offline",)], ids=["online", "offline"])
def test_token_is_good_for_its_own_kind_of_request_alone(
    running_ca: RunningCa, client: CaClient, mode: tuple[str, ...]
) -> None:
    """A revoke token signs nothing, and a sign token revokes nothing."""
    csr, serial = make_csr("17", [general_name("17")]), "17"
    assert client.sign(csr, ask(running_ca, "--revoke", serial, *mode).token).status == UNAUTHORISED
    assert client.revoke(17, ask(running_ca, serial, *mode).token).status == UNAUTHORISED


@pytest.mark.parametrize(
    ("flags", "path"),
    [
        (("--rekey",), "/1.0/rekey"),
        (("--ssh", "--renew"), "/1.0/ssh/renew"),
        (("--ssh", "--rekey"), "/1.0/ssh/rekey"),
    ],
    ids=["rekey", "SSH renew", "SSH rekey"],
)
def test_request_that_no_jwk_token_authorises_is_minted_with_a_warning(
    running_ca: RunningCa, client: CaClient, flags: tuple[str, ...], path: str
) -> None:
    """Renewals and rekeyings by a JWK provisioner are refused by the CA, as the warning says."""
    result = ask(running_ca, SUBJECT, *flags)
    csr = make_csr(SUBJECT, [general_name(SUBJECT)]).public_bytes(Encoding.PEM).decode()
    answer = client.post(path, bearer=result.token, ott=result.token, csr=csr, publicKey=make_ssh_key().split()[1])
    assert result.claims["aud"].endswith(path)
    assert f"step-ca takes no JWK token for {path}" in result.err
    assert answer.status in (BAD_REQUEST, UNAUTHORISED)


def test_request_that_the_ca_takes_comes_without_a_warning(running_ca: RunningCa) -> None:
    """Nothing but the chosen provisioner is on stderr where all is well."""
    result = ask(running_ca, SUBJECT)
    assert result.err.count("\n") == 1
    assert result.err.startswith("✔ Provisioner: sandbox@example.com (JWK) [kid: ")


@pytest.mark.parametrize(
    ("url", "status"), [("localhost", 201), ("localhost:1", 201), ("ca.example.com", UNAUTHORISED)]
)
def test_ca_url_counts_offline(running_ca: RunningCa, client: CaClient, url: str, status: int) -> None:
    """`--offline --ca-url` decides the audience: any name of the CA is good, with any port, and no other name."""
    result = ask(running_ca, SUBJECT, "--offline", "--ca-url", url)
    assert result.claims["aud"] == f"https://{url}/1.0/sign"
    assert client.sign(make_csr(SUBJECT, [general_name(SUBJECT)]), result.token).status == status
