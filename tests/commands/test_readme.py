"""The README tells the truth: its table of flags, its links, and the commands of its daily use."""

import re
import shlex
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from adapters.ca.root_file import read_certificates
from tests.support.ca_client import general_name, make_csr
from tests.support.option_table import README, insert
from tests.support.peer_programs import REPOSITORY, RunningCa
from tests.support.running import execute, invoke

PAGE = README.read_text()
LINKS = sorted(set(re.findall(r"\]\((?!https?:)([^)#]+)", PAGE)))
BLOCKS = "\n".join(re.findall(r"```shell\n(.*?)```", PAGE, re.DOTALL))
FINGERPRINT = "d9d0978692f1c7cc791f5c343ce98771900721405e834cd27b9502cc719f5097"
COMMANDS = re.findall(r"^step-ott (.+?)(?:\s+#.*)?$", BLOCKS, re.MULTILINE)


def test_the_table_of_flags_is_the_option_table() -> None:
    """The table has not drifted; `python -m tests.support.option_table` writes it anew."""
    assert insert(PAGE) == PAGE


@pytest.mark.parametrize("link", LINKS)
def test_every_link_leads_somewhere(link: str) -> None:
    """Every file that the README points at is in the repository."""
    assert (REPOSITORY / link).exists()


@pytest.mark.parametrize("target", ["demo", "test", "lint", "bench"])
def test_every_make_target_exists(target: str) -> None:
    """The README names no target that the Makefile does not have."""
    assert f"make {target}" in PAGE
    assert re.search(rf"^{target}:", (REPOSITORY / "Makefile").read_text(), re.MULTILINE)


@pytest.mark.parametrize("command", COMMANDS)
def test_the_commands_of_daily_use_work(
    command: str, running_ca: RunningCa, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every command that the README shows runs as it stands, but for the folder of its sandbox."""
    surroundings = {"STEPPATH": str(running_ca.path)}
    csr = make_csr("web.example.com", [general_name("web.example.com")])
    (tmp_path / "web.csr").write_bytes(csr.public_bytes(Encoding.PEM))
    monkeypatch.chdir(tmp_path)
    if command.startswith(("inspect", "verify")):
        words = ["token", "a", "--offline", "--output-file", "token.txt"]
        assert invoke(*words, environment=surroundings).status == 0
    (tmp_path / "hosts.txt").write_text("web.example.com\ndb.example.com\n")
    line, _, target = command.partition(" > ")
    root = read_certificates((running_ca.path / "certs" / "root_ca.crt").read_bytes())[0]
    names = ("hosts.txt", "certs")  # a batch is a process of its own, in another folder
    places = {"/tmp/ca": str(tmp_path / "new"), **{name: str(tmp_path / name) for name in names},
              "https://ca.example.com": running_ca.url, FINGERPRINT: sha256(root).hexdigest()}  # fmt: skip
    words = [places.get(word, word) for word in shlex.split(line)]
    run = execute if words[0] == "batch" else invoke  # a batch writes to the descriptor, past Python's stdout
    if words[:2] in (["ca", "renew"], ["ca", "revoke"]):
        made = invoke("ca", "certificate", "web.example.com", "web.crt", "web.key", environment=surroundings)
        assert made.status == 0, made.err
    result = run(*words, environment={"STEPPATH": str(tmp_path / "step")} if "bootstrap" in words else surroundings)
    assert result.status == 0, result.err
    assert result.out or not target, "nothing goes into the file"
