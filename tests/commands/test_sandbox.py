"""The sandbox: a step path that is whole, private and served by a real step-ca as it is."""

import json
import os
import socket
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from adapters.jose.envelope import parse_jwe
from tests.support.opened_jwe import open_jwe
from tests.support.peer_programs import REPOSITORY, RunningCa, choose_port, serve_ca
from tests.support.running import invoke, run_step

FILES = {
    "certs/root_ca.crt": 0o644,
    "certs/intermediate_ca.crt": 0o644,
    "certs/ssh_host_ca_key.pub": 0o644,
    "certs/ssh_user_ca_key.pub": 0o644,
    "config/ca.json": 0o644,
    "config/defaults.json": 0o644,
    "secrets/password": 0o600,
    "secrets/root_ca_key": 0o600,
    "secrets/intermediate_ca_key": 0o600,
    "secrets/ssh_host_ca_key": 0o600,
    "secrets/ssh_user_ca_key": 0o600,
}


def list_files(folder: Path) -> list[str]:
    """Return the files below a folder, by their path in it."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir())


def read_json(path: Path) -> dict[str, Any]:
    """Return the JSON object in a file."""
    value = json.loads(path.read_text())
    assert isinstance(value, dict)
    return value


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077], ids=oct)
def test_secrets_are_private_under_any_umask(umask: int, tmp_path: Path) -> None:
    """Keys and the password have mode 0600, folders 0700, and nothing else is written."""
    folder, before = tmp_path / "ca", os.umask(umask)
    try:
        assert invoke("sandbox", str(folder)).status == 0
    finally:
        os.umask(before)
    assert list_files(folder) == sorted(FILES)
    for name, mode in FILES.items():
        assert stat.S_IMODE((folder / name).stat().st_mode) == mode & ~umask, name
    for name in (".", "certs", "config", "secrets"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o700, name


def test_every_path_is_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative folder gives a sandbox that works from any other folder."""
    monkeypatch.chdir(tmp_path)
    assert invoke("sandbox", "some/../ca").status == 0
    config, defaults = (read_json(tmp_path / "ca" / "config" / f"{name}.json") for name in ("ca", "defaults"))
    paths = [config[key] for key in ("root", "crt", "key")] + list(config["ssh"].values())
    paths += [defaults["root"], defaults["ca-config"], defaults["step-ott"]["provisioner-password-file"]]
    for path in paths:
        assert path.startswith(f"{tmp_path}/ca/") and os.path.isfile(path), path
    assert config["db"]["dataSource"] == f"{tmp_path}/ca/db"


def test_the_provisioner_s_key_opens_with_the_password(sandbox_path: Path) -> None:
    """`encryptedKey` is PBES2 of 600,000 rounds, and the random password in the file opens it."""
    (provisioner,) = read_json(sandbox_path / "config" / "ca.json")["authority"]["provisioners"]
    header = parse_jwe(provisioner["encryptedKey"]).header
    assert (header["alg"], header["enc"], header["p2c"]) == ("PBES2-HS256+A128KW", "A256GCM", 600_000)
    password = (sandbox_path / "secrets" / "password").read_bytes().strip()
    assert len(password) >= 32
    opened = json.loads(open_jwe(provisioner["encryptedKey"], password))
    assert opened["kid"] == provisioner["key"]["kid"] and "d" in opened
    assert "d" not in provisioner["key"]
    assert provisioner["claims"] == {"enableSSHCA": True}


def test_the_chain_holds(sandbox_path: Path) -> None:
    """The intermediate is issued by the root, which the fingerprint in defaults.json names."""
    root, intermediate = (
        x509.load_pem_x509_certificate((sandbox_path / "certs" / f"{name}_ca.crt").read_bytes())
        for name in ("root", "intermediate")
    )
    intermediate.verify_directly_issued_by(root)
    root.verify_directly_issued_by(root)
    fingerprint = root.fingerprint(hashes.SHA256()).hex()
    assert read_json(sandbox_path / "config" / "defaults.json")["fingerprint"] == fingerprint


@pytest.mark.parametrize("occupant", ["a file", ".hidden", "a folder/"])
def test_a_folder_that_is_not_empty_is_refused(occupant: str, tmp_path: Path) -> None:
    """What is there already is not touched."""
    place = tmp_path / occupant.rstrip("/")
    place.mkdir() if occupant.endswith("/") else place.write_text("mine")
    result = invoke("sandbox", str(tmp_path))
    assert (result.status, result.out) == (1, "")
    assert f"the folder {tmp_path} is not empty" in result.err
    assert os.listdir(tmp_path) == [place.name]


@pytest.mark.parametrize("name", ["file", "file/below", "dangling"])
def test_a_place_that_can_be_no_folder_is_refused(name: str, tmp_path: Path) -> None:
    """A file, a place below one, and a link to nowhere are plain errors that leave all as it was."""
    (tmp_path / "file").write_text("mine")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    result = invoke("sandbox", str(tmp_path / name))
    assert (result.status, result.out) == (1, "") and str(tmp_path / name) in result.err
    assert sorted(os.listdir(tmp_path)) == ["dangling", "file"] and (tmp_path / "file").read_text() == "mine"


WITH_A_FULL_DISK = """
import resource, sys
from entrypoints.cli import main
resource.setrlimit(resource.RLIMIT_FSIZE, (600, 600))
sys.exit(main(["sandbox", sys.argv[1]]))
"""


@pytest.mark.parametrize("exists", [False, True])
def test_a_failure_takes_back_what_was_written(exists: bool, tmp_path: Path) -> None:
    """A disk that is full half-way leaves the folder as it was: empty, or not there."""
    folder = tmp_path / "ca"
    if exists:
        folder.mkdir()
    done = subprocess.run(
        [sys.executable, "-B", "-c", WITH_A_FULL_DISK, str(folder)], capture_output=True, text=True, cwd=REPOSITORY,
        timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (1, "")
    assert f"the sandbox {folder} cannot be written: File too large" in done.stderr
    assert folder.exists() == exists and (not exists or os.listdir(folder) == [])


def test_an_interruption_takes_back_what_was_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C leaves no half sandbox."""
    written: list[str] = []

    def interrupt(path: str, content: bytes, is_secret: bool) -> None:
        if written:
            raise KeyboardInterrupt
        written.append(path)
        write_file(path, content, is_secret)

    from adapters.output import sandbox

    write_file = sandbox._write_file
    monkeypatch.setattr(sandbox, "_write_file", interrupt)
    assert invoke("sandbox", str(tmp_path / "ca")).status == 130
    assert len(written) == 1 and os.listdir(tmp_path) == []


def test_step_ca_serves_it_and_step_likes_its_defaults(running_ca: RunningCa, step_program: str) -> None:
    """The real step finds address, root and provisioner with no flag but the password's file."""
    surroundings = {"STEPPATH": str(running_ca.path)}
    assert run_step(step_program, "ca", "health", environment=surroundings).out.strip() == "ok"
    (listed,) = json.loads(run_step(step_program, "ca", "provisioner", "list", environment=surroundings).out)
    assert (listed["type"], listed["name"]) == ("JWK", "sandbox@example.com")
    password = ["--provisioner-password-file", str(running_ca.path / "secrets" / "password")]
    token = run_step(step_program, "ca", "token", "a.test", *password, environment=surroundings)
    assert token.status == 0 and token.out.count(".") == 2, token.err


def has_ipv6() -> bool:
    """Return whether this machine has the IPv6 loopback address."""
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6 loopback address")
def test_a_sandbox_on_ipv6_is_served(step_ca_program: str, tmp_path: Path) -> None:
    """An IPv6 address gets its brackets where they belong, and a token is had from there."""
    folder, port = tmp_path / "ca", choose_port()
    assert invoke("sandbox", str(folder), "--address", f"[::1]:{port}", "--dns", "::1").status == 0
    assert read_json(folder / "config" / "ca.json")["dnsNames"] == ["::1"]
    with serve_ca(step_ca_program, folder, f"https://[::1]:{port}"):
        result = invoke("token", "a.test", environment={"STEPPATH": str(folder)})
        assert result.claims["aud"] == f"https://[::1]:{port}/1.0/sign"


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("[::1]:9000", "https://[::1]:9000"),
        ("10.1.2.3:9000", "https://10.1.2.3:9000"),
        (":9000", "https://127.0.0.1:9000"),
        ("0.0.0.0:9000", "https://127.0.0.1:9000"),
    ],
)
def test_the_listening_address_is_where_clients_go(address: str, url: str, tmp_path: Path) -> None:
    """Without --dns, defaults.json sends clients to the address that the CA listens at."""
    assert invoke("sandbox", str(tmp_path / "ca"), "--address", address).status == 0
    assert json.loads((tmp_path / "ca" / "config" / "defaults.json").read_text())["ca-url"] == url


def test_the_real_step_uses_tokens_in_it(running_ca: RunningCa, step_program: str, tmp_path: Path) -> None:
    """No setting of the sandbox's keeps step from getting a certificate of either sort by a token of step-ott's."""
    environment = {"STEPPATH": str(running_ca.path), "HOME": str(tmp_path)}
    ssh = invoke("token", "max", "--ssh", "--principal", "max", environment=environment).token
    words = ["max", str(tmp_path / "id"), "--token", ssh, "--no-password", "--insecure", "--no-agent"]
    done = run_step(step_program, "ssh", "certificate", *words, environment=environment)
    assert done.status == 0 and (tmp_path / "id-cert.pub").exists(), done.err
    x509_token = invoke("token", "web.test", environment=environment).token
    words = ["web.test", str(tmp_path / "crt"), str(tmp_path / "key"), "--token", x509_token]
    done = run_step(step_program, "ca", "certificate", *words, environment=environment)
    assert done.status == 0 and (tmp_path / "crt").exists(), done.err
