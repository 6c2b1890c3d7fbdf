"""Where the benchmark runs: the package installed as a user would, and a sandbox beside it."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import attrs
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.support.peer_programs import REPOSITORY, choose_port

INSTALLED = REPOSITORY / ".cache" / "bench"
"""A virtual environment with the built wheel, for a checkout installed for development starts slower."""


@attrs.frozen
class Place:
    """Everything that the parts of the benchmark share.

    Attributes:
        python: Interpreter that has step-ott and the libraries to compare with.
        folder: Temporary; its `step` is a step path, its `key.pem` a plaintext P-256 key.
        environment: Of every process that is measured and uses the step path.
        url: Of the sandbox's CA.
    """

    python: str
    folder: Path
    environment: Mapping[str, str]
    url: str

    @property
    def own(self) -> list[str]:
        """The words that step-ott begins with."""
        return [self.python, "-m", "step_ott"]

    @property
    def bare_environment(self) -> dict[str, str]:
        """The same without a step path, for what is `declared`."""
        return {**self.environment, "STEPPATH": "/nonexistent"}

    @property
    def password(self) -> list[str]:
        """The flag for the file with the password of the sandbox's key, which step does not find by itself."""
        return ["--provisioner-password-file", str(self.folder / "step" / "secrets" / "password")]

    @property
    def declared(self) -> list[str]:
        """The flags by which a token needs no ca.json: the key is the plaintext one, which takes no time to open."""
        words = ["--offline", "--issuer", "me", "--key", str(self.folder / "key.pem"), "--ca-url", "ca.example.com"]
        return [*words, "--root", str(self.folder / "step" / "certs" / "root_ca.crt")]


@contextmanager
def prepare_place() -> Iterator[Place]:
    """Install what is measured, and give a place that is gone after the block."""
    python = _install_wheel()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = {"PATH": os.environ["PATH"], "HOME": name, "STEPPATH": f"{name}/step"}
        key = ec.generate_private_key(ec.SECP256R1())
        (folder / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        yield Place(python, folder, environment, _write_sandbox(python, folder, environment))


def _install_wheel() -> str:
    """Install the package as a user would, and return the interpreter that has it."""
    python = INSTALLED / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(INSTALLED)], check=True)
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--upgrade"]
    subprocess.run([*command, f"{REPOSITORY}[bench]"], check=True)
    subprocess.run([*command, "--force-reinstall", "--no-deps", str(REPOSITORY)], check=True)
    return str(python)


def _write_sandbox(python: str, folder: Path, environment: Mapping[str, str]) -> str:
    """Write a sandbox into `folder`/step and return its CA's address."""
    address = f"127.0.0.1:{choose_port()}"
    words = [python, "-m", "step_ott", "sandbox", str(folder / "step"), "--address", address]
    subprocess.run(words, env=environment, check=True, capture_output=True, cwd="/")
    return f"https://{address}"
