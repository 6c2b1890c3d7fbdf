"""A CA from Python: found in every way, it tells the same, running or by its ca.json."""

import copy
import itertools
import json
import logging
import os
import pickle
import shutil
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

import step_ott
from tests.support.flag_words import names_flags
from tests.support.hostile_ca import answer, issue, leaf, root, serve
from tests.support.peer_programs import RunningCa
from tests.support.provisioned_ca import ProvisionedCa, read_config

pytestmark = pytest.mark.usefixtures("undisturbed")


def root_path(ca: RunningCa) -> Path:
    return ca.path / "certs" / "root_ca.crt"


def ca_json(ca: RunningCa) -> Path:
    return ca.path / "config" / "ca.json"


def fingerprint_of(path: Path) -> str:
    return sha256(x509.load_pem_x509_certificate(path.read_bytes()).public_bytes(Encoding.DER)).hexdigest()


FOUND: dict[str, Callable[[RunningCa], step_ott.AnyCA]] = {
    "root's path": lambda ca: step_ott.CA(ca.url, root=root_path(ca)),
    "root's path as text": lambda ca: step_ott.CA(ca.url.removeprefix("https://"), str(root_path(ca))),
    "PEM": lambda ca: step_ott.CA(ca.url, root=root_path(ca).read_bytes()),
    "PEM as text": lambda ca: step_ott.CA(ca.url, root=root_path(ca).read_text()),
    "fingerprint": lambda ca: step_ott.CA.from_fingerprint(ca.url, fingerprint_of(root_path(ca))),
    "step path": lambda ca: step_ott.CA.from_step_path(ca.path),
    "ca.json": lambda ca: step_ott.OfflineCA(ca_json(ca)),
    "ca.json's content": lambda ca: step_ott.OfflineCA(ca_json(ca).read_bytes()),
    "mapping": lambda ca: step_ott.OfflineCA(json.loads(ca_json(ca).read_text())),
    "mapping, address and root": lambda ca: step_ott.OfflineCA(
        json.loads(ca_json(ca).read_text()), url=ca.url, root=root_path(ca)
    ),
}


@pytest.mark.parametrize("take", [copy.copy, copy.deepcopy, lambda ca: pickle.loads(pickle.dumps(ca))])
@pytest.mark.parametrize("way", ["root's path", "ca.json", "mapping"])
def test_a_ca_can_be_handed_to_another_process(way: str, take: Callable[[Any], Any], running_ca: RunningCa) -> None:
    """As `multiprocessing` does where it forks none: what arrives is the same CA, and holds nothing that changes."""
    ca = FOUND[way](running_ca)
    again = take(ca)
    assert (type(again), repr(again), again.roots()) == (type(ca), repr(ca), ca.roots())
    assert again.provisioners() == ca.provisioners()
    assert (again.bounds, again.environ) == (ca.bounds, ca.environ)
    with pytest.raises(TypeError):
        again.bounds["timeout"] = 0


ENVIRONMENT = {
    "HTTPS_PROXY": "http://proxy.test:1", "no_proxy": "*", "GCE_METADATA_HOST": "127.0.0.1:1",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://127.0.0.1:2", "AZURE_POD_IDENTITY_AUTHORITY_HOST": "127.0.0.1:3",
}  # fmt: skip
SECRETS = {"AWS_SECRET_ACCESS_KEY": "EINS", "https_proxy_password": "ZWEI", "PATH": "DREI"}


def test_of_an_environment_only_what_a_ca_looks_at_is_kept(running_ca: RunningCa, tmp_path: Path) -> None:
    """Whoever gives all of os.environ hands no secret of it to another process, a core dump or a debugger."""
    given, path = ENVIRONMENT | SECRETS | {"STEPPATH": str(tmp_path), "HOME": "/nonexistent"}, root_path(running_ca)
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "defaults.json").write_text(json.dumps({"ca-url": running_ca.url, "root": str(path)}))
    for ca in (
        step_ott.CA(running_ca.url, path, environ=given),
        step_ott.CA.from_fingerprint(running_ca.url, fingerprint_of(path), environ=given),
        step_ott.CA.from_step_path(environ=given),
        step_ott.OfflineCA(ca_json(running_ca), environ=given),
    ):
        written = pickle.dumps(ca)
        again = pickle.loads(written)
        assert ca.environ == again.environ == ENVIRONMENT
        assert not [secret for secret in SECRETS.values() if secret.encode() in written or secret in repr(vars(ca))]


@pytest.mark.parametrize("way", ["root's path", "step path"])
def test_a_root_is_tried_once(way: str, running_ca: RunningCa, monkeypatch: pytest.MonkeyPatch) -> None:
    """A TLS context takes longer to make than all else of a CA."""
    from adapters.http import pool

    made, really = [], pool.make_tls_context
    monkeypatch.setattr(pool, "make_tls_context", lambda roots: made.append(roots) or really(roots))
    assert FOUND[way](running_ca).url == running_ca.url
    assert len(made) == 1 and len(made[0]) == 1


@pytest.mark.parametrize("way", FOUND)
def test_every_way_to_a_ca_leads_to_the_same(way: str, provisioned_ca: ProvisionedCa) -> None:
    """Roots, fingerprint and provisioners are those of the real CA's files, however it is found."""
    ca = FOUND[way](provisioned_ca.ca)
    assert ca.fingerprint == fingerprint_of(root_path(provisioned_ca.ca))
    assert [pem.split() for pem in ca.roots()] == [root_path(provisioned_ca.ca).read_text().split()]
    listed = read_config(provisioned_ca)["authority"]["provisioners"]
    assert [(one.type, one.name) for one in ca.provisioners()] == [(one["type"], one["name"]) for one in listed]
    assert ca.provisioners()[0].key_id == listed[0]["key"]["kid"]
    assert all(one.claims.ssh_enabled is one.claims.renewal_after_expiry is True for one in ca.provisioners())
    assert repr(ca) == f"<step_ott.{type(ca).__name__} {ca.url}>"
    if isinstance(ca, step_ott.CA):
        assert ca.health() == "ok"
        assert ca.url == provisioned_ca.ca.url


def test_claims_are_durations(running_ca: RunningCa) -> None:
    """What a provisioner says of its certificates is told in timedeltas; what it does not say is None."""
    config = json.loads(ca_json(running_ca).read_text())
    config["authority"]["provisioners"][0]["claims"] = {
        "minTLSCertDuration": "5m", "maxTLSCertDuration": "1h30m", "defaultUserSSHCertDuration": "1.5s",
        "maxHostSSHCertDuration": "720h", "disableRenewal": True, "enableSSHCA": False,
    }  # fmt: skip
    (one,) = step_ott.OfflineCA(config).provisioners()
    assert one.claims == step_ott.ProvisionerClaims(
        ssh_enabled=False,
        renewal_disabled=True,
        x509=step_ott.CertificateLife(shortest=timedelta(minutes=5), longest=timedelta(minutes=90)),
        ssh_user=step_ott.CertificateLife(default=timedelta(seconds=1.5)),
        ssh_host=step_ott.CertificateLife(longest=timedelta(days=30)),
    )


FAULTY: list[Any] = [
    {"type": "JWK", "name": "keyless\x1b[2J"}, {"type": "JWK", "name": "claims", "claims": 7},
    {"type": 5, "name": "web"},
    {"type": "ACME", "name": "acme"}, {"type": "Later", "name": "later"}, "text",
]  # fmt: skip


def test_provisioners_that_cannot_be_read_are_named_in_the_log(
    running_ca: RunningCa, caplog: pytest.LogCaptureFixture
) -> None:
    """They are listed as far as they can be; which, and why, is a caution. A type that has no tokens is no fault."""
    config = json.loads(ca_json(running_ca).read_text())
    config["authority"]["provisioners"] += FAULTY
    with caplog.at_level(logging.INFO, "step_ott"):
        listed = step_ott.OfflineCA(config).provisioners()
    assert [one.name for one in listed[1:]] == ["keyless\x1b[2J", "claims", "web", "acme", "later", "?"]
    assert [(record.name, record.levelname) for record in caplog.records] == [("step_ott", "WARNING")] * 4
    assert caplog.messages == [
        r"the CA lists provisioner keyless\x1b[2J (JWK), which cannot be used: its key cannot be used: it has no key",
        "the CA lists provisioner claims (JWK), which cannot be used: its configuration makes no sense: "
        "claims is not a JSON object",
        "the CA lists provisioner web (?), which cannot be used: its configuration makes no sense: type is not text",
        "the CA lists provisioner ? (?), which cannot be used: its configuration makes no sense: "
        "it is not a JSON object",
    ]


def test_an_issuer_of_a_provisioner_that_cannot_be_read_says_why(running_ca: RunningCa) -> None:
    """Also where not even its type can be read, and where it is one of those that there are."""
    config = json.loads(ca_json(running_ca).read_text())
    config["authority"]["provisioners"] += FAULTY
    ca = step_ott.OfflineCA(config)
    for name, why in (("claims", "claims is not a JSON object"), ("web", "type is not text")):
        with pytest.raises(step_ott.UsageError, match=rf"^provisioner {name} .* cannot be used: .*: {why}"):
            ca.issuer(name, password=b"x")
    with pytest.raises(step_ott.UsageError, match=r"matches name= 'text': .*\? \(\?\) \[its conf.*object\]"):
        ca.issuer("text", password=b"x")


def test_tokens_of_both_are_accepted(running_ca: RunningCa) -> None:
    """An issuer takes a CA that runs and one by its ca.json alike, and the real one's rules accept what it makes."""
    password = (running_ca.path / "secrets" / "password").read_bytes().strip()
    for ca in (step_ott.CA(running_ca.url, root_path(running_ca)), step_ott.OfflineCA(ca_json(running_ca))):
        token = ca.issuer(password=password).token("web.example.com")
        assert step_ott.verify(token, ca, step_ott.Endpoint.SIGN).accepted


SPELLINGS: dict[str, Callable[[str], str]] = {
    "small": str,
    "capitals": str.upper,
    "colons": lambda text: ":".join(text.upper()[i : i + 2] for i in range(0, 64, 2)),
    "dashes": lambda text: "-".join(text[i : i + 8] for i in range(0, 64, 8)),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_fingerprint_may_be_spelled_in_every_usual_way(spelling: str, running_ca: RunningCa) -> None:
    """The real CA's root comes, whatever stands between the digits."""
    spelled = SPELLINGS[spelling](fingerprint_of(root_path(running_ca)))
    assert step_ott.CA.from_fingerprint(running_ca.url, spelled).health() == "ok"


WHOLE = "0d" * 32


@pytest.mark.parametrize(
    "written",
    [WHOLE[1:], WHOLE + "0", WHOLE.replace("d", "g"), "0d" * 20, f" {WHOLE}", WHOLE[:-1] + "\uff11", "../" * 21],
)
def test_what_is_no_fingerprint_is_refused_before_anything_is_asked(written: str) -> None:
    """A SHA-1, a digit too many or of another script: nobody is connected to."""
    with pytest.raises(step_ott.UsageError, match=r"^fingerprint= cannot be used: it is not a SHA-256"):
        step_ott.CA.from_fingerprint("https://127.0.0.1:1", written)


def of(der: bytes) -> str:
    return sha256(der).hexdigest()


def give(pem: bytes) -> bytes:
    return answer({"ca": pem.decode()})


OTHER = issue("Other", is_authority=True)
REFUSED: dict[str, tuple[bytes, str]] = {
    "another root": (
        give(OTHER.pem),
        f"answers with a root whose fingerprint is {of(OTHER.der)}, not {of(root().der)}",
    ),
    "its root and another": (give(root().pem + OTHER.pem), "answers with 2 certificates, not one"),
    "no certificate": (give(b"root"), "answers with 0 certificates"),
    "a torn certificate": (give(b"-----BEGIN CERTIFICATE-----\nMI"), "answers with no root certificate"),
    "nothing of the kind": (answer({"crt": "x"}), "answers with no root certificate"),
    "a number": (answer({"ca": 5}), "answers with no root certificate"),
    "a list": (answer([]), "it is not a JSON object"),
    "no JSON": (answer(b"<html>"), "its answer to /root/"),
    "no such root": (answer({"message": "not found"}, status=404), "has no root with the fingerprint"),
    "a redirect": (answer({}, status=302, Location="https://evil.test/"), "redirects /root/"),
    "an error": (answer({"message": "no"}, status=500), "with status 500: no"),
    "too much": (answer(b" " * (1 << 20) + b" "), "over 1048576 bytes"),
}


def test_nobody_writes_lines_into_a_log_by_an_answer() -> None:
    """Not even who answers in the place of a CA whose root is still to come: an error is a line, and not a long one."""
    told = answer({"message": "\x1b[31mno\nCRITICAL \x9b" + "x" * 100_000}, status=500)
    with serve(lambda _: told) as ca, pytest.raises(step_ott.AuthorityError) as caught:
        step_ott.CA.from_fingerprint(ca.url, of(root().der), timeout=timedelta(seconds=5))
    assert str(caught.value).isprintable() and len(str(caught.value)) < 1_200
    assert r"\x1b[31mno\x0aCRITICAL \x9b" in caught.value.what


@pytest.mark.parametrize("name", ["a\nb\x1b[31m", "\u202eb"])
def test_names_of_provisioners_are_escaped(name: str, running_ca: RunningCa, caplog: pytest.LogCaptureFixture) -> None:
    """In errors, in the log and in what an issuer is called; as a value the name is what it is."""
    config = json.loads(ca_json(running_ca).read_text())
    config["authority"]["provisioners"][0]["name"] = name
    ca = step_ott.OfflineCA(config)
    with caplog.at_level("INFO", "step_ott"):
        issuer = ca.issuer(password=(running_ca.path / "secrets" / "password").read_bytes().strip())
    with pytest.raises(step_ott.UsageError) as caught:
        ca.issuer("another")
    for text in (repr(issuer), str(caught.value), *(record.getMessage() for record in caplog.records)):
        assert text.isprintable()
    assert ca.provisioners()[0].name == issuer.token("web.test").claims["iss"] == name


@pytest.mark.parametrize("case", REFUSED)
def test_only_the_root_with_the_fingerprint_counts(case: str) -> None:
    """Whatever else comes back is refused, and said to be."""
    told, words = REFUSED[case]
    with serve(lambda _: told) as ca, pytest.raises(step_ott.AuthorityError) as caught:
        step_ott.CA.from_fingerprint(ca.url, of(root().der))
    assert words in caught.value.what
    assert caught.value.fix and not names_flags(str(caught.value))
    assert set(ca.targets) == {f"/root/{of(root().der)}"}


def test_only_one_request_goes_unverified() -> None:
    """The root is taken from whoever has it; from then on its own signature is wanted, and no other's."""
    stranger = issue("stranger", OTHER, names=("127.0.0.1",))
    with serve(lambda _: give(root().pem), stranger) as between:
        ca = step_ott.CA.from_fingerprint(between.url, of(root().der))
        assert between.targets == [f"/root/{of(root().der)}"]
        with pytest.raises(step_ott.NetworkError, match="certificate verify failed"):
            ca.health()
        assert len(between.targets) == 1
    with serve(
        lambda request: give(root().pem) if "root" in request.target else answer({"status": "ok"}), leaf()
    ) as own:
        assert step_ott.CA.from_fingerprint(own.url, of(root().der)).health() == "ok"


def test_the_unverified_request_ends_in_time() -> None:
    """An answer that never comes costs what the caller allows."""
    from tests.support.hostile_ca import stall

    with serve(stall) as ca, pytest.raises(step_ott.NetworkError, match="did not answer within 300ms"):
        step_ott.CA.from_fingerprint(ca.url, WHOLE, request_timeout=timedelta(milliseconds=300))


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (answer({"status": 5}), "it does not say how it is"), (answer([]), "it is not a JSON object"),
        (answer({}, status=404), "with status 404"), (answer({}, status=307, Location="//x"), "redirects /health"),
    ],
    ids=["a number", "a list", "absent", "redirect"],
)  # fmt: skip
def test_an_odd_health_is_an_error(told: bytes, words: str) -> None:
    """What is not a CA's answer is not taken for one."""
    with serve(lambda _: told) as ca, pytest.raises(step_ott.AuthorityError, match=words):
        step_ott.CA(ca.url, root().pem).health()


def test_roots_are_certificates() -> None:
    """Something else among the CA's roots is refused, not handed on."""
    told = answer({"crts": [root().pem.decode(), "-----BEGIN CERTIFICATE-----\n!"]})
    words = "among its roots is something else than a certificate"
    with serve(lambda _: told) as ca, pytest.raises(step_ott.AuthorityError, match=words):
        step_ott.CA(ca.url, root().der).roots()


def write_step_path(path: Path, ca: RunningCa, **defaults: Any) -> Path:
    """Write the step path of a user of the CA, and return it."""
    (path / "config").mkdir(parents=True)
    (path / "certs").mkdir()
    shutil.copy(root_path(ca), path / "certs")
    (path / "config" / "defaults.json").write_text(json.dumps({"ca-url": ca.url, **defaults}))
    return path


def test_the_step_path_is_found_as_the_program_finds_it(
    running_ca: RunningCa, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By path; by STEPPATH or HOME of the given environment; by the process's own where neither is given."""
    path = write_step_path(tmp_path / "home" / ".step", running_ca)
    ways: list[Mapping[str, Any]] = [
        {"path": path},
        {"path": str(path)},
        {"environ": {"STEPPATH": str(path), "HOME": "/nonexistent"}},
        {"environ": {"HOME": str(tmp_path / "home")}},
    ]
    monkeypatch.setenv("HOME", "/nonexistent")
    monkeypatch.delenv("STEPPATH", raising=False)
    for way in ways:
        assert step_ott.CA.from_step_path(**way).health() == "ok"
    monkeypatch.setenv("STEPPATH", str(path))
    assert step_ott.CA.from_step_path().url == running_ca.url
    with pytest.raises(step_ott.UsageError, match="environ= has neither STEPPATH nor HOME"):
        step_ott.CA.from_step_path(environ={})


def test_contexts_are_followed(running_ca: RunningCa, tmp_path: Path) -> None:
    """The current context counts, another where it is named, and the error for one that is not there names it."""
    write_step_path(tmp_path / "authorities" / "one", running_ca)
    write_step_path(tmp_path / "authorities" / "two", running_ca, **{"ca-url": "ca.two.test", "timeout": "7s"})
    contexts = {name: {"authority": name, "profile": name} for name in ("one", "two")}
    (tmp_path / "contexts.json").write_text(json.dumps(contexts))
    with pytest.raises(step_ott.UsageError, match=r"no context is selected; .*: name one with context=$"):
        step_ott.CA.from_step_path(tmp_path)
    (tmp_path / "current-context.json").write_text('{"context": "one"}')
    assert step_ott.CA.from_step_path(tmp_path).health() == "ok"
    two = step_ott.CA.from_step_path(tmp_path, context="two")
    assert two.url == "https://ca.two.test"
    assert two.bounds == {"timeout": 7 * 10**9, "request_timeout": 15 * 10**9}
    with pytest.raises(step_ott.UsageError, match=r"^context= names the context 'three'"):
        step_ott.CA.from_step_path(tmp_path, context="three")


BROKEN: dict[str, tuple[dict[str, str], str]] = {
    "nothing": ({}, "names no CA"),
    "no root": ({"config/defaults.json": '{"ca-url": "ca.test"}'}, "there is no root certificate"),
    "no JSON": ({"config/defaults.json": "{"}, "defaults.json cannot be used"),
    "http": ({"config/defaults.json": '{"ca-url": "http://ca.test"}'}, '"ca-url" in '),
    "a number": ({"config/defaults.json": '{"ca-url": 5}'}, "is not text"),
    "garbage": ({"config/defaults.json": '{"ca-url": "ca.test"}', "certs/root_ca.crt": "x"}, "holds no certificate"),
    "no certificate": (
        {
            "config/defaults.json": '{"ca-url": "ca.test"}',
            "certs/root_ca.crt": "-----BEGIN CERTIFICATE-----\nMAMCAQE=\n-----END CERTIFICATE-----\n",
        },
        "the root ",
    ),
    "stdin": ({"config/defaults.json": '{"ca-url": "ca.test", "root": "-"}'}, "cannot be read"),
    "a timeout": ({"config/defaults.json": '{"ca-url": "ca.test", "timeout": "5"}'}, '"timeout" in'),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_step_path_that_says_nothing_is_told(case: str, tmp_path: Path) -> None:
    """What is missing or wrong there is an error that names the file, in words without flags."""
    files, words = BROKEN[case]
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    with pytest.raises(step_ott.StepOttError) as caught:
        step_ott.CA.from_step_path(tmp_path)
    assert words in caught.value.what
    assert not names_flags(str(caught.value))
    assert os.fspath(tmp_path) in str(caught.value) or case == "stdin"


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({}, "config= is not a ca.json that can be used: dnsNames is missing"),
        ({"dnsNames": "ca", "authority": {}}, "config= is not a ca.json that can be used: dnsNames"),
        ({"dnsNames": [], "authority": {}}, "dnsNames in config= cannot be used: it has no host"),
        ({"dnsNames": [object()], "authority": {}}, "config= cannot be JSON: something of type object"),
        ({"dnsNames": [float("nan")], "authority": {}}, "config= cannot be JSON"),
        (b"[]", "is not a ca.json that can be used"), (b"\xff", "is not a ca.json that can be used"),
        ("/nonexistent/ca.json", "config=/nonexistent/ca.json cannot be read"),
    ],
    ids=["empty", "text", "no names", "object", "NaN", "list", "bytes", "absent"],
)  # fmt: skip
def test_a_configuration_that_is_none_is_refused_where_it_is_made(config: Any, words: str) -> None:
    """Nothing is left for the first use."""
    with pytest.raises(step_ott.StepOttError) as caught:
        step_ott.OfflineCA(config)
    assert words in caught.value.what
    assert not names_flags(str(caught.value))


class Endless(Mapping[str, Any]):
    """A mapping that never comes to an end."""

    def __getitem__(self, name: str) -> Any:
        return 1

    def __iter__(self) -> Iterator[str]:
        return (str(number) for number in itertools.count())

    def __len__(self) -> int:
        return 1


def test_a_configuration_without_an_end_is_refused() -> None:
    """It is read to the bound that a file has, and no further."""
    with pytest.raises(step_ott.UsageError, match="config= cannot be JSON: it is over 8,388,608 bytes long"):
        step_ott.OfflineCA(Endless())
