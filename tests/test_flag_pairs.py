"""Every pair of flags: refused by name before anything is touched, or both with an effect that can be seen."""

import json
import os
import re
import socket
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from hashlib import sha256
from itertools import combinations_with_replacement
from pathlib import Path
from typing import Any
from unittest import mock

import attrs
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from adapters.input_files import LocalFiles
from adapters.jwe import seal_jwk
from adapters.jws import generate_jwk
from domain import base64url
from entrypoints.options import TOKEN_OPTIONS, ValueKind
from tests.hostile_ca import Credential, HostileCa, answer, issue, root, serve, stall
from tests.running import Result, decode_part, invoke

NAMES = [option.name for option in TOKEN_OPTIONS]
SWITCHES = {option.name for option in TOKEN_OPTIONS if option.kind is ValueKind.SWITCH}
PAIRS = list(combinations_with_replacement(NAMES, 2))
"""All pairs, and each flag with itself: alone."""

NEEDS = {
    "host": "ssh", "principal": "ssh", "cert-not-before": "ssh", "cert-not-after": "ssh", "force": "output-file",
    "ca-config": "offline",
}  # fmt: skip
"""Flags that mean nothing without another."""

_ACTIONS = {"revoke", "renew", "rekey"}
_OF_SSH_SIGNING = {"host", "principal", "cert-not-before", "cert-not-after"}
_RIVALS: list[tuple[set[str], set[str]]] = [
    (_ACTIONS, _ACTIONS | _OF_SSH_SIGNING | {"san", "cnf", "cnf-file", "set", "set-file"}),
    ({"san"}, _OF_SSH_SIGNING | {"ssh"}),
    ({"cnf"}, {"cnf-file"}),
    ({"offline"}, {"request-timeout", "timeout"}),
]
CONFLICTS = {frozenset((a, b)) for ones, others in _RIVALS for a in ones for b in others if a != b}
"""Flags of which one leaves the other without meaning."""

SUBJECT, CNF = "1", base64url.encode(sha256(b"a request").digest())
OLD_CONTENT = "an older token"


@attrs.frozen
class Scene:
    """A CA with six provisioners, and a step path with two contexts, in a folder.

    Attributes:
        path: The folder.
        ca: The CA, online.
        fingerprints: Of the first root in each file of roots, by the file's name.
        bindings: The `cnf` value for each file that a token can be bound to, by the file's name.
    """

    path: Path
    ca: HostileCa
    fingerprints: Mapping[str, str]
    bindings: Mapping[str, str]

    def file(self, name: str) -> str:
        return str(self.path / name)

    def value(self, flag: str, flags: frozenset[str]) -> str:
        """Return the sensible value that `flag` has among `flags`."""
        return {
            "san": "san.example.com", "principal": "root", "cnf": CNF, "set": "flag=1",
            "set-file": self.file("set.json"),
            "cnf-file": self.file("key.pub" if "ssh" in flags else "request.csr"), "not-before": "60s",
            "not-after": "20m",
            "cert-not-before": "1m", "cert-not-after": "2h", "provisioner": "bob", "kid": "kid-b", "context": "two",
            "key": self.file("token.key"), "password-file": self.file("password"), "root": self.file("flag.crt"),
            "provisioner-password-file": self.file("own-password"), "ca-config": self.file("other-ca.json"),
            "ca-url": f"localhost:{self.ca.port}", "request-timeout": "20s", "timeout": "20s",
            "output-file": self.file("token"),
        }[flag]  # fmt: skip

    def run(self, flags: frozenset[str], **values: str) -> Result:
        """Run `token` with `flags`; `values` (underscores for dashes) go before the sensible ones."""
        given = {name.replace("_", "-"): value for name, value in values.items()}
        words = [SUBJECT]
        for flag in sorted(flags):
            words.append(f"--{flag}")
            if flag not in SWITCHES:
                words.append(given.get(flag) or self.value(flag, flags))
        needs_no_password = flags & {"key", "password-file", "provisioner-password-file"}
        password = "/nonexistent/password" if needs_no_password else self.file("password")
        return invoke("token", *words, environment={"STEPPATH": self.file("step"), "STEP_PASSWORD_FILE": password})


def write_json(path: Path, value: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value))


def write_bindings(path: Path) -> dict[str, str]:
    """Write a CSR and an SSH public key; return the `cnf` value of each (RFC 9635, `x5rt#S256`)."""
    key = issue("a key").key
    csr = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(key, hashes.SHA256())
    line = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    (path / "request.csr").write_bytes(csr.public_bytes(Encoding.PEM))
    (path / "key.pub").write_bytes(line + b" a comment\n")
    wire = b64decode(line.split()[1])
    hashed = {"request.csr": csr.public_bytes(Encoding.DER), "key.pub": wire}
    return {name: base64url.encode(sha256(data).digest()) for name, data in hashed.items()}


def write_roots(path: Path) -> dict[str, str]:
    """Write files that all hold the CA's root, each behind a first one of its own; return the first ones' hashes."""
    firsts: dict[str, Credential] = {
        name: issue(name) for name in ("one.crt", "two.crt", "flag.crt", "ca.crt", "other.crt")
    }
    for name, first in firsts.items():
        (path / name).write_bytes(first.pem + root().pem)
    return {name: sha256(first.der).hexdigest() for name, first in firsts.items()}


def write_step_path(path: Path, provisioners: list[dict[str, Any]], url: str) -> None:
    """Write two contexts, which differ in root and provisioner, and a ca.json beside them."""
    step = path / "step"
    write_json(step / "contexts.json", {name: {"authority": name, "profile": name} for name in ("one", "two")})
    write_json(step / "current-context.json", {"context": "one"})
    for name, provisioner in (("one", "alice"), ("two", "carol")):
        defaults = {"ca-url": url, "root": str(path / f"{name}.crt"), "provisioner": provisioner, "kid": "kid-a"}
        write_json(step / "authorities" / name / "config" / "defaults.json", defaults)
        config = {
            "root": str(path / "ca.crt"),
            "dnsNames": ["offline.example.com"],
            "authority": {"provisioners": provisioners},
        }
        write_json(step / "authorities" / name / "config" / "ca.json", config)
    other = {
        "root": str(path / "other.crt"),
        "dnsNames": ["other.example.com"],
        "authority": {"provisioners": provisioners},
    }
    write_json(path / "other-ca.json", other)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """The CA and the step path; names and kids of provisioners go together in every way, so each shows by itself."""
    path = tmp_path_factory.mktemp("scene")
    jwk = generate_jwk()
    sealed = seal_jwk(json.dumps(jwk), b"right", iterations=10)
    public = {name: value for name, value in jwk.items() if name != "d"}
    provisioners = [
        {"type": "JWK", "name": name, "key": public | {"kid": kid}, "encryptedKey": sealed}
        for name in ("alice", "bob", "carol")
        for kid in ("kid-a", "kid-b")
    ]
    write_json(path / "token.key", jwk)
    write_json(path / "set.json", {"file": 2})
    for name in ("password", "own-password"):
        (path / name).write_text("right\n")
    fingerprints, bindings = write_roots(path), write_bindings(path)
    credential = issue("server", root(), names=("127.0.0.1", "localhost"))
    with serve(lambda _: answer({"provisioners": provisioners}), credential, num_tickets=0) as ca:
        write_step_path(path, provisioners, ca.url)
        yield Scene(path, ca, fingerprints, bindings)


@attrs.frozen
class Outcome:
    """A run that made a token, and what can be seen of it."""

    scene: Scene
    flags: frozenset[str]
    result: Result
    requests: int

    @property
    def token(self) -> str:
        return Path(self.scene.file("token")).read_text() if "output-file" in self.flags else self.result.token

    @property
    def header(self) -> dict[str, Any]:
        return decode_part(self.token, 0)

    @property
    def claims(self) -> dict[str, Any]:
        return decode_part(self.token, 1)

    def distance(self, claim: str) -> int:
        """Return how many seconds from now a time in the token lies."""
        return int(self.claims[claim]) - int(self.claims["iat"])

    def has_root(self, name: str) -> bool:
        return bool(self.claims["sha"] == self.scene.fingerprints[name])

    def password_is_used(self, flag: str) -> bool:
        """Return whether a password file opened the key, or stderr says that it did not."""
        says_not = f"--{flag} is not used" in self.result.err
        needless = "key" in self.flags or (flag == "password-file" and "provisioner-password-file" in self.flags)
        return says_not is needless


EFFECTS: dict[str, Callable[[Outcome], bool]] = {
    "ssh": lambda o: "/1.0/ssh/" in o.claims["aud"],
    "host": lambda o: o.claims["step"]["ssh"]["certType"] == "host",
    "revoke": lambda o: o.claims["aud"].endswith("/revoke"),
    "renew": lambda o: o.claims["aud"].endswith("/renew"),
    "rekey": lambda o: o.claims["aud"].endswith("/rekey"),
    "san": lambda o: o.claims["sans"] == ["san.example.com"],
    "principal": lambda o: o.claims["step"]["ssh"]["principals"] == ["root"],
    "cnf": lambda o: o.claims["cnf"] == {"x5rt#S256": CNF},
    "cnf-file": lambda o: (
        o.claims["cnf"] == {"x5rt#S256": o.scene.bindings["key.pub" if "ssh" in o.flags else "request.csr"]}
    ),
    "set": lambda o: o.claims["user"]["flag"] == 1,
    "set-file": lambda o: o.claims["user"]["file"] == 2,
    "not-before": lambda o: o.distance("nbf") == 60,
    "not-after": lambda o: o.distance("exp") == 20 * 60,
    "cert-not-before": lambda o: o.claims["step"]["ssh"]["validAfter"] == "1m0s",
    "cert-not-after": lambda o: o.claims["step"]["ssh"]["validBefore"] == "2h0m0s",
    "provisioner": lambda o: o.claims["iss"] == "bob",
    "kid": lambda o: o.header["kid"] == "kid-b",
    "key": lambda o: "password" not in o.result.err or "the key is not encrypted" in o.result.err,
    "provisioner-password-file": lambda o: o.password_is_used("provisioner-password-file"),
    "password-file": lambda o: o.password_is_used("password-file"),
    "ca-url": lambda o: o.claims["aud"].startswith(f"https://localhost:{o.scene.ca.port}/"),
    "root": lambda o: o.has_root("flag.crt"),
    "offline": lambda o: o.requests == 0,
    "ca-config": lambda o: o.has_root("other.crt") or "//other.example.com/" in o.claims["aud"],
    "context": lambda o: o.claims["iss"] == "carol" or o.has_root("two.crt"),
    "request-timeout": lambda o: times_out(o, "request-timeout"),
    "timeout": lambda o: times_out(o, "timeout"),
    "output-file": lambda o: o.result.out == "" and o.token.count(".") == 2,
    "force": lambda o: o.token != OLD_CONTENT,
}
"""What can be seen of each flag where it is honoured."""


def times_out(outcome: Outcome, flag: str) -> bool:
    """Return whether a CA that says nothing is given up after the flag's time, and stderr names the flag."""
    ca = outcome.scene.ca
    with mock.patch.object(ca, "behaviour", stall):
        result = outcome.scene.run(outcome.flags, **{flag.replace("-", "_"): "10ms"})
    return result.status == 1 and f"within 10ms: check the address, or raise --{flag}\n" in result.err


def run_untouching(scene: Scene, flags: frozenset[str]) -> Result:
    """Run a command line that must be refused before it touches a file or a network."""
    touched = AssertionError("a refusal touched something")
    places: list[tuple[object, str]] = [(LocalFiles, "read"), (os, "open"), (socket, "socket")]
    with ExitStack() as stack:
        for place, name in places:
            stack.enter_context(mock.patch.object(place, name, side_effect=touched))
        stack.enter_context(mock.patch("builtins.open", side_effect=touched))
        return scene.run(flags)


def check_refusal(result: Result, pair: frozenset[str], flags: frozenset[str]) -> None:
    """Check that one line names a flag of the pair, and with it another that it needs or cannot stand beside."""
    assert (result.status, result.out) == (2, ""), result
    assert result.err.count("\n") == 1
    named = {name for name in NAMES if re.search(rf"--{name}(?![\w-])", result.err)}
    assert named & pair, result.err
    assert len(named & (flags | set(NEEDS.values()))) >= 2, result.err


def name_pair(pair: tuple[str, str]) -> str:
    return pair[0] if pair[0] == pair[1] else "+".join(pair)


@pytest.mark.parametrize("pair", PAIRS, ids=name_pair)
def test_no_flag_of_a_pair_is_silently_ignored(scene: Scene, pair: tuple[str, str]) -> None:
    """A pair is refused, or with what the two need each of them, and of those, has its effect."""
    bare = frozenset(pair)
    flags = bare | {NEEDS[flag] for flag in bare if flag in NEEDS}
    if flags != bare:
        check_refusal(run_untouching(scene, bare), bare, flags)
    if any(frozenset(two) in CONFLICTS for two in combinations_with_replacement(sorted(flags), 2)):
        check_refusal(run_untouching(scene, flags), bare, flags)
        return
    output = Path(scene.file("token"))
    output.unlink(missing_ok=True)
    if "force" in flags:
        output.write_text(OLD_CONTENT)
    before = len(scene.ca.requests)
    result = scene.run(flags)
    assert result.status == 0, result.err
    outcome = Outcome(scene, flags, result, len(scene.ca.requests) - before)
    assert [flag for flag in sorted(flags) if not EFFECTS[flag](outcome)] == []


def test_every_flag_has_an_effect_that_is_looked_for() -> None:
    """The walk covers the whole table of options."""
    assert sorted(EFFECTS) == sorted(NAMES)


def test_no_effect_is_there_by_itself(scene: Scene) -> None:
    """Without flags none of the effects shows, so that each of them tells something."""
    plain, ssh = (Outcome(scene, flags, scene.run(flags), 1) for flags in (frozenset[str](), frozenset({"ssh"})))
    hidden = {"key", "password-file", "provisioner-password-file", "request-timeout", "timeout", "output-file", "force"}
    for flag in sorted(set(NAMES) - hidden):
        assert not has_effect(ssh if NEEDS.get(flag) == "ssh" else plain, flag), flag


def has_effect(outcome: Outcome, flag: str) -> bool:
    """Return whether the effect of a flag shows; a claim that is not there is no effect."""
    try:
        return EFFECTS[flag](outcome)
    except KeyError:
        return False


@pytest.mark.parametrize("flag", ["key", "password-file", "provisioner-password-file"])
def test_a_key_or_password_is_wanted_where_no_flag_gives_it(scene: Scene, flag: str) -> None:
    """With a wrong file in the flag's place the run fails and names it: the flag is what made it succeed."""
    result = scene.run(frozenset({flag}), **{flag.replace("-", "_"): scene.file("set.json")})
    assert (result.status, result.out) == (1, "")


def test_an_output_file_is_not_replaced_without_force(scene: Scene) -> None:
    """The older token is as it was."""
    Path(scene.file("token")).write_text(OLD_CONTENT)
    result = scene.run(frozenset({"output-file"}))
    assert (result.status, result.out) == (1, "")
    assert "add --force" in result.err
    assert Path(scene.file("token")).read_text() == OLD_CONTENT
