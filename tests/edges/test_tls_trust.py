"""Whom the client trusts over TLS: the certificates in the root file, and nobody else."""

import ctypes
import re
import ssl
import warnings
from pathlib import Path

import pytest
import urllib3

from adapters.http.pool import make_tls_context
from domain.errors import InputError, NetworkError
from tests.support.hostile_ca import HostileCa, issue, leaf, root, serve
from tests.support.https_authority import EMPTY_LIST, connect
from tests.support.running import invoke

pytestmark = pytest.mark.usefixtures("undisturbed")

ENGINE, NO_SUCH_ENGINE = 38, 116
"""A library and a reason of OpenSSL's (openssl/err.h, openssl/engineerr.h)."""


def tls_refusal(ca: HostileCa, **options: object) -> str:
    """Return the error of a handshake that the client breaks off at its first attempt."""
    handshakes = ca.handshakes
    client = connect(ca, **options)
    with pytest.raises(NetworkError) as caught:
        client.provisioners()
    assert (ca.requests, ca.handshakes - handshakes) == ([], 1)
    return str(caught.value)


def test_the_given_root_is_trusted() -> None:
    """A CA whose certificate the root issued is talked to."""
    with serve(lambda _: EMPTY_LIST) as ca:
        assert connect(ca).provisioners() == []


def test_another_root_is_not_trusted() -> None:
    """A certificate that another root issued, even one of the same name, ends the handshake."""
    stranger = issue("Test Root", is_authority=True)
    with serve(lambda _: EMPTY_LIST) as ca:
        told = tls_refusal(ca, roots=[stranger.der])
    assert "TLS with the CA" in told and "certificate verify failed" in told and "--root" in told


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
def test_the_system_roots_are_not_trusted(variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the machine trusts, here the very root of the CA, is not trusted beside the given one."""
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(root().pem)
    monkeypatch.setenv(variable, str(bundle if variable == "SSL_CERT_FILE" else tmp_path))
    with serve(lambda _: EMPTY_LIST) as ca:
        if variable == "SSL_CERT_FILE":
            with urllib3.PoolManager(ssl_context=ssl.create_default_context()) as trusting:
                assert trusting.request("GET", f"{ca.url}/").status == 200
            ca.requests.clear()
        assert "certificate verify failed" in tls_refusal(ca, roots=[issue("Other", is_authority=True).der])


def test_session_keys_are_not_logged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SSLKEYLOGFILE, which Python's default context honours, is left alone."""
    log = tmp_path / "keys.log"
    monkeypatch.setenv("SSLKEYLOGFILE", str(log))
    with serve(lambda _: EMPTY_LIST) as ca:
        connect(ca).provisioners()
        assert not log.exists()
        ssl.create_default_context()
        assert log.exists()


def test_every_certificate_of_the_file_is_an_anchor() -> None:
    """Any one of several roots may have issued the CA's certificate."""
    others = [issue(f"Other {n}", is_authority=True).der for n in range(2)]
    with serve(lambda _: EMPTY_LIST) as ca:
        assert connect(ca, roots=[others[0], root().der, others[1]]).provisioners() == []


def test_an_intermediate_is_an_anchor() -> None:
    """A certificate that is not self-signed ends the chain where it is trusted, as in Go."""
    intermediate = issue("Intermediate", root(), is_authority=True)
    server = issue("server", intermediate, names=["127.0.0.1"])
    with serve(lambda _: EMPTY_LIST, server, [intermediate]) as ca:
        assert connect(ca, roots=[intermediate.der]).provisioners() == []
        assert connect(ca, roots=[root().der]).provisioners() == []


def test_the_leaf_itself_is_an_anchor() -> None:
    """A pinned server certificate is trusted for what it is."""
    with serve(lambda _: EMPTY_LIST) as ca:
        assert connect(ca, roots=[leaf().der]).provisioners() == []


def test_a_wrong_host_name_is_refused_and_told() -> None:
    """A certificate for another name ends the handshake with an error that says so."""
    elsewhere = issue("server", root(), names=["ca.example.com"])
    with serve(lambda _: EMPTY_LIST, elsewhere) as ca:
        assert re.search(r"IP address mismatch.*'127\.0\.0\.1'", tls_refusal(ca))
        assert re.search(r"Hostname mismatch.*'localhost': check", tls_refusal(ca, host="localhost"))


def test_a_common_name_is_no_host_name() -> None:
    """A certificate whose common name alone fits is refused."""
    with serve(lambda _: EMPTY_LIST, issue("localhost", root())) as ca:
        assert "mismatch" in tls_refusal(ca, host="localhost")


@pytest.mark.parametrize(
    ("span", "words"),
    [
        ({"days": -1}, "its certificate has expired: it is valid until 2"),
        ({"begin": 1, "days": 2}, "its certificate is not valid yet: it is valid from 2"),
    ],
    ids=["late", "early"],
)
def test_a_certificate_out_of_its_time_is_refused_and_told_with_both_times(span: dict[str, int], words: str) -> None:
    """The validity of the CA's certificate counts; the error has its time and the clock's, and nothing is asked."""
    server = issue("server", root(), names=["127.0.0.1"], **span)
    with serve(lambda _: EMPTY_LIST, server) as ca, pytest.raises(NetworkError) as caught:
        connect(ca).provisioners()
    assert ca.requests == []
    refusal = str(caught.value)
    assert words in refusal and "and this machine's clock says 2" in refusal and "check this machine's clock" in refusal


def test_tls_1_1_is_refused() -> None:
    """A server that offers nothing newer than TLS 1.1 is not talked to."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        old = {"minimum_version": ssl.TLSVersion.TLSv1, "maximum_version": ssl.TLSVersion.TLSv1_1}
        lenient = make_tls_context([root().der])
        lenient.minimum_version = ssl.TLSVersion.TLSv1_1
        lenient.set_ciphers("ALL:@SECLEVEL=0")
        with serve(lambda _: EMPTY_LIST, **old) as ca:
            with urllib3.PoolManager(ssl_context=lenient) as pool:
                assert pool.request("GET", f"{ca.url}/").status == 200
            ca.requests.clear()
            assert "version" in tls_refusal(ca)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls_1_2_and_1_3_are_spoken(version: ssl.TLSVersion) -> None:
    """Either version will do."""
    with serve(lambda _: EMPTY_LIST, maximum_version=version, minimum_version=version) as ca:
        assert connect(ca).provisioners() == []


@pytest.mark.parametrize("roots", [[], [b"\x30\x03\x02\x01\x01"], [b"garbage"], [b""]], ids=repr)
def test_a_root_that_is_none_is_an_error(roots: list[bytes]) -> None:
    """Neither nothing nor garbage widens the trust to somebody else."""
    with pytest.raises(InputError, match="root"):
        make_tls_context(roots)


@pytest.mark.parametrize(
    "content",
    [b"", b"\n", b"garbage", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", root().key_pem],
    ids=["empty", "blank", "garbage", "broken", "a key"],
)  # fmt: skip
def test_a_root_file_without_a_root_is_an_error(content: bytes, tmp_path: Path) -> None:
    """The command names the file; it does not ask a CA that the system would trust."""
    path = tmp_path / "root.crt"
    path.write_bytes(content)
    with serve(lambda _: EMPTY_LIST) as ca:
        result = invoke("token", "a", "--ca-url", ca.url, "--root", str(path), environment={"STEPPATH": str(tmp_path)})
        assert ca.connections == 0
    assert (result.status, result.out) == (1, "")
    assert f"--root {path}" in result.err and result.err.count("\n") == 1


def test_an_error_that_another_user_of_openssl_left_behind_is_not_the_roots() -> None:
    """PKCS#11 modules leave errors in the queue of the OpenSSL that Python's ssl uses as well."""
    libraries = {line.split()[-1] for line in Path("/proc/self/maps").read_text().splitlines() if "/libcrypto" in line}
    der = root().der
    if not libraries:
        pytest.skip("this Python's OpenSSL is not a library of its own, whose queue others could use")
    for library in map(ctypes.CDLL, libraries):
        library.ERR_new()
        library.ERR_set_error(ENGINE, NO_SUCH_ENGINE, None)
    assert make_tls_context([der]).cert_store_stats()["x509"] == 1
