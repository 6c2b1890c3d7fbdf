"""What hostile servers answer to who renews, rekeys or revokes: nothing of it replaces what is there."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.support.hostile_ca import Behaviour, Credential, Request, answer, issue, root, serve
from tests.support.provisioned_ca import Held, hold_leaf, issue_leaf
from tests.support.running import Result, invoke

NAME = "web.test"


@attrs.frozen
class Scene:
    """A certificate by the root of the hostile server, and its files."""

    held: Held
    folder: Path

    def run(self, url: str, *words: str) -> Result:
        """Run a command against the server."""
        reach = ("--ca-url", url, "--root", str(self.folder / "root.crt"), "--timeout", "5s")
        return invoke("ca", *words, *reach, environment={"STEPPATH": str(self.folder / "none")})

    def renew(self, url: str, *words: str) -> Result:
        """Renew the certificate in its place."""
        return self.run(url, "renew", str(self.held.certificate), str(self.held.key), "--force", *words)

    def content(self) -> dict[str, bytes]:
        """Return what is in the folder."""
        return {path.name: path.read_bytes() for path in self.folder.iterdir()}


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """A certificate and its key."""
    (tmp_path / "root.crt").write_bytes(root().pem)
    key = ec.generate_private_key(ec.SECP256R1())
    return Scene(hold_leaf(tmp_path, root().certificate, root().key, NAME, key=key), tmp_path)


def write(*certificates: Any) -> list[str]:
    """Return certificates in PEM."""
    return [certificate.public_bytes(Encoding.PEM).decode() for certificate in certificates]


def granted(*chain: str) -> bytes:
    """Return the answer with a chain."""
    return answer({"crt": chain[0], "ca": chain[-1], "certChain": list(chain)}, 201)


def write_key(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Return a key in PEM."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def same_key(scene: Scene, name: str = NAME, issuer: Credential | None = None, **wishes: Any) -> Any:
    """Return a certificate for the key that the scene has."""
    by = issuer or root()
    key = scene.held.leaf.public_key()
    return issue_leaf(by.certificate, by.key, type("Holder", (), {"public_key": lambda _: key})(), name, **wishes)


def other_key(name: str = NAME) -> Any:
    """Return a certificate for a key that nobody has asked for."""
    return issue_leaf(root().certificate, root().key, ec.generate_private_key(ec.SECP256R1()), name)


ANSWERS: dict[str, tuple[Callable[[Scene], bytes], str]] = {
    "another key": (lambda _: granted(*write(other_key())), "for another key"),
    "other names": (lambda scene: granted(*write(same_key(scene, "evil.test"))), "for other names"),
    "another root": (
        lambda scene: granted(*write(same_key(scene, issuer=issue("Evil", is_authority=True)))),
        "does not lead to the root",
    ),
    "expired": (lambda scene: granted(*write(same_key(scene, end=timedelta(minutes=-1)))), "has expired"),
    "not valid yet": (
        lambda scene: granted(*write(same_key(scene, begin=timedelta(hours=1), end=timedelta(hours=2)))),
        "not valid yet",
    ),
    "the old one": (lambda scene: granted(*write(scene.held.leaf)), "that there is already"),
    "no chain": (lambda scene: granted(*write(same_key(scene), other_key())), "no chain"),
    "two in one": (lambda scene: granted("".join(write(same_key(scene), root().certificate))), "in the place of one"),
    "no certificate": (lambda _: granted("hello"), "something else than certificates"),
    "numbers": (lambda _: answer({"certChain": [1, 2]}, 201), "no chain of certificates"),
    "an empty object": (lambda _: answer({}, 201), "no chain of certificates"),
    "a list": (lambda _: answer([], 201), "no chain of certificates"),
    "no JSON": (lambda _: answer(b"<html>", 201), "no chain of certificates"),
    "nothing": (lambda _: b"", ""),
    "half": (lambda scene: granted(*write(same_key(scene)))[:-40] + b"", ""),
    "too much": (lambda _: answer(b"x" * ((1 << 20) + 1), 201), "is over 1048576 bytes"),
    "a redirect": (lambda _: answer({}, 307, Location="https://evil.test/"), "redirects the request"),
    "401": (lambda _: answer({"status": 401, "message": "no"}, 401), "refuses the request with status 401"),
    "500": (lambda _: answer({"status": 500, "message": "oh"}, 500), "status 500"),
    "503": (lambda _: answer(b"busy", 503), "status 503"),
}


def behave(told: bytes) -> Behaviour:
    """Answer posts so; of the rest there is nothing."""

    def tell(request: Request) -> bytes | list[bytes]:
        if request.target.startswith("/1.0/re"):
            return [told, b""]  # and then the connection ends
        return answer({"provisioners": []}) if request.target.startswith("/provisioners") else answer({}, 404)

    return tell


@pytest.mark.parametrize("command", ["renew", "rekey"])
@pytest.mark.parametrize("name", ANSWERS)
def test_what_is_not_the_certificate_replaces_nothing(name: str, command: str, scene: Scene) -> None:
    """The error says what it is in one line, the files stay as they were, and the CA was asked once."""
    make, reason = ANSWERS[name]
    before = scene.content()
    with serve(behave(make(scene))) as server:
        words = (command, str(scene.held.certificate), str(scene.held.key), "--force")
        got = scene.run(server.url, *words)
    assert (got.status, got.out) == (1, ""), got
    assert got.err.startswith("step-ott: ") and got.err.count("\n") == 1
    of_key = command == "rekey" and name in {"other names", "another root", "expired", "not valid yet", "the old one",
                                             "no chain"}  # fmt: skip
    assert ("for another key" if of_key else reason) in got.err, got.err
    assert scene.content() == before
    assert [target for target in server.targets if target.startswith("/1.0/")] == [f"/1.0/{command}"]


def test_the_right_answer_is_taken(scene: Scene) -> None:
    """The same scene with the certificate that was asked for."""
    with serve(behave(granted(*write(same_key(scene))))) as server:
        got = scene.renew(server.url)
    assert got.status == 0, got.err


def test_a_certificate_is_not_written_beside_another_key(scene: Scene) -> None:
    """Somebody replaces the key while the CA thinks: the error says so, and the certificate stays as it was."""
    before, other = scene.held.certificate.read_bytes(), write_key(ec.generate_private_key(ec.SECP256R1()))
    tell = behave(granted(*write(same_key(scene))))

    def meddle(request: Request) -> bytes | list[bytes]:
        scene.held.key.write_bytes(other)
        return tell(request)

    with serve(meddle) as server:
        got = scene.renew(server.url)
    assert (got.status, got.out) == (1, "")
    assert f"{scene.held.key} has become another key while {scene.held.certificate} was renewed" in got.err
    assert scene.held.certificate.read_bytes() == before


@pytest.mark.parametrize(
    "told", [answer({}, 403), answer({}, 500), b"", answer(b"", 307, Location="https://evil.test")]
)
def test_a_revocation_that_is_not_granted_is_an_error(told: bytes, scene: Scene) -> None:
    """And it is asked for once."""
    with serve(behave(told)) as server:
        words = ("revoke", "--cert", str(scene.held.certificate), "--key", str(scene.held.key))
        got = scene.run(server.url, *words)
    assert got.status == 1 and "Certificate with Serial Number" not in got.err
    assert server.targets.count("/1.0/revoke") == 1


def test_what_the_ca_says_is_escaped_and_bounded(scene: Scene) -> None:
    """Its message cannot act upon a terminal, nor fill it."""
    message = "\x1b[31m" + "x" * 5000 + "\u202e"
    with serve(behave(answer({"status": 401, "message": message}, 401))) as server:
        got = scene.renew(server.url)
    assert got.status == 1 and "\x1b" not in got.err and "\u202e" not in got.err and len(got.err) < 1200
    assert json.dumps(got.err)


def test_a_server_that_the_root_does_not_vouch_for_sees_no_certificate(scene: Scene) -> None:
    """TLS ends before the client shows anything."""
    evil = issue("evil", issue("Evil", is_authority=True), names=("127.0.0.1",))
    with serve(behave(b""), evil) as server:
        got = scene.renew(server.url)
    assert got.status == 1 and "certificate verify failed" in got.err
    assert server.targets == []
