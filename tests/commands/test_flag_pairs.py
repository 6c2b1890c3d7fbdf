"""Every pair of flags with every type of provisioner: refused by name, or both with an effect that can be seen."""

import os
import re
import socket
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import combinations_with_replacement
from pathlib import Path
from unittest import mock

import attrs
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from adapters.machine.input_files import LocalFiles
from entrypoints.command_line.options import TOKEN_OPTIONS
from tests.support.flag_scene import CNF, Scene, open_scene, write_step_path
from tests.support.hostile_ca import root, stall
from tests.support.peer_programs import require_module
from tests.support.running import Minted, Result, load_all

NAMES = [option.name for option in TOKEN_OPTIONS]
PAIRS = list(combinations_with_replacement(NAMES, 2))
"""All pairs, and each flag with itself: alone."""

_X5C, _SSHPOP, _K8SSA, _OIDC = (
    frozenset({"x5c-cert", "x5c-key"}), frozenset({"sshpop-cert", "sshpop-key"}), frozenset({"k8ssa-token-path"}),
    frozenset({"console"}),
)  # fmt: skip
_ANY_X5C = _X5C | {"x5c-chain", "x5c-insecure"}
_NEBULA = frozenset({"nebula-cert", "nebula-key"})
BASES: dict[str, frozenset[str]] = {
    "JWK": frozenset(), "X5C": _X5C | {"offline"}, "SSHPOP": _SSHPOP | {"ssh", "offline"}, "K8sSA": _K8SSA,
    "OIDC": _OIDC, "renewal": _X5C | {"renew", "offline"}, "Nebula": _NEBULA | {"offline"},
}  # fmt: skip
"""The flags that stand beside every pair, by the type that they choose; offline, for speed, where that shows all."""

NEEDS: dict[str, frozenset[str]] = {
    **dict.fromkeys(("host", "principal", "cert-not-before", "cert-not-after"), frozenset({"ssh"})),
    **dict.fromkeys(_ANY_X5C, _X5C),
    **dict.fromkeys(_SSHPOP, _SSHPOP | {"ssh"}),
    **dict.fromkeys(_NEBULA, _NEBULA),
    "force": frozenset({"output-file"}), "ca-config": frozenset({"offline"}),
}  # fmt: skip
"""Flags that mean nothing without others."""

_ACTIONS = {"revoke", "renew", "rekey"}
_OF_SSH_SIGNING = {"host", "principal", "cert-not-before", "cert-not-after"}
_RIVALS: list[tuple[set[str], set[str]]] = [
    (_ACTIONS, _ACTIONS | _OF_SSH_SIGNING | {"san", "cnf", "cnf-file", "csr", "set", "set-file"}),
    ({"csr"}, _OF_SSH_SIGNING | {"ssh", "san", "cnf", "cnf-file"}),
    ({"san"}, _OF_SSH_SIGNING | {"ssh"}),
    ({"cnf"}, {"cnf-file"}),
    ({"offline"}, {"request-timeout", "timeout"}),
    # the options of two types, and the kid that only a JWK has
    ({"key"}, {*_ANY_X5C, *_SSHPOP, *_K8SSA}), ({*_ANY_X5C}, {*_SSHPOP, *_K8SSA}), ({*_SSHPOP}, {*_K8SSA}),
    ({"kid"}, {*_ANY_X5C, *_SSHPOP, *_K8SSA}),
    ({*_NEBULA}, {"key", "kid", *_ANY_X5C, *_SSHPOP, *_K8SSA}),
    ({*_OIDC}, {"key", "offline", *_ANY_X5C, *_SSHPOP, *_K8SSA, *_NEBULA}),
    # what would stand in a token of one's own
    ({*_K8SSA, *_OIDC}, _ACTIONS | _OF_SSH_SIGNING | {
        "ssh", "san", "cnf", "cnf-file", "csr", "set", "set-file", "not-before", "not-after", "password-file",
        "provisioner-password-file",
    }),
]  # fmt: skip
CONFLICTS = {frozenset((a, b)) for ones, others in _RIVALS for a in ones for b in others if a != b}
"""Flags of which one leaves the other without meaning."""

OF_RENEWAL = {"provisioner", "kid", "x5c-insecure"}
"""Flags without meaning for a renewal of an X.509 certificate, which no provisioner and no other header makes."""

CONFIGURATION = {"contexts.json", "current-context.json", "defaults.json"}
"""The files that say which settings hold beside the flags."""

OLD_CONTENT = "an older token"


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """The CA and the step path."""
    require_module("authlib", "no Authlib here, which signing in needs: pip install 'step-ott[oidc]'")
    load_all()
    path = tmp_path_factory.mktemp("scene")
    with open_scene(path) as (scene, provisioners), mock.patch("adapters.sign_in.oidc.sleep"):
        write_step_path(path, provisioners, scene.ca.url)
        yield scene


@attrs.frozen
class Outcome(Minted):
    """A run that made a token, and what can be seen of it."""

    scene: Scene
    flags: frozenset[str]
    result: Result
    requests: int

    @property
    def token(self) -> str:
        return Path(self.scene.file("token")).read_text() if "output-file" in self.flags else self.result.token

    def distance(self, claim: str) -> int:
        """Return how many seconds from now a time in the token lies."""
        return int(self.claims[claim]) - int(self.claims["iat"])

    @property
    def is_renewal(self) -> bool:
        """Whether it is a renewal of an X.509 certificate, for which no CA is asked."""
        return "renew" in self.flags and "ssh" not in self.flags

    @property
    def is_issued(self) -> bool:
        """Whether Kubernetes or an identity provider has made the token, so that no flag shows in it."""
        return "k8ssa-token-path" in self.flags or "console" in self.flags

    @property
    def path(self) -> str:
        """The audience without the fragment that names a provisioner."""
        return str(self.claims["aud"]).partition("#")[0]

    @property
    def chain(self) -> list[bytes]:
        encoded = self.header.get("x5c") or self.header.get("x5cInsecure") or []
        return [b64decode(certificate) for certificate in encoded]

    def has_root(self, name: str) -> bool:
        return bool(self.claims.get("sha") == self.scene.fingerprints[name])

    def is_made_by(self, name: str) -> bool:
        return f"✔ Provisioner: {name} (" in self.result.err

    def says_unused(self, flag: str) -> bool:
        return f"warning: --{flag} is not used: " in self.result.err

    def fails_with(self, flag: str, value: str) -> bool:
        """Return whether the same run fails where `flag` has this wrong value."""
        result = self.scene.run(self.flags - {"output-file", "force"}, **{flag.replace("-", "_"): value})
        return result.status != 0

    def password_is_used(self, flag: str) -> bool:
        """Return whether a password file opened the key, or stderr says that it did not."""
        says_not = self.says_unused(flag)
        needless = bool({"key", "kms"} & self.flags) or (
            flag == "password-file" and "provisioner-password-file" in self.flags
        )
        return says_not is needless


EFFECTS: dict[str, Callable[[Outcome], bool]] = {
    "ssh": lambda o: "/1.0/ssh/" in o.claims["aud"],
    "host": lambda o: o.claims["step"]["ssh"]["certType"] == "host",
    "revoke": lambda o: o.path.endswith("/revoke"),
    "renew": lambda o: o.path.endswith("/renew"),
    "rekey": lambda o: o.path.endswith("/rekey"),
    "san": lambda o: o.claims["sans"] == ["10.0.0.7"],
    "principal": lambda o: o.claims["step"]["ssh"]["principals"] == ["10.0.0.8"],
    "cnf": lambda o: o.claims["cnf"] == {"x5rt#S256": CNF},
    "cnf-file": lambda o: (
        o.claims["cnf"] == {"x5rt#S256": o.scene.bindings["key.pub" if "ssh" in o.flags else "request.csr"]}
    ),
    "csr": lambda o: (
        o.claims["cnf"] == {"x5rt#S256": o.scene.bindings["request.csr"]} and o.claims["sub"] == o.claims["sans"][0]
    ),
    "set": lambda o: o.claims["user"]["flag"] == 1,
    "set-file": lambda o: o.claims["user"]["file"] == 2,
    "not-before": lambda o: o.distance("nbf") == 60,
    "not-after": lambda o: o.distance("exp") == 20 * 60,
    "cert-not-before": lambda o: o.claims["step"]["ssh"]["validAfter"] == "1m0s",
    "cert-not-after": lambda o: o.claims["step"]["ssh"]["validBefore"] == "2h0m0s",
    "provisioner": lambda o: o.is_made_by("bob") and (o.is_issued or o.claims["iss"] == "bob"),
    "kid": lambda o: o.header["kid"] == "kid-b" or o.claims["aud"] == "kid-b",
    "console": lambda o: "Sign in with any browser at " in o.result.err,
    "x5c-cert": lambda o: o.chain[:1] == [read_der(o.scene, "leaf.crt")],
    "x5c-key": lambda o: o.header["kid"] == o.scene.thumbprints["leaf.key"],
    "x5c-chain": lambda o: o.chain[1:] == [root().der],
    "x5c-insecure": lambda o: bool(o.header["x5cInsecure"]) and "x5c" not in o.header,
    "sshpop-cert": lambda o: o.header["sshpop"] == Path(o.scene.file("host-cert.pub")).read_text().split()[1],
    "sshpop-key": lambda o: o.header["kid"] == o.scene.thumbprints["host.key"],
    "nebula-cert": lambda o: b64decode(o.header["nebula"]) == read_body(o.scene, "nebula.crt"),
    "nebula-key": lambda o: o.header["kid"] == o.scene.thumbprints["nebula.key"],
    "k8ssa-token-path": lambda o: o.token == Path(o.scene.file("k8s-token")).read_text().strip(),
    "kms": lambda o: "the PIN in --kms is visible" in o.result.err,
    "key": lambda o: "password" not in o.result.err or "is not used: the " in o.result.err,
    "provisioner-password-file": lambda o: o.password_is_used("provisioner-password-file"),
    "password-file": lambda o: o.password_is_used("password-file"),
    "ca-url": lambda o: (
        o.says_unused("ca-url")
        if o.is_issued and "offline" in o.flags
        else o.fails_with("ca-url", "localhost:1")
        if o.is_issued
        else o.claims["aud"].startswith(f"https://localhost:{o.scene.ca.port}/")
    ),
    "root": lambda o: (
        o.says_unused("root")
        if o.is_renewal
        else o.has_root("flag.crt") or (o.is_issued and o.fails_with("root", o.scene.file("set.json")))
    ),
    "offline": lambda o: o.requests == 0,
    "ca-config": lambda o: (
        o.has_root("other.crt")
        or "//other.example.com/" in o.claims.get("aud", "")
        or o.fails_with("ca-config", o.scene.file("set.json"))
    ),
    "context": lambda o: (
        o.is_made_by("carol")
        or o.has_root("two.crt")
        or "//two.example.com/" in o.claims.get("aud", "")
        or o.fails_with("context", "nope")
    ),
    "request-timeout": lambda o: times_out(o, "request-timeout"),
    "timeout": lambda o: times_out(o, "timeout"),
    "output-file": lambda o: o.result.out == "" and o.token.count(".") == 2,
    "force": lambda o: o.token != OLD_CONTENT,
}
"""What can be seen of each flag where it is honoured."""


def read_der(scene: Scene, name: str) -> bytes:
    """Return the first certificate in a file."""
    return x509.load_pem_x509_certificate(Path(scene.file(name)).read_bytes()).public_bytes(Encoding.DER)


def read_body(scene: Scene, name: str) -> bytes:
    """Return what stands in a PEM file of one line."""
    return b64decode(Path(scene.file(name)).read_bytes().splitlines()[1])


def times_out(outcome: Outcome, flag: str) -> bool:
    """Return whether a CA that says nothing is given up after the flag's time, and stderr names the flag."""
    if outcome.is_renewal:
        return outcome.says_unused(flag)
    ca = outcome.scene.ca
    with mock.patch.object(ca, "behaviour", stall):
        flags = outcome.flags - {"output-file", "force"}  # a file that is there by now is refused before
        result = outcome.scene.run(flags, **{flag.replace("-", "_"): "10ms"})
    return result.status == 1 and f"within 10ms: check the address, or raise --{flag}\n" in result.err


def run_untouching(scene: Scene, flags: frozenset[str]) -> Result:
    """Run a command line that must be refused before it touches a network or a file but those of its configuration."""
    touched, open_file = AssertionError("a refusal touched something"), open

    def read_configuration(path: str, limit: int) -> bytes:
        if not path.startswith(scene.file("step")) or os.path.basename(path) not in CONFIGURATION:
            raise touched
        with open_file(path, "rb") as file:
            return file.read(limit)

    places: list[tuple[object, str]] = [(os, "open"), (socket, "socket")]
    with ExitStack() as stack:
        stack.enter_context(mock.patch.object(LocalFiles, "read", side_effect=read_configuration))
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
    assert len(named & (flags | {need for needs in NEEDS.values() for need in needs})) >= 2, result.err


def complete(bare: frozenset[str]) -> frozenset[str]:
    """Return the flags with all those that they need."""
    flags = bare.union(*(NEEDS[flag] for flag in bare if flag in NEEDS))
    if flags & _SSHPOP and not flags & _ACTIONS:
        flags |= {"renew"}
    if flags & _NEBULA and "ssh" in flags and not flags & _ACTIONS:
        flags |= {"host"}
    if "renew" in flags and "ssh" not in flags:
        flags |= _X5C
    return flags | {"key"} if "kms" in flags and "x5c-key" not in flags else flags


def contradict(flags: frozenset[str]) -> bool:
    """Return whether one of the flags leaves another without meaning."""
    if "renew" in flags and "ssh" not in flags and flags & OF_RENEWAL:
        return True
    return any(frozenset(two) in CONFLICTS for two in combinations_with_replacement(sorted(flags), 2))


def name_pair(pair: tuple[str, str]) -> str:
    return pair[0] if pair[0] == pair[1] else "+".join(pair)


def run_to_token(scene: Scene, flags: frozenset[str], made: type[Outcome] = Outcome) -> Outcome:
    """Run `token` with flags that make one, and return what can be seen of it."""
    output = Path(scene.file("token"))
    output.unlink(missing_ok=True)
    if "force" in flags:
        output.write_text(OLD_CONTENT)
    before = len(scene.ca.requests)
    result = scene.run(flags)
    assert result.status == 0, result.err
    return made(scene, flags, result, len(scene.ca.requests) - before)


@pytest.mark.parametrize("pair", PAIRS, ids=name_pair)
@pytest.mark.parametrize("base", BASES.values(), ids=BASES)
def test_no_flag_of_a_pair_is_silently_ignored(scene: Scene, base: frozenset[str], pair: tuple[str, str]) -> None:
    """A pair is refused, or with what the two need each of them, and of those, has its effect."""
    bare = base | frozenset(pair)
    flags = complete(bare)
    if flags != bare:
        check_refusal(run_untouching(scene, bare), bare, flags)
    if contradict(flags):
        kin = bare.union(*(own for own in (_ANY_X5C, _SSHPOP, _NEBULA) if own & bare))
        check_refusal(run_untouching(scene, flags), kin, flags)
        return
    outcome = run_to_token(scene, flags)
    assert [flag for flag in sorted(flags) if not EFFECTS[flag](outcome)] == []


def test_every_flag_has_an_effect_that_is_looked_for() -> None:
    """The walk covers the whole table of options."""
    assert sorted(EFFECTS) == sorted(NAMES)


def test_no_effect_is_there_by_itself(scene: Scene) -> None:
    """Without flags none of the effects shows, so that each of them tells something."""
    plain, ssh = (Outcome(scene, flags, scene.run(flags), 1) for flags in (frozenset[str](), frozenset({"ssh"})))
    hidden = {"key", "password-file", "provisioner-password-file", "request-timeout", "timeout", "output-file", "force"}
    for flag in sorted(set(NAMES) - hidden):
        assert not has_effect(ssh if NEEDS.get(flag) == {"ssh"} else plain, flag), flag


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
