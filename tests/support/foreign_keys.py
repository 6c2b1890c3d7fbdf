"""Keys and containers made by other programs: openssl, ssh-keygen and the real step."""

import fcntl
import os
import pty
import select
import shutil
import subprocess
import termios
from pathlib import Path

import pytest

from tests.support.running import PROCESS_SECONDS, Result, run_step

PASSWORD = "correct horse"
PEM_KINDS = {
    "P-256": ("EC", "-pkeyopt", "ec_paramgen_curve:P-256"),
    "P-384": ("EC", "-pkeyopt", "ec_paramgen_curve:P-384"),
    "P-521": ("EC", "-pkeyopt", "ec_paramgen_curve:P-521"),
    "RSA": ("RSA", "-pkeyopt", "rsa_keygen_bits:2048"),
    "Ed25519": ("ED25519",),
}
"""Kinds of signing key, and what openssl's genpkey takes for each."""


def run_program(name: str, *words: str, stdin: bytes = b"") -> bytes:
    """Return the stdout of a program of the system, or leave the test out where there is none."""
    program = shutil.which(name)
    if program is None:
        pytest.skip(f"no {name} here: install it with the system's package manager")
    done = subprocess.run([program, *words], input=stdin, capture_output=True, timeout=PROCESS_SECONDS, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def make_pem(kind: str) -> bytes:
    """Return a new PKCS#8 key of one of `PEM_KINDS` from openssl."""
    algorithm, *options = PEM_KINDS[kind]
    return run_program("openssl", "genpkey", "-algorithm", algorithm, *options)


def publish_pem(pem: bytes) -> bytes:
    """Return the public half of a PEM key, as openssl sees it."""
    return run_program("openssl", "pkey", "-pubout", stdin=pem)


def make_ssh_key(path: Path, kind: str, password: str = "", *options: str) -> bytes:
    """Return a new OpenSSH private key from ssh-keygen; its public half is then in `path`.pub."""
    run_program("ssh-keygen", "-q", "-t", kind, "-f", str(path), "-N", password, "-C", "a comment", *options)
    return path.read_bytes()


def make_step_jwk(step: str, folder: Path, *options: str) -> tuple[Path, Path]:
    """Return the files of a new JWK from step, public and private; the latter plain or encrypted with PASSWORD."""
    public, private, password = folder / "public.json", folder / "private.json", folder / "password"
    password.write_text(PASSWORD + "\n")
    how = () if "--no-password" in options else ("--password-file", str(password))
    result = call_step(step, "crypto", "jwk", "create", str(public), str(private), "--force", *how, *options)
    assert result.status == 0, result.err
    return public, private


def call_step(step: str, *words: str, stdin: bytes = b"", step_path: Path = Path("/nonexistent")) -> Result:
    """Run the real step, with no settings unless a step path is named."""
    return run_step(step, *words, environment={"STEPPATH": str(step_path)}, stdin=stdin)


def seal_with_step(step: str, algorithm: str, encryption: str, content: bytes) -> str:
    """Return `content` as the JSON JWE of step under PASSWORD, which step asks for on a terminal."""
    leader, follower = pty.openpty()

    def take_terminal() -> None:
        os.setsid()
        fcntl.ioctl(follower, termios.TIOCSCTTY, 0)

    words = [step, "crypto", "jwe", "encrypt", "--alg", algorithm, "--enc", encryption]
    try:
        with subprocess.Popen(
            words,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={"PATH": os.environ["PATH"], "HOME": "/nonexistent"},
            preexec_fn=take_terminal,  # noqa: PLW1509  # step wants a controlling terminal; no threads here
        ) as process:
            assert process.stdin is not None and process.stderr is not None
            process.stdin.write(content)
            process.stdin.close()
            process.stdin = None
            _await_prompt(process.stderr.fileno(), leader, b"content encryption key")
            os.write(leader, f"{PASSWORD}\r".encode())
            out, err = process.communicate(timeout=PROCESS_SECONDS)
            assert process.returncode == 0, err.decode()
            return out.decode()
    finally:
        os.close(leader)
        os.close(follower)


def _await_prompt(error: int, terminal: int, prompt: bytes) -> None:
    seen = b""
    while prompt not in seen:
        ready, _, _ = select.select([error, terminal], [], [], PROCESS_SECONDS)
        pieces = [os.read(descriptor, 4096) for descriptor in ready]
        assert any(pieces), f"step ended without asking: {seen.decode()}"
        seen += b"".join(pieces)
