"""The K8sSA provisioner: the token that Kubernetes gave a service account is handed on as it is."""

import json
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from adapters.jose.jws import make_signer
from adapters.machine.clock import SystemClock
from domain.formats import base64url, json_text
from entrypoints.command_line.options import TOKEN_OPTIONS, Option, ValueKind
from tests.support.ca_client import CaClient, connect, general_name, make_csr, make_ssh_key
from tests.support.provisioned_ca import K8SSA, KUBERNETES_ISSUER, ProvisionedCa
from tests.support.running import Result, invoke

SECOND = 1_000_000_000
EXPIRY = 1_800_000_000
UNAUTHORISED = 401
CNF = base64url.encode(bytes(32))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the token lies."""
    return tmp_path / "token"


@pytest.fixture(scope="module")
def client(provisioned_ca: ProvisionedCa) -> CaClient:
    """A client of the CA."""
    return connect(provisioned_ca.ca)


def make_token(key: ec.EllipticCurvePrivateKey | None = None, **claims: object) -> str:
    """Return a token with these claims, signed by a key."""
    parts = ({"alg": "ES256"}, {"iss": KUBERNETES_ISSUER, "sub": "system:serviceaccount:default:web", **claims})
    text = ".".join(base64url.encode(json_text.serialize(part).encode()) for part in parts)
    signer = make_signer(key or ec.generate_private_key(ec.SECP256R1()))
    return f"{text}.{base64url.encode(signer.sign(text.encode()))}"


def ask(provisioned_ca: ProvisionedCa, path: Path, *words: str) -> Result:
    environment = provisioned_ca.environment
    return invoke("token", "web.test", "--k8ssa-token-path", str(path), *words, environment=environment)


@pytest.mark.parametrize("white", ["", "\n", " \r\n\n", "\t"])
@pytest.mark.parametrize("mode", [[], ["--offline"]], ids=["online", "offline"])
def test_a_kubernetes_token_is_signed_for(
    provisioned_ca: ProvisionedCa, client: CaClient, path: Path, mode: list[str], white: str
) -> None:
    """The token is handed on without the white space around it, and the CA takes it."""
    token = provisioned_ca.kubernetes_token()
    path.write_text(white + token + white)
    assert ask(provisioned_ca, path, *mode).token == token
    csr = make_csr("web.test", [general_name("web.test")])
    assert client.sign(csr, token).certificate


def test_a_legacy_token_never_expires(provisioned_ca: ProvisionedCa, client: CaClient, path: Path) -> None:
    """Kubernetes' older tokens have no exp, and the CA takes them, for SSH as well."""
    path.write_text(make_token(provisioned_ca.kubernetes_key))
    token = ask(provisioned_ca, path).token
    assert client.sign(make_csr("web.test", [general_name("web.test")]), token).certificate
    line, wishes = make_ssh_key(), {"certType": "host", "keyID": "web.test", "principals": ["web.test"]}
    assert client.sign_ssh(line, token, **wishes).ssh_certificate


def test_whose_token_it_is_is_for_the_ca_to_say(provisioned_ca: ProvisionedCa, client: CaClient, path: Path) -> None:
    """A token by a key that the provisioner does not know is handed on, and the CA refuses it."""
    path.write_text(make_token())
    answer = client.sign(make_csr("web.test", [general_name("web.test")]), ask(provisioned_ca, path).token)
    assert answer.status == UNAUTHORISED


def test_stderr_says_that_the_subject_is_not_in_the_token(provisioned_ca: ProvisionedCa, path: Path) -> None:
    """The provisioner and what the user may not expect are said beside the token."""
    path.write_text(provisioned_ca.kubernetes_token())
    assert ask(provisioned_ca, path).err == (
        f"✔ Provisioner: {K8SSA} (K8sSA)\n"
        "warning: the token is as it was issued to this machine; 'web.test' is not in it\n"
    )


def test_the_default_path_is_where_kubernetes_mounts_it(
    provisioned_ca: ProvisionedCa, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The provisioner's name is enough."""
    words = ["token", "web.test", "--provisioner", K8SSA]
    absent = invoke(*words, environment=provisioned_ca.environment)
    assert (absent.status, absent.out) == (1, "")
    assert "/var/run/secrets/kubernetes.io/serviceaccount/token" in absent.err
    monkeypatch.setattr("domain.provisioners.k8ssa.TOKEN_PATH", str(path))
    path.write_text(provisioned_ca.kubernetes_token() + "\n")
    assert invoke(*words, environment=provisioned_ca.environment).token == path.read_text().strip()


def test_the_token_is_taken_from_standard_input(provisioned_ca: ProvisionedCa) -> None:
    """`-` is standard input."""
    token = provisioned_ca.kubernetes_token()
    words = ["token", "web.test", "--k8ssa-token-path", "-"]
    assert invoke(*words, environment=provisioned_ca.environment, stdin=token.encode() + b"\n").token == token


@pytest.fixture
def place(tmp_path: Path, sandbox_path: Path) -> dict[str, str]:
    """The environment of a step path with a provisioner of each type in its ca.json, which nothing serves."""
    config = json.loads((sandbox_path / "config" / "ca.json").read_text())
    config["authority"]["provisioners"] += [
        {"type": name, "name": name.lower()} for name in ("K8sSA", "X5C", "SSHPOP", "ACME")
    ]
    config["root"] = str(sandbox_path / "certs" / "root_ca.crt")
    (tmp_path / "step" / "config").mkdir(parents=True)
    (tmp_path / "step" / "config" / "ca.json").write_text(json.dumps(config))
    return {"STEPPATH": str(tmp_path / "step")}


def mint(place: dict[str, str], path: Path) -> Result:
    return invoke("token", "a", "--offline", "--k8ssa-token-path", str(path), environment=place)


@pytest.fixture
def clock() -> Iterator[mock.Mock]:
    """The time of day, in nanoseconds, as its `return_value`."""
    with mock.patch.object(SystemClock, "now") as now:
        yield now


def test_an_expired_token_is_refused(place: dict[str, str], path: Path, clock: mock.Mock) -> None:
    """It is good until the nanosecond before its exp."""
    path.write_text(make_token(exp=EXPIRY))
    clock.return_value = EXPIRY * SECOND - 1
    assert mint(place, path).token == path.read_text()
    clock.return_value = EXPIRY * SECOND
    result = mint(place, path)
    assert (result.status, result.out) == (1, "")
    assert result.err == (
        f"step-ott: --k8ssa-token-path {path}: the Kubernetes token has expired: have Kubernetes mount a fresh one\n"
    )


def encode(*parts: str) -> str:
    return ".".join(base64url.encode(part.encode()) for part in parts)


GARBAGE = {
    "empty": "", "white": "\n\n", "words": "no token", "two parts": encode("{}", "{}"), "JWE": encode(*["{}"] * 5),
    "array": encode("{}", "[1]", "s"), "null": encode("{}", "null", "s"), "no JSON": encode("{}", "{", "s"),
    "header": encode("[]", "{}", "s"), "padded": encode("{}", "{}", "s") + "=",
    "inner space": encode("{}", "{}", "s ") + " x",
    "two lines": f"{encode('{}', '{}', 's')}\n{encode('{}', '{}', 's')}",
    "escape": "\x1b[2J." + encode("{}", "s"), "escaping signature": encode("{}", "{}") + ".\x1b[2J",
    "not ASCII": "é." + encode("{}", "s"), "twice": encode("{}", '{"exp":1,"exp":2}', "s"),
}  # fmt: skip


@pytest.mark.parametrize("content", GARBAGE.values(), ids=GARBAGE)
def test_what_is_no_token_is_refused(place: dict[str, str], path: Path, content: str) -> None:
    """A file that holds no signed JSON object never reaches stdout; the error names the file."""
    path.write_text(content)
    result = mint(place, path)
    assert (result.status, result.out) == (1, "")
    assert result.err == (
        f"step-ott: --k8ssa-token-path {path}: it holds no Kubernetes token: name the service account's token file\n"
    )


@pytest.mark.parametrize("expiry", ["1900000000", json_text.Number("1.5"), "", [], {}, True])
def test_an_expiry_that_is_no_number_is_refused(place: dict[str, str], path: Path, expiry: object) -> None:
    """Nothing is guessed of it."""
    path.write_text(make_token(exp=expiry))
    result = mint(place, path)
    assert (result.status, result.out) == (1, "")
    assert f"--k8ssa-token-path {path}: the exp of the token is not a whole number" in result.err


def test_a_file_that_is_too_long_is_refused(place: dict[str, str], path: Path) -> None:
    """No token has 64 KiB; just below, it is read."""
    for size, status in ((65_536, 0), (65_537, 1)):
        token = make_token()
        path.write_text(token + "\n" * (size - len(token)))
        result = mint(place, path)
        assert result.status == status, result.err
    assert str(path) in result.err


VALUES = {
    "cnf": CNF, "set": "a=b", "not-before": "1m", "not-after": "10m", "cert-not-before": "1m", "cert-not-after": "1h",
    "kms": "pkcs11:token=t",
}  # fmt: skip
TAKEN = {
    "k8ssa-token-path", "provisioner", "ca-url", "root", "offline", "ca-config", "context", "request-timeout",
    "timeout", "output-file", "force",
}  # fmt: skip
"""Flags that say where the token, the provisioner and the CA are, and where the token goes."""
NEEDS = {"principal": "ssh", "host": "ssh", "cert-not-before": "ssh", "cert-not-after": "ssh", "cnf-file": "ssh"}
WITHOUT_EFFECT = [option for option in TOKEN_OPTIONS if option.name not in TAKEN | {"csr"}]  # which takes no subject


@pytest.mark.parametrize("chosen", ["--k8ssa-token-path", "--provisioner"])
@pytest.mark.parametrize("option", WITHOUT_EFFECT, ids=[option.name for option in WITHOUT_EFFECT])
def test_a_flag_that_cannot_apply_is_refused(place: dict[str, str], path: Path, option: Option, chosen: str) -> None:
    """Every flag of the table that says what would have to stand in the token is refused, naming two flags."""
    name, kind = option.name, option.kind
    path.write_text(make_token())
    (path.parent / "set-file").write_text("{}")
    (path.parent / "cnf-file").write_text(make_ssh_key())
    config = json.loads((Path(place["STEPPATH"]) / "config" / "ca.json").read_text())
    own = {"kid": config["authority"]["provisioners"][0]["key"]["kid"], **VALUES}
    words = [f"--{name}"] + ([] if kind is ValueKind.SWITCH else [own.get(name, str(path.parent / name))])
    words += [f"--{NEEDS[name]}"] if name in NEEDS else []
    choice = [chosen, "k8ssa" if chosen == "--provisioner" else str(path)]
    result = invoke("token", "1", "--offline", *choice, *words, environment=place)
    assert (result.status, result.out, result.err.count("\n")) == (2, "", 1), result
    named = {other.name for other in TOKEN_OPTIONS if f"--{other.name} " in result.err.replace(":", " ")}
    assert len(named) >= 2, result.err
    assert named & {name, NEEDS.get(name, name)}, result.err


@pytest.mark.parametrize("words", [["--ssh"], ["--san", "a"], ["--revoke"], ["--not-after", "10m"]], ids=" ".join)
def test_the_only_provisioner_refuses_what_cannot_apply(
    place: dict[str, str], words: list[str], sandbox_path: Path
) -> None:
    """Where nothing asked for the type, the error names the flag alone."""
    path = Path(place["STEPPATH"]) / "config" / "ca.json"
    config = json.loads(path.read_text())
    config["authority"]["provisioners"] = [{"type": "k8ssa", "name": "cluster"}]
    path.write_text(json.dumps(config))
    result = invoke("token", "1", "--offline", *words, environment=place)
    assert (result.status, result.out) == (2, "")
    assert result.err == f"step-ott: {words[0]} has no effect on this provisioner's tokens: leave it out\n"


@pytest.mark.parametrize("name", ["STEP_KID", "STEP_PASSWORD_FILE", "STEP_PROVISIONER_PASSWORD_FILE"])
def test_a_habit_of_other_provisioners_is_no_obstacle(place: dict[str, str], path: Path, name: str) -> None:
    """A kid or a password file in the environment is for whatever request uses it."""
    path.write_text(make_token())
    environment = {**place, name: "/nonexistent"}
    for choice in (["--k8ssa-token-path", str(path)], ["--provisioner", "k8ssa", "--k8ssa-token-path", str(path)]):
        assert invoke("token", "a", "--offline", *choice, environment=environment).token == path.read_text()
