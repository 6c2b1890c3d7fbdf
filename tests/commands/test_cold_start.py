"""What each path loads: start-up time is import time, so every module has to be wanted."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.support.cloud_identities import be_amazon
from tests.support.forged_nebula import Draft, write_block, write_pem
from tests.support.metadata_service import serve_metadata
from tests.support.peer_programs import REPOSITORY, RunningCa
from tests.support.provisioned_ca import write_key
from tests.support.softhsm import SoftHsm

OF_CATTRS = {"cattr", "cattrs", "typing_extensions"}
CORE = {"adapters", "attr", "attrs", "cryptography", "domain", "entrypoints", "fire", "termcolor"}
NETWORK = {"socket", "ssl", "http", "urllib3", "email"}
SLOW = {
    "asyncio", "bcrypt", "concurrent", "cryptography.x509", "ctypes", "difflib", "email", "getpass", "http",
    "importlib.metadata", "logging", "multiprocessing", "pdb", "pydoc", "socket", "ssl", "subprocess", "tempfile",
    "unittest", "urllib3", "xml",
}  # fmt: skip
"""Modules that take long to load; a path may load those that its row below names, and no other."""

STANDARD = sys.stdlib_module_names
PROBE = """
import json, sys
before = set(sys.modules)
from entrypoints.cli import main
status = main(sys.argv[1:])
print(json.dumps([status, sorted(set(sys.modules) - before)]), file=sys.stderr)
"""


def list_loaded(words: Sequence[str], environment: dict[str, str]) -> set[str]:
    """Return the modules that a command line loads beyond those of a bare interpreter."""
    done = subprocess.run(
        [sys.executable, "-S", "-c", PROBE, *words],
        capture_output=True,
        cwd=REPOSITORY,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), **environment},
        timeout=120,
        check=True,
    )
    status, modules = json.loads(done.stderr.decode().splitlines()[-1])
    assert status == 0, done.stderr.decode()
    return set(modules)


def list_slow(modules: set[str]) -> set[str]:
    """Return those of `modules` that take long to load."""
    return {name for name in SLOW if name in modules}


def list_third_party(modules: set[str]) -> set[str]:
    """Return the packages outside the standard library that `modules` belong to, extension modules left out."""
    tops = {name.partition(".")[0] for name in modules}
    return {top for top in tops if top not in STANDARD and not top.startswith("_")}


@pytest.fixture
def declared(tmp_path: Path, sandbox_path: Path) -> list[str]:
    """A command line that says all itself, with a plaintext PEM key."""
    key = ec.generate_private_key(ec.SECP256R1())
    (tmp_path / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    root = sandbox_path / "certs" / "root_ca.crt"
    words = ["token", "foo", "--offline", "--issuer", "me", "--key", str(tmp_path / "key.pem")]
    return [*words, "--ca-url", "ca.example.com", "--root", str(root)]


def test_a_plaintext_key_offline_loads_the_least(declared: list[str], tmp_path: Path) -> None:
    """No JSON library, no network, no X.509: Fire, attrs and the signature alone."""
    modules = list_loaded(declared, {"STEPPATH": str(tmp_path)})
    assert list_third_party(modules) <= CORE | {"bcrypt", *OF_CATTRS}
    assert list_slow(modules) <= {"bcrypt"}  # cryptography's serialization takes it along


def test_ca_json_offline_adds_cattrs(sandbox: dict[str, str]) -> None:
    """Reading ca.json and opening its JWE takes cattrs, and still no network and no X.509."""
    modules = list_loaded(["token", "foo", "--offline"], sandbox)
    assert list_third_party(modules) <= CORE | {"bcrypt", *OF_CATTRS}
    assert list_slow(modules) & (NETWORK | {"cryptography.x509", "asyncio", "importlib.metadata"}) == set()


def test_online_adds_urllib3(running_ca: RunningCa) -> None:
    """Asking the CA takes urllib3, and still no X.509."""
    modules = list_loaded(["token", "foo"], {"STEPPATH": str(running_ca.path)})
    assert list_third_party(modules) <= CORE | {"bcrypt", "urllib3", *OF_CATTRS}
    assert list_slow(modules) & {"cryptography.x509", "asyncio", "subprocess"} == set()


def test_a_batch_adds_neither_a_bar_nor_anything_slow(declared: list[str], tmp_path: Path) -> None:
    """Without a terminal there is no tqdm, and workers need no multiprocessing."""
    (tmp_path / "hosts").write_text("foo\nbar\n" * 200)
    words = ["batch", str(tmp_path / "hosts"), *declared[2:]]
    modules = list_loaded(words, {"STEPPATH": str(tmp_path)})
    assert list_third_party(modules) <= CORE | {"bcrypt", *OF_CATTRS}
    assert list_slow(modules) <= {"bcrypt"}


@pytest.mark.parametrize("words", [["--help"], ["token", "--help"]], ids=" ".join)
def test_help_loads_neither_fire_nor_cryptography(words: list[str]) -> None:
    """Help is text: nothing slow is needed to print it."""
    modules = list_loaded(words, {})
    assert list_third_party(modules) <= {"adapters", "attr", "attrs", "domain", "entrypoints"}
    assert list_slow(modules) == set()


def test_completion_loads_neither_cryptography_nor_anything_slow() -> None:
    """A shell that reads its script at each start waits for Fire and attrs alone."""
    modules = list_loaded(["completion", "bash"], {})
    assert list_third_party(modules) <= CORE - {"cryptography"}
    assert list_slow(modules) == set()


@pytest.mark.parametrize(
    "words",
    [["fish", "token", "--"], ["zsh", "verify", "--for", ""], ["bash", "step-ott inspect --format=", ""],
     ["zsh", "token", "--context", ""], ["bash", "step-ott token --issuer ", ""]],
    ids=" ".join,
)  # fmt: skip
def test_what_shells_ask_loads_next_to_nothing(words: list[str], sandbox: dict[str, str]) -> None:
    """Each Tab waits for it: neither Fire, cryptography nor a network, and attrs only where names on disk are read."""
    modules = list_loaded(["__complete", *words], {**sandbox, "STEP_CA_URL": "https://192.0.2.1"})
    on_disk = {"adapters", "attr", "attrs"} if re.search("--context|--issuer", " ".join(words)) else set()
    assert list_third_party(modules) <= {"domain", "entrypoints"} | on_disk
    assert list_slow(modules) == set()
    assert on_disk or not modules & {"json", "typing", "inspect", "signal", "textwrap"}


def test_a_key_in_a_device_adds_python_pkcs11_alone(softhsm: SoftHsm, declared: list[str], tmp_path: Path) -> None:
    """The extra is loaded on this path, and on no other: the paths above have no room for it."""
    words = [word for word in declared if not word.endswith("key.pem") and word != "--key"]
    environment = softhsm.environment | {"STEPPATH": str(tmp_path)}
    modules = list_loaded([*words, *softhsm.flags(softhsm.make("P-256"))], environment)
    assert list_third_party(modules) <= CORE | {"asn1crypto", "cython_runtime", "pkcs11"}
    assert list_slow(modules) <= {"socket"}  # asn1crypto takes it along


def test_a_machine_in_a_cloud_offline_adds_urllib3(sandbox_path: Path, tmp_path: Path) -> None:
    """Asking who the machine is takes urllib3 beside ca.json, and neither X.509 nor a key."""
    config = json.loads((sandbox_path / "config" / "ca.json").read_text())
    config |= {"authority": {"provisioners": [{"type": "AWS", "name": "vms"}]}}
    config["root"] = str(sandbox_path / "certs" / "root_ca.crt")
    (tmp_path / "ca.json").write_text(json.dumps(config))
    words = ["token", "foo", "--offline", "--ca-config", str(tmp_path / "ca.json")]
    with serve_metadata(be_amazon()) as host:
        modules = list_loaded(words, {"STEPPATH": str(tmp_path), **host.environment()})
    assert list_third_party(modules) <= CORE | {"bcrypt", "urllib3", *OF_CATTRS}
    assert list_slow(modules) & {"cryptography.x509", "asyncio", "subprocess"} == set()
    assert "adapters.cloud_metadata" in modules


@pytest.mark.parametrize("words", [["token", "foo", "--offline"], ["doctor", "--help"]], ids=" ".join)
def test_nobody_else_loads_the_metadata_services(sandbox: dict[str, str], words: list[str]) -> None:
    """Only who mints for a machine in a cloud waits for their client."""
    assert "adapters.cloud_metadata" not in list_loaded(words, sandbox)


@pytest.mark.parametrize("kind", ["P-256", "X25519"])
def test_only_a_nebula_key_that_signs_by_xeddsa_loads_libsodium(kind: str, tmp_path: Path, sandbox_path: Path) -> None:
    """A P-256 key needs none of it, nor does any other path above; neither takes X.509 or a network."""
    key = ec.generate_private_key(ec.SECP256R1()) if kind == "P-256" else X25519PrivateKey.generate()
    body, _ = Draft(key=key, name="foo", issuer="ab" * 32).issue(2, Ed25519PrivateKey.generate())
    (tmp_path / "host.crt").write_bytes(write_pem(body, 2))
    secret = key.private_bytes_raw() if isinstance(key, X25519PrivateKey) else b""
    pem = write_block("NEBULA X25519 PRIVATE KEY", secret) if secret else write_key(key)
    (tmp_path / "host.key").write_bytes(pem)
    root = sandbox_path / "certs" / "root_ca.crt"
    words = ["token", "foo", "--offline", "--issuer", "me", "--ca-url", "ca.example.com", "--root", str(root)]
    words += ["--nebula-cert", str(tmp_path / "host.crt"), "--nebula-key", str(tmp_path / "host.key")]
    modules = list_loaded(words, {"STEPPATH": str(tmp_path)})
    extra = {"nacl", "cffi"} if kind == "X25519" else {"bcrypt"}
    assert list_third_party(modules) <= CORE | extra
    assert ("nacl" in modules) is (kind == "X25519")
    assert list_slow(modules) <= {"bcrypt"}


OF_OIDC = {
    "adapters.sign_in.browser", "adapters.sign_in.id_tokens", "adapters.sign_in.session", "adapters.sign_in.oidc",
    "adapters.sign_in.redirect_listener", "authlib", "joserfc", "webbrowser",
}  # fmt: skip


@pytest.mark.parametrize(
    "words", [["token", "foo", "--offline"], ["token", "--help"], ["doctor", "--offline"]], ids=" ".join
)
def test_only_a_sign_in_loads_what_it_takes(words: list[str], sandbox: dict[str, str]) -> None:
    """What the extra `oidc` brings stays out of the way of everything else."""
    assert list_loaded(words, sandbox) & OF_OIDC == set()
