"""Issuers in Python against the command line: the same request gives the same header and the same claims."""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import attrs
import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import step_ott
from domain.token.compact_jws import read_token
from tests.support.ca_client import general_name, make_csr, make_ssh_key
from tests.support.issuing import JWK, know_ca, open_jwk
from tests.support.provisioned_ca import SSHPOP, X5C, ProvisionedCa
from tests.support.running import invoke
from tests.support.ssh_hosts import get_certificate

CHANGING = {"jti"}


@attrs.frozen
class Sides:
    """The same provisioners, from both sides."""

    ca: ProvisionedCa
    folder: Path
    words: list[str]
    issuer: Any

    def agree(self, token: step_ott.Token, *words: str) -> None:
        """Check that the command line makes the same of its words, but for the identifier."""
        result = invoke("token", *words, *self.words, environment=self.ca.environment)
        told, claims = result.claims, read_token(token).claims  # numbers as their digits
        assert dict(token.header) == result.header
        assert {name: told[name] for name in told if name not in CHANGING} == {
            name: claims[name] for name in claims if name not in CHANGING
        }
        assert token.jti != told["jti"] and len(token.jti) == len(told["jti"])


@pytest.fixture(autouse=True)
def _still_time() -> Iterator[None]:
    """Let no time pass between the two."""
    now = int(datetime.now(UTC).timestamp()) * 10**9
    with mock.patch("adapters.machine.clock.SystemClock.now", return_value=now):
        yield


@pytest.fixture(scope="module")
def sides(provisioned_ca: ProvisionedCa, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Sides]:
    """Both sides of each type."""
    folder, ca = tmp_path_factory.mktemp("sides"), know_ca(provisioned_ca.ca)
    jwk = open_jwk(provisioned_ca.ca)
    (folder / "jwk").write_text(json.dumps(jwk))
    held = provisioned_ca.hold(folder, "web.test")
    jwk_words = ["--provisioner", JWK, "--key", str(folder / "jwk")]
    return {
        "JWK": Sides(provisioned_ca, folder, jwk_words, step_ott.JwkIssuer(ca, JWK, key=jwk)),
        "X5C": Sides(
            provisioned_ca,
            folder,
            ["--provisioner", X5C, *held.flags],
            step_ott.X5cIssuer(ca, held.certificate, held.key, name=X5C),
        ),
    }


TYPES = ["JWK", "X5C"]


@pytest.mark.parametrize("type_name", TYPES)
def test_the_two_agree_on_certificates(sides: dict[str, Sides], type_name: str) -> None:
    """With names of every type, times, user data, and bound to a CSR."""
    both = sides[type_name]
    issuer, csr = both.issuer, make_csr("web.test", [general_name("web.test")])
    path = both.folder / "csr"
    path.write_bytes(csr.public_bytes(Encoding.PEM))
    both.agree(issuer.token("web.test"), "web.test")
    sans = ["web.test", "10.0.0.7", "2001:db8::1", "ops@web.test", "spiffe://web.test/ns"]
    both.agree(issuer.token("web.test", sans=sans), "web.test", *(f"--san={san}" for san in sans))
    both.agree(issuer.token("web.test", csr=path), "web.test", "--cnf-file", str(path))
    user = {"team": "a", "number": 5, "deep": {"list": [1, None, True, "x"], "half": 0.5}}
    (both.folder / "user").write_text(json.dumps(user))
    both.agree(issuer.token("web.test", user=user), "web.test", "--set-file", str(both.folder / "user"))
    end = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=20)
    words = ["--not-before", "1m30s", "--not-after", f"{end:%Y-%m-%dT%H:%M:%SZ}"]
    both.agree(issuer.token("web.test", not_before=timedelta(seconds=90), not_after=end), "web.test", *words)


@pytest.mark.parametrize("type_name", TYPES)
def test_the_two_agree_on_ssh_certificates_and_revocations(sides: dict[str, Sides], type_name: str) -> None:
    """Of users and of hosts."""
    both = sides[type_name]
    issuer, line = both.issuer, make_ssh_key()
    (both.folder / "key.pub").write_text(line)
    end = datetime.now(UTC).replace(microsecond=500_000) + timedelta(hours=3)
    wishes: dict[str, Any] = {
        "principals": ["a", "b"], "public_key": line, "cert_not_before": timedelta(seconds=1), "cert_not_after": end,
    }  # fmt: skip
    words = ["--principal=a", "--principal=b", "--cnf-file", str(both.folder / "key.pub"), "--cert-not-before=1s"]
    words.append(f"--cert-not-after={end:%Y-%m-%dT%H:%M:%S.5Z}")
    both.agree(issuer.ssh_user_token("ada"), "ada", "--ssh")
    both.agree(issuer.ssh_user_token("ada", **wishes), "ada", "--ssh", *words)
    both.agree(issuer.ssh_host_token("web.test", **wishes), "web.test", "--ssh", "--host", *words)
    both.agree(issuer.revocation_token(123456), "123456", "--revoke")
    both.agree(issuer.revocation_token("0", not_after=timedelta(minutes=2)), "0", "--revoke", "--not-after=2m")
    if type_name == "JWK":
        both.agree(issuer.ssh_revocation_token((1 << 64) - 1), str((1 << 64) - 1), "--ssh", "--revoke")


def test_the_two_agree_on_what_certificates_ask_about_themselves(provisioned_ca: ProvisionedCa, tmp_path: Path) -> None:
    """SSHPOP's three kinds of request, and the renewal of an X.509 certificate."""
    ca, host = know_ca(provisioned_ca.ca), get_certificate(provisioned_ca, tmp_path)
    sshpop = step_ott.SshpopIssuer(ca, tmp_path / "host-cert.pub", tmp_path / "host")
    both = Sides(provisioned_ca, tmp_path, ["--provisioner", SSHPOP, *host.flags], sshpop)
    serial = str(host.serial)
    both.agree(sshpop.ssh_revocation_token(), serial, "--ssh", "--revoke")
    both.agree(sshpop.ssh_renewal_token(not_after=timedelta(minutes=7)), serial, "--ssh", "--renew", "--not-after=7m")
    both.agree(sshpop.ssh_rekey_token(), serial, "--ssh", "--rekey")
    held = provisioned_ca.hold(tmp_path, "web.test", extension=provisioned_ca.provisioner_extension(JWK))
    renewal = step_ott.RenewalIssuer(ca, held.certificate, held.key)
    Sides(provisioned_ca, tmp_path, held.flags, renewal).agree(renewal.renewal_token(), "--renew")


TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters=","), min_size=1, max_size=20).filter(
    lambda text: text.strip() == text and not text.startswith("-")
)
SECONDS = st.integers(0, 1500)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    subject=TEXTS,
    sans=st.lists(TEXTS, max_size=3),
    begin=st.none() | SECONDS,
    length=st.none() | st.integers(20, 3000),
    user=st.dictionaries(TEXTS, st.none() | st.booleans() | st.integers() | st.text(max_size=5), max_size=3),
)
def test_the_two_agree_on_whatever_is_asked(
    sides: dict[str, Sides], subject: str, sans: list[str], begin: int | None, length: int | None, user: dict[str, Any]
) -> None:
    """For any texts, times and data."""
    both = sides["JWK"]
    words: list[str] = [subject, *(f"--san={san}" for san in sans)]
    times: dict[str, timedelta] = {}
    if begin is not None:
        words.append(f"--not-before={begin}s")
        times["not_before"] = timedelta(seconds=begin)
    if length is not None:
        end = (begin or 0) + length
        words.append(f"--not-after={end}s")
        times["not_after"] = timedelta(seconds=end)
    if user:
        (both.folder / "some").write_text(json.dumps(user))
        words.append(f"--set-file={both.folder / 'some'}")
    both.agree(both.issuer.token(subject, sans=sans, user=user or None, **times), *words)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(key_id=TEXTS, principals=st.lists(TEXTS, max_size=3), seconds=st.integers(1, 10**7), is_host=st.booleans())
def test_the_two_agree_on_whatever_ssh_certificate_is_asked_for(
    sides: dict[str, Sides], key_id: str, principals: Sequence[str], seconds: int, is_host: bool
) -> None:
    """For any texts and times."""
    both = sides["JWK"]
    words = [key_id, "--ssh", *(["--host"] if is_host else []), *(f"--principal={one}" for one in principals)]
    ask = both.issuer.ssh_host_token if is_host else both.issuer.ssh_user_token
    token = ask(key_id, principals=principals, cert_not_after=timedelta(seconds=seconds))
    both.agree(token, *words, f"--cert-not-after={seconds}s")
