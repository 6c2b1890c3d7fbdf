"""The page about use from Python and the README's Python part run as they are written, at a real step-ca."""

import inspect
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

import step_ott
from tests.support.ca_client import connect, general_name, make_csr, make_ssh_key
from tests.support.option_table import README
from tests.support.peer_programs import REPOSITORY, RunningCa, choose_port, serve_ca
from tests.support.published_key import serve_with_key
from tests.support.running import invoke

PAGE = REPOSITORY / "docs" / "library.md"
WRITTEN_ADDRESS = "127.0.0.1:9000"


def list_code(path: Path) -> str:
    return "\n".join(re.findall(r"```python\n(.*?)```", path.read_text(), re.DOTALL))


class Vault:
    """Stands for the client of a key service, which signs in DER."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())

    def public_key(self) -> ec.EllipticCurvePublicKey:
        return self._key.public_key()

    def sign(self, message: bytes) -> bytes:
        return self._key.sign(message, ec.ECDSA(hashes.SHA256()))


@pytest.fixture(scope="module")
def vault() -> Vault:
    return Vault()


@pytest.fixture(scope="module")
def ca(vault: Vault, step_ca_program: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCa]:
    """A real step-ca that serves the folder `ca`, as the page has it, with the vault's key as a second provisioner."""
    path = tmp_path_factory.mktemp("page") / "ca"
    with serve_with_key(step_ca_program, path, "vault@example.com", vault.public_key()) as running:
        yield running


@pytest.fixture(scope="module")
def names(ca: RunningCa, vault: Vault) -> dict[str, Any]:
    """The names that the page's code leaves behind, run beside its sandbox, but for the port."""
    code = list_code(PAGE).replace(WRITTEN_ADDRESS, ca.url.removeprefix("https://"))
    found: dict[str, Any] = {"vault": vault}
    level = logging.getLogger("step_ott").level
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ca.path.parent)  # beside the page's `ca`
        exec(compile(code, str(PAGE), "exec"), found)  # the page's own code
    logging.getLogger("step_ott").setLevel(level)
    return found


def test_the_code_of_the_page_runs(names: dict[str, Any]) -> None:
    """Every piece runs in its order, and what it asserts holds."""
    assert list_code(PAGE).count("assert ") >= 11
    assert names["told"].names == ("web.example.com", "10.0.0.7")


def test_the_pages_tokens_are_good_at_the_real_ca(names: dict[str, Any], ca: RunningCa) -> None:
    """What the page makes for X.509, for SSH and for a revocation is taken; what is valid later, is later."""
    client = connect(ca)
    csr = make_csr("web.example.com", [general_name("web.example.com"), general_name("10.0.0.7")])
    assert client.sign(csr, names["token"]).status == 201
    assert client.sign(make_csr("web.example.com"), names["later"]).status == 401
    for name in ("for_a_user", "for_a_host", "shift"):
        assert client.sign_ssh(make_ssh_key(), names[name]).status == 201, name
    assert client.revoke(146103349666685108195655980390445292315, names["revocation"]).status == 200
    for number, token in enumerate(names["tokens"][:3]):
        assert client.sign(make_csr(f"host-{number}.example.com"), token).status == 201


def test_the_vaults_token_is_signed_by_the_real_ca(names: dict[str, Any], ca: RunningCa) -> None:
    """The page's signer over a key service: the CA gives the certificate."""
    csr = make_csr("db.example.com", [general_name("db.example.com")])
    assert connect(ca).sign(csr, names["from_vault"]).status == 201


def test_the_pages_test_is_one(names: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The test that the page shows passes by a sandbox that is judged in process."""
    from step_ott.sandbox import open_sandbox

    with open_sandbox(lambda: tmp_path, "in-process") as sandbox:
        names["test_a_host_gets_its_token"](sandbox)
    assert capsys.readouterr().out == "\n"


def test_the_table_of_issuers_is_true() -> None:
    """Each issuer that is public is in the table, with the methods that it has."""
    rows = re.findall(r"^\| (`\w+Issuer`[^|]*)\|[^|]*\| (.*) \|$", PAGE.read_text(), re.MULTILINE)
    table = {name: set(re.findall(r"`(\w+)`", methods)) for issuers, methods in rows
             for name in re.findall(r"`(\w+Issuer)`", issuers)}  # fmt: skip
    assert len(table) == 9
    public = {name for name in step_ott.__all__ if name.endswith("Issuer")}
    assert public <= set(table)
    for name in public:
        methods = inspect.getmembers(getattr(step_ott, name), inspect.isfunction)
        assert {method for method, _ in methods if method[0] != "_"} == table[name], name


def test_the_table_of_errors_is_true() -> None:
    """Each error that is public is in the page's table."""
    table = PAGE.read_text().partition("## Errors")[2].partition("## Logging")[0]
    told = {name for name in step_ott.__all__ if name.endswith("Error")} - {"TokenRefusedError"}
    assert told == set(re.findall(r"`(\w+Error)`", table))


def find_port() -> int:
    """Return the port that the README has, or another one where something listens there."""
    import socket

    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", 9000))
        except OSError:
            return choose_port()
    return 9000


def test_the_lines_of_the_readme_run(step_ca_program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The README's lines run beside `step-ca ca/config/ca.json`, and the real CA takes the token."""
    code = list_code(README)
    lines = [line for line in code.splitlines() if line]
    assert len(lines) == 6
    port, path = find_port(), tmp_path / "ca"
    monkeypatch.chdir(tmp_path)
    assert invoke("sandbox", "ca", "--address", f"127.0.0.1:{port}").status == 0
    found: dict[str, Any] = {}
    with serve_ca(step_ca_program, path, f"https://127.0.0.1:{port}") as running:
        exec(compile(code.replace(WRITTEN_ADDRESS, f"127.0.0.1:{port}"), str(README), "exec"), found)
        csr = make_csr("web.example.com", [general_name("web.example.com"), general_name("10.0.0.7")])
        assert connect(running).sign(csr, found["token"]).status == 201
        assert "PRIVATE KEY" in (tmp_path / "web.key").read_text()
        assert (tmp_path / "web.crt").read_text().count("BEGIN CERTIFICATE") == 2
