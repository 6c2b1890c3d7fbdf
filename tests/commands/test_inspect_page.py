"""docs/inspect.md: its example is real output, and its table names every member there is."""

import re
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding

from adapters.certificates.reader import CertificateReader
from domain.ca.url import CaUrl
from domain.certificates.x509_and_ssh import SshCertificate
from domain.formats import base64url
from domain.formats.duration import NANOSECONDS
from domain.formats.rfc3339 import parse_time
from domain.inspect.inspection import inspect_token
from domain.inspect.outline import HeaderCertificates
from domain.inspect.timeline import LINES, Timeline, draw_timeline
from domain.keys.jwk import PublicJwk
from domain.settings.print_form import TEXT
from domain.token.claims import Issuer, TokenRequest, compose_token
from domain.token.compact_jws import CompactJws, read_token
from domain.token.kind import Kind
from entrypoints.use_cases.inspect import read_header_certificates
from entrypoints.use_cases.report import render
from tests.edges.test_header_certificates import LOST
from tests.support.forged_nebula import Draft
from tests.support.offline_place import write_root
from tests.support.peer_programs import REPOSITORY

PAGE = (REPOSITORY / "docs" / "inspect.md").read_text()
MINTED = parse_time("2026-11-23T10:00:00Z") or 0
READ = MINTED + 48 * NANOSECONDS
KEY = PublicJwk({"kty": "EC", "crv": "P-256", "x": "", "y": ""}, "ES256")


def mint() -> CompactJws:
    """Return the token of the page's example, its signature left empty."""
    request = TokenRequest(
        kind=Kind.SIGN,
        subject="web.example.com",
        sans=("www.example.com", "10.0.0.7"),
        cnf=base64url.encode(bytes(range(32))),
    )
    issuer = Issuer(
        name="you@example.com",
        kid="4vn46fbZT68Uxfs9LBwHkTvrjEvxQqx-W8nnE-qDjts",
        ca_url=CaUrl("ca.example.com"),
        root_fingerprint=bytes(range(64, 96)).hex(),
    )
    token = compose_token(request, issuer, KEY, now=MINTED, jti=bytes(range(128, 160)).hex())
    return read_token(f"{token.signing_input()}.")


def block(name: str) -> str:
    """Return the text of one of the page's marked blocks."""
    found = re.search(rf"<!-- {name}: begin -->\n```text\n(.*?)```\n<!-- {name}: end -->", PAGE, re.DOTALL)
    assert found is not None
    return found[1]


def test_the_example_is_what_is_printed() -> None:
    """The page shows a token that was composed at a known moment, word for word."""
    assert block("example") == render(inspect_token(mint(), HeaderCertificates(), READ), TEXT)


def test_the_picture_is_what_is_drawn() -> None:
    """The page's timeline is that of its example, on 60 columns."""
    timeline = inspect_token(mint(), HeaderCertificates(), READ)["timeline"]
    assert isinstance(timeline, Timeline)
    assert block("timeline").splitlines() == draw_timeline(timeline, 60, LINES)


@pytest.fixture
def everything(tmp_path: Path) -> dict[str, Any]:
    """All facts that a token can hold."""
    chain = {"x5c": [b64encode(write_root(tmp_path / "root.crt", "root").public_bytes(Encoding.DER)).decode()]}
    body, _ = Draft(key=X25519PrivateKey.generate()).issue(2, Ed25519PrivateKey.generate())
    header = {"alg": "ES256", "kid": "k", "nebula": b64encode(body).decode(), **chain}
    claims = mint().claims | {
        "aud": ["https://ca.test/1.0/sign#x5c/a", "b"], "step": {"ssh": {}}, "user": {"a": 1},
    }  # fmt: skip
    read = read_header_certificates(header, CertificateReader())
    held = HeaderCertificates(
        read.chain, ["odd"], {"ssh_certificate": ("sshpop", SshCertificate(**LOST)), **read.others}
    )
    kubernetes = {"iss": "kubernetes/serviceaccount", "sub": "system:serviceaccount:a:b"}
    return inspect_token(CompactJws(header, kubernetes), held, READ) | inspect_token(
        CompactJws(header, claims), held, READ
    )


def test_the_table_names_every_member(everything: dict[str, Any]) -> None:
    """A member that is added, renamed or dropped shows in the page."""
    rows = re.findall(r"^\| (`.+?) \|", PAGE, re.MULTILINE)
    named = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
    assert sorted(named) == sorted(name for name in everything if name != "timeline")
