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
SAID = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 9\r\nConnection: close\r\n\r\nno mercy\n"

ANSWERS: dict[str, tuple[bytes | Behaviour, str]] = {
    "a fault of the CA's": (SAID, "status 500"),
    "busy": (answer({"status": 503, "message": "later"}, 503), "status 503 (later)"),
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

    def run(self, ca: HostileCa, *words: str) -> Result:
        key = self.folder.parent / "me.jwk"
        key.write_text(json.dumps(self.jwk))
        (self.folder.parent / "root.pem").write_bytes(root().pem)
        flags = ("--key", str(key), "--ca-url", ca.url, "--root", str(self.folder.parent / "root.pem"))
        return invoke(*WORDS, str(self.folder / "key"), *flags, *words)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    folder = tmp_path / "written"
    folder.mkdir()
    return Place(folder, generate_jwk())


@pytest.mark.parametrize(("at_last", "reason"), ANSWERS.values(), ids=ANSWERS)
def test_a_failure_is_told_and_not_repeated(place: Place, at_last: bytes | Behaviour, reason: str) -> None:
    """The token may have been used: the request is put once."""
    with serve(place.behave(at_last)) as ca:
        result = place.run(ca)
        asked = ca.targets
    assert (result.status, result.out) == (1, "")
    assert reason in result.err.splitlines()[-1] and "\x1b" not in result.err
    assert asked.count("/1.0/ssh/sign") == 1 and asked[-1] == "/1.0/ssh/sign"
    assert not list(place.folder.iterdir())


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
        key = place.folder.parent / "me.jwk"
        key.write_text(json.dumps(place.jwk))
        (place.folder.parent / "root.pem").write_bytes(root().pem)
        flags = ("--key", str(key), "--ca-url", ca.url, "--root", str(place.folder.parent / "root.pem"))
        result = invoke(*words, str(place.folder / "key"), *flags)
        assert (result.status, ca.targets) == (2, [])
    assert "the password to encrypt the private key is needed" in result.err
    assert "--password-file" in result.err and "--no-password --insecure" in result.err
