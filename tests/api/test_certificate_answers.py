"""Certificates in Python beside the command line, and what a CA answers that is not what was asked for."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

import step_ott
from tests.support.ca_client import general_name, make_csr
from tests.support.flag_words import names_flags
from tests.support.hostile_ca import answer, issue, root, serve
from tests.support.running import decode_part, invoke
from tests.support.signing_ca import (
    NAME,
    Asked,
    Signing,
    SigningCa,
    new_key,
    refuse,
    serve_signing_ca,
    sign_as_asked,
)

SANS = [NAME, "10.0.0.7", "ops@web.test", "spiffe://web.test/ns"]
CHANGING = {"jti", "cnf"}


def open_issuer(ca: SigningCa) -> step_ott.JwkIssuer:
    """Return the issuer of the CA's one provisioner."""
    return step_ott.CA(ca.server.url, root().pem).issuer("me", key=ca.folder / "provisioner.jwk")


def describe(asked: Asked) -> dict[str, Any]:
    """Return what a request says, but for the key, what is made of it, and the token's identifier."""
    csr, claims = asked.csr, decode_part(asked.members["ott"], 1)
    assert claims["cnf"]["x5rt#S256"]
    return {
        "members": {name: value for name, value in asked.members.items() if name not in ("csr", "ott")},
        "order": list(asked.members),
        "subject": csr.subject.public_bytes(),
        "extensions": [(one.critical, one.value.public_bytes()) for one in csr.extensions],
        "header": decode_part(asked.members["ott"], 0),
        "claims": {name: value for name, value in claims.items() if name not in CHANGING},
    }


def test_a_request_is_that_of_the_command_line(tmp_path: Path) -> None:
    """With names of every type, times, and template data: the same members, names and claims."""
    now = int(datetime.now(UTC).timestamp()) * 10**9
    with serve_signing_ca(tmp_path) as ca, mock.patch("adapters.machine.clock.SystemClock.now", return_value=now):
        words = [word for san in SANS for word in ("--san", san)]
        times = ["--not-before", "1m", "--not-after", "24h"]
        assert ca.run(*words, *times, "--set", "team=payments", "--set", "tier=1").status == 0
        open_issuer(ca).certificate(
            NAME, sans=SANS, not_before=timedelta(minutes=1), not_after=timedelta(hours=24),
            template_data={"team": "payments", "tier": 1},
        )  # fmt: skip
        assert ca.run("--force").status == 0
        open_issuer(ca).certificate(NAME)
        said = [describe(asked) for asked in ca.asked]
    assert said[0] == said[1]
    assert said[2] == said[3]
    assert said[0] != said[2]


def test_a_request_for_a_csr_is_that_of_the_command_line(tmp_path: Path) -> None:
    """Byte by byte, but for the token's identifier; a token from elsewhere goes as it is."""
    now = int(datetime.now(UTC).timestamp()) * 10**9
    csr = make_csr(NAME, [general_name(san) for san in SANS]).public_bytes(Encoding.PEM)
    (tmp_path / "web.csr").write_bytes(csr)
    with serve_signing_ca(tmp_path) as ca, mock.patch("adapters.machine.clock.SystemClock.now", return_value=now):
        where = ["--ca-url", ca.server.url, "--root", str(tmp_path / "root.crt")]
        words = ["ca", "sign", str(tmp_path / "web.csr"), str(tmp_path / "web.crt"), *where]
        nowhere = {"STEPPATH": "/nonexistent"}
        assert invoke(*words, "--key", str(tmp_path / "provisioner.jwk"), environment=nowhere).status == 0
        issuer = open_issuer(ca)
        issuer.sign(csr)
        token = issuer.token(NAME, sans=SANS)
        issuer.ca.sign(csr, token)  # type: ignore[attr-defined]
        assert describe(ca.asked[0]) == describe(ca.asked[1])
        assert ca.asked[0].members["csr"] == ca.asked[1].members["csr"] == csr.decode()
        assert ca.asked[2].members == {"csr": csr.decode(), "ott": token}


WRONG: dict[str, tuple[Signing, type[step_ott.StepOttError], str]] = {
    "another key": (lambda ca, asked: sign_as_asked(ca, asked, key=new_key()), step_ott.AuthorityError, "another key"),
    "other names": (
        lambda ca, asked: sign_as_asked(ca, asked, names=[x509.DNSName("evil.test")]),
        step_ott.AuthorityError, "is not for",
    ),
    "another root": (
        lambda ca, asked: ca.grant(ca.certify(asked, issuer=issue("Other", is_authority=True))),
        step_ott.AuthorityError, "does not lead to the root",
    ),
    "expired": (lambda ca, asked: sign_as_asked(ca, asked, end=timedelta(0)), step_ott.AuthorityError, "has expired"),
    "refused": (refuse(403, "--san \x1b[31m"), step_ott.AuthorityError, "refuses the request with status 403"),
    "not found": (refuse(404), step_ott.AuthorityError, "status 404"),
    "redirected": (lambda *_: answer({}, 301, Location="http://evil.test/"), step_ott.AuthorityError, "redirects"),
    "nothing": (lambda *_: answer({}, 201), step_ott.AuthorityError, "no chain of certificates"),
    "no JSON": (lambda *_: answer(b"x", 201), step_ott.AuthorityError, "no chain of certificates"),
    "no PEM": (lambda *_: answer({"certChain": ["x"]}, 201), step_ott.AuthorityError, "something else"),
    "busy": (refuse(503), step_ott.AuthorityError, "fails with status 503"),
    "closed": (lambda *_: b"", step_ott.LostAnswerError, ""),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
@pytest.mark.parametrize("way", ["certificate", "token", "csr"])
def test_a_wrong_answer_is_an_error_in_pythons_words(
    case: str, way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Nothing of it is returned; the error is public and complete, without flags, secrets, cause or output."""
    monkeypatch.setattr("entrypoints.use_cases.certificates.PAUSES", (0.0, 0.0))
    signing, error, words = WRONG[case]
    with serve_signing_ca(tmp_path, signing) as signer:
        issuer, csr = open_issuer(signer), make_csr(NAME, [general_name(NAME)]).public_bytes(Encoding.PEM)
        ca = step_ott.CA(signer.server.url, root().pem)
        calls: dict[str, Callable[[], object]] = {
            "certificate": lambda: issuer.certificate(NAME),
            "token": lambda: ca.certificate(issuer.token(NAME)),
            "csr": lambda: issuer.sign(csr),
        }
        with pytest.raises(error) as caught:
            calls[way]()
    told = str(caught.value).replace(r"--san \x1b[31m", "")
    assert words in told
    assert caught.value.what
    assert caught.value.fix
    assert not names_flags(told)
    assert caught.value.__suppress_context__
    assert all(asked.members["ott"] not in told for asked in signer.asked)
    if case in ("busy", "closed"):
        assert len({asked.members["ott"] for asked in signer.asked}) == (1 if way == "token" else 3)
    assert capfd.readouterr() == ("", "")


def test_a_busy_ca_is_asked_again_by_a_new_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """And the log says so; more names than were asked for are a caution there."""
    monkeypatch.setattr("entrypoints.use_cases.certificates.PAUSES", (0.0, 0.0))
    more = [x509.DNSName(NAME), x509.DNSName("more.test")]
    with (
        serve_signing_ca(tmp_path, refuse(503), lambda ca, asked: sign_as_asked(ca, asked, names=more)) as ca,
        caplog.at_level(logging.WARNING, "step_ott"),
    ):
        assert open_issuer(ca).certificate(NAME).names == ("more.test", NAME)
        assert len({asked.members["ott"] for asked in ca.asked}) == 2
    assert "trying again with a new token" in caplog.text
    assert "the certificate is also for more.test, which was not asked for" in caplog.text
    assert "PRIVATE" not in caplog.text


@pytest.mark.parametrize(
    "body", [answer({}, 201), answer(b"x", 200), answer({"message": "no"}, 401), answer({}, 503), b""]
)
def test_a_wrong_answer_to_a_renewal_is_an_error_in_pythons_words(
    body: bytes, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """The certificate stays as it is."""
    monkeypatch.setattr("adapters.ca.https_client.PAUSES", ())
    held = issue("web", root(), names=(NAME,))
    with serve(lambda _: body) as hostile, pytest.raises(step_ott.StepOttError) as caught:
        step_ott.CA(hostile.url, root().pem, timeout=timedelta(seconds=20)).renew(held.pem, held.key_pem)
    assert caught.value.what
    assert caught.value.fix
    assert not names_flags(str(caught.value))
    assert capfd.readouterr() == ("", "")
