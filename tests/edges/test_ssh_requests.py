"""A request for an SSH certificate to a CA that fails at it: told in a line, never asked again, and nothing written."""

import json
from collections.abc import Iterable
from pathlib import Path

import attrs
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from adapters.jose.key_objects import generate_jwk
from tests.support.hostile_ca import CHUNKED, Behaviour, HostileCa, Request, answer, endless, root, serve, stall
from tests.support.running import Result, invoke

WIRE = ec.generate_private_key(ec.SECP256R1()).public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
KEY = WIRE.split()[1].decode()
WORDS = ("ssh", "certificate", "host.test", "--host", "--no-password", "--insecure", "--request-timeout", "2s")
AGAIN = {"a fault of the CA's", "busy", "a body that breaks off", "no answer"}
"""After these another token is minted, twice."""

ANSWERS: dict[str, tuple[bytes | Behaviour, str]] = {
    "a fault of the CA's": (answer(b"no mercy", 500), "status 500"),
    "busy": (answer({"status": 503, "message": "later"}, 503), "the CA fails with status 503: later"),
    "a refusal": (answer({"status": 401, "message": "no\x1b[2J way"}, 401), "status 401"),
    "a redirection": (answer({}, 302, Location="https://elsewhere.test/"), "status 302"),
    "another success": (answer({"crt": KEY}, 204), "status 204"),
    "a body that breaks off": (b'HTTP/1.1 201 Created\r\nContent-Length: 999\r\nConnection: close\r\n\r\n{"crt": "A',
                               "gives no valid answer"),
    "no answer": (b"", "gives no valid answer"),
    "silence": (stall, "did not answer within 2s"),
    "no JSON": (answer(b"certificate", 201), "the CA answers with no SSH certificate"),
    "a list": (answer([KEY], 201), "the CA answers with no SSH certificate"),
    "a member twice": (answer(b'{"crt": "A", "crt": "B"}', 201), "the CA answers with no SSH certificate"),
    "a bare key": (answer({"crt": KEY}, 201), "the CA answers with no SSH certificate"),
    "without end": (endless(CHUNKED, b"10000\r\n" + b"a" * 65_536 + b"\r\n"), "bytes"),
}  # fmt: skip


@attrs.frozen
class Place:
    """What lies ready beside a hostile CA: a folder for what comes of it, its provisioner's key, and its limits."""

    folder: Path
    jwk: dict[str, str]
    claims: dict[str, str] = attrs.field(factory=dict)

    def behave(self, at_last: bytes | Behaviour) -> Behaviour:
        """Return the behaviour of a CA that says what it is, and fails at the request itself."""
        public = {name: value for name, value in self.jwk.items() if name != "d"}
        listed = {"type": "JWK", "name": "me", "key": public, "claims": {"enableSSHCA": True, **self.claims}}
        told = {
            "/provisioners?limit=100": {"provisioners": [listed]},
            "/roots": {"crts": [root().pem.decode()]},
            "/ssh/roots": {"userKey": [KEY], "hostKey": [KEY]},
        }

        def behave(request: Request) -> bytes | Iterable[bytes]:
            if request.target in told:
                return answer(told[request.target])
            return at_last if isinstance(at_last, bytes) else at_last(request)

        return behave

    def run(self, ca: HostileCa, *words: str, signs: bool = True) -> Result:
        """Run `ssh certificate`, with the key of the provisioner or without."""
        return invoke(*WORDS, str(self.folder / "key"), *self.flags(ca, signs=signs), *words)

    def mint(self, ca: HostileCa) -> str:
        """Return a token for that."""
        return invoke("token", "host.test", "--ssh", "--host", "-n", "host.test", *self.flags(ca)).token

    def flags(self, ca: HostileCa, *, signs: bool = True) -> list[str]:
        key, trusted = self.folder.parent / "me.jwk", self.folder.parent / "root.pem"
        key.write_text(json.dumps(self.jwk))
        trusted.write_bytes(root().pem)
        return ["--ca-url", ca.url, "--root", str(trusted), *(["--key", str(key)] if signs else [])]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    folder = tmp_path / "written"
    folder.mkdir()
    return Place(folder, generate_jwk())


@pytest.mark.parametrize("name", ANSWERS)
def test_a_failure_is_told(place: Place, name: str) -> None:
    """The token may have been used: nobody shows it again, but where that can help another one."""
    at_last, reason = ANSWERS[name]
    with serve(place.behave(at_last)) as ca:
        result = place.run(ca)
        asked = ca.targets
    assert (result.status, result.out) == (1, "")
    assert reason in result.err.splitlines()[-1] and "\x1b" not in result.err
    assert result.err.count("; trying again with a new token") == (2 if name in AGAIN else 0)
    assert asked.count("/1.0/ssh/sign") == (3 if name in AGAIN else 1) and asked[-1] == "/1.0/ssh/sign"
    assert not list(place.folder.iterdir())


@pytest.mark.parametrize("name", ANSWERS)
def test_a_token_that_is_given_is_shown_once(place: Place, name: str) -> None:
    """There is no other; where nobody can tell whether it was used, the line says so."""
    at_last, reason = ANSWERS[name]
    with serve(place.behave(at_last)) as ca:
        token = place.mint(ca)
        result = place.run(ca, "--token", token, signs=False)
        asked = ca.targets
    assert (result.status, result.out) == (1, "")
    assert reason in result.err.splitlines()[-1]
    assert asked.count("/1.0/ssh/sign") == 1 and asked[-1] == "/1.0/ssh/sign"
    if reason in ("gives no valid answer", "did not answer within 2s"):
        assert "the token may have been used" in result.err
    assert token not in result.err and not list(place.folder.iterdir())


@pytest.mark.parametrize("name", ["key", "key.pub", "key-cert.pub"])
def test_what_is_in_the_way_is_seen_first(place: Place, name: str) -> None:
    """Before anything is asked of the CA; it stays."""
    (place.folder / name).write_text("mine")
    with serve(place.behave(b"")) as ca:
        result = place.run(ca)
        assert (result.status, result.out, ca.targets) == (1, "", [])
    assert f"{place.folder / name} exists: add --force to replace it" in result.err
    assert [(path.name, path.read_text()) for path in place.folder.iterdir()] == [(name, "mine")]


@pytest.mark.parametrize("keys", [{}, {"hostKey": []}, {"userKey": [KEY]}], ids=["no SSH", "none", "of users alone"])
def test_a_ca_without_keys_is_not_asked(place: Place, keys: dict[str, list[str]]) -> None:
    """The token is kept; the rule that fails is named."""
    behave = place.behave(b"")
    with serve(lambda request: answer(keys) if request.target == "/ssh/roots" else behave(request)) as ca:
        result = place.run(ca)
        assert "/1.0/ssh/sign" not in ca.targets
    assert result.status == 1
    assert "so it was not sent: ssh key: the CA has none for host certificates" in result.err


def test_a_time_that_the_ca_does_not_grant_is_not_asked_for(place: Place) -> None:
    """The provisioner's limits are public."""
    place = attrs.evolve(place, claims={"maxHostSSHCertDuration": "1h"})
    with serve(place.behave(b"")) as ca:
        result = place.run(ca, "--not-after", "2h")
        assert "/1.0/ssh/sign" not in ca.targets
    assert result.status == 1
    assert "so it was not sent: ssh duration: it would last for 2h1m0s" in result.err


@pytest.mark.usefixtures("no_terminal")
def test_a_password_is_wanted_before_anything_is_asked(place: Place) -> None:
    """Without a terminal the line says which options there are; the CA is asked nothing that costs the token."""
    with serve(place.behave(b"")) as ca:
        words = [word for word in WORDS if word not in ("--no-password", "--insecure")]
        result = invoke(*words, str(place.folder / "key"), *place.flags(ca))
        assert (result.status, ca.targets) == (2, [])
    assert "the password to encrypt the private key is needed" in result.err
    assert "--password-file" in result.err and "--no-password --insecure" in result.err


@pytest.mark.parametrize(
    "key", ["rubbish", "AAAA", "AAAAAQ==", "AAAAAv//", "/////w==", "", "AAAAC3NzaC1lZDI1NTE5 x", "Zm9v\nZm9v"]
)
def test_a_key_that_is_none_is_not_printed(place: Place, key: str) -> None:
    """One line says so."""
    with serve(lambda _: answer({"userKey": [KEY, key]})) as ca:
        result = invoke("ssh", "roots", *place.flags(ca, signs=False))
    assert (result.status, result.out) == (1, "")
    assert result.err.count("\n") == 1 and "one of its SSH keys is not a key" in result.err


@pytest.mark.parametrize("words", [[], ["--host"]], ids=["user", "host"])
def test_a_ca_without_ssh_says_so(place: Place, words: list[str]) -> None:
    """With what to do about it."""
    with serve(lambda _: answer({"status": 404, "message": "no keys found"}, 404)) as ca:
        result = invoke("ssh", "roots", *words, *place.flags(ca, signs=False))
    whose = "hosts" if words else "users"
    assert (result.status, result.out) == (1, "")
    assert f"has no key for certificates of {whose}: set up SSH at the CA" in result.err
