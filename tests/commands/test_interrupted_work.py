"""Ctrl-C while the program waits for a key to be derived, a device, a name server, a CA or a person to sign in."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from time import monotonic

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

from adapters.jose.jwe import seal_jwk
from adapters.jose.key_objects import generate_jwk
from domain.formats import json_text
from tests.support.hostile_ca import listen
from tests.support.hostile_keys import openssh, string
from tests.support.offline_place import OfflinePlace, prepare_place
from tests.support.peer_programs import REPOSITORY
from tests.support.running import PROCESS_SECONDS
from tests.support.softhsm import SoftHsm

PATIENCE_SECONDS = 15
"""Far more than an answer takes, and far less than the work, which is made to take minutes."""

BEGIN = """
import sys

def tell():
    print("working", file=sys.stderr, flush=True)

def work_long(*_, **__):
    import hashlib
    tell()
    hashlib.pbkdf2_hmac("sha256", b"", b"", 2**31 - 1)
"""
"""Minutes in a library that looks at no signals."""

LONG_PBKDF2 = """
from cryptography.hazmat.primitives.kdf import pbkdf2
PBKDF2HMAC = pbkdf2.PBKDF2HMAC

class LongPbkdf2:
    def __init__(self, algorithm, length, salt, iterations):
        self.derivation = PBKDF2HMAC(algorithm, length, salt, 2**31 - 1)

    def derive(self, password):
        tell()
        return self.derivation.derive(password)

pbkdf2.PBKDF2HMAC = LongPbkdf2
"""
LONG_BCRYPT = """
import bcrypt, domain.keys.openssh
kdf, domain.keys.openssh.MAX_BCRYPT_ROUNDS = bcrypt.kdf, 2**31

def tell_and_derive(*arguments, **options):
    tell()
    return kdf(*arguments, **options)

bcrypt.kdf = tell_and_derive
"""
LONG_LOGIN = "import adapters.keys.pkcs11\nadapters.keys.pkcs11.Login = work_long\n"
LONG_LOOK_UP = "import socket\nsocket.getaddrinfo = work_long\n"
RUN = "from entrypoints.cli import run\nrun()\n"


@pytest.fixture
def place(tmp_path: Path) -> OfflinePlace:
    """A place to mint in without a CA, with a password."""
    (tmp_path / "password").write_text("secret")
    return prepare_place(tmp_path)


def start(program: str, place: OfflinePlace, *words: str) -> "subprocess.Popen[str]":
    """Mint a token in a process that says on stderr when it begins what takes long."""
    return subprocess.Popen(
        [sys.executable, "-c", f"{BEGIN}{program}{RUN}", "token", "a.test", *words], stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, cwd=REPOSITORY,
        env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", "STEPPATH": str(place.path / "step")} | hsm(),
    )  # fmt: skip


def hsm() -> dict[str, str]:
    """Return what SoftHSM needs of the environment."""
    return {name: value for name, value in os.environ.items() if name.startswith("SOFTHSM2")}


def check_answer(process: "subprocess.Popen[str]") -> None:
    """Interrupt a process that is in the middle of its long work: it ends at once, with a word."""
    assert process.stderr is not None
    with process:
        try:
            assert "working\n" in iter(process.stderr.readline, ""), "it did not come so far"
            begin = monotonic()
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=PROCESS_SECONDS)
        finally:
            process.kill()
    print(f"answered after {monotonic() - begin:.3f} s")
    assert (process.returncode, out, err) == (130, "", "step-ott: interrupted\n")
    assert monotonic() - begin < PATIENCE_SECONDS


def sealed_jwk() -> bytes:
    return seal_jwk(json_text.serialize(generate_jwk()), b"secret", 1_000).encode()


def sealed_pkcs8() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))


def sealed_openssh() -> bytes:
    return openssh(string(b"ssh-ed25519") + string(bytes(32)), bytes(160), 1_000_000)


@pytest.mark.parametrize(
    ("patch", "make"),
    [(LONG_PBKDF2, sealed_jwk), (LONG_PBKDF2, sealed_pkcs8), (LONG_BCRYPT, sealed_openssh)],
    ids=["JWE", "PKCS#8", "OpenSSH"],
)
def test_ctrl_c_is_answered_while_a_key_is_derived(patch: str, make: object, place: OfflinePlace) -> None:
    """However many iterations a key asks for."""
    assert callable(make)
    (place.path / "key.pem").write_bytes(make())
    check_answer(start(patch, place, *place.flags, "--password-file", str(place.path / "password")))


def test_ctrl_c_is_answered_while_a_device_is_asked(place: OfflinePlace, softhsm: SoftHsm) -> None:
    """A login may wait for a person at the device."""
    words = [word for word in place.flags if word not in ("--key", str(place.path / "key.pem"))]
    with pytest.MonkeyPatch.context() as patch:
        for name, value in softhsm.environment.items():
            patch.setenv(name, value)
        process = start(LONG_LOGIN, place, *words, *softhsm.flags(softhsm.make("P-256")))
    check_answer(process)


def test_ctrl_c_is_answered_while_a_name_is_looked_up(place: OfflinePlace) -> None:
    """A name server that does not answer keeps nobody."""
    words = ["--ca-url", "ca.test", "--root", str(place.path / "root.crt")]
    check_answer(start(LONG_LOOK_UP, place, *words))


@pytest.mark.parametrize("answers", ["nothing", "half a handshake"])
def test_ctrl_c_is_answered_while_a_ca_is_silent(answers: str, place: OfflinePlace) -> None:
    """A connection that is taken, and then nothing."""
    with listen() as listener:
        listener.settimeout(PROCESS_SECONDS)
        words = ["--ca-url", f"127.0.0.1:{listener.getsockname()[1]}", "--root", str(place.path / "root.crt")]
        process = start("", place, *words)
        connection, _ = listener.accept()
        with connection:
            connection.recv(1)
            if answers != "nothing":
                connection.sendall(b"\x16\x03\x03\x00\x7a\x02")
            begin = monotonic()
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=PROCESS_SECONDS)
    assert (process.returncode, out, err) == (130, "", "step-ott: interrupted\n")
    assert monotonic() - begin < PATIENCE_SECONDS
