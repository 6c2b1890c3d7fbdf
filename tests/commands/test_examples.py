"""The programs in examples/ do what they say, at a real step-ca, and those that were long by hand are short."""

import asyncio
import io
import json
import os
import runpy
import sqlite3
import subprocess
import sys
import threading
import tokenize
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

import step_ott
from tests.support.ca_client import connect, general_name, make_csr, names_of
from tests.support.peer_programs import REPOSITORY, RunningCa, require_module
from tests.support.published_key import serve_with_key

EXAMPLES = REPOSITORY / "examples"
PROVISIONER = "sandbox@example.com"


def count_lines(text: str) -> int:
    """Return how many lines hold code: no blank ones, no comments, no docstrings."""
    silent = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
    lines: set[int] = set()
    before = tokenize.NEWLINE
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        is_docstring = token.type == tokenize.STRING and before in silent
        if token.type not in silent and not is_docstring:
            lines.update(range(token.start[0], token.end[0] + 1))
        before = token.type
    return len(lines)


def run(name: str) -> dict[str, Any]:
    return runpy.run_path(str(EXAMPLES / name))


@pytest.fixture(scope="module")
def password(running_ca: RunningCa) -> bytes:
    return (running_ca.path / "secrets" / "password").read_bytes().strip()


@pytest.fixture(scope="module")
def ca(running_ca: RunningCa) -> step_ott.CA:
    return step_ott.CA(running_ca.url, root=running_ca.path / "certs" / "root_ca.crt")


def sign(ca: RunningCa, token: str, *names: str) -> list[x509.GeneralName]:
    """Return the names in the certificate that the real CA gives for a token."""
    csr = make_csr("", [general_name(name) for name in names])
    return names_of(connect(ca).sign(csr, token).certificate)


@pytest.mark.parametrize("name", ["web_service.py", "own_http.py", "key_in_kms.py"])
def test_what_took_36_to_51_lines_by_hand_takes_under_12(name: str) -> None:
    """A handler of a web service, a certificate by one's own HTTP, and a signer of one's own are short programs."""
    assert count_lines((EXAMPLES / name).read_text()) < 12


def test_the_count_counts_code() -> None:
    """Blank lines, comments and docstrings are not counted; a string over two lines is."""
    assert (
        count_lines('"""Doc.\n\nstring."""\n\n# comment\nx = """a\nb"""  # c\n\n\ndef f():\n    "Doc."\n    return x\n')
        == 4
    )


def test_the_table_of_examples_is_whole() -> None:
    """docs/library.md points at every example."""
    page = (REPOSITORY / "docs" / "library.md").read_text()
    for path in EXAMPLES.rglob("*.py"):
        assert f"../examples/{path.relative_to(EXAMPLES)}" in page


def test_a_web_service_hands_tokens_to_its_hosts(running_ca: RunningCa, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host gets the token for its own name, many at once; without a name that the proxy gave, nobody gets one."""
    require_module("fastapi", "no FastAPI here: install the extra dev")
    httpx = require_module("httpx", "no httpx here: install the extra dev")
    monkeypatch.setenv("CA_URL", running_ca.url)
    monkeypatch.setenv("CA_ROOT", str(running_ca.path / "certs" / "root_ca.crt"))
    monkeypatch.setenv("CA_PASSWORD_FILE", str(running_ca.path / "secrets" / "password"))
    app = run("web_service.py")["app"]
    hosts = [f"host-{number}.example.com" for number in range(8)]

    async def ask(*names: str | None) -> list[Any]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://service") as client:
            headers = [{"X-Verified-Host": name} if name else {} for name in names]
            return await asyncio.gather(*(client.post("/token", headers=one) for one in headers))

    answers = asyncio.run(ask(*hosts))
    assert [answer.status_code for answer in answers] == [200] * 8
    for host, answer in zip(hosts, answers, strict=True):
        assert sign(running_ca, answer.text, host) == [x509.DNSName(host)]
    assert [answer.status_code for answer in asyncio.run(ask(None))] == [422]


def test_a_certificate_by_ones_own_http(running_ca: RunningCa, ca: step_ott.CA, password: bytes) -> None:
    """The key is that of the certificate, which the CA's intermediate one vouches for."""
    root = str(running_ca.path / "certs" / "root_ca.crt")
    issuer = ca.issuer(PROVISIONER, password=password)
    key, chain = run("own_http.py")["get_certificate"](issuer, root, "web.example.com")
    leaf, intermediate = x509.load_pem_x509_certificates(chain.encode())
    leaf.verify_directly_issued_by(intermediate)
    assert leaf.public_key() == key.public_key()
    assert names_of(leaf) == [x509.DNSName("web.example.com")]


class KeyService(ModuleType):
    """Stands for boto3, with one key of AWS's key service."""

    def __init__(self) -> None:
        super().__init__("boto3")
        self.key = ec.generate_private_key(ec.SECP256R1())

    def client(self, name: str) -> "KeyService":
        assert name == "kms"
        return self

    def get_public_key(self, KeyId: str) -> dict[str, bytes]:  # noqa: N803
        encoding = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        return {"PublicKey": self.key.public_key().public_bytes(*encoding)}

    def sign(self, **arguments: Any) -> dict[str, bytes]:
        message = arguments.pop("Message")
        assert arguments == {"KeyId": "alias/step", "MessageType": "RAW", "SigningAlgorithm": "ECDSA_SHA_256"}
        return {"Signature": self.key.sign(message, ec.ECDSA(hashes.SHA256()))}


def test_a_key_in_a_key_service(step_ca_program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A real step-ca whose provisioner has the service's public key signs for its tokens."""
    service = KeyService()
    monkeypatch.setitem(sys.modules, "boto3", service)
    path = tmp_path / "step"
    with serve_with_key(step_ca_program, path, "kms@example.com", service.key.public_key()) as running:
        ca = step_ott.CA(running.url, root=path / "certs" / "root_ca.crt")
        issuer = run("key_in_kms.py")["open_issuer"](ca, "kms@example.com", "alias/step")
        names = sign(running, issuer.token("web.example.com"), "web.example.com")
    assert names == [x509.DNSName("web.example.com")]


@pytest.fixture
def vault(password: bytes, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """A server that answers as HashiCorp Vault does, and the tokens that it was shown."""
    shown: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            shown.append(self.headers["X-Vault-Token"])
            is_known = shown[-1] == "known" and self.path == "/v1/secret/data/step-ca"
            self.send_response(200 if is_known else 403)
            self.end_headers()
            self.wfile.write(json.dumps({"data": {"data": {"password": password.decode()}}}).encode())

        def log_message(self, *arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("VAULT_ADDR", f"http://127.0.0.1:{server.server_port}")
    yield shown
    server.shutdown()
    server.server_close()


def test_a_password_from_a_secret_store(
    running_ca: RunningCa, ca: step_ott.CA, vault: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store is asked once for many tokens; what it refuses is the program's own error."""
    open_issuer = run("password_in_vault.py")["open_issuer"]
    monkeypatch.setenv("VAULT_TOKEN", "known")
    issuer = open_issuer(ca, PROVISIONER)
    for name in ("a.example.com", "b.example.com"):
        assert sign(running_ca, issuer.token(name), name) == [x509.DNSName(name)]
    assert vault == ["known"]
    monkeypatch.setenv("VAULT_TOKEN", "unknown")
    with pytest.raises(LookupError, match="Vault answered 403"):
        open_issuer(ca, PROVISIONER)


def test_a_fleet_from_a_database(running_ca: RunningCa, ca: step_ott.CA, password: bytes) -> None:
    """Each host without a token gets one, and what was issued is in the database; a second run has nothing to do."""
    database = sqlite3.connect(":memory:")
    database.execute("CREATE TABLE hosts (name TEXT PRIMARY KEY, address TEXT, jti TEXT, expires TEXT)")
    rows = [(f"host-{number}.example.com", f"10.0.0.{number}", None, None) for number in range(5)]
    database.executemany("INSERT INTO hosts VALUES (?, ?, ?, ?)", rows)
    issue, issuer = run("fleet.py")["issue_tokens"], ca.issuer(PROVISIONER, password=password)
    issued = dict(issue(database, issuer))
    assert sorted(issued) == [row[0] for row in rows]
    for name, address, jti, expires in database.execute("SELECT * FROM hosts"):
        assert (jti, expires) == (issued[name].jti, issued[name].expires_at.isoformat())
        assert sign(running_ca, issued[name], name, address) == [general_name(name), general_name(address)]
    assert list(issue(database, issuer)) == []
    database.close()


def test_a_pillar_of_salt(running_ca: RunningCa) -> None:
    """Each minion gets a token of its own, as a plain str, which is what Salt sends."""
    ext_pillar = run("salt_pillar.py")["ext_pillar"]
    where = {
        "url": running_ca.url,
        "root": str(running_ca.path / "certs" / "root_ca.crt"),
        "provisioner": PROVISIONER,
        "password_file": str(running_ca.path / "secrets" / "password"),
    }
    tokens = [ext_pillar(minion, {}, **where)["step_ca"]["token"] for minion in ("a.example.com", "b.example.com")]
    assert {type(token) for token in tokens} == {str}
    for minion, token in zip(("a.example.com", "b.example.com"), tokens, strict=True):
        assert sign(running_ca, token, minion) == [x509.DNSName(minion)]


def ask_ansible(running_ca: RunningCa, folder: Path, password_file: Path) -> subprocess.CompletedProcess[str]:
    """Return how a run of the real ansible ended that looks up a token."""
    call = (
        f"lookup('step_ott_token', 'web.example.com', url='{running_ca.url}', provisioner='{PROVISIONER}', "
        f"root='{running_ca.path}/certs/root_ca.crt', password_file='{password_file}', "
        "sans=['web.example.com', '10.0.0.7'])"
    )
    environment = {
        "ANSIBLE_LOOKUP_PLUGINS": str(EXAMPLES / "lookup_plugins"),
        "HOME": str(folder),
        "LC_ALL": "C.UTF-8",
        "PATH": os.environ["PATH"],
    }
    words = [sys.executable, "-m", "ansible", "adhoc", "localhost", "-m", "ansible.builtin.debug", "-a"]
    return subprocess.run(
        [*words, f"msg={{{{ {call} }}}}"],
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_lookup_plugin_of_ansible(running_ca: RunningCa, tmp_path: Path) -> None:
    """The real ansible finds it and gets a token; an error is Ansible's own, with what happened and what to do."""
    require_module("ansible", "no ansible-core here: install the extra dev")
    done = ask_ansible(running_ca, tmp_path, running_ca.path / "secrets" / "password")
    assert done.returncode == 0, done.stdout + done.stderr
    token = json.loads(done.stdout.partition("=> ")[2])["msg"]
    names = sign(running_ca, token, "web.example.com", "10.0.0.7")
    assert names == [x509.DNSName("web.example.com"), general_name("10.0.0.7")]
    (tmp_path / "wrong").write_bytes(b"wrong")
    refused = ask_ansible(running_ca, tmp_path, tmp_path / "wrong")
    assert refused.returncode != 0
    assert "password" in refused.stdout + refused.stderr
