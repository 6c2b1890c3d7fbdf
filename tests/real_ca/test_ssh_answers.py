"""What a CA may answer to requests about SSH: nothing but the certificate that was asked for is written."""

import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import attrs
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    SSHCertificateBuilder,
    SSHCertificateType,
    load_pem_private_key,
    load_ssh_public_key,
)

from domain.enroll.answer import CaAnswer
from domain.enroll.request import CaRequest
from domain.enroll.ssh_files import format_key
from entrypoints.wiring import ssh
from tests.support.running import invoke
from tests.support.ssh_scene import JWK, PLAIN, SshScene

OTHER = ec.generate_private_key(ec.SECP256R1())


@attrs.frozen
class Forger:
    """Answers to requests for certificates in the place of the CA, with its own keys.

    Attributes:
        folder: Where the CA has its keys.
        change: Changes what is signed, and by what.
        asked: What it was asked for.
        renewed: The key whose certificate is renewed, standard base64 of its wire bytes.
    """

    folder: Path
    change: Callable[[dict[str, Any]], None]
    asked: list[CaRequest] = attrs.field(factory=list)
    renewed: str = ""

    def put(self, request: CaRequest) -> CaAnswer:
        """Sign what is asked for, as it is changed."""
        self.asked.append(request)
        asked = {"certType": "host", "keyID": "host.test", "principals": ["host.test"], **request.members}
        line = asked.get("publicKey", self.renewed)
        key = load_ssh_public_key(format_key(line).encode())
        now = int(time.time())
        wanted = {
            "key": key, "type": asked["certType"], "key_id": asked["keyID"].encode(),
            "principals": [name.encode() for name in asked["principals"]], "begin": now - 60,
            "end": now + 3600, "signer": asked["certType"], "members": {}, "spoil": None, "options": (),
        }  # fmt: skip
        self.change(wanted)
        signer = wanted["signer"]
        if isinstance(signer, str):
            signer = load_pem_private_key((self.folder / f"ssh_{signer}_ca_key").read_bytes(), None)
        builder = (
            SSHCertificateBuilder()
            .public_key(wanted["key"])
            .serial(17)
            .type(SSHCertificateType.HOST if wanted["type"] == "host" else SSHCertificateType.USER)
            .key_id(wanted["key_id"])
            .valid_after(wanted["begin"])
            .valid_before(wanted["end"])
        )
        for name in wanted["options"]:
            builder = builder.add_critical_option(name, b"")
        names = wanted["principals"]
        builder = builder.valid_principals(names) if names else builder.valid_for_all_principals()
        certificate = builder.sign(signer)
        wire = bytearray(b64decode(certificate.public_bytes().split()[1]))
        if wanted["spoil"]:
            wire[-10] ^= 1
        return CaAnswer(201, {"crt": b64encode(bytes(wire)).decode(), **wanted["members"]})


def shift(name: str, seconds: int) -> Callable[[dict[str, Any]], None]:
    """Return a change of a time."""

    def change(wanted: dict[str, Any]) -> None:
        wanted[name] += seconds

    return change


def wish(**changes: Any) -> Callable[[dict[str, Any]], None]:
    return lambda wanted: wanted.update(changes)


FORGED: dict[str, tuple[Callable[[dict[str, Any]], None], str]] = {
    "another key": (wish(key=OTHER.public_key()), "is for another key"),
    "another type": (wish(type="user", signer="user"), "is a user certificate, not a host certificate"),
    "another name": (wish(principals=[b"other.test"]), "it is for other.test, not for host.test"),
    "one name more": (wish(principals=[b"host.test", b"other.test"]), "it is for host.test, other.test, not for"),
    "every name": (wish(principals=[]), "it is for whoever shows it, not for host.test"),
    "another identifier": (wish(key_id=b"root\x1b[2J"), "its key identifier is"),
    "a longer life": (shift("end", 86_400), "later than asked for"),
    "a later begin": (shift("begin", 660), "later than asked for"),
    "the past": (wish(begin=1, end=2), "has expired"),
    "another signer": (wish(signer=OTHER), "is not signed by a key that the CA publishes"),
    "the other signer of the CA": (wish(signer="user"), "is not signed by a key that the CA publishes"),
    "a broken signature": (wish(spoil=True), "the certificate that the CA answers with"),
    "no certificate": (wish(members={"crt": None}), "the CA answers with no SSH certificate"),
    "a number": (wish(members={"crt": 7}), "the CA answers with no SSH certificate"),
    "nothing": (wish(members={"crt": ""}), "the CA answers with no SSH certificate"),
    "a key": (wish(members={"crt": OTHER.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).split()[1]
                            .decode()}), "the CA answers with no SSH certificate"),
    "rubbish": (wish(members={"crt": "AAAA"}), "the CA answers with no SSH certificate"),
    "two lines": (wish(members={"crt": "ssh-ed25519 AAAA\nssh-ed25519 AAAA"}), "answers with no SSH certificate"),
}  # fmt: skip
WORDS = ("certificate", "--host", "host.test", "@key", "--not-before", "-1m", "--not-after", "1h", *PLAIN, *JWK)


@contextmanager
def forging(scene: SshScene, change: Callable[[dict[str, Any]], None], renewed: str = "") -> Iterator[Forger]:
    """Have requests answered by a forger."""
    forger = Forger(scene.ca.ca.path / "secrets", change, renewed=renewed)
    with mock.patch.object(ssh, "HttpsRequests", return_value=forger):
        yield forger


def test_the_forger_can_be_true(ssh_scene: SshScene) -> None:
    """What is not changed is taken."""
    with forging(ssh_scene, wish()):
        ssh_scene.get(*WORDS)
    assert ssh_scene.read("key-cert.pub")["Principals"] == "host.test"


@pytest.mark.parametrize(("change", "reason"), FORGED.values(), ids=FORGED)
def test_what_was_not_asked_for_is_refused(
    ssh_scene: SshScene, change: Callable[[dict[str, Any]], None], reason: str
) -> None:
    """One line says what is wrong, nothing is written, what was there stays, and nobody asks again."""
    old = {f"key{suffix}": f"old{suffix}" for suffix in ("", ".pub", "-cert.pub")}
    for name, content in old.items():
        (ssh_scene.folder / name).write_text(content)
    with forging(ssh_scene, change) as forger:
        result = ssh_scene.run(*WORDS, "--force")
    assert (result.status, result.out) == (1, "") and reason in result.err.splitlines()[-1]
    assert "\x1b" not in result.err and len(forger.asked) == 1
    assert {path.name: path.read_text() for path in ssh_scene.folder.iterdir()} == old


USER = ("certificate", "ann", "@key", "--no-agent", *PLAIN, *JWK)
OF_ITSELF: dict[str, tuple[Callable[[dict[str, Any]], None], str]] = {
    "options": (wish(options=(b"force-command", b"source-address")), "not asked for: force-command, source-address"),
    "an unknown option": (wish(options=(b"no\x1b@test",)), "does not know, and refuses: no\\x1b@test"),
}


@pytest.mark.parametrize(("change", "said"), OF_ITSELF.values(), ids=OF_ITSELF)
def test_critical_options_are_told(ssh_scene: SshScene, change: Callable[[dict[str, Any]], None], said: str) -> None:
    """A template of the CA's may want them, so that the certificate is kept."""
    with forging(ssh_scene, change):
        result = ssh_scene.get(*USER)
    assert "warning: the CA decides otherwise: it has critical options" in result.err and said in result.err
    assert (ssh_scene.folder / "key-cert.pub").exists()


UNASKED_TIMES = {
    "a begin in 300 days": (wish(begin=int(time.time()) + 300 * 86400, end=int(time.time()) + 301 * 86400), 1,
                            "is not valid yet"),
    "an end in 2051": (wish(end=2_556_144_000), 0, "later than by step-ca's usual limit"),
}  # fmt: skip


@pytest.mark.parametrize(("change", "status", "said"), UNASKED_TIMES.values(), ids=UNASKED_TIMES)
def test_times_that_nobody_asked_for_are_judged(
    ssh_scene: SshScene, change: Callable[[dict[str, Any]], None], status: int, said: str
) -> None:
    """One that is not valid yet is of no use; how long it may last is not public here, so that it is told."""
    with forging(ssh_scene, change):
        result = ssh_scene.run(*USER)
    assert (result.status, result.out) == (status, "") and said in result.err, result.err
    assert (ssh_scene.folder / "key-cert.pub").exists() is (status == 0)


def test_a_begin_that_was_asked_for_may_be_late(ssh_scene: SshScene) -> None:
    """By an option, and by the token."""
    soon = int(time.time()) + 7200
    words = ("--not-before", "2h")
    with forging(ssh_scene, wish(begin=soon, end=soon + 3600, principals=[b"ann"])):
        ssh_scene.get(*USER, *words)
        minted = invoke("token", "ann", "--ssh", "--principal", "ann", "--cert-not-before", "2h", *JWK,
                        environment=ssh_scene.ca.environment)  # fmt: skip
        (ssh_scene.folder / "token").write_text(minted.token)
        ssh_scene.get("certificate", "ann", "@two", "--no-agent", *PLAIN, "--token", ssh_scene.place("@token"))


def test_principals_that_nobody_named_are_told(ssh_scene: SshScene) -> None:
    """A token without any leaves them to the CA."""
    minted = invoke("token", "ann", "--ssh", *JWK, environment=ssh_scene.ca.environment)
    (ssh_scene.folder / "token").write_text(minted.token)
    with forging(ssh_scene, wish(principals=[b"root"])):
        result = ssh_scene.get("certificate", "ann", "@key", "--no-agent", *PLAIN, "--token", ssh_scene.place("@token"))
    assert "warning: the CA decides otherwise: it is for root, and no principals were asked for" in result.err


RENEWED: dict[str, tuple[Callable[[dict[str, Any]], None], str]] = {
    "a late begin": (wish(begin=int(time.time()) + 300 * 86400, end=int(time.time()) + 301 * 86400), "not valid yet"),
    "an option": (wish(options=(b"no@test",)), "has critical options that the one before does not have: no@test"),
    "a longer life": (shift("end", 86_400), "lasts longer than the one before"),
}


@pytest.mark.parametrize(("change", "reason"), RENEWED.values(), ids=RENEWED)
def test_a_renewed_certificate_is_like_the_one_before(
    ssh_scene: SshScene, change: Callable[[dict[str, Any]], None], reason: str
) -> None:
    """One that is not takes the place of nothing."""
    ssh_scene.get("certificate", "--host", "host.test", "@key", "--not-after", "1h", *PLAIN, *JWK)
    before, key = (ssh_scene.folder / "key-cert.pub").read_text(), ssh_scene.public("key.pub").split()[1]
    with forging(ssh_scene, change, key):
        result = ssh_scene.run("renew", "--force", "@key-cert.pub", "@key")
    assert (result.status, result.out) == (1, "") and reason in result.err, result.err
    assert (ssh_scene.folder / "key-cert.pub").read_text() == before
    with forging(ssh_scene, wish(), key):
        ssh_scene.get("renew", "--force", "@key-cert.pub", "@key")
    assert (ssh_scene.folder / "key-cert.pub").read_text() != before
