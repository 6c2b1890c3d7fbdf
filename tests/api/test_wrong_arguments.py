"""Every argument of a CA, `inspect` and `verify`, with every wrong type: refused where it is given, by its name."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

import step_ott
from step_ott import CA, Endpoint, OfflineCA
from tests.support.ca_client import general_name, make_csr, make_ssh_key
from tests.support.flag_words import names_flags
from tests.support.hostile_ca import root
from tests.support.issuing import declare_for

CONFIG = {"dnsNames": ["ca.test"], "authority": {}}
TOKEN = "a.b.c" * 20
MINUTE = timedelta(minutes=1)


def call_ca(**given: Any) -> Any:
    return CA(**{"url": "ca.test", "root": root().pem, **given})


def call_fingerprint(**given: Any) -> Any:
    return CA.from_fingerprint(**{"url": "127.0.0.1:1", "fingerprint": "0d" * 32, **given})


def call_step_path(**given: Any) -> Any:
    return CA.from_step_path(**{"path": "/nonexistent", **given})


def call_offline(**given: Any) -> Any:
    return OfflineCA(**{"config": CONFIG, **given})


def call_inspect(**given: Any) -> Any:
    return step_ott.inspect(**{"token": TOKEN, **given})


def call_verify(**given: Any) -> Any:
    return step_ott.verify(**{"token": TOKEN, "ca": OfflineCA(CONFIG), "endpoint": Endpoint.SIGN, **given})


def call_ssh(**given: Any) -> Any:
    return call_verify(**{"endpoint": Endpoint.SSH_SIGN, **given})


def call_issuer(**given: Any) -> Any:
    return OfflineCA(CONFIG).issuer(**given)


KEY = ec.generate_private_key(ec.SECP256R1())
PEM = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
ISSUER = step_ott.JwkIssuer(declare_for(KEY), key=KEY)
"""Of a CA that does not run: whatever is fine ends in an error that says so."""

LINE = make_ssh_key()
CSR = make_csr("web.test", [general_name("web.test")]).public_bytes(Encoding.PEM)
ISSUED = {
    "certificate": root().pem.decode(), "chain": root().pem.decode(), "serial": 5, "names": ("web.test",),
    "not_before": datetime(2026, 1, 1, tzinfo=UTC), "not_after": datetime(2027, 1, 1, tzinfo=UTC),
}  # fmt: skip


def call_certificate(**given: Any) -> Any:
    return ISSUER.certificate(**{"subject": "web.test", **given})


def call_sign(**given: Any) -> Any:
    return ISSUER.sign(**{"csr": CSR, **given})


def call_revoke(**given: Any) -> Any:
    return ISSUER.revoke(**{"serial": 5, **given})


def call_given_token(**given: Any) -> Any:
    return CA("127.0.0.1:1", root().pem).certificate(**{"token": ISSUER.token("web.test"), **given})


def call_given_csr(**given: Any) -> Any:
    return CA("127.0.0.1:1", root().pem).sign(**{"csr": CSR, "token": ISSUER.token("web.test"), **given})


def call_renew(**given: Any) -> Any:
    return CA("127.0.0.1:1", root().pem).renew(**{"certificate": root().pem, "key": root().key_pem, **given})


def call_save(**given: Any) -> Any:
    issued = step_ott.IssuedCertificate(key=PEM, **ISSUED)
    return issued.save(**{"certificate_path": "web.crt", "key_path": "web.key", "replace": True, **given})


def call_save_chain(**given: Any) -> Any:
    return step_ott.SignedCertificate(**ISSUED).save(**{"certificate_path": "web.crt", "replace": True, **given})


def call_ssh_user(**given: Any) -> Any:
    return ISSUER.ssh_user_certificate(**{"public_key": LINE, "key_id": "ada", **given})


def call_save_ssh(**given: Any) -> Any:
    times = {name: ISSUED[name] for name in ("serial", "not_before", "not_after")}
    ssh = step_ott.SignedSshCertificate(line=LINE, key_id="ada", principals=("ada",), **times)
    return ssh.save(**{"certificate_path": "host-cert.pub", "replace": True, **given})


class Thing:
    """Of no type that anybody expects."""


WRONG: list[Any] = [
    None, True, 5, 5.0, "", "text", b"", b"bytes", [], ["item"], {}, {"a": 1}, Thing(), Thing, MINUTE, -MINUTE,
    timedelta(0), datetime(2026, 1, 1), print, iter(()), Endpoint.SIGN, 1 << 80, "\ud800", "nul\0", object,
]  # fmt: skip

FINE: dict[str, Callable[[Any], bool]] = {
    "nothing": lambda value: value is None,
    "text": lambda value: isinstance(value, str) and value not in ("", "\ud800", "nul\0"),
    "text or nothing": lambda value: value is None or value == "text",
    "source": lambda value: False,
    "mapping": lambda value: value is None or value == {},
    "timeout": lambda value: isinstance(value, timedelta) and value > timedelta(0),
    "timeout or nothing": lambda value: value is None or (isinstance(value, timedelta) and value > timedelta(0)),
    "moment": lambda value: value is None or isinstance(value, timedelta),
    "texts": lambda value: value in ([], ["item"]) or hasattr(value, "__next__"),
    "flag": lambda value: isinstance(value, bool),
    "new password": lambda value: value is None or value == b"bytes",
    "never": lambda value: False,
}
"""What of these is fine: then another argument's fault, or the CA's, is what happens."""

ARGUMENTS: list[tuple[Callable[..., Any], str, str]] = [
    (call_ca, "url", "text"), (call_ca, "root", "source"),
    (call_ca, "timeout", "timeout"), (call_ca, "request_timeout", "timeout"), (call_ca, "environ", "mapping"),
    (call_fingerprint, "url", "never"), (call_fingerprint, "fingerprint", "never"),
    (call_fingerprint, "timeout", "never"), (call_fingerprint, "request_timeout", "never"),
    (call_fingerprint, "environ", "never"),
    (call_step_path, "path", "never"), (call_step_path, "context", "never"), (call_step_path, "timeout", "never"),
    (call_step_path, "request_timeout", "never"), (call_step_path, "environ", "never"),
    (call_offline, "config", "source"), (call_offline, "url", "text or nothing"), (call_offline, "root", "nothing"),
    (call_offline, "environ", "mapping"),
    (call_inspect, "token", "never"), (call_inspect, "at", "never"),
    (call_verify, "token", "never"), (call_verify, "ca", "never"), (call_verify, "endpoint", "never"),
    (call_verify, "csr", "never"), (call_verify, "at", "never"),
    (call_ssh, "cert_type", "never"), (call_ssh, "key_id", "never"), (call_ssh, "principals", "never"),
    (call_issuer, "name", "never"), (call_issuer, "key_id", "never"), (call_issuer, "password", "never"),
    (call_issuer, "key", "never"),
    (call_certificate, "subject", "never"), (call_certificate, "sans", "never"),
    (call_certificate, "key_kind", "never"), (call_certificate, "not_before", "never"),
    (call_certificate, "not_after", "never"),
    (call_certificate, "template_data", "never"),
    (call_sign, "csr", "never"), (call_sign, "not_before", "never"), (call_sign, "not_after", "never"),
    (call_sign, "template_data", "never"),
    (call_revoke, "serial", "never"), (call_revoke, "reason", "never"), (call_revoke, "reason_code", "never"),
    (call_given_token, "token", "never"), (call_given_token, "subject", "never"), (call_given_token, "sans", "never"),
    (call_given_token, "key_kind", "never"), (call_given_token, "not_after", "never"),
    (call_given_csr, "csr", "never"), (call_given_csr, "token", "never"), (call_given_csr, "not_before", "never"),
    (call_renew, "certificate", "never"), (call_renew, "key", "never"), (call_renew, "password", "never"),
    (call_save, "certificate_path", "text"), (call_save, "key_path", "text"), (call_save, "replace", "flag"),
    (call_save, "password", "new password"),
    (call_ssh_user, "public_key", "never"), (call_ssh_user, "key_id", "never"), (call_ssh_user, "principals", "never"),
    (call_ssh_user, "not_before", "never"), (call_ssh_user, "not_after", "never"),
    (call_ssh_user, "template_data", "never"),
    (call_save_ssh, "certificate_path", "text"), (call_save_ssh, "replace", "flag"),
    (call_save_chain, "certificate_path", "text"), (call_save_chain, "replace", "flag"),
]  # fmt: skip
"""Each argument, and which of the values it takes where the call succeeds with it; "never" where the call then
fails for another reason, which is an error of the tree as well."""


def list_cases() -> Iterator[Any]:
    for call, argument, fine in ARGUMENTS:
        for number, value in enumerate(WRONG):
            if (call, argument, value) == (call_fingerprint, "url", "text"):
                continue  # a name that a network might know
            name = f"{call.__name__.removeprefix('call_')}-{argument}-{number}-{type(value).__name__}"
            yield pytest.param(call, argument, value, FINE[fine](value), id=name)


@pytest.mark.parametrize(("call", "argument", "value", "fine"), [*list_cases()])
def test_a_wrong_argument_is_refused_by_its_name(
    call: Callable[..., Any], argument: str, value: Any, fine: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Nothing but an error of the tree comes of it, with what to do, in words without flags, and without a cause."""
    monkeypatch.setattr("adapters.ca.https_client.PAUSES", ())
    monkeypatch.chdir(tmp_path)
    if fine:
        call(**{argument: value})
        return
    with pytest.raises(step_ott.StepOttError) as caught:
        call(**{argument: value})
    error = caught.value
    assert error.what
    assert error.fix
    assert not names_flags(str(error))
    assert error.__suppress_context__
    assert getattr(step_ott, type(error).__name__) is type(error)
    expected = (int, float, bytes, list, dict, type, Thing, Endpoint)
    is_wrong = isinstance(value, expected) and not isinstance(error, step_ott.InputError | step_ott.NetworkError)
    takes_bytes = argument in (
        "root", "config", "csr", "key", "password", "certificate", "serial", "public_key",
    ) and isinstance(value, bytes | dict)  # fmt: skip
    takes_items = argument in ("principals", "environ", "sans", "template_data") and isinstance(value, list | dict)
    takes_numbers = argument in ("serial", "reason_code") and isinstance(value, int)
    if is_wrong and not takes_bytes and not takes_items and not takes_numbers:
        assert isinstance(error, step_ott.UsageError)
        assert f"{argument}=" in error.what


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://ca.test", "its scheme is 'http'"), ("https://", "it has no host"), ("https://ca.test/sign", "a path"),
        ("https://user:secret@ca.test", "it has a user name"), ("https://ca.test:0", "port 0"),
        ("ca.test?x", "a query"),
        ("https://ca.test#x", "a fragment"), ("https://c\u00e4.test", "not ASCII"), ("https://[::1", "not"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("call", [call_ca, call_fingerprint, call_offline])
def test_an_address_without_https_is_none(call: Callable[..., Any], url: str, words: str) -> None:
    """No CA can be made whose tokens would have another audience; credentials in one are not shown."""
    with pytest.raises(step_ott.UsageError) as caught:
        call(url=url)
    assert caught.value.what.startswith("url= is not the address of a CA: ")
    assert words in caught.value.what
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "content", [b"x", b"", b"\x30\x00", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"]
)
def test_a_root_that_is_none_is_refused_where_it_is_given(content: bytes) -> None:
    """It does not wait for the first request."""
    with pytest.raises(step_ott.InputError, match=r"^root="):
        call_ca(root=content)


@pytest.mark.parametrize("call", [call_ca, call_fingerprint])
@pytest.mark.parametrize("name", ["timeout", "request_timeout"])
def test_a_timeout_without_end_is_refused(call: Callable[..., Any], name: str) -> None:
    """What the system cannot wait for is told where it is given; a year is fine."""
    for value in (timedelta.max, timedelta(days=366)):
        with pytest.raises(step_ott.UsageError, match=f"^{name}= is over a year$|^{name}= is over a year: "):
            call(**{name: value})
    call_ca(**{name: timedelta(days=365)})


def test_wishes_go_with_their_endpoint_alone() -> None:
    """What says nothing of a request is refused, not passed over."""
    for endpoint in Endpoint:
        for name, value, own in [
            ("csr", b"x", Endpoint.SIGN), ("cert_type", "host", Endpoint.SSH_SIGN), ("key_id", "x", Endpoint.SSH_SIGN),
            ("principals", ["x"], Endpoint.SSH_SIGN),
        ]:  # fmt: skip
            with pytest.raises(step_ott.StepOttError) as caught:
                call_verify(endpoint=endpoint, **{name: value})
            is_refused = f"{name}= does not apply to {endpoint.value}" in caught.value.what
            assert is_refused is (endpoint is not own)
            assert not is_refused or caught.value.fix == f"use it with Endpoint.{own.name}"
    with pytest.raises(step_ott.UsageError, match=r"^cert_type= 'x' is not known: write user or host$"):
        call_ssh(cert_type="x")
