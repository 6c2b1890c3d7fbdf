"""The examples in the help of `token`, run by a shell as they are written, on a CA with every type of provisioner.

What stands for the reader's own is put in its place before: the CA's address (https://ca.example.com), the
path of its root (/path/to/root_ca.crt), where Kubernetes mounts its token and, where a CA is asked, the kid of
its JWK provisioner. The files that examples name lie in the folder that they run in.
"""

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import attrs
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from adapters.jose.key_objects import generate_jwk
from domain.provisioners.k8ssa import TOKEN_PATH
from entrypoints.command_line.commands import TOKEN
from tests.support.browsing_person import COMMAND as PERSON
from tests.support.hostile_ca import answer, root, serve
from tests.support.hostile_provider import EMAIL, serve_provider
from tests.support.nebula_mesh import NEBULA, Mesh
from tests.support.opened_jwe import open_jwe
from tests.support.peer_programs import REPOSITORY
from tests.support.provisioned_ca import ProvisionedCa
from tests.support.running import PROCESS_SECONDS, Result, invoke
from tests.support.ssh_hosts import get_certificate

KID, ADDRESS, ROOT = "4vn46fbZT68Uxfs9LBwHkTvrjEvxQqx-W8nnE-qDjts", "https://ca.example.com", "/path/to/root_ca.crt"
EXAMPLE_EMAIL = "you@example.com"
SERIAL = "146103349666685108195655980390445292315"
FAR_FROM_ANY_CA = f"internal.example.com --offline --kid {KID} --issuer you@example.com --key provisioner.key"

OF_STEP = [
    "internal.example.com", f"--revoke {SERIAL}", "192.168.10.10", "foobar --san 1.1.1.1 --san hello.example.com",
    "--not-after 30m internal.example.com", "--not-before 30m --not-after 35m internal.example.com",
    "internal.smallstep.com --key token.key", f"internal.example.com --kid {KID} --ca-url {ADDRESS} --root {ROOT}",
    "internal.example.com --offline", f"{FAR_FROM_ANY_CA} --ca-url {ADDRESS} --root {ROOT}",
    f"--offline --revoke {SERIAL}", "max@smallstep.com --ssh", "my-remote.hostname --ssh --host",
    "--ssh --host --cnf-file internal.pub internal.smallstep.com", "--set field=value internal.example.com",
]  # fmt: skip
"""The words of the examples in the help of `step ca token` that step-ott's help has as well."""


def list_examples() -> list[str]:
    """Return the command lines of the examples, as the help shows them."""
    page = invoke("token", "--help").out.partition("\nExamples:\n")[2]
    return [text.strip()[2:] for text in re.findall(r"^    \$ (?:.*\\\n)*.*$", page, re.MULTILINE)]


def name_words(line: str) -> str:
    """Return what stands behind `step-ott token`, on one line."""
    program, command, *words = shlex.split(line.replace("\\\n", " "))
    assert (program, command) == ("step-ott", "token")
    return " ".join(words)


EXAMPLES = list_examples()


def test_the_help_shows_every_example_of_the_table() -> None:
    """The examples are all found in the text, each once."""
    assert len(EXAMPLES) == len(TOKEN.examples) == len(set(EXAMPLES))


def test_the_help_has_all_examples_of_step() -> None:
    """Whoever comes from `step ca token` finds every example that a JWK provisioner can serve."""
    assert set(map(name_words, EXAMPLES)) >= set(OF_STEP)


@attrs.frozen
class Place:
    """Where an example runs.

    Attributes:
        folder: The folder, with the files that examples name and a program `step-ott`.
        step_path: What STEPPATH says.
        texts: What stands in the place of the reader's own.
        browser: What BROWSER says.
    """

    folder: Path
    step_path: Path
    texts: dict[str, str]
    browser: str = ""

    def run(self, line: str) -> Result:
        """Run `line` by a shell."""
        for text, own in self.texts.items():
            line = line.replace(text, own)
        done = subprocess.run(
            ["/bin/sh", "-c", line],
            capture_output=True,
            cwd=self.folder,
            env={
                "PATH": str(self.folder),
                "HOME": "/nonexistent",
                "STEPPATH": str(self.step_path),
                "BROWSER": self.browser,
            },
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            timeout=PROCESS_SECONDS,
            check=False,
        )
        return Result(done.returncode, done.stdout.decode(), done.stderr.decode())


def read_provisioner(step_path: Path) -> dict[str, Any]:
    """Return the one provisioner of type JWK."""
    config = json.loads((step_path / "config" / "ca.json").read_text())
    (provisioner,) = (one for one in config["authority"]["provisioners"] if one["type"] == "JWK")
    assert isinstance(provisioner, dict)
    return provisioner


def write_held(ca: ProvisionedCa, folder: Path) -> None:
    """Write what its users hold: a certificate, an SSH host certificate, their keys, and a token of Kubernetes."""
    held = ca.hold(folder, "internal.example.com")
    held.certificate.rename(folder / "internal.crt")
    held.key.rename(folder / "internal.key")
    get_certificate(ca, folder)
    (folder / "host-cert.pub").rename(folder / "ssh_host_ecdsa_key-cert.pub")
    (folder / "host").rename(folder / "ssh_host_ecdsa_key")
    (folder / "kubernetes").write_text(ca.kubernetes_token() + "\n")


@pytest.fixture
def corporate(tmp_path: Path) -> Iterator[Place]:
    """A folder beside a CA whose users sign in at an identity provider, where the browser does so by itself."""
    (tmp_path / "config").mkdir()
    (tmp_path / "root.crt").write_bytes(root().pem)
    with serve_provider() as provider:
        listed = provider.members(name="corporate")
        with serve(lambda _: answer({"provisioners": [listed]})) as ca:
            defaults = {"ca-url": ca.url, "root": str(tmp_path / "root.crt")}
            (tmp_path / "config" / "defaults.json").write_text(json.dumps(defaults))
            yield Place(tmp_path, tmp_path, {EXAMPLE_EMAIL: EMAIL}, PERSON)


@pytest.fixture
def place(line: str, request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """A folder for the example, beside a CA with every type of provisioner; far from any there is no ca.json."""
    program = tmp_path / "step-ott"
    program.write_text(
        f'#!/bin/sh\nPYTHONPATH={shlex.quote(str(REPOSITORY))} exec {sys.executable} -m entrypoints.cli "$@"\n'
    )
    program.chmod(0o755)
    public = ec.generate_private_key(ec.SECP256R1()).public_key()
    (tmp_path / "internal.pub").write_bytes(public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH))
    (tmp_path / "provisioner.key").write_text(json.dumps(generate_jwk()))
    if "--issuer" in line:
        sandbox: Path = request.getfixturevalue("sandbox_path")
        return Place(tmp_path, tmp_path / "none", {ROOT: str(sandbox / "certs" / "root_ca.crt")})
    if "--nebula-cert" in line:
        mesh: Mesh = request.getfixturevalue("mesh")
        mesh.host(tmp_path, 2, "X25519", "internal.example.com")
        return Place(tmp_path, request.getfixturevalue("mesh_ca").ca.path, {})
    if "corporate" in line:
        corporate: Place = request.getfixturevalue("corporate")
        return corporate
    provisioned: ProvisionedCa = request.getfixturevalue("provisioned_ca")
    write_held(provisioned, tmp_path)
    ca = provisioned.ca
    provisioner = read_provisioner(ca.path)
    password = (ca.path / "secrets" / "password").read_bytes().strip()
    (tmp_path / "token.key").write_bytes(open_jwe(provisioner["encryptedKey"], password))
    return Place(
        tmp_path,
        ca.path,
        {
            ROOT: str(ca.path / "certs" / "root_ca.crt"),
            ADDRESS: ca.url,
            KID: provisioner["key"]["kid"],
            TOKEN_PATH: str(tmp_path / "kubernetes"),
        },
    )


@pytest.mark.parametrize("line", EXAMPLES, ids=map(name_words, EXAMPLES))
def test_an_example_runs_as_it_is_written(line: str, place: Place) -> None:
    """It prints a token of the kind and for the subject that it names, and says on stderr who made it."""
    result = place.run(line)
    claims, words = result.claims, name_words(line).split()
    if "--k8ssa-token-path" in words:
        assert result.token == (place.folder / "kubernetes").read_text().strip()
        return
    if "corporate" in words:
        assert claims["email"] == EMAIL and "(OIDC) [client: " in result.err
        return
    path = next((f"/{flag}" for flag in ("revoke", "renew", "rekey") if f"--{flag}" in words), "/sign")
    path = f"/1.0/ssh{path}" if "--ssh" in words else f"/1.0{path}"
    fragment = "#x5c/x5c-machines" if "--x5c-cert" in words and "--renew" not in words else ""
    fragment = f"#nebula/{NEBULA}" if "--nebula-cert" in words else fragment
    assert claims["aud"].endswith(path + ("#sshpop/sshpop" if "--sshpop-cert" in words else fragment))
    assert claims["sub"] in words or (claims["sub"] == "internal.example.com" and "--x5c-cert" in words)
    assert ("x5cInsecure" in result.header) is ("--x5c-cert" in words and "--renew" in words)
    sans = [word for flag, word in pairwise(words) if flag == "--san"] or [claims["sub"]]
    assert claims.get("sans") == (sans if path == "/1.0/sign" else None)
    assert result.err.startswith("✔ Provisioner: ")
    for flag, seen in (
        ("--host", claims.get("step", {}).get("ssh", {}).get("certType") == "host"),
        ("--cnf-file", claims.get("cnf")),
        ("--set", claims.get("user") == {"field": "value"}),
        ("--not-after", claims["exp"] - claims["iat"] in (1800, 2100)),
        ("--not-before", claims["nbf"] - claims["iat"] == 1800),
    ):
        assert bool(seen) or flag not in words, flag


@pytest.mark.parametrize("line", [line for line in EXAMPLES if name_words(line) == "internal.example.com --offline"])
def test_a_script_for_step_runs_with_the_program_replaced(line: str, place: Place) -> None:
    """`step-ott ca token` is the same command."""
    assert place.run(line.replace("step-ott token", "step-ott ca token")).claims["sub"] == "internal.example.com"
