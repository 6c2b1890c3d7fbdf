"""The GCP, AWS and Azure provisioners: what a machine's metadata service is asked, and what comes of its answers."""

import hmac
import json
import re
import socket
import time
from base64 import b64decode
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

import adapters.cloud_metadata
from adapters.http.bounded import Exchange, ExchangeError, FaultKind
from adapters.http.pool import Answer
from adapters.machine.clock import SystemClock
from domain.cloud.metadata import MetadataRequest, MetadataService
from domain.errors import NetworkError
from domain.formats import base64url
from entrypoints.command_line.options import TOKEN_OPTIONS, Option, ValueKind
from tests.support.ca_client import make_ssh_key
from tests.support.cloud_identities import (
    BEHAVIOURS,
    INSTANCE,
    NAMES,
    SESSION,
    be_amazon,
    be_azure,
    be_google,
    provisioners,
    sign_document,
    write_document,
)
from tests.support.hostile_ca import IDLE_SECONDS
from tests.support.metadata_service import VARIABLES, Asked, Behaviour, serve_metadata, tell
from tests.support.running import Result, invoke

SECOND = 1_000_000_000
BOUND = 15
"""Seconds, far more than the two that all requests have together: a machine that is none is told so in time."""

MACHINES = {"GCP": "a Google Cloud machine", "AWS": "an Amazon EC2 instance", "Azure": "an Azure machine"}
SECRETS = ("AQAEA", "ewog", "eyJ", "amazon's secret")


@pytest.fixture
def place(tmp_path: Path, sandbox_path: Path) -> dict[str, str]:
    """The environment of a step path whose ca.json has a provisioner for each cloud, and which nothing serves."""
    config = json.loads((sandbox_path / "config" / "ca.json").read_text())
    config["authority"]["provisioners"] += [*provisioners(tmp_path), {"type": "K8sSA", "name": "cluster"}]
    config["root"], config["dnsNames"] = str(sandbox_path / "certs" / "root_ca.crt"), ["ca.test"]
    (tmp_path / "step" / "config").mkdir(parents=True)
    (tmp_path / "step" / "config" / "ca.json").write_text(json.dumps(config))
    return {"STEPPATH": str(tmp_path / "step")}


def configure(place: dict[str, str], type_name: str, **members: Any) -> None:
    """Change a provisioner in ca.json."""
    path = Path(place["STEPPATH"]) / "config" / "ca.json"
    config = json.loads(path.read_text())
    for provisioner in config["authority"]["provisioners"]:
        provisioner.update(members if provisioner["type"] == type_name else {})
    path.write_text(json.dumps(config))


def mint(place: dict[str, str], behaviour: Behaviour, type_name: str, *words: str, subject: str = "web") -> Result:
    """Mint on a machine whose metadata service behaves so."""
    with serve_metadata(behaviour) as host:
        return run(place | host.environment(), type_name, *words, subject=subject)


def run(environment: dict[str, str], type_name: str, *words: str, subject: str = "web") -> Result:
    return invoke("token", subject, "--offline", "--provisioner", NAMES[type_name], *words, environment=environment)


def check_error(result: Result, *parts: str) -> None:
    """Check that one line says all the parts, and no secret."""
    assert (result.status, result.out, result.err.count("\n")) == (1, "", 1), result
    for part in parts:
        assert part in result.err
    assert not any(secret in result.err for secret in SECRETS), result.err


# -- What is made of good answers -------------------------------------------------------------------


def test_an_instances_token_is_keyed_by_amazons_signature(place: dict[str, str]) -> None:
    """Claims and signature are those that step-ca looks for (step-ca, aws.go)."""
    document = write_document()
    result = mint(place, be_amazon(document), "AWS", subject="web.test")
    signature = b64decode(sign_document(document).replace(b"\n", b""))
    assert result.header == {"alg": "HS256", "typ": "JWT"}
    claims = result.claims
    assert (claims["iss"], claims["sub"]) == ("ec2.amazonaws.com", "web.test")
    assert claims["aud"] == "https://ca.test/1.0/sign#aws/amazon%27s%20vms"
    assert claims["jti"] == sha256(f"aws/amazon's vms.{INSTANCE}".encode()).hexdigest()
    assert {name: b64decode(text) for name, text in claims["amazon"].items()} == {
        "document": document, "signature": signature,
    }  # fmt: skip
    assert (claims["nbf"], claims["exp"]) == (claims["iat"], claims["iat"] + 300)
    signed, _, mac = result.token.rpartition(".")
    assert base64url.decode(mac) == hmac.digest(signature, signed.encode(), "sha256")


@pytest.mark.parametrize("type_name", NAMES)
def test_stderr_says_what_is_not_in_the_token(place: dict[str, str], type_name: str) -> None:
    """Where the subject does not stand in the token, a warning says so; Amazon's has it."""
    result = mint(place, BEHAVIOURS[type_name](), type_name)
    warning = "warning: the token is as it was issued to this machine; 'web' is not in it\n"
    chosen = f"✔ Provisioner: {NAMES[type_name]} ({type_name})\n"
    assert result.err == chosen + ("" if type_name == "AWS" else warning)


@pytest.mark.parametrize(
    ("versions", "asked"),
    [("v1", ["PUT", "GET", "GET"]), ("v2", ["PUT", "GET", "GET"]), ("v1 v2", ["PUT", "GET", "GET"])],
)
def test_amazons_second_version_goes_first(place: dict[str, str], versions: str, asked: list[str]) -> None:
    """A session is asked for, and where there are none the first version will do."""
    with serve_metadata(be_amazon(versions=versions)) as host:
        assert run(place | host.environment(), "AWS").status == 0
    assert [one.method for one in host.requests] == asked
    session = SESSION if "v2" in versions else None
    assert [one.headers.get("x-aws-ec2-metadata-token") for one in host.requests] == [None, session, session]


def test_a_session_that_never_comes_leaves_time_for_the_first_version(place: dict[str, str]) -> None:
    """In a container the answer to the PUT may be lost on its way."""
    amazon = be_amazon()
    result = mint(place, lambda asked: stall(asked) if asked.method == "PUT" else amazon(asked), "AWS")
    assert result.status == 0, result.err


@pytest.mark.parametrize(
    ("allowed", "offered", "works"),
    [(["v2"], "v1", False), (["v1"], "v2", False), (["v2"], "v1 v2", True), (["v1"], "v1 v2", True), ([], "v1", True)],
)
def test_the_versions_that_the_ca_allows_are_kept_to(
    place: dict[str, str], allowed: list[str], offered: str, works: bool
) -> None:
    """A provisioner can rule out either version of Amazon's service."""
    configure(place, "AWS", imdsVersions=allowed)
    result = mint(place, be_amazon(versions=offered), "AWS")
    assert (result.status == 0) is works, result.err
    if not works:
        check_error(result, MACHINES["AWS"])


@pytest.mark.parametrize("session", [b"", b"two\r\nX-Header: 1", b"<html> </html>", b"\xff\xfe", b"\x00"])
def test_a_session_that_is_no_token_reaches_no_header(place: dict[str, str], session: bytes) -> None:
    """What would break a header is not used; the first version is."""
    amazon = be_amazon(versions="v1")
    with serve_metadata(lambda asked: tell(session) if asked.method == "PUT" else amazon(asked)) as host:
        assert run(place | host.environment(), "AWS").status == 0
    assert not any("x-aws-ec2-metadata-token" in one.headers for one in host.requests)


@pytest.mark.parametrize("white", ["\n", " \r\n", "\t"])
def test_white_space_around_googles_token_is_left_out(place: dict[str, str], white: str) -> None:
    """A header cannot hold a newline."""
    google = be_google()
    result = mint(place, lambda asked: pad(google(asked), white.encode()), "GCP")
    assert result.token.count(".") == 2


def pad(told: Any, white: bytes) -> bytes:
    """Return an answer whose body has white space around it."""
    return tell(white + bytes(told).split(b"\r\n\r\n", 1)[1] + white)


def test_a_token_may_be_for_several(place: dict[str, str]) -> None:
    """One of the audiences is that which was asked for."""
    audience = "https://ca.test/1.0/sign#gcp/google%20vms"
    assert mint(place, be_google(aud=["other", audience]), "GCP").claims["aud"][1] == audience


# -- Where the service is ---------------------------------------------------------------------------


@pytest.mark.parametrize("type_name", NAMES)
@pytest.mark.parametrize("form", ["http://{}", "http://{}/", "HTTP://{}"])
def test_the_environment_says_where_the_service_is(place: dict[str, str], type_name: str, form: str) -> None:
    """The variables are those of each cloud's own libraries; that of one cloud says nothing of another."""
    with serve_metadata(BEHAVIOURS[type_name]()) as host:
        found = run(place | {VARIABLES[type_name]: form.format(host.address)}, type_name)
    assert found.status == 0, found.err


@pytest.mark.parametrize(
    ("named", "address"),
    [
        ("http://[fd00:ec2::254]/", "http://[fd00:ec2::254]"), ("[::1]:8080", "http://[::1]:8080"),
        ("metadata.google.internal", "http://metadata.google.internal"), ("HTTP://A:80", "http://a:80"),
    ],
)  # fmt: skip
def test_an_address_is_read_in_any_form(named: str, address: str) -> None:
    """IPv6, in brackets, and names."""
    variable = VARIABLES["AWS"]
    assert adapters.cloud_metadata.find_address(MetadataService.AMAZON, {variable: named}) == address


def test_googles_variable_is_a_host(place: dict[str, str]) -> None:
    """With a port or without, and without a scheme."""
    with serve_metadata(be_google()) as host:
        assert run(place | {VARIABLES["GCP"]: host.address}, "GCP").status == 0


@pytest.mark.parametrize("type_name", NAMES)
@pytest.mark.parametrize(
    "value",
    [
        "https://127.0.0.1", "http://", "http://127.0.0.1/path", "http://user:amazon's secret@127.0.0.1",
        "http://127.0.0.1:99999", "http://127.0.0.1?x", "http://127.0.0.1#x", "ftp://a", "http://[::1", "http://a b",
        "http://a\r\nX: y", "/", "\x1b[2J", "é",
    ],
)  # fmt: skip
def test_an_address_that_is_none_is_refused_by_its_variable(place: dict[str, str], type_name: str, value: str) -> None:
    """The value, which may hold a password, is not repeated; and only who needs the service is bothered."""
    environment = place | {VARIABLES[type_name]: value}
    result = run(environment, type_name)
    assert (result.status, result.out) == (2, "")
    reason = f"{VARIABLES[type_name]} is not an address of a metadata service: write it as http://host:port"
    assert result.err == f"step-ott: {reason}\n"


@pytest.mark.parametrize(
    ("type_name", "usual"),
    [("GCP", "http://metadata"), ("AWS", "http://169.254.169.254"), ("Azure", "http://169.254.169.254")],
)
def test_the_usual_addresses_are_the_clouds_own(place: dict[str, str], type_name: str, usual: str) -> None:
    """Without a setting, and with an empty one, the error names the cloud's address."""
    for environment in ({}, {VARIABLES[type_name]: ""}):
        with mock.patch.object(socket, "getaddrinfo", side_effect=socket.gaierror(-2, "Name or service not known")):
            result = run(place | environment, type_name)
        check_error(result, f"its metadata service at {usual} cannot be reached: Name or service not known")


# -- Machines that are none, and services that misbehave --------------------------------------------


def stall(asked: Asked) -> Iterator[bytes]:
    """Answer nothing."""
    asked.stopped.wait(IDLE_SECONDS)
    yield b""


def trickle(asked: Asked) -> Iterator[bytes]:
    """Answer a byte at a time, without an end."""
    yield b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n"
    while not asked.stopped.wait(0.05):
        yield b"e"


def trickle_head(asked: Asked) -> Iterator[bytes]:
    """Answer header fields without an end."""
    yield b"HTTP/1.1 200 OK\r\nX-Padding: "
    while not asked.stopped.wait(0.05):
        yield b"x"


def flood(asked: Asked) -> Iterator[bytes]:
    """Answer with a body that never ends."""
    yield b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
    while not asked.stopped.is_set():
        yield b"e" * 65_536


def redirect(asked: Asked) -> bytes:
    """Lead elsewhere: to an address of the service's own that would never end."""
    return tell(b"amazon's secret", 302, Location=f"http://{asked.headers['host']}/elsewhere")


def always(body: bytes, status: int = 200) -> Behaviour:
    return lambda _: tell(body, status)


SLOW = {"silence": stall, "trickle": trickle, "trickling head": trickle_head}
MISBEHAVED: dict[str, Behaviour] = {
    "flood": flood, "huge": always(b"e" * 65_537), "redirect": redirect, "HTML": always(b"<html>login</html>"),
    "empty": always(b""), "words": always(b"amazon's secret"), "not ASCII": always(b"\xff\xfe"),
    "not found": always(b"amazon's secret", 404), "forbidden": always(b"<html></html>", 403),
    "no identity": always(b'{"error":"invalid_request"}', 400), "broken": always(b"", 500), "gone": always(b"", 410),
    "no HTTP": lambda _: b"amazon's secret\r\n", "two lengths": lambda _: tell(b"", Content_length="eyJ"),
    "nothing": lambda _: b"",
    "cut off": lambda _: b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\neyJ",
    "no content": always(b"", 204), "object": always(b"{}"), "list": always(b"[]"), "null": always(b"null"),
    "endless head": lambda _: b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1000,
    "escapes": always(b"\x1b[2J.\x1b[2J.\x1b[2J"),
}  # fmt: skip


@pytest.mark.parametrize("type_name", NAMES)
@pytest.mark.parametrize("behaviour", MISBEHAVED.values(), ids=MISBEHAVED)
def test_a_service_that_misbehaves_is_told_by_its_address(
    place: dict[str, str], type_name: str, behaviour: Behaviour
) -> None:
    """Whatever it answers, one line says that this does not seem to be such a machine, and what was wrong."""
    with serve_metadata(behaviour) as host:
        begin = time.monotonic()
        result = run(place | host.environment(), type_name)
        assert time.monotonic() - begin < BOUND
    check_error(result, f"this does not seem to be {MACHINES[type_name]}", f"its metadata service at {host.url}")
    assert not any(one.path == "/elsewhere" for one in host.requests)


@pytest.mark.parametrize("type_name", NAMES)
@pytest.mark.parametrize("behaviour", SLOW.values(), ids=SLOW)
def test_a_service_that_takes_its_time_is_given_up(
    place: dict[str, str], type_name: str, behaviour: Behaviour, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bound is of wall-clock time: neither silence nor a byte now and then goes past it."""
    monkeypatch.setattr(adapters.cloud_metadata, "TIMEOUT", SECOND // 5)
    with serve_metadata(behaviour) as host:
        result = run(place | host.environment(), type_name)
    how = f"its metadata service at {host.url} did not answer within 200ms"
    check_error(result, f"this does not seem to be {MACHINES[type_name]}: {how}")


def test_silence_is_told_when_the_time_is_over(place: dict[str, str]) -> None:
    """By default as well: for all requests together, and where both versions of Amazon's service are tried."""
    begin = time.monotonic()
    result = mint(place, stall, "AWS")
    assert time.monotonic() - begin < BOUND
    assert re.search(r"did not answer within (99\d|9[0-8]\d|[0-8]\d\d)ms, all that was left of 2s: ", result.err)


@pytest.mark.parametrize(
    ("spent", "patience", "told"),
    [
        (0.0, None, "within 2s: "),
        (0.0, SECOND, "within 1s: "),
        (0.25, SECOND, "within 1s: "),
        (1.25, SECOND, "within 750ms, all that was left of 2s: "),
        (0.7506, None, "within 1.249s, all that was left of 2s: "),
        (2.5, None, "within 2s: "),
    ],
)
def test_an_error_names_the_time_that_the_request_had(
    spent: float, patience: int | None, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the time for all requests together the ones before have taken some."""
    passed, given = [0.0], []

    class OneAnswer(Exchange):
        def __init__(self, seconds: float, limit: int) -> None:
            given.append(seconds)
            super().__init__(seconds, limit)

        def run(self, _: object) -> Answer:
            passed[0] += spent
            if len(given) == 1:
                return Answer(200, "", b"")
            raise ExchangeError(FaultKind.LATE)

    monkeypatch.setattr("adapters.http.bounded.monotonic", lambda: passed[0])
    monkeypatch.setattr(adapters.cloud_metadata, "Exchange", OneAnswer)
    services = adapters.cloud_metadata.HttpMetadata({VARIABLES["AWS"]: "http://metadata"})
    services.ask(MetadataService.AMAZON, MetadataRequest(path="/"))
    with pytest.raises(NetworkError, match=re.escape(told)):
        services.ask(MetadataService.AMAZON, MetadataRequest(path="/", patience=patience))
    assert given[1] == pytest.approx(min(max(0.0, 2 - spent), (patience or 2 * SECOND) / SECOND))


@pytest.mark.parametrize("type_name", NAMES)
def test_a_machine_where_nothing_listens_is_told(place: dict[str, str], type_name: str) -> None:
    """A refused connection is no such machine."""
    with serve_metadata(stall) as host:
        environment = place | host.environment()
    check_error(
        run(environment, type_name), f"{MACHINES[type_name]}: its metadata", "cannot be reached: Connection refused"
    )


@pytest.mark.parametrize("type_name", NAMES)
def test_a_name_that_never_resolves_is_told(
    place: dict[str, str], type_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A resolver that hangs is within the bound as well."""
    monkeypatch.setattr(adapters.cloud_metadata, "TIMEOUT", SECOND // 5)
    with serve_metadata(stall) as host:
        stopped = host.stopped
        with mock.patch.object(socket, "getaddrinfo", side_effect=lambda *_: stopped.wait(IDLE_SECONDS)):
            result = run(place, type_name)
        stopped.set()
    check_error(result, MACHINES[type_name], "did not answer within 200ms")


def replace_document(body: bytes) -> Behaviour:
    return be_amazon(body, versions="v1")


DOCUMENTS = {
    "no JSON": (b"{", "that is not JSON"), "twice": (b'{"accountId":"1","accountId":"2"}', "that is not JSON"),
    "list": (b"[]", "without accountId"), "text": (b'"accountId instanceId"', "without accountId"),
    "number": (write_document(accountId=12), "without accountId"),
    "empty": (write_document(region=""), "without region"),
    "no instance": (write_document(instanceId=None), "without instanceId"),
    "no address": (write_document(privateIp=[]), "without privateIp"),
}  # fmt: skip


@pytest.mark.parametrize(("document", "reason"), DOCUMENTS.values(), ids=DOCUMENTS)
def test_an_identity_document_that_is_none_is_refused(place: dict[str, str], document: bytes, reason: str) -> None:
    """What step-ca would not find in it is said here."""
    check_error(mint(place, replace_document(document), "AWS"), f"gives an identity document {reason}")


@pytest.mark.parametrize("signature", [b"", b"\n", b"amazon's secret", b"AA=A", b"AAAA AAAA", b"\xff"])
def test_a_signature_that_is_none_is_refused(place: dict[str, str], signature: bytes) -> None:
    """It is base64 in lines; it is not repeated."""
    check_error(mint(place, be_amazon(signature=signature), "AWS"), "gives a signature that is not base64")


def issue_google(**claims: Any) -> Behaviour:
    return be_google(**claims)


def answer_azure(body: object) -> Behaviour:
    """Give an Azure machine's cloud, and anything for a token."""
    return lambda asked: tell(b"AzureCloud") if "compute" in asked.path else tell(json.dumps(body).encode())


TOKENS: dict[str, tuple[str, Behaviour, str]] = {
    "other audience": ("GCP", be_google(aud="https://other.test"), "gives a token that is not for https://ca.test/1.0/sign#gcp/"),
    "no audience": ("GCP", be_google(aud=None), "gives a token that is not for https://ca.test/1.0/sign#gcp/"),
    "Azure's audience": ("Azure", be_azure(aud="other"), "not for https://management.azure.com/, as was asked"),
    "expiry": ("GCP", be_google(exp="soon"), "gives a token whose exp is not a whole number"),
    "truth": ("Azure", be_azure(exp=True), "gives a token whose exp is not a whole number"),
    "no object": ("Azure", answer_azure([]), "gives no access_token"),
    "no text": ("Azure", answer_azure({"access_token": 1}), "gives no access_token"),
    "no token": ("Azure", answer_azure({"access_token": "a.b"}), "gives no token"),
    "two lines": ("Azure", answer_azure({"access_token": "e30.e30\n.e30"}), "gives no token"),
}  # fmt: skip


@pytest.mark.parametrize(("type_name", "behaviour", "reason"), TOKENS.values(), ids=TOKENS)
def test_a_token_that_was_not_asked_for_is_refused(
    place: dict[str, str], type_name: str, behaviour: Behaviour, reason: str
) -> None:
    """It never reaches stdout."""
    check_error(mint(place, behaviour, type_name), reason)


EXPIRY = 1_900_000_000


@pytest.mark.parametrize("type_name", ["GCP", "Azure"])
def test_a_token_that_has_expired_is_refused(place: dict[str, str], type_name: str) -> None:
    """It is good until the nanosecond before its exp."""
    behaviour = {"GCP": be_google, "Azure": be_azure}[type_name](exp=EXPIRY)
    with mock.patch.object(SystemClock, "now") as now:
        now.return_value = EXPIRY * SECOND - 1
        assert mint(place, behaviour, type_name).claims["exp"] == EXPIRY
        now.return_value = EXPIRY * SECOND
        check_error(mint(place, behaviour, type_name), "has expired")


# -- Flags ------------------------------------------------------------------------------------------

VALUES = {
    "cnf": base64url.encode(bytes(32)), "set": "a=b", "not-before": "1m", "not-after": "10m", "cert-not-before": "1m",
    "cert-not-after": "1h", "kms": "pkcs11:token=any",
}  # fmt: skip
TAKEN = {
    "provisioner", "ca-url", "root", "offline", "ca-config", "context", "request-timeout", "timeout", "output-file",
    "force",
}  # fmt: skip
"""Flags that say where the provisioner and the CA are, and where the token goes."""
NEEDS = {"principal": "ssh", "host": "ssh", "cert-not-before": "ssh", "cert-not-after": "ssh", "cnf-file": "ssh"}
WITHOUT_EFFECT = [option for option in TOKEN_OPTIONS if option.name not in TAKEN | {"csr"}]  # which takes no subject


@pytest.mark.parametrize("type_name", NAMES)
@pytest.mark.parametrize("option", WITHOUT_EFFECT, ids=[option.name for option in WITHOUT_EFFECT])
def test_a_flag_that_cannot_apply_is_refused(place: dict[str, str], option: Option, type_name: str) -> None:
    """Every flag of the table that the token cannot show is refused, naming two flags, and the service is not asked."""
    folder = Path(place["STEPPATH"])
    (folder / "set-file").write_text("{}")
    (folder / "cnf-file").write_text(make_ssh_key())
    config = json.loads((folder / "config" / "ca.json").read_text())
    own = {"kid": config["authority"]["provisioners"][0]["key"]["kid"], **VALUES}
    words = [f"--{option.name}"]
    words += [] if option.kind is ValueKind.SWITCH else [own.get(option.name, str(folder / option.name))]
    words += [f"--{NEEDS[option.name]}"] if option.name in NEEDS else []
    with serve_metadata(BEHAVIOURS[type_name]()) as host:
        result = run(place | host.environment(), type_name, *words, subject="1")
    assert (result.status, result.out, result.err.count("\n"), host.requests) == (2, "", 1, []), result
    named = {other.name for other in TOKEN_OPTIONS if f"--{other.name} " in result.err.replace(":", " ")}
    assert len(named) >= 2, result.err
    assert named & {option.name, NEEDS.get(option.name, option.name)}, result.err


@pytest.mark.parametrize("type_name", NAMES)
@pytest.mark.parametrize(
    "words", [["--ssh"], ["--ssh", "--host"], ["--san", "a"], ["--not-after", "10m"]], ids=" ".join
)
def test_the_only_provisioner_refuses_what_cannot_apply(
    place: dict[str, str], type_name: str, words: list[str]
) -> None:
    """Where nothing asked for the type, the error names the flag alone."""
    keep(place, type_name)
    result = invoke("token", "1", "--offline", *words, environment=place)
    assert (result.status, result.out) == (2, "")
    assert result.err == f"step-ott: {words[0]} has no effect on this provisioner's tokens: leave it out\n"


def keep(place: dict[str, str], *type_names: str) -> None:
    """Leave these types of provisioner alone in ca.json."""
    path = Path(place["STEPPATH"]) / "config" / "ca.json"
    config = json.loads(path.read_text())
    authority = config["authority"]
    authority["provisioners"] = [one for one in authority["provisioners"] if one["type"] in type_names]
    path.write_text(json.dumps(config))


@pytest.mark.parametrize("type_name", NAMES)
def test_a_machine_is_asked_where_no_other_provisioner_is_left(place: dict[str, str], type_name: str) -> None:
    """Beside a JWK provisioner it takes the name; alone it is enough to be there."""
    with serve_metadata(BEHAVIOURS[type_name]()) as host:
        keep(place, "JWK", type_name)
        password = {"STEP_PASSWORD_FILE": str(Path(place["STEPPATH"]) / "nothing")}
        other = invoke("token", "web", "--offline", environment=place | host.environment() | password)
        assert (other.status, host.requests) == (1, [])
        keep(place, type_name)
        result = invoke("token", "web", "--offline", environment=place | host.environment())
    assert result.token
    assert f"✔ Provisioner: {NAMES[type_name]} ({type_name})\n" in result.err


@pytest.mark.parametrize("name", ["STEP_KID", "STEP_PASSWORD_FILE", "STEP_PROVISIONER_PASSWORD_FILE"])
@pytest.mark.parametrize("type_name", NAMES)
def test_a_habit_of_other_provisioners_is_no_obstacle(place: dict[str, str], type_name: str, name: str) -> None:
    """A kid or a password file in the environment is for whatever request uses it."""
    assert mint(place | {name: "/nonexistent"}, BEHAVIOURS[type_name](), type_name).status == 0


@pytest.mark.parametrize("type_name", NAMES)
def test_no_flag_about_the_ca_is_silently_ignored(place: dict[str, str], type_name: str, sandbox_path: Path) -> None:
    """The CA's address stands in the token, or a warning says that it is not used; of the root, that it is not."""
    root = str(sandbox_path / "certs" / "root_ca.crt")
    result = mint(place, BEHAVIOURS[type_name](), type_name, "--ca-url", "other.test:9000", "--root", root)
    assert "warning: --root is not used: the token is as it was issued\n" in result.err
    is_unused = "warning: --ca-url is not used: the token is as it was issued\n" in result.err
    assert is_unused is (type_name == "Azure")
    assert is_unused or result.claims["aud"].startswith("https://other.test:9000/1.0/sign#")


# -- Other commands ---------------------------------------------------------------------------------


@pytest.mark.parametrize("type_name", NAMES)
def test_verify_judges_none_of_their_tokens(place: dict[str, str], type_name: str) -> None:
    """The provisioner is found and named, and nothing is guessed."""
    token = mint(place, BEHAVIOURS[type_name](), type_name).token
    result = invoke("verify", "-", "--for", "sign", "--offline", environment=place, stdin=token.encode())
    label = f"{NAMES[type_name]} ({type_name})"
    assert f"provisioner: it is {label}" in result.out
    assert f"step-ott does not judge tokens of {label}" in result.out
    assert "verdict: unknown" in result.out


@pytest.mark.parametrize("type_name", NAMES)
def test_doctor_asks_the_machine_who_it_is(place: dict[str, str], type_name: str) -> None:
    """It says whether the token is there, and else why not."""
    keep(place, type_name)
    with serve_metadata(BEHAVIOURS[type_name]()) as host:
        environment = place | host.environment()
        good = invoke("doctor", "--offline", environment=environment)
        host.behaviour = always(b"", 404)
        bad = invoke("doctor", "--offline", environment=environment)
    assert f"the token is there for {NAMES[type_name]} ({type_name})" in good.out
    assert f"this does not seem to be {MACHINES[type_name]}" in bad.out


@pytest.mark.parametrize(
    "members", [{"imdsVersions": "v1"}, {"imdsVersions": [1]}, {"imdsVersions": ["v3"]}], ids=json.dumps
)
def test_an_entry_that_makes_no_sense_is_told_by_name(place: dict[str, str], members: dict[str, Any]) -> None:
    """It hides no neighbour, and makes no tokens."""
    configure(place, "AWS", **members)
    result = mint(place, be_amazon(), "AWS")
    assert (result.status, result.out) == (2, "")
    assert "its configuration makes no sense" in result.err
    assert mint(place, be_google(), "GCP").status == 0
