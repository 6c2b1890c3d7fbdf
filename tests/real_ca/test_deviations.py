"""Where the real `step ca token` and step-ott decide differently, each with its reason; and where both refuse.

A row that stops being true, because either tool changed, fails. Words are written as for a shell; one that begins
with @ is a file of the fixture `folder`.
"""

import json
import shlex
import shutil
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa, x25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from tests.support.both_tools import Pair, Place, make_places, text_of
from tests.support.ca_client import general_name, make_csr, make_ssh_key
from tests.support.key_files import KeyFolder
from tests.support.peer_programs import RunningCa
from tests.support.provisioned_ca import ProvisionedCa
from tests.support.ssh_hosts import get_certificate

CNF = "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"
VOLATILE = frozenset({"exp", "iat", "jti", "nbf"})


@pytest.fixture(scope="module")
def folder(step_program: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files that rows name."""
    path = tmp_path_factory.mktemp("files")
    csr = make_csr("a", [general_name("a")]).public_bytes(Encoding.DER)
    (path / "csr").write_bytes(csr)
    (path / "forged.csr").write_bytes(csr[:-1] + bytes([csr[-1] ^ 1]))
    (path / "ssh.pub").write_text(make_ssh_key())
    texts = {"empty": "", "garbage": "garbage\n", "null": "null", "array": "[]", "brace": "{", "twice": '{"a":1,"a":2}'}
    for name, text in texts.items():
        (path / name).write_text(text)
    _write_keys(path, KeyFolder(step_program, tmp_path_factory.mktemp("keys")))
    return path


def _write_keys(path: Path, keys: KeyFolder) -> None:
    """Write keys that can sign, in jwk, sealed and sealed.jwk, and such as cannot."""
    for name, form, sealed in (("jwk", "JWK", False), ("sealed", "PKCS#8", True), ("sealed.jwk", "JWK", True)):
        shutil.copy(keys.private("P-256", form, sealed), path / name)
    shutil.copy(keys.password_file(), path / "password")
    jwk = json.loads((path / "jwk").read_text())
    (path / "public.jwk").write_text(json.dumps(keys.public(keys.private("P-256", "JWK"))))
    (path / "encryption.jwk").write_text(json.dumps(jwk | {"use": "enc"}))
    (path / "ES384.jwk").write_text(json.dumps(jwk | {"alg": "ES384"}))
    (path / "oct.jwk").write_text('{"kty":"oct","k":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}')
    (path / "public.pem").write_bytes(
        ec.generate_private_key(ec.SECP256R1())
        .public_key()
        .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    unfit = {
        "P-224": ec.generate_private_key(ec.SECP224R1()),
        "secp256k1": ec.generate_private_key(ec.SECP256K1()),
        "X25519": x25519.X25519PrivateKey.generate(),
        "RSA-1024": rsa.generate_private_key(65537, 1024),
    }
    for name, key in unfit.items():
        (path / name).write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


@pytest.fixture(scope="module")
def places(step_program: str, running_ca: RunningCa, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Place]:
    """The places where both tools run."""
    return make_places(step_program, running_ca, tmp_path_factory.mktemp("places"))


def ask(places: dict[str, Place], folder: Path, where: str, line: str) -> Pair:
    """Put a row's words to both tools in a place, "online" or "declared without --key"."""
    name, _, dropped = where.partition(" without ")
    words = [str(folder / word[1:]) if word.startswith("@") else word for word in shlex.split(line)]
    return places[name].without(dropped).ask(*words)


def check_refusal(pair: Pair) -> None:
    """Check that step-ott says in one plain line why there is no token."""
    *notices, error = pair.ours.err.splitlines()
    assert pair.ours.status in (1, 2)
    assert pair.ours.out == ""
    assert error.startswith("step-ott: ")
    assert all(notice.startswith("✔ ") for notice in notices)


ONLY_STEP_TAKES = [
    # A flag that would have no effect is refused.
    ("declared", "max --cert-not-after 1h", "only an SSH token carries it"),
    ("declared", "max --cert-not-before 1h", "only an SSH token carries it"),
    ("declared", "17 --revoke --rekey", "step lets the first win"),
    ("declared", "17 --revoke --renew", "step lets the first win"),
    ("declared", "17 --ssh --renew --rekey", "step lets the first win"),
    ("declared", "17 --ssh --host --revoke", "a revocation is of no kind of certificate"),
    ("declared", "17 --ssh --revoke --principal a", "a revocation has no principals"),
    ("declared", "17 --ssh --revoke --cert-not-after 1h", "a revocation has no validity to ask for"),
    ("declared", f"17 --revoke --cnf {CNF}", "a revocation has no request to be bound to"),
    ("online", "17 --revoke --set a=b", "the CA runs no template on a revocation"),
    ("online", "17 --ssh --revoke --set a=b", "the CA runs no template on a revocation"),
    ("declared", "max --force", "there is no output file to force"),
    ("declared", "max --renew", "the CA takes a renewal from the certificate's own key alone"),
    ("online", "max --ca-config @null", "no ca.json is read online"),
    # A token that the CA would refuse is not made.
    ("declared", "max --revoke", "the CA compares the serial in decimal"),
    ("declared", "0b11 --revoke", "it could be read in two ways"),
    ("declared", "017 --revoke", "the CA compares the serial in decimal"),
    ("declared", "max --not-before -1h", "the token would have expired"),
    ("declared", "max --not-before -1h --not-after -30m", "the token would have expired"),
    ("declared", "max --ssh --cert-not-after -1h", "the certificate would have expired"),
    ("declared", "max --ssh --cert-not-before 2h --cert-not-after 1h", "the certificate would never be valid"),
    ("declared", "max --ssh --cert-not-before 0001-01-01T00:00:00Z", "an SSH certificate counts from 1970"),
    ("declared", "max --san ''", "no certificate has an empty name"),
    ("online", "max --cnf short", "no request has this hash"),
    ("online", "max --cnf-file @forged.csr", "the CA refuses a CSR with a bad signature"),
    ("online without --key", "max --key @jwk", "it is not the provisioner's key"),
    # What does not mean what it seems to is refused.
    ("declared", "max --ssh --cert-not-after 0s", "the CA takes zero for its own default"),
    ("declared", "max --ssh --cert-not-before 2027-01-01T00:00:00,5Z", "RFC 3339 has a dot there"),
    ("declared", "max --ssh --cert-not-before 2027-01-01T0:00:00Z", "RFC 3339 has two digits there"),
    ("declared", "max --not-after ''", "an empty value is a mistake in a script"),
    ("online", "max --set =b", "a template cannot name it"),
    ("online", """max --set 'a={"x":1,"x":2}'""", "one of the two would be lost"),
    ("online", "max --set-file @twice", "one of the two would be lost"),
    ("online", "max --set-file @null", "it is not an object"),
    ("online", "max --set a=1E400", "step makes a text of it; as a number the CA cannot read it"),
    ("online", r"""max --set 'a="\ud800"'""", "half of a surrogate pair is not text"),
    ("declared without --ca-url", "max --ca-url https://ca.example.com/prefix", "the path would be lost"),
    ("declared without --ca-url", "max --ca-url 'ca.example.com?a=b'", "the query would be lost"),
    ("declared without --ca-url", "max --ca-url 'ca.example.com#a'", "the fragment would be lost"),
    ("declared without --ca-url", "max --ca-url me@ca.example.com", "the user name would be lost"),
    ("declared without --ca-url", "max --ca-url ca.example.com:0", "there is no such port"),
    ("declared without --ca-url", "max --ca-url ca.example.com:65536", "there is no such port"),
    ("declared without --ca-url", "max --ca-url bücher.example", "step escapes it as a path"),
    ("declared without --ca-url", "max", "step writes the audience https:///1.0/sign"),
    ("offline", "max --root @missing", "step does not look at it beside ca.json"),
    # A weak or foreign key does not sign.
    ("declared without --key", "max --key @RSA-1024", "it is too short"),
    ("declared without --key", "max --key @encryption.jwk", "it is for encryption"),
]  # fmt: skip


@pytest.mark.parametrize(("where", "line", "reason"), ONLY_STEP_TAKES)
def test_refused_where_step_is_not(places: dict[str, Place], folder: Path, where: str, line: str, reason: str) -> None:
    """What step does not judge, step-ott refuses in one line."""
    pair = ask(places, folder, where, line)
    assert pair.go.status == 0, f"step refuses it too, so that {reason!r} is not a deviation"
    check_refusal(pair)


ONLY_WE_TAKE = [
    ("declared", "max --not-after 10s", "the shortest validity; step reads the clock again and finds less"),
    ("declared", "max --not-before 5m --not-after 65m", "the longest validity; step reads the clock twice for it"),
    ("declared", "max --set a=b", "the user claim does not need a CA to ask"),
    ("offline", "max --ssh --set a=b", "the user claim does not need a CA to ask"),
    ("declared without --ca-url", "max --ca-url ::1", "a bare IPv6 address gets its brackets"),
    ("declared without --ca-url", "max --ca-url 2001:db8::1:9000", "and so it does with a port"),
    ("declared without --key", "max --key @jwk --password-file @missing", "the key needs no password; we warn"),
]


@pytest.mark.parametrize(("where", "line", "reason"), ONLY_WE_TAKE)
def test_taken_where_step_refuses(places: dict[str, Place], folder: Path, where: str, line: str, reason: str) -> None:
    """What step promises or could do, step-ott does."""
    pair = ask(places, folder, where, line)
    assert pair.go.status != 0, f"step takes it too, so that {reason!r} is not a deviation"
    assert pair.ours.claims["sub"] == "max"


OTHER_CLAIMS = [
    ("declared", "max --rekey", {"aud": "https://ca.example.com:9000/1.0/rekey", "sans": None},
     "step makes a token to sign"),
    ("online", f"max --ssh --cnf {CNF}", {"cnf": {"x5rt#S256": CNF}, "user": None}, "step drops cnf with --ssh"),
    ("declared", f"max --cnf {CNF}", {"cnf": {"x5rt#S256": CNF}}, "step drops cnf with --offline"),
    ("offline", "max --ca-url localhost", {"aud": "https://localhost/1.0/sign"}, "step ignores it beside ca.json"),
    ("online", "max --set a=12345678901234567890", {"user": {"a": 12345678901234567890}}, "step loses digits"),
]  # fmt: skip


@pytest.mark.parametrize(("where", "line", "ours", "reason"), OTHER_CLAIMS)
def test_other_claims_than_step(
    places: dict[str, Place], folder: Path, where: str, line: str, ours: dict[str, object], reason: str
) -> None:
    """Where step's token is weaker than asked or another one, step-ott's differs in these claims alone."""
    pair = ask(places, folder, where, line)
    theirs, made = (json.loads(text_of(result, 1)) for result in (pair.go, pair.ours))
    names = (theirs.keys() | made.keys()) - VOLATILE
    assert {name: made.get(name) for name in names if made.get(name) != theirs.get(name)} == ours, reason


def test_numbers_are_spelled_as_written(places: dict[str, Place], folder: Path) -> None:
    """Of a number, step writes its own spelling and step-ott the user's: the same double, but no digit is lost."""
    numbers = {"a": "1.50", "b": "1e3", "c": "9007199254740991", "d": "1E-7", "e": "-0.0"}
    words = " ".join(f"--set {name}={number}" for name, number in numbers.items())
    pair = ask(places, folder, "online", f"max {words}")
    theirs, made = (json.loads(text_of(result, 1))["user"] for result in (pair.go, pair.ours))
    assert theirs == made
    spelled = ",".join(f'"{name}":{number}' for name, number in numbers.items())
    assert text_of(pair.ours, 1).endswith(f'"user":{{{spelled}}}}}')
    assert spelled not in text_of(pair.go, 1)


BOTH_REFUSE = [
    ("declared", line)
    for line in (
        "", "a b", "''", "max --ssh --san a", "max --ssh --host --san a", "max --ssh --principal a --san b",
        "max --principal a", "max --host", f"max --cnf {CNF} --cnf-file @csr", "17 --revoke --san a",
        "max --not-after 9s", "max --not-after 1h1s", "max --not-before 31m", "max --not-before 5m --not-after 4m",
        "max --not-after -1m", "max --not-after 5", "max --not-after 1d", "max --not-after h",
        "max --not-after '1h 5m'", "max --not-after 1e3s", "max --not-after 9999999h",
        "max --not-after 2027-02-29T00:00:00Z",
        "max --not-after 2027-01-01T24:00:00Z", "max --not-after 2027-01-01T23:59:60Z", "max --not-after 2027-01-01",
        "max --not-after 2027-01-01T00:00:00", "max --not-after 2027-01-01t00:00:00z", "max --ssh --cert-not-before 1d",
        "max --ssh --cert-not-before 10000-01-01T00:00:00Z", "max --nope", "max --san", "max --ssh=maybe",
        "max --ssh -n a --principal b", "max --set a", "max --set-file @null",
    )
] + [
    ("online", line)
    for line in (
        "max --ssh --cnf-file @csr", "max --cnf-file @ssh.pub", "max --cnf-file @garbage", "max --cnf-file @missing",
        "max --set a", "max --set-file @array", "max --set-file @brace", "max --set-file @empty",
        "max --set-file @missing", "max --set-file @null --set a=b", "max --issuer nope", "max --kid nope",
        "max --issuer a --provisioner a", "max --renew",
    )
] + [
    ("declared without --key", line)
    for line in (
        "max", "max --key @missing", "max --key @garbage", "max --key @empty", "max --key @public.jwk",
        "max --key @public.pem", "max --key @oct.jwk", "max --key @P-224", "max --key @secp256k1", "max --key @X25519",
        "max --key @ES384.jwk", "max --key @sealed --password-file @garbage",
        "max --key @sealed --password-file @missing",
        "max --key @sealed.jwk --password-file @garbage", "max --key @sealed --password-file @empty",
        "max --key @sealed --password-file @password --provisioner-password-file @garbage",
    )
] + [
    ("offline", "max --renew"),
    ("declared without --root", "max --root @garbage"),
    ("declared without --root", "max --root @missing"),
    ("declared without --root", "max"),
    ("declared without --issuer", "max"),
    ("declared without --ca-url", "max --ca-url http://ca.example.com"),
    ("declared without --ca-url", "max --ca-url 'a b'"),
]  # fmt: skip


@pytest.mark.parametrize(("where", "line"), BOTH_REFUSE)
def test_both_refuse(places: dict[str, Place], folder: Path, where: str, line: str) -> None:
    """What step finds wrong, step-ott finds wrong."""
    pair = ask(places, folder, where, line)
    assert pair.go.status != 0
    check_refusal(pair)


@pytest.fixture(scope="module")
def provisioned(step_program: str, provisioned_ca: ProvisionedCa) -> Place:
    """The place where both ask a CA with a provisioner of each type."""
    return Place(step_program, provisioned_ca.ca.path)


def test_a_kubernetes_token_keeps_no_newline(provisioned: Place, provisioned_ca: ProvisionedCa, tmp_path: Path) -> None:
    """Step hands on the newline of the file with the token; step-ott trims it."""
    token, path = provisioned_ca.kubernetes_token(), tmp_path / "token"
    path.write_text(f"{token}\n")
    pair = provisioned.ask("web.test", "--k8ssa-token-path", str(path))
    assert (pair.go.out, pair.ours.out) == (f"{token}\n\n", f"{token}\n")


@pytest.mark.parametrize("line", ["--ssh", "--san a", "--revoke", "--not-after 5m"])
def test_flags_without_effect_on_a_kubernetes_token(
    provisioned: Place, provisioned_ca: ProvisionedCa, tmp_path: Path, line: str
) -> None:
    """Step drops them; step-ott refuses them."""
    path = tmp_path / "token"
    path.write_text(provisioned_ca.kubernetes_token())
    pair = provisioned.ask("17", "--k8ssa-token-path", str(path), *line.split())
    assert pair.go.status == 0
    check_refusal(pair)


@pytest.mark.parametrize("content", ["expired", "garbage"])
def test_kubernetes_tokens_that_no_ca_takes(
    provisioned: Place, provisioned_ca: ProvisionedCa, tmp_path: Path, content: str
) -> None:
    """Step hands on whatever is there; step-ott reads it first."""
    path = tmp_path / "token"
    path.write_text(provisioned_ca.kubernetes_token(exp=1) if content == "expired" else content)
    pair = provisioned.ask("web.test", "--k8ssa-token-path", str(path))
    assert pair.go.status == 0
    check_refusal(pair)


@pytest.mark.parametrize(("subject", "flags"), [("1", "--ssh --revoke"), ("host.test", "--ssh --host")])
def test_what_an_ssh_certificate_cannot_ask_for(
    provisioned: Place, provisioned_ca: ProvisionedCa, tmp_path: Path, subject: str, flags: str
) -> None:
    """Step revokes a serial number that is not the certificate's, and signs; the CA would refuse both."""
    pair = provisioned.ask(subject, *flags.split(), *get_certificate(provisioned_ca, tmp_path).flags)
    check_refusal(pair)
    assert pair.go.status == (0 if "--revoke" in flags else 1)
