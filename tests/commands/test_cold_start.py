"""What each path loads: start-up time is import time, so every module has to be wanted."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
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
from entrypoints.process import take_over
take_over()
status = main(sys.argv[1:])
modules = sorted(set(sys.modules) - before)
classes = [
    f"{name}.{each.__name__}"
    for name in modules
    for each in vars(sys.modules[name]).values()
    if isinstance(each, type) and each.__module__ == name and "__attrs_attrs__" in vars(each)
]
print(json.dumps([status, modules, classes]), file=sys.stderr)
"""

OWN = {"adapters", "domain", "entrypoints"}
NEEDED = CORE - {"termcolor"}
TEXT_ALONE = {"attr", "attrs", *OWN}
NOT_ONLINE = {"asyncio", "cryptography.x509", "importlib.metadata", "subprocess"}
PATHS: Mapping[str, tuple[AbstractSet[str], AbstractSet[str], int, int]] = {
    "PEM offline": (NEEDED, set(), 84, 21),
    "sealed offline": (NEEDED | OF_CATTRS, set(), 87, 20),
    "online": (NEEDED | OF_CATTRS | {"urllib3"}, SLOW - NOT_ONLINE, 94, 20),
    "batch": (NEEDED, set(), 107, 32),
    "help": (TEXT_ALONE, set(), 29, 1),
    "completion": (TEXT_ALONE | {"fire"}, set(), 29, 1),
}
"""What may load on each path: packages outside the standard library, slow modules, and how many modules and attrs
classes of our own at the most. A path that needs more has to say here why; one that needs less lowers the number."""


def judge_load(path: str, words: Sequence[str], environment: dict[str, str]) -> None:
    """Hold what a command line loads to its row in `PATHS`."""
    third_party, slow, most_modules, most_classes = PATHS[path]
    modules, classes = _probe(words, environment)
    own = [name for name in modules if name.partition(".")[0] in OWN]
    ours = [name for name in classes if name.partition(".")[0] in OWN]
    assert list_third_party(modules) <= third_party
    assert list_slow(modules) <= slow
    assert len(own) <= most_modules, sorted(own)
    assert len(ours) <= most_classes, sorted(ours)


def list_loaded(words: Sequence[str], environment: dict[str, str]) -> set[str]:
    """Return the modules that a command line loads beyond those of a bare interpreter."""
    return _probe(words, environment)[0]


def _probe(words: Sequence[str], environment: dict[str, str]) -> tuple[set[str], set[str]]:
    """Return those modules, and the attrs classes in them."""
    done = subprocess.run(
        [sys.executable, "-S", "-c", PROBE, *words],
        capture_output=True,
        cwd=REPOSITORY,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), **environment},
        timeout=120,
        check=True,
    )
    status, modules, classes = json.loads(done.stderr.decode().splitlines()[-1])
    assert status == 0, done.stderr.decode()
    return set(modules), set(classes)


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
    judge_load("PEM offline", declared, {"STEPPATH": str(tmp_path)})


@pytest.mark.parametrize("way", ["declared", "ca.json"])
def test_only_the_types_at_hand_are_loaded(
    way: str, declared: list[str], sandbox: dict[str, str], tmp_path: Path
) -> None:
    """The table of provisioner types loads a class when settings or the CA's list are about it."""
    is_declared = way == "declared"
    words, environment = (
        (declared, {"STEPPATH": str(tmp_path)}) if is_declared else (["token", "foo", "--offline"], sandbox)
    )
    loaded = {name for name in list_loaded(words, environment) if name.startswith("domain.provisioners.")}
    assert loaded == {f"domain.provisioners.{name}" for name in ("base", "credential", "jwk", "types")}


def test_ca_json_offline_adds_cattrs(sandbox: dict[str, str]) -> None:
    """Reading ca.json and opening its JWE takes cattrs, and still no network and no X.509."""
    judge_load("sealed offline", ["token", "foo", "--offline"], sandbox)


def test_online_adds_urllib3(running_ca: RunningCa) -> None:
    """Asking the CA takes urllib3, and still no X.509."""
    judge_load("online", ["token", "foo"], {"STEPPATH": str(running_ca.path)})


def test_a_batch_adds_neither_a_bar_nor_anything_slow(declared: list[str], tmp_path: Path) -> None:
    """Without a terminal there is no tqdm, and workers need no multiprocessing."""
    (tmp_path / "hosts").write_text("foo\nbar\n" * 200)
    judge_load("batch", ["batch", str(tmp_path / "hosts"), *declared[2:]], {"STEPPATH": str(tmp_path)})


@pytest.mark.parametrize("words", [["--help"], ["token", "--help"]], ids=" ".join)
def test_help_loads_neither_fire_nor_cryptography(words: list[str]) -> None:
    """Help is text: nothing slow is needed to print it."""
    judge_load("help", words, {})


def test_completion_loads_neither_cryptography_nor_anything_slow() -> None:
    """A shell that reads its script at each start waits for Fire and attrs alone."""
    judge_load("completion", ["completion", "bash"], {})


def test_what_is_left_out_of_a_library_is_loaded_once_wanted() -> None:
    """A stand-in is no loss: whoever asks for more gets the real module, and so does who imports it later."""
    words = (
        "from entrypoints.lean_imports import OF_ATTRS, OF_FIRE, OF_HTTP, import_without;"
        "import_without('attrs', OF_ATTRS); import_without('fire', OF_FIRE); import_without('urllib3', OF_HTTP);"
        "import attrs, email.utils, fire.core, gettext, sys;"
        "assert 'calendar' not in sys.modules and 'importlib.metadata' not in sys.modules;"
        "assert email.utils.parsedate_to_datetime('Sat, 28 Nov 2026 16:00:00 GMT').timestamp() == 1795881600;"
        "import importlib.metadata; assert importlib.metadata.version('urllib3');"
        "assert 'fire.helptext' not in sys.modules and 'attr.validators' not in sys.modules;"
        "assert attrs.validators.instance_of(int) and fire.core.helptext.HelpText(print);"
        "import attr.validators, shutil; assert gettext.translation and shutil.which and attr.validators.in_;"
        "import dis, inspect; bits = {name: bit for bit, name in dis.COMPILER_FLAG_NAMES.items()};"
        "flags = {name[3:]: bit for name, bit in vars(inspect).items() if name[:3] == 'CO_'};"
        "assert flags and all(bits.get(name, bit) == bit for name, bit in flags.items());"
        "assert inspect.getsource(inspect.Traceback);"
        "assert attrs.__version_info__ >= (23,)"
    )
    subprocess.run([sys.executable, "-c", words], cwd=REPOSITORY, timeout=120, check=True)


def test_a_program_that_has_run_a_command_has_fire_and_argparse_whole() -> None:
    program = (
        "from entrypoints.cli import main\n"
        "main(['version'])\n"
        "import argparse, fire, gettext\n"
        "async def later(): return 'awaited'\n"
        "assert fire.Fire(later, command=[]) == 'awaited'\n"
        "gettext.gettext = gettext.ngettext = lambda *texts: 'translated'\n"
        "assert argparse._('usage: ') == argparse.ngettext('one', 'many', 2) == 'translated'\n"
    )
    subprocess.run([sys.executable, "-c", program], cwd=REPOSITORY, timeout=120, check=True)


def test_what_is_left_out_while_a_command_runs_is_there_once_wanted() -> None:
    """Functions, classes to ask about, and modules: each stands for the real one, which then takes its place."""
    words = (
        "import sys; from entrypoints.lean_imports import OF_CRYPTOGRAPHY, leaving_out\n"
        "with leaving_out(OF_CRYPTOGRAPHY):\n"
        "    from cryptography.hazmat.primitives import serialization\n"
        "    from cryptography.hazmat.primitives.asymmetric import ec, rsa, x448\n"
        "    key = ec.generate_private_key(ec.SECP256R1())\n"
        "    key.sign(b'', ec.ECDSA(__import__('cryptography').hazmat.primitives.hashes.SHA256()))\n"
        "    assert not {'bcrypt', 'bisect', 'dataclasses', '_bisect'} & set(sys.modules)\n"
        "    x448.X448PrivateKey.generate(); x448.X448PrivateKey.generate()\n"
        "    form = serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH\n"
        "    text = key.public_key().public_bytes(*form)\n"
        "    assert not isinstance(text, serialization.SSHCertificate)\n"
        "    assert serialization.load_ssh_public_key(text) == key.public_key()\n"
        '    assert not hasattr(rsa, "random") or rsa.random.random() < 1\n'
        "import cryptography.hazmat.primitives.serialization.ssh as ssh, random\n"
        "assert ssh.load_ssh_public_key(text) == key.public_key() and random.Random\n"
    )
    subprocess.run([sys.executable, "-c", words], cwd=REPOSITORY, timeout=120, check=True)


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


def test_nobody_else_loads_completion(declared: list[str], tmp_path: Path) -> None:
    """What shells ask is out of the way of a token, and of help."""
    for words in (declared, ["token", "--help"]):
        loaded = list_loaded(words, {"STEPPATH": str(tmp_path)})
        assert not [name for name in loaded if name.startswith("entrypoints") and "completion" in name]


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
    "adapters.sign_in.id_tokens", "adapters.sign_in.session", "adapters.sign_in.oidc",
    "adapters.sign_in.redirect_listener", "authlib", "joserfc", "webbrowser",
}  # fmt: skip


@pytest.mark.parametrize(
    "words", [["token", "foo", "--offline"], ["token", "--help"], ["doctor", "--offline"]], ids=" ".join
)
def test_only_a_sign_in_loads_what_it_takes(words: list[str], sandbox: dict[str, str]) -> None:
    """What the extra `oidc` brings stays out of the way of everything else."""
    assert list_loaded(words, sandbox) & OF_OIDC == set()
