"""The whole path, once: a sandbox, a real step-ca, a token, a certificate."""

from pathlib import Path

from tests.support.peer_programs import RunningCa
from tests.support.running import execute, run_step


def test_a_real_ca_signs_for_our_token(running_ca: RunningCa, step_program: str, tmp_path: Path) -> None:
    """A newcomer's first token gets a certificate with the subject as its name."""
    surroundings = {"STEPPATH": str(running_ca.path)}
    token = execute("token", "internal.example.com", environment=surroundings).token
    certificate, key = tmp_path / "a.crt", tmp_path / "a.key"
    got = run_step(
        step_program, "ca", "certificate", "internal.example.com", str(certificate), str(key), "--token", token,
        environment=surroundings,
    )  # fmt: skip
    assert got.status == 0, got.err
    assert b"BEGIN CERTIFICATE" in certificate.read_bytes()
