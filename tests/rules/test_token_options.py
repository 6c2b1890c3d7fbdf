"""What `token` refuses before it touches anything, and what it hands on: the rules of the flags, each by name."""

import os
import socket
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest

from adapters.machine.input_files import LocalFiles
from domain.formats import base64url
from domain.formats.json_text import Number
from domain.formats.serial_number import parse_serial
from tests.support.offline_place import OfflinePlace, prepare_place
from tests.support.running import Result, invoke, load_all

CNF = base64url.encode(bytes(32))
SERIAL = "146103349666685108195655980390445292315"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> OfflinePlace:
    """A key and a root."""
    return prepare_place(tmp_path_factory.mktemp("place"))


@pytest.fixture
def untouchable() -> Iterator[None]:
    """Files, sockets and the terminal fail the test that touches them."""
    load_all()
    touched = AssertionError("a refusal touched something")
    with (
        mock.patch.object(LocalFiles, "read", side_effect=touched),
        mock.patch.object(os, "open", side_effect=touched),
        mock.patch("builtins.open", side_effect=touched),
        mock.patch.object(socket, "socket", side_effect=touched),
    ):
        yield


def check_refusal(result: Result, *named: str) -> None:
    """Check that a run was refused as a matter of usage, in one plain line that names what it is about."""
    assert (result.status, result.out) == (2, ""), result
    assert result.err.count("\n") == 1, result.err
    for name in named:
        assert name in result.err, result.err


INCOMPATIBLE = [
    # section 2 of the flag rules: what step refuses as well
    ("--ssh --san a", "--ssh", "--san"), ("--ssh --host --san a", "--san", "--ssh"), ("--host", "--host", "--ssh"),
    ("--principal a", "--principal", "--ssh"), ("-n a", "-n", "--ssh"),
    ("--principal a --san b", "--principal", "--ssh"),
    ("--revoke --san a", "--revoke", "--san"), (f"--cnf {CNF} --cnf-file x", "--cnf", "--cnf-file"),
    # revoke, renew and rekey: at most one; step takes the first
    ("--revoke --renew", "--revoke", "--renew"), ("--revoke --rekey", "--revoke", "--rekey"),
    ("--renew --rekey", "--renew", "--rekey"), ("--revoke --renew --rekey", "--revoke", "--renew"),
    ("--ssh --revoke --rekey", "--revoke", "--rekey"),
    # what only SSH certificates have; step drops it
    ("--cert-not-before 1m", "--cert-not-before", "--ssh"), ("--cert-not-after 1h", "--cert-not-after", "--ssh"),
    ("--revoke --cert-not-after 1h", "--revoke", "--cert-not-after"),
    ("--ssh --renew --cert-not-after 1h", "--renew", "--cert-not-after"),
    # data for templates where no certificate is signed; step drops it
    ("--revoke --set a=b", "--revoke", "--set"), ("--renew --set a=b", "--renew", "--set"),
    ("--ssh --renew --set a=b", "--renew", "--set"), ("--ssh --revoke --set-file x", "--revoke", "--set-file"),
    ("--rekey --set-file x", "--rekey", "--set-file"),
    # names where no certificate is signed; step drops them
    ("--renew --san a", "--renew", "--san"), ("--rekey --san a", "--rekey", "--san"),
    ("--ssh --revoke --principal a", "--revoke", "--principal"), ("--ssh --renew -n a", "--renew", "-n"),
    ("--ssh --rekey --principal a", "--rekey", "--principal"), ("--ssh --revoke --host", "--host", "--revoke"),
    ("--ssh --renew --host", "--host", "--renew"), ("--ssh --rekey --host", "--host", "--rekey"),
    # a request that nothing binds
    (f"--revoke --cnf {CNF}", "--revoke", "--cnf"), ("--renew --cnf-file x", "--renew", "--cnf-file"),
    # flags without effect
    ("--force", "--force", "--output-file"), ("-f", "-f", "--output-file"),
    ("--ca-config x", "--ca-config", "--offline"),
    ("--offline --timeout 1s", "--offline", "--timeout"),
    ("--offline --request-timeout 1s", "--offline", "--request-timeout"),
    # the options of one type of provisioner: what goes together, and what belongs to another
    ("--x5c-cert a", "--x5c-cert", "--x5c-key"), ("--x5c-key a", "--x5c-key", "--x5c-cert"),
    ("--x5c-chain a", "--x5c-chain", "--x5c-cert"), ("--x5c-insecure", "--x5c-insecure", "--x5c-cert"),
    ("--ssh --renew --sshpop-cert a", "--sshpop-cert", "--sshpop-key"),
    ("--ssh --renew --sshpop-key a", "--sshpop-key", "--sshpop-cert"),
    ("--sshpop-cert a --sshpop-key b", "--sshpop-cert", "--ssh --renew"),
    ("--x5c-cert a --x5c-key b --key c", "--key", "--x5c-cert"),
    ("--x5c-cert a --x5c-key b --kid c", "--x5c-cert", "--kid"),
    ("--ssh --renew --sshpop-cert a --sshpop-key b --kid c", "--sshpop-cert", "--kid"),
    ("--k8ssa-token-path a --key b", "--key", "--k8ssa-token-path"),
    ("--k8ssa-token-path a --ssh", "--k8ssa-token-path", "--ssh"),
    ("--k8ssa-token-path a --san b", "--k8ssa-token-path", "--san"),
    ("--k8ssa-token-path a --not-after 5m", "--k8ssa-token-path", "--not-after"),
    ("--renew", "--renew", "--x5c-cert"), ("--renew --x5c-cert a", "--x5c-cert", "--x5c-key"),
    ("--renew --key a", "--renew", "--x5c-cert"),
    ("--renew --x5c-cert a --x5c-key b --provisioner c", "--renew", "--provisioner"),
    ("--renew --x5c-cert a --x5c-key b --x5c-insecure", "--renew", "--x5c-insecure"),
    ("--nebula-cert a", "--nebula-cert", "--nebula-key"), ("--nebula-key a", "--nebula-key", "--nebula-cert"),
    ("--nebula-cert a --nebula-key b --key c", "--key", "--nebula-cert"),
    ("--nebula-cert a --nebula-key b --kid c", "--nebula-cert", "--kid"),
    ("--nebula-cert a --nebula-key b --ssh", "--ssh needs --host", "--nebula-cert"),
    ("--nebula-cert a --nebula-key b --renew", "--renew", "--x5c-cert"),
    # two readers of one standard input
    ("--key - --password-file -", "--key", "--password-file"), ("--root - --set-file -", "--root", "--set-file"),
    ("--offline --ca-config - --password-file -", "--ca-config", "--password-file"),
    ("--x5c-cert - --x5c-key -", "--x5c-cert", "--x5c-key"),
    ("--x5c-cert a --x5c-key b --x5c-chain - --x5c-chain -", "--x5c-chain and --x5c-chain", "standard input"),
    ("--ssh --renew --sshpop-cert - --sshpop-key -", "--sshpop-cert", "--sshpop-key"),
    ("--k8ssa-token-path - --root -", "--k8ssa-token-path", "--root"),
    ("--nebula-cert - --nebula-key -", "--nebula-cert", "--nebula-key"),
]  # fmt: skip


@pytest.mark.usefixtures("untouchable")
@pytest.mark.parametrize(("words", "one", "other"), INCOMPATIBLE, ids=[row[0] for row in INCOMPATIBLE])
def test_flags_that_do_not_go_together_are_refused_by_name(words: str, one: str, other: str) -> None:
    """Both flags are named, whatever else stands there, and nothing has been touched by then."""
    check_refusal(invoke("token", "1", *words.split(), environment={"STEPPATH": "/nonexistent"}), one, other)


MALFORMED = [
    (["--not-after", "soon"], "--not-after 'soon'"), (["--not-before", "5"], "--not-before '5'"),
    (["--ssh", "--cert-not-after", "1d"], "--cert-not-after '1d'"), (["--not-after", "-1m"], "expired already"),
    (["--not-after", "2020-01-01T00:00:00Z"], "expired already"),
    (["--not-before", "31m"], "--not-before is 31m0s ahead"),
    (["--not-after", "9s"], "shorter than the minimum of 10s"),
    (["--not-after", "1h1s"], "longer than the maximum of 1h"),
    (["--ssh", "--cert-not-after", "-1h"], "--cert-not-after is in the past"),
    (["--ssh", "--cert-not-before", "2h", "--cert-not-after", "1h"], "--cert-not-before"),
    (["--cnf", "abc"], "--cnf 'abc'"), (["--cnf", CNF + "="], "--cnf-file computes it"), (["--cnf", CNF[:-1]], "--cnf"),
    (["--cnf", CNF[:-1] + "B"], "--cnf"), (["--cnf", b64encode(b"\xff" * 32).decode()], "--cnf"),
    (["--cnf", "ab" * 32], "--cnf"),
    (["--set", "novalue"], "--set 'novalue'"), (["--set", "=x"], "--set '=x'"),
    (["--set", 'a={"b":1,"b":2}'], "--set a"),
    (["--ca-url", "https://h/prefix"], "--ca-url 'https://h/prefix'"),
    (["--ca-url", "http://h"], "--ca-url 'http://h'"),
    (["--timeout", "0s"], "--timeout '0s'"), (["--request-timeout", "-1s"], "--request-timeout '-1s'"),
    (["--timeout", "5"], "--timeout '5'"), (["--san", "\udcff"], "--san is not UTF-8"),
    (["--set", "a=\udcff"], "--set is not UTF-8"), (["--issuer", "\udcff"], "--issuer is not UTF-8"),
]  # fmt: skip


@pytest.mark.usefixtures("untouchable")
@pytest.mark.parametrize(("words", "reason"), MALFORMED, ids=[" ".join(row[0]) for row in MALFORMED])
def test_a_value_that_makes_no_sense_is_refused_by_name(words: list[str], reason: str) -> None:
    """The flag and its value are named, and nothing has been touched by then."""
    check_refusal(invoke("token", "foo", *words, environment={"STEPPATH": "/nonexistent"}), reason)


@pytest.mark.usefixtures("untouchable")
@pytest.mark.parametrize(
    "subject", ["abg", "-1", "0x1G", "1 ", "007", "1.5", "\u0661", "internal.example.com", "1\n"]
)  # fmt: skip
@pytest.mark.parametrize("kind", [["--revoke"], ["--ssh", "--revoke"]])
def test_a_revocation_takes_a_serial_number(subject: str, kind: list[str]) -> None:
    """Anything but a number in decimal or hex, or what can only be a file, names no certificate."""
    check_refusal(invoke("token", *kind, "--", subject), repr(subject), "serial number")


@pytest.mark.parametrize("form", ["0x1F", "abc", "00:1f"])
@pytest.mark.parametrize("kind", [["--revoke"], ["--ssh", "--revoke"]])
def test_a_serial_number_may_be_hex(form: str, kind: list[str], place: OfflinePlace) -> None:
    """The token has it in decimal."""
    assert place.mint(form, *kind).claims["sub"] == parse_serial(form)


@pytest.mark.usefixtures("untouchable")
@pytest.mark.parametrize("words", [[], [""], ["--ssh"], ["--", ""], ["--revoke"], ["--ssh", "--renew"]])
def test_a_subject_is_needed(words: list[str]) -> None:
    """No subject, or an empty one, is refused."""
    check_refusal(invoke("token", *words), "the subject is missing")


@pytest.mark.usefixtures("untouchable")
def test_one_subject_is_enough() -> None:
    """A second positional word is refused, naming both, and not taken for a SAN."""
    check_refusal(invoke("token", "foo", "--ssh", "bar"), "'foo', 'bar'", "--san")


@pytest.mark.usefixtures("untouchable")
def test_a_subject_of_odd_bytes_is_refused() -> None:
    """Bytes that are not UTF-8 cannot stand in a token."""
    check_refusal(invoke("token", "a\udcff"), "the subject is not UTF-8")


@pytest.mark.parametrize(
    "subject", ["foo", "::1", "max@smallstep.com", "urn:x:y", "*.example.com", "a b", "日本", "a,b"]
)
@pytest.mark.parametrize("kind", [[], ["--ssh"], ["--ssh", "--host"]])
def test_subjects_and_names_are_any_text(place: OfflinePlace, subject: str, kind: list[str]) -> None:
    """A CA tells DNS names, addresses, mails and URIs apart by itself; nothing narrows them here."""
    names = ["--principal", subject] if kind else ["--san", subject]
    claims = place.mint(*kind, subject, *names).claims
    assert claims["sub"] == subject
    assert (claims["step"]["ssh"]["principals"] if kind else claims["sans"]) == [subject]


@pytest.mark.parametrize(
    ("words", "kind", "warned"),
    [
        (["--revoke"], "/1.0/revoke", False), (["--rekey"], "/1.0/rekey", True),
        (["--ssh", "--revoke"], "/1.0/ssh/revoke", False), (["--ssh", "--renew"], "/1.0/ssh/renew", True),
        (["--ssh", "--rekey"], "/1.0/ssh/rekey", True), (["--ssh"], "/1.0/ssh/sign", False), ([], "/1.0/sign", False),
    ],
)  # fmt: skip
def test_each_kind_is_minted_as_asked_for(place: OfflinePlace, words: list[str], kind: str, warned: bool) -> None:
    """`--rekey` gives no sign token as in step; where step-ca takes none of JWK, a warning says so."""
    result = place.mint(SERIAL, *words)
    assert result.claims["aud"] == f"https://ca.example.com{kind}"
    assert ("warning: step-ca takes no JWK token" in result.err) is warned


def test_an_empty_user_claim_is_left_out(place: OfflinePlace, tmp_path: Path) -> None:
    """Unlike step, no `"user":{}` stands in a token that nobody gave data for."""
    (tmp_path / "empty.json").write_text("{}")
    assert "user" not in place.mint("foo").claims
    assert "user" not in place.mint("foo", "--set-file", str(tmp_path / "empty.json")).claims


def test_digits_of_user_data_are_kept(place: OfflinePlace, tmp_path: Path) -> None:
    """Integers beyond 2^53 and decimals reach the token as written, from flag and from file."""
    (tmp_path / "data.json").write_text('{"file": 98765432109876543210, "decimal": 1.10}')
    result = place.mint("foo", "--set", "id=12345678901234567890", "--set-file", str(tmp_path / "data.json"))
    assert result.claims["user"] == {
        "id": 12345678901234567890,
        "file": 98765432109876543210,
        "decimal": Number("1.10"),
    }
    assert b'"decimal":1.10' in base64url.decode(result.token.split(".")[1])


def test_assignments_lie_over_the_file(place: OfflinePlace, tmp_path: Path) -> None:
    """`--set` wins over `--set-file`, the last `--set` over the first; values are JSON or else text."""
    (tmp_path / "data.json").write_text('{"a": 1, "b": 2, "c": [3]}')
    words = ["--set", "a=x=y", "--set", "b=[null]", "--set", "b=true", "--set", "d=", "--set", "e=None"]
    claims = place.mint("foo", "--set-file", str(tmp_path / "data.json"), *words).claims
    assert claims["user"] == {"a": "x=y", "b": True, "c": [3], "d": "", "e": "None"}


@pytest.mark.parametrize("content", ["null", "[]", '"text"', "1", "", "{", '{"a":1,"a":2}', "\xff"])
def test_a_set_file_that_holds_no_object_is_refused(place: OfflinePlace, tmp_path: Path, content: str) -> None:
    """`null`, on which step panics, and all else that is not an object is an error that names the file."""
    (tmp_path / "data.json").write_bytes(content.encode("latin-1"))
    result = place.mint("foo", "--set-file", str(tmp_path / "data.json"))
    assert (result.status, result.out) == (1, "")
    assert f"--set-file {tmp_path / 'data.json'}" in result.err


def test_offline_without_an_address_is_refused(place: OfflinePlace) -> None:
    """There is no audience `https:///1.0/sign`: with no ca.json the address must be given."""
    flags = list(place.flags)
    del flags[flags.index("--ca-url") : flags.index("--ca-url") + 2]
    result = invoke("token", "foo", *flags, environment={"STEPPATH": str(place.path / "step")})
    check_refusal(result, "--ca-url", "--offline")


def test_offline_without_provisioner_and_key_says_what_is_missing(place: OfflinePlace) -> None:
    """All that is missing is listed at once."""
    result = invoke("token", "foo", "--offline", environment={"STEPPATH": str(place.path / "step")})
    check_refusal(result, "--issuer", "--key", "--ca-url", "ca.json", "--ca-config")


@pytest.mark.parametrize("kind", [[], ["--ssh"], ["--ssh", "--host"]])
def test_a_binding_and_user_data_are_kept_offline(place: OfflinePlace, kind: list[str]) -> None:
    """`--cnf` and `--set` hold in every mode, where step drops the one and refuses the other offline."""
    claims = place.mint("foo", *kind, "--cnf", CNF, "--set", "a=1").claims
    assert (claims["cnf"], claims["user"]) == ({"x5rt#S256": CNF}, {"a": 1})


def test_the_validity_of_an_ssh_certificate_is_carried_canonically(place: OfflinePlace) -> None:
    """A duration is in Go's canonical form and a time in UTC, for the CA to resolve when it signs."""
    words = ["--ssh", "--cert-not-before", "90m", "--cert-not-after", "2999-12-31T23:59:59.50+01:00"]
    ssh = place.mint("foo", *words).claims["step"]["ssh"]
    assert (ssh["validAfter"], ssh["validBefore"]) == ("1h30m0s", "2999-12-31T22:59:59.5Z")


def test_a_kid_of_ones_own_names_the_key(place: OfflinePlace) -> None:
    """Without ca.json `--kid` is the header's; without it the key's thumbprint is (RFC 7638)."""
    assert place.mint("foo", "--kid", "my kid").header["kid"] == "my kid"
    thumbprint = place.mint("foo").header["kid"]
    assert len(base64url.decode(thumbprint)) == 32
