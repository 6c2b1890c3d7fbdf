"""The contract of the port ListingAuthority, over a real step-ca, ca.json, the options alone, and memory."""

import json
import re
import shutil
from collections.abc import Callable
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

import attrs
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from adapters.ca.ca_json import CaConfig, CaJson, read_ca_config, read_public_half
from adapters.ca.declared import DeclaredAuthority
from adapters.ca.https import MAX_ROOTS_BYTES, HttpsAuthority
from adapters.ca.https_client import HttpsClient
from adapters.ca.provisioner_json import read_provisioners
from adapters.ca.root_file import RootFile, read_certificates
from adapters.jose.envelope import parse_jwe
from adapters.machine.input_files import LocalFiles
from domain.ca.settings import USUAL_SSH_DURATIONS, ProvisionerClaims
from domain.ca.url import CaUrl, parse_ca_url
from domain.errors import AuthorityError, InputError
from domain.formats.duration import NANOSECONDS
from domain.ports import InputFiles
from domain.provisioners.authority import ListingAuthority
from domain.provisioners.jwk import JwkProvisioner
from domain.provisioners.other import OtherProvisioner
from tests.support.hostile_ca import Request, answer, in_turn, issue, root, serve
from tests.support.https_authority import connect
from tests.support.memory_ports import MemoryAuthority, MemoryFiles
from tests.support.peer_programs import RunningCa
from tests.support.provisioned_ca import ProvisionedCa
from tests.support.running import execute, invoke, run_step

pytestmark = pytest.mark.usefixtures("undisturbed")

NAME = "sandbox@example.com"


@attrs.frozen
class Case:
    """An authority, and what is true of the CA that it stands for.

    Attributes:
        root_der: The CA's root certificate.
        kid: The key identifier of its one provisioner.
        keeps_keys: Whether it hands out encrypted keys by `kid`.
    """

    authority: ListingAuthority
    root_der: bytes
    kid: str
    keeps_keys: bool


def root_of(path: Path) -> RootFile:
    """Return the root file of a step path."""
    return RootFile(LocalFiles(), str(path / "certs" / "root_ca.crt"), "the root")


def provisioner_of(path: Path) -> dict[str, Any]:
    """Return the one provisioner in the ca.json of a step path, as it stands."""
    (provisioner,) = json.loads((path / "config" / "ca.json").read_text())["authority"]["provisioners"]
    assert isinstance(provisioner, dict)
    return provisioner


def open_online(ca: RunningCa) -> Case:
    """Return a real step-ca over HTTPS."""
    kid = provisioner_of(ca.path)["key"]["kid"]
    return Case(open_https(ca), root_of(ca.path).certificates()[0], kid, keeps_keys=True)


def open_https(ca: RunningCa) -> HttpsAuthority:
    """Return the client of a real step-ca."""
    root_file = root_of(ca.path)
    ca_url, plenty = parse_ca_url(ca.url), 60 * NANOSECONDS
    client = HttpsClient(ca_url, root_file.certificates(), request_timeout=plenty, timeout=plenty)
    return HttpsAuthority(client)


def open_ca_json(path: Path) -> CaJson:
    """Return the ca.json of a step path."""
    return open_config(LocalFiles(), str(path / "config" / "ca.json"))


def open_config(files: InputFiles, path: str) -> CaJson:
    """Return the ca.json at `path`, whose own paths name files among `files`."""
    return CaJson(files, path, read_ca_config(files, path))


def open_changed(path: Path, changes: dict[str, Any]) -> CaJson:
    """Return the ca.json of a step path with other members."""
    opened = open_ca_json(path)
    return CaJson(opened.files, opened.path, cast("CaConfig", {**opened.config, **changes}))


@pytest.fixture(params=["https", "ca.json", "options", "memory"])
def case(request: pytest.FixtureRequest, sandbox_path: Path) -> Case:
    """Every adapter of the port, before a CA with the one provisioner of a sandbox."""
    if request.param == "https":
        return open_online(request.getfixturevalue("running_ca"))
    root_file, listed = root_of(sandbox_path), provisioner_of(sandbox_path)
    (provisioner,) = read_provisioners([listed])
    der, kid = root_file.certificates()[0], listed["key"]["kid"]
    if request.param == "ca.json":
        return Case(open_ca_json(sandbox_path), der, kid, keeps_keys=False)
    if request.param == "options":
        declared = JwkProvisioner(NAME, kid=kid)
        return Case(DeclaredAuthority(CaUrl("ca.test"), root_file, declared), der, kid, keeps_keys=False)
    memory = MemoryAuthority(
        CaUrl("ca.test"), root_file.fingerprint(), [provisioner], {kid: listed["encryptedKey"]}
    )  # fmt: skip
    return Case(memory, der, kid, keeps_keys=True)


def test_the_address_is_one_that_an_audience_can_name(case: Case) -> None:
    """The address is written with https, and reads back as itself."""
    assert str(case.authority.url()).startswith("https://")
    assert parse_ca_url(str(case.authority.url())) == case.authority.url()


def test_the_fingerprint_is_of_the_root(case: Case) -> None:
    """It is the SHA-256 of the root's DER in lower-case hex."""
    assert case.authority.root_fingerprint() == sha256(case.root_der).hexdigest()


def test_the_provisioner_is_listed(case: Case) -> None:
    """The list has the CA's provisioner, with its name, type and key identifier; asking twice changes nothing."""
    listed = list(case.authority.provisioners())
    assert [(p.name, p.type_name, p.key_id) for p in listed] == [(NAME, "JWK", case.kid)]
    assert list(case.authority.provisioners()) == listed


def test_an_encrypted_key_is_a_jwe(case: Case) -> None:
    """An authority that keeps keys gives the JWE by `kid`; another says that it does not."""
    if case.keeps_keys:
        assert parse_jwe(case.authority.encrypted_key(case.kid)).header["alg"].startswith("PBES2-")
    else:
        with pytest.raises(AuthorityError):
            case.authority.encrypted_key(case.kid)


@pytest.mark.parametrize("kid", ["unknown", "", "..", "a/b"])
def test_an_unknown_kid_has_no_key(kid: str, case: Case) -> None:
    """A `kid` that no provisioner has is the authority's error, whatever it looks like."""
    with pytest.raises(AuthorityError):
        case.authority.encrypted_key(kid)


def test_a_real_ca_with_many_provisioners_is_read_page_by_page(
    running_ca: RunningCa, step_program: str, tmp_path: Path
) -> None:
    """What the real step lists of a CA is what we list."""
    theirs = run_step(step_program, "ca", "provisioner", "list", environment={"STEPPATH": str(running_ca.path)})
    listed = open_online(running_ca).authority.provisioners()
    assert [(p.name, p.type_name) for p in listed] == [(p["name"], p["type"]) for p in json.loads(theirs.out)]


# -- What a list may hold ---------------------------------------------------------------------------

KINDS = ["X5C", "SSHPOP", "K8sSA", "Nebula", "OIDC", "GCP", "AWS", "Azure", "ACME", "SCEP", "Wire", "Tomorrow"]


def through_https(entries: list[Any]) -> list[Any]:
    """Return what the client reads of a CA that lists `entries`."""
    with serve(lambda _: answer({"provisioners": entries, "nextCursor": ""})) as ca:
        return list(connect(ca).provisioners())


def through_ca_json(entries: list[Any]) -> list[Any]:
    """Return what is read of a ca.json that lists `entries`."""
    config = {"root": "r", "dnsNames": ["ca.test"], "authority": {"provisioners": entries}}
    files = MemoryFiles({"ca.json": json.dumps(config).encode()})
    return list(open_config(files, "ca.json").provisioners())


@pytest.fixture(params=[through_https, through_ca_json])
def read(request: pytest.FixtureRequest) -> Callable[[list[Any]], list[Any]]:
    """Either way to a list of foreign provisioners."""
    return request.param  # type: ignore[no-any-return]


@pytest.fixture
def sound(sandbox_path: Path) -> dict[str, Any]:
    """A provisioner as step-ca lists it."""
    return provisioner_of(sandbox_path)


def test_unknown_types_and_members_do_not_break_the_list(
    read: Callable[[list[Any]], list[Any]], sound: dict[str, Any]
) -> None:
    """Provisioners of every type stand in the list in their order, members that nobody knows beside them."""
    extra = {"claims": {"x": [1.5, None]}, "options": {"x509": {}}, "tomorrow": True}
    entries = [{"type": kind, "name": f"n-{kind}"} | extra for kind in KINDS] + [sound | extra | {"type": "jwk"}]
    *others, last = read(entries)
    assert [(p.name, p.type_name) for p in others] == [(f"n-{kind}", kind) for kind in KINDS]
    assert isinstance(last, JwkProvisioner) and last.kid == sound["key"]["kid"]


@pytest.mark.parametrize(
    "change",
    [
        {"name": 5}, {"name": True}, {"name": None}, {"name": ["x"]}, {"type": 5}, {"type": None}, {"key": "text"},
        {"key": []}, {"key": None}, {"key": {}}, {"key": {"kty": "oct", "k": "AAAA"}}, {"encryptedKey": 5},
        {"encryptedKey": {"ciphertext": "x"}}, {"encryptedKey": False},
    ],
    ids=json.dumps,
)  # fmt: skip
def test_a_provisioner_that_makes_no_sense_does_not_hide_its_neighbours(
    change: dict[str, Any], read: Callable[[list[Any]], list[Any]], sound: dict[str, Any]
) -> None:
    """Numbers, booleans and null are not taken for text; such a provisioner is listed as one that makes no tokens."""
    first, broken, last = read([sound, sound | change, sound])
    assert first == last and isinstance(first, JwkProvisioner)
    assert isinstance(broken, OtherProvisioner) and broken.reason
    assert {broken.name, broken.type_name} <= {NAME, "JWK", "?"}


@pytest.mark.parametrize("entry", [None, 5, "text", [], True], ids=json.dumps)
def test_an_entry_that_is_no_object_does_not_hide_its_neighbours(
    entry: object, read: Callable[[list[Any]], list[Any]], sound: dict[str, Any]
) -> None:
    """Anything at all may stand between two provisioners."""
    first, broken, last = read([sound, entry, sound])
    assert first == last and isinstance(broken, OtherProvisioner)


def test_a_name_of_any_text_is_kept(read: Callable[[list[Any]], list[Any]], sound: dict[str, Any]) -> None:
    """Names are not narrowed: the CA finds a provisioner by the very text."""
    name = "Zoë / \x1b[0m \u202e ☃"
    assert read([sound | {"name": name}])[0].name == name


def test_a_key_missing_from_the_list_is_asked_for(sound: dict[str, Any], sandbox_path: Path, tmp_path: Path) -> None:
    """Where the list has no `encryptedKey`, one more request over the same connection fetches it."""
    bare = {name: value for name, value in sound.items() if name != "encryptedKey"}
    pages = in_turn(answer({"provisioners": [bare], "nextCursor": ""}), answer({"key": sound["encryptedKey"]}))
    (tmp_path / "root.crt").write_bytes(root().pem)
    words = ["--root", str(tmp_path / "root.crt"), "--password-file", str(sandbox_path / "secrets" / "password")]
    with serve(pages) as ca:
        assert execute("token", "a", "--ca-url", ca.url, *words).header["kid"] == sound["key"]["kid"]
        kid = sound["key"]["kid"]
        assert ca.targets == ["/provisioners?limit=100", f"/provisioners/{kid}/encrypted-key"]
        assert ca.connections == 1


# -- ca.json ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({}, "dnsNames is missing; authority is missing"),
        ({"root": "r", "dnsNames": [5], "authority": {}}, "dnsNames[0] is not text"),
        ({"root": "r", "dnsNames": "ca.test", "authority": {}}, "dnsNames is not a list"),
        ({"root": 5, "dnsNames": [], "authority": {}}, "root is not text or a list"),
        ({"root": ["r", None], "dnsNames": [], "authority": {}}, "root[1] is not text"),
        ({"root": "r", "dnsNames": [], "authority": []}, "authority is not a JSON object"),
        ({"root": "r", "dnsNames": [], "authority": "provisioners"}, "authority is not a JSON object"),
        ({"root": "r", "dnsNames": [], "authority": None}, "authority is not a JSON object"),
        ({"root": "r", "dnsNames": [], "authority": {"provisioners": {}}}, "authority.provisioners is not a list"),
        (
            {"dnsNames": [], "authority": {"disableIssuedAtCheck": 1}},
            "disableIssuedAtCheck is not true or false",
        ),
        ([], "it is not a JSON object"),
        (None, "it is not a JSON object"),
    ],
)
def test_a_ca_json_that_makes_no_sense_is_explained(config: object, said: str) -> None:
    """The error names the file and the member that is missing or of the wrong type."""
    files = MemoryFiles({"ca.json": json.dumps(config).encode()})
    with pytest.raises(InputError, match=rf"ca\.json is not a ca\.json that can be used: .*{re.escape(said)}"):
        read_ca_config(files, "ca.json")


@pytest.mark.parametrize(
    ("names", "url"),
    [
        (["ca.test", "other"], "https://ca.test"),
        (["10.0.0.1"], "https://10.0.0.1"),
        (["fd00::1"], "https://[fd00::1]"),
        (["*.ca.test", "*.b.test", "b.test"], "https://b.test"),
    ],
)
def test_the_first_name_of_ca_json_is_the_address(names: list[str], url: str, sandbox_path: Path) -> None:
    """Its port may be left off, an IPv6 address gets brackets, and a wildcard is not an address."""
    assert str(open_changed(sandbox_path, {"dnsNames": names}).url()) == url


@pytest.mark.parametrize("names", [[], [""], ["a b"], ["http://x"], ["*.ca.test"], ["*"]])
def test_a_ca_json_without_a_usable_name_needs_the_address(names: list[str], sandbox_path: Path) -> None:
    """The error says that --ca-url helps, and it does."""
    nameless = open_changed(sandbox_path, {"dnsNames": names})
    with pytest.raises(InputError, match=r"dnsNames in .* cannot be used: .*--ca-url"):
        nameless.url()
    given = CaJson(nameless.files, nameless.path, nameless.config, ca_url=CaUrl("given.test", 9000))
    assert str(given.url()) == "https://given.test:9000"


@pytest.mark.parametrize(("roots", "listed"), [("a", "a"), (["a"], "a"), (["a", "b"], "a,b")])
def test_all_roots_of_ca_json_are_looked_at(roots: Any, listed: str) -> None:
    """`root` is a path or a list of paths, and `crt` tells which of them counts; each is read once."""
    root, other = issue("Root", is_authority=True), issue("Other", is_authority=True)
    leaf = issue("Leaf", root, is_authority=True)
    files = MemoryFiles({"a": other.pem if "b" in listed else root.pem, "b": root.pem, "chain": leaf.pem})
    config = CaConfig(dnsNames=["ca.test"], authority={}, root=roots, crt="chain")
    told = CaJson(files, "ca.json", config)
    assert told.root_fingerprint() == told.root_fingerprint() == sha256(root.der).hexdigest()
    assert told.settings().roots == [
        der for name in listed.split(",") for der in read_certificates(files.contents[name])
    ]
    assert [name for name in files.reads if name != "chain"] == listed.split(",")


def test_roots_that_are_given_go_before_those_of_ca_json() -> None:
    """Those of the file only tell certificates of one key apart, and need not be there."""
    root, other = issue("Root", is_authority=True), issue("Other", is_authority=True)
    files = MemoryFiles({"a": root.pem, "given": other.pem + root.pem})
    for named, kept in (("a", root), ("nowhere", other)):
        config = CaConfig(dnsNames=["ca.test"], authority={}, root=named)
        told = CaJson(files, "ca.json", config, given=RootFile(files, "given", "--root given"))
        assert told.root_fingerprint() == told.root_fingerprint() == sha256(kept.der).hexdigest()
        assert told.settings().roots == [other.der, root.der]
    assert files.reads.count("given") == 2 and files.reads.count("a") == 1


@pytest.mark.parametrize(
    ("claims", "said"),
    [
        ({"disableRenewal": "yes"}, "in authority.claims disableRenewal is not true or false"),
        ({"enableSSHCA": 1}, "in authority.claims enableSSHCA is not true or false"),
        ({"allowRenewalAfterExpiry": []}, "in authority.claims allowRenewalAfterExpiry is not true or false"),
    ],
)
def test_a_claim_of_the_wrong_type_in_ca_json_is_an_error_in_words(
    claims: dict[str, Any], said: str, sandbox_path: Path, tmp_path: Path
) -> None:
    """step-ca would not start with such a file, and `verify` says what is wrong in it."""
    config = json.loads((sandbox_path / "config" / "ca.json").read_text())
    config["authority"]["claims"] = claims
    (tmp_path / "ca.json").write_text(json.dumps(config))
    token = invoke("token", "a", "--offline", environment={"STEPPATH": str(sandbox_path)}).token
    words = ["verify", token, "--for", "sign", "--offline", "--ca-config", str(tmp_path / "ca.json")]
    told = invoke(*words, environment={"STEPPATH": str(sandbox_path)})
    assert (told.status, told.out) == (1, "")
    assert said in told.err and str(tmp_path / "ca.json") in told.err


MARK = b"\xef\xbb\xbf"


def test_a_byte_order_mark_before_the_files_of_a_place_is_taken(sandbox_path: Path, tmp_path: Path) -> None:
    """ca.json, defaults.json, --set-file and a JWK, as some editors on Windows save them."""
    step = tmp_path / "step"
    shutil.copytree(sandbox_path, step)
    for path in (step / "config" / "ca.json", step / "config" / "defaults.json"):
        path.write_bytes(MARK + path.read_bytes())
    sealed = json.loads((sandbox_path / "config" / "ca.json").read_text())["authority"]["provisioners"][0]
    for name, content in (("user.json", b'{"team":"x"}'), ("key.jwe", sealed["encryptedKey"].encode())):
        (tmp_path / name).write_bytes(MARK + content)
    words = ["--set-file", str(tmp_path / "user.json"), "--key", str(tmp_path / "key.jwe")]
    token = invoke("token", "a", "--offline", *words, environment={"STEPPATH": str(step)})
    assert token.claims["user"] == {"team": "x"}


def test_a_byte_order_mark_before_a_ca_s_answers_is_taken(sound: dict[str, Any]) -> None:
    """A page and a key."""
    page = MARK + json.dumps({"provisioners": [sound], "nextCursor": ""}).encode()
    pages = in_turn(answer(page), answer(MARK + json.dumps({"key": "jwe"}).encode()))
    plenty = 60 * NANOSECONDS
    with serve(pages) as ca:
        url = parse_ca_url(ca.url)
        client = HttpsClient(url, [root().der], request_timeout=plenty, timeout=plenty)
        authority = HttpsAuthority(client)
        assert [one.name for one in authority.provisioners()] == [sound["name"]]
        assert authority.encrypted_key("k") == "jwe"


@pytest.mark.parametrize("roots", ["", [], [""]])
def test_a_ca_json_without_a_root_is_an_error(roots: Any, sandbox_path: Path) -> None:
    """A path that is empty is none."""
    rootless = open_changed(sandbox_path, {"root": roots})
    with pytest.raises(InputError, match="names no root"):
        rootless.root_fingerprint()


def test_a_given_root_stands_in_for_one_that_ca_json_lacks(sandbox_path: Path, tmp_path: Path) -> None:
    """What the error advises works: --root goes before the file's own root, there or not."""
    config = json.loads((sandbox_path / "config" / "ca.json").read_text())
    del config["root"]
    (tmp_path / "ca.json").write_text(json.dumps(config))
    words = ["token", "a", "--offline", "--ca-config", str(tmp_path / "ca.json")]
    surroundings = {"STEPPATH": str(sandbox_path)}
    assert "names no root" in invoke(*words, environment=surroundings).err
    root_file = sandbox_path / "certs" / "root_ca.crt"
    claims = invoke(*words, "--root", str(root_file), environment=surroundings).claims
    assert claims["sha"] == root_of(sandbox_path).fingerprint()


# -- What a CA goes by ------------------------------------------------------------------------------


def test_both_ways_to_a_cas_settings_agree(provisioned_ca: ProvisionedCa, running_ca: RunningCa) -> None:
    """What the running CA publishes is what its ca.json says: names, provisioners, roots and SSH keys."""
    for ca in (provisioned_ca.ca, running_ca):
        publishing = open_https(ca), open_ca_json(ca.path)
        online, offline = (authority.settings() for authority in publishing)
        assert set(online.dns_names) == set(offline.dns_names)
        assert list(publishing[0].provisioners()) == list(publishing[1].provisioners())
        assert list(map(to_der, online.roots)) == list(offline.roots)
        assert online.ssh_user_keys == offline.ssh_user_keys and online.ssh_user_keys
        assert online.ssh_host_keys == offline.ssh_host_keys and online.ssh_host_keys


def to_der(pem: bytes) -> bytes:
    return x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)


def test_only_the_configuration_knows_what_is_not_public(running_ca: RunningCa) -> None:
    """Database, policy, issued-at check and the authority's own claims: None online, said offline."""
    online, offline = open_https(running_ca).settings(), open_ca_json(running_ca.path).settings()
    assert (online.checks_issued_at, online.has_database, online.has_policy) == (None, None, None)
    assert (offline.checks_issued_at, offline.has_database, offline.has_policy) == (True, True, False)
    assert online.claims == ProvisionerClaims()
    assert offline.claims == ProvisionerClaims(
        enable_ssh_ca=False,
        disable_renewal=False,
        allow_renewal_after_expiry=False,
        user_ssh=USUAL_SSH_DURATIONS["user"],
        host_ssh=USUAL_SSH_DURATIONS["host"],
    )


HOSTILE_ANSWERS = {
    "no list": {"crts": "x", "userKey": "x"},
    "numbers": {"crts": [7], "userKey": [7]},
    "no object": [],
    "no JSON": b"<html>",
    "huge": b"[" + b" " * MAX_ROOTS_BYTES + b"]",
    "deep": b"[" * 100_000,
}


@pytest.mark.parametrize("path", ["/roots", "/ssh/roots"])
@pytest.mark.parametrize("body", HOSTILE_ANSWERS.values(), ids=HOSTILE_ANSWERS)
def test_a_cas_roots_may_be_anything(path: str, body: object) -> None:
    """Whatever one of the lists of roots and SSH keys is, it is the CA's error."""
    sound = {"/provisioners?limit=100": {"provisioners": []}, "/roots": {"crts": []}, "/ssh/roots": {}}
    with (
        serve(lambda request: answer(body if request.target == path else sound[request.target])) as ca,
        pytest.raises(AuthorityError, match="cannot be used"),
    ):
        connect(ca).settings()


def tell(ssh: bytes, request: Request) -> bytes:
    """Answer as a CA without provisioners that says `ssh` when it is asked for its SSH keys."""
    answers = {"/provisioners?limit=100": answer({"provisioners": []}), "/roots": answer({"crts": []}, 201)}
    return (answers | {"/ssh/roots": ssh})[request.target]


def test_a_ca_without_ssh_has_no_ssh_keys() -> None:
    """It answers 404; its names are those in the certificate that it shows."""
    with serve(partial(tell, answer({"message": "not here"}, 404))) as ca:
        settings = connect(ca).settings()
    assert (settings.ssh_user_keys, settings.ssh_host_keys) == ([], [])
    assert sorted(settings.dns_names) == ["127.0.0.1", "ca.test"]


def test_a_ca_that_refuses_its_ssh_keys_is_an_error() -> None:
    """Another status than 404 does not mean that there are none."""
    with (
        serve(partial(tell, answer({"message": "not for you"}, 403))) as ca,
        pytest.raises(AuthorityError, match="status 403: not for you"),
    ):
        connect(ca).settings()


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({"secrets/key.pub": b"ecdsa AAAA me\n"}, "AAAA"),
        ({"certs/key.pub": b"ecdsa BBBB\n"}, "BBBB"),
        ({"secrets/key.pub": b"\xff"}, None),
        ({"secrets/key": b"ecdsa AAAA\n"}, None),
        ({}, None),
    ],
)
def test_the_public_half_of_an_ssh_key_is_found_beside_it(files: dict[str, bytes], found: str | None) -> None:
    """Beside the private key or in certs/; the private key itself is not read."""
    held = MemoryFiles(files)
    assert read_public_half(held, "secrets/key") == found
    assert "secrets/key" not in held.reads
