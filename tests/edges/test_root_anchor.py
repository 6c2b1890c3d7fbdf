"""Which root `sha` names where there are several: the one that vouches for the CA, which clients then trust alone."""

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from adapters.ca.https import HttpsAuthority
from adapters.ca.https_client import HttpsClient
from adapters.ca.root_file import RootFile, fingerprint_root
from adapters.machine.input_files import LocalFiles
from adapters.machine.step_path import StepPath
from domain.ca.url import CaUrl
from domain.errors import StepOttError
from domain.formats.duration import NANOSECONDS
from domain.mint.judge_options import read_token_options
from entrypoints.command_line.argv import parse_words
from entrypoints.command_line.options import TOKEN_OPTIONS
from entrypoints.wiring.authority import wire_authority
from tests.support.hostile_ca import Credential, Request, answer, issue, serve
from tests.support.memory_ports import MemoryFiles
from tests.support.peer_programs import RunningCa
from tests.support.running import decode_part, execute, invoke, run_step

ROOT = issue("Root", is_authority=True)
INTERMEDIATE = issue("Intermediate", ROOT, is_authority=True)
LEAF = issue("CA", INTERMEDIATE, names=("127.0.0.1",))
OLD = issue("Old Root", is_authority=True, days=-1)
OTHER = issue("Other", is_authority=True)
NAMESAKE = issue("Root", is_authority=True)
"""Another authority's root, of the same name."""

PLENTY = 30 * NANOSECONDS


def hash_of(credential: Credential) -> str:
    """Return the SHA-256 of a certificate, as `sha` has it."""
    return sha256(credential.der).hexdigest()


BUNDLES = {
    "alone": [ROOT],
    "first": [ROOT, OTHER],
    "last": [OTHER, OLD, ROOT],
    "after a namesake": [NAMESAKE, ROOT],
    "after its intermediate": [INTERMEDIATE, ROOT],
    "before its intermediate": [ROOT, INTERMEDIATE],
    "among all": [OLD, OTHER, INTERMEDIATE, NAMESAKE, ROOT],
}


@pytest.fixture(params=[True, False], ids=["chain told", "chain untold"])
def pythons(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Python that tells by which chain a certificate was verified, and one that does not."""
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    if not request.param:
        monkeypatch.setattr("adapters.http.pool.list_chain", lambda _: None)


def open_authority(port: int, bundle: Sequence[Credential]) -> HttpsAuthority:
    """Return the client of what listens on a port, by a file of roots."""
    file = RootFile(MemoryFiles({"roots": b"".join(one.pem for one in bundle)}), "roots", "--root")
    url = CaUrl("127.0.0.1", port)
    client = HttpsClient(url, file.certificates(), request_timeout=PLENTY, timeout=PLENTY)
    return HttpsAuthority(client)


@pytest.mark.usefixtures("pythons")
@pytest.mark.parametrize("asks_first", [True, False], ids=["after a request", "before any"])
@pytest.mark.parametrize("name", BUNDLES)
def test_the_root_is_the_one_that_the_connection_was_verified_by(name: str, asks_first: bool) -> None:
    """Wherever it stands in the file; an intermediate that is trusted as well leads to it."""
    with serve(lambda _: answer({"provisioners": []}), LEAF, [INTERMEDIATE]) as ca:
        authority = open_authority(ca.port, BUNDLES[name])
        if asks_first:
            authority.provisioners()
        assert authority.root_fingerprint() == hash_of(ROOT)
        assert authority.root_fingerprint() == hash_of(ROOT)


def test_a_chain_that_is_told_costs_no_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection that listed the provisioners has shown it; over the same the CA is asked which roots it names."""
    monkeypatch.delenv("HTTPS_PROXY", raising=False)
    with serve(lambda _: answer({"provisioners": []}), LEAF, [INTERMEDIATE]) as ca:
        authority = open_authority(ca.port, BUNDLES["among all"])
        authority.provisioners()
        authority.root_fingerprint()
        assert (ca.connections, ca.targets) == (1, ["/provisioners?limit=100", "/roots"])


LIKE_THE_ROOT = {
    "issued again": issue("Root", is_authority=True, key=ROOT.key),
    "expired": issue("Root", is_authority=True, key=ROOT.key, begin=-9, days=-5),
    "of the future": issue("Root", is_authority=True, key=ROOT.key, begin=5, days=9),
    "cross-signed": issue("Root", OTHER, is_authority=True, key=ROOT.key),
}
"""Certificates of the root's own name and key that the CA does not name as its root."""


@pytest.mark.parametrize("order", [1, -1], ids=["behind it", "before it"])
@pytest.mark.parametrize("name", LIKE_THE_ROOT)
def test_of_certificates_of_one_key_it_is_the_one_that_the_ca_names(
    name: str, order: int, sandbox_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`step ca certificate --token` asks the CA for the certificate of this fingerprint, and no other of its key."""
    monkeypatch.delenv("HTTPS_PROXY", raising=False)
    bundle = b"".join(one.pem for one in (ROOT, LIKE_THE_ROOT[name], OTHER)[::order])
    (tmp_path / "roots.crt").write_bytes(bundle)

    def tell(request: Request) -> bytes:
        return answer({"crts": [ROOT.pem.decode()]} if request.target == "/roots" else {"provisioners": []})

    with serve(tell, LEAF, [INTERMEDIATE]) as ca:
        given = parse_words(["--ca-url", ca.url, "--root", str(tmp_path / "roots.crt")], TOKEN_OPTIONS).settings
        step_path = StepPath(LocalFiles(), str(tmp_path), None)
        authority = wire_authority(read_token_options("a", given, 0), step_path, LocalFiles())
        assert authority.root_fingerprint() == hash_of(ROOT)
    changes = {"root": "@/root.crt", "crt": "@/chain.crt"}
    words, files = ["--root", "@/roots.crt"], {"root.crt": ROOT.pem, "roots.crt": bundle, "chain.crt": INTERMEDIATE.pem}
    assert mint_offline(sandbox_path, tmp_path, changes, *words, files=files) == hash_of(ROOT)


@pytest.mark.usefixtures("pythons")
def test_roots_that_vouch_for_another_ca_are_an_error() -> None:
    """No fingerprint is made up."""
    with serve(lambda _: answer({}), LEAF, [INTERMEDIATE]) as ca:
        authority = open_authority(ca.port, [OTHER, NAMESAKE])
        with pytest.raises(StepOttError, match=r"TLS with the CA at .* fails"):
            authority.root_fingerprint()


def test_an_intermediate_without_its_root_is_what_there_is() -> None:
    """Whoever trusts an intermediate alone gets its fingerprint, as from step."""
    assert fingerprint_root([INTERMEDIATE.der], lambda: LEAF.der) == hash_of(INTERMEDIATE)
    assert fingerprint_root([OTHER.der, INTERMEDIATE.der], lambda: INTERMEDIATE.der) == hash_of(INTERMEDIATE)


# -- Offline ----------------------------------------------------------------------------------------


def mint_offline(
    sandbox_path: Path, folder: Path, changes: Mapping[str, Any], *words: str, files: Mapping[str, bytes]
) -> str:
    """Return the `sha` of a token minted offline by a sandbox's ca.json with changes; files are beside it."""
    for name, content in files.items():
        (folder / name).write_bytes(content)
    config = json.loads((sandbox_path / "config" / "ca.json").read_text()) | changes
    (folder / "ca.json").write_text(json.dumps(config).replace("@", str(folder)))
    spelled = [word.replace("@", str(folder)) for word in words]
    surroundings = {"STEPPATH": str(sandbox_path)}
    token = invoke("token", "a", "--offline", "--ca-config", f"{folder}/ca.json", *spelled, environment=surroundings)
    return str(token.claims["sha"])


@pytest.mark.parametrize("name", BUNDLES)
@pytest.mark.parametrize("way", ["one file", "files", "--root"])
def test_offline_it_is_the_root_of_the_chain_that_the_ca_signs_by(
    name: str, way: str, sandbox_path: Path, tmp_path: Path
) -> None:
    """`crt` in ca.json is that chain; roots stand in a file, in several, or in --root."""
    files = {f"{index}.crt": one.pem for index, one in enumerate(BUNDLES[name])}
    bundle = {"roots.crt": b"".join(files.values()), "chain.crt": INTERMEDIATE.pem}
    changes: dict[str, Any] = {"root": "@/roots.crt", "crt": "@/chain.crt"}
    if way == "files":
        changes["root"] = [f"@/{file}" for file in files]
    if way == "--root":
        changes["root"] = "@/nowhere.crt"
    words = ["--root", "@/roots.crt"] if way == "--root" else []
    assert mint_offline(sandbox_path, tmp_path, changes, *words, files=files | bundle) == hash_of(ROOT)


def test_offline_without_a_chain_the_first_root_counts(sandbox_path: Path, tmp_path: Path) -> None:
    """A registration authority signs by no chain of its own."""
    files = {"roots.crt": OTHER.pem + ROOT.pem}
    changes = {"root": "@/roots.crt", "crt": ""}
    assert mint_offline(sandbox_path, tmp_path, changes, files=files) == hash_of(OTHER)


def test_offline_a_single_root_needs_no_chain(sandbox_path: Path, tmp_path: Path) -> None:
    """Where nothing is to be chosen, nothing else is read."""
    changes = {"root": "@/root.crt", "crt": "@/nowhere.crt"}
    assert mint_offline(sandbox_path, tmp_path, changes, files={"root.crt": ROOT.pem}) == hash_of(ROOT)


# -- The real programs ------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["token", "batch"])
@pytest.mark.parametrize("intermediate", [False, True], ids=["roots", "with the intermediate"])
def test_a_client_that_knows_the_token_alone_gets_its_certificate(
    command: str, intermediate: bool, running_ca: RunningCa, step_program: str, tmp_path: Path
) -> None:
    """`step ca certificate --token` asks for the root by `sha`, and trusts that one."""
    certs = running_ca.path / "certs"
    between = (certs / "intermediate_ca.crt").read_bytes() if intermediate else b""
    (tmp_path / "roots.crt").write_bytes(OTHER.pem + between + (certs / "root_ca.crt").read_bytes())
    words = ["--root", str(tmp_path / "roots.crt")]
    surroundings = {"STEPPATH": str(running_ca.path)}
    if command == "token":
        token = execute("token", "web.example.com", *words, environment=surroundings).token
    else:
        made = execute("batch", "-", *words, "--format", "tokens", environment=surroundings, stdin=b"web.example.com\n")
        token = made.token
    assert decode_part(token, 1)["sha"] == RootFile(LocalFiles(), str(certs / "root_ca.crt"), "--root").fingerprint()
    arguments = ["web.example.com", str(tmp_path / "a.crt"), str(tmp_path / "a.key"), "--token", token]
    (tmp_path / "step").mkdir()
    got = run_step(step_program, "ca", "certificate", *arguments, environment={"STEPPATH": str(tmp_path / "step")})
    assert got.status == 0, got.err
