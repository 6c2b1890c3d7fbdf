"""The X5C provisioner: its tokens on the real step-ca, and what is refused before one is made."""

import json
from base64 import b64decode
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

import attrs
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.support.both_tools import Place, text_of, without_changing_values
from tests.support.ca_client import Answer, connect, general_name, make_csr, make_ssh_key, names_of
from tests.support.foreign_keys import run_program
from tests.support.key_files import FILES, KeyFolder
from tests.support.minting_ways import WAYS, Mint, open_way
from tests.support.offline_place import write_root
from tests.support.provisioned_ca import X5C, Held, ProvisionedCa, hold_leaf, issue_leaf
from tests.support.running import decode_part, invoke

NAME = "web.test"
KINDS: dict[str, tuple[str, ...]] = {
    "sign": (NAME,), "revoke": ("17", "--revoke"), "SSH user": ("max", "--ssh"), "SSH host": (NAME, "--ssh", "--host"),
}  # fmt: skip
SPEND: dict[str, Callable[[ProvisionedCa, str], Answer]] = {
    "sign": lambda ca, token: connect(ca.ca).sign(make_csr(NAME, [general_name(NAME)]), token),
    "revoke": lambda ca, token: connect(ca.ca).revoke(int(decode_part(token, 1)["sub"]), token),
    "SSH user": lambda ca, token: connect(ca.ca).sign_ssh(make_ssh_key(), token),
    "SSH host": lambda ca, token: connect(ca.ca).sign_ssh(make_ssh_key(), token),
}


@pytest.fixture
def online(provisioned_ca: ProvisionedCa, tmp_path: Path) -> Mint:
    """Minting with the CA's list of provisioners."""
    return open_way("online", provisioned_ca, X5C, tmp_path)


@pytest.fixture(params=WAYS)
def mint(provisioned_ca: ProvisionedCa, tmp_path: Path, request: pytest.FixtureRequest) -> Mint:
    """Each of the ways."""
    return open_way(request.param, provisioned_ca, X5C, tmp_path)


@pytest.fixture
def held(provisioned_ca: ProvisionedCa, tmp_path: Path) -> Held:
    """A leaf that the provisioner trusts by the chain of one."""
    return provisioned_ca.hold(tmp_path)


# -- Tokens that the CA takes -----------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_token_is_taken(kind: str, mint: Mint, held: Held) -> None:
    """The CA signs, revokes, and signs SSH certificates of users and hosts, however the token was minted."""
    subject = str(x509.random_serial_number()) if kind == "revoke" else KINDS[kind][0]
    answer = SPEND[kind](mint.ca, mint(subject, *KINDS[kind][1:], *held.flags).token)
    if kind == "revoke":
        assert (answer.status, answer.body) == (200, {"status": "ok"})
    elif kind == "sign":
        assert names_of(answer.certificate) == [general_name(NAME)]
    else:
        assert answer.ssh_certificate.key_id.decode() == subject


@pytest.mark.parametrize(("kind", "form", "sealed"), [case for case in FILES if case[1] != "JWK"])
def test_every_kind_of_key_is_taken(
    kind: str, form: str, sealed: bool, online: Mint, tmp_path: Path, keys: KeyFolder
) -> None:
    """Keys of every type sign, from every PEM container, encrypted ones with their password file."""
    original = load_pem_private_key(Path(keys.private(kind, "PKCS#8")).read_bytes(), None)
    held = hold_leaf(tmp_path, online.ca.issuer, online.ca.issuer_key, "machine.test", original)
    words = ["--x5c-cert", str(held.certificate), "--x5c-key", keys.private(kind, form, sealed)]
    password = ["--provisioner-password-file", keys.password_file()] if sealed else []
    token = online(NAME, *words, *password).token
    assert SPEND["sign"](online.ca, token).status == 201


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> KeyFolder:
    """Keys in PEM."""
    return KeyFolder("no step is needed for PEM", tmp_path_factory.mktemp("keys"))


# -- Header -----------------------------------------------------------------------------------------


def test_the_header_carries_the_chain_and_no_path(online: Mint, held: Held, tmp_path: Path) -> None:
    """`x5c` is the DER in standard base64, `kid` the key's thumbprint by openssl's reading; no file is named."""
    result = online(NAME, *held.flags)
    der = run_program("openssl", "x509", "-in", str(held.certificate), "-outform", "DER")
    [entry] = result.header["x5c"]
    assert b64decode(entry, validate=True) == der
    assert result.header | {"x5c": 0} == {"alg": "ES256", "kid": held.thumbprint(), "typ": "JWT", "x5c": 0}
    decoded = text_of(result, 0) + text_of(result, 1)
    assert str(tmp_path) not in decoded and held.key.name not in decoded and held.certificate.name not in decoded
    assert result.claims["aud"] == f"{online.ca.ca.url}/1.0/sign#x5c/{X5C}" and result.claims["iss"] == X5C


@pytest.mark.parametrize("kind", KINDS)
def test_an_insecure_header_is_written_and_step_ca_refuses_it(kind: str, online: Mint, held: Held) -> None:
    """With `--x5c-insecure` the chain stands in `x5cInsecure`, where no request of an X5C provisioner looks."""
    result = online(*KINDS[kind], *held.flags, "--x5c-insecure")
    assert "x5c" not in result.header and len(result.header["x5cInsecure"]) == 1
    assert "it will refuse this one" in result.err
    assert SPEND[kind](online.ca, result.token).status == 401


# -- Chains -----------------------------------------------------------------------------------------


@attrs.frozen
class Machines:
    """A leaf, an intermediate and the CA's root, which the provisioner trusts, in files."""

    held: Held
    uppers: tuple[Path, Path]
    der: Path
    noisy: Path


@pytest.fixture
def machines(provisioned_ca: ProvisionedCa, tmp_path: Path) -> Machines:
    """The hierarchy in files: each in PEM, the leaf in DER too, and all of them with text around."""
    second, first_key = provisioned_ca.root, ec.generate_private_key(ec.SECP384R1())
    first = issue_leaf(second, provisioned_ca.root_key, first_key, "lower", is_ca=True, usages=())
    held = hold_leaf(tmp_path, first, first_key, "machine.test")
    files = [tmp_path / name for name in ("lower.crt", "upper.crt", "leaf.der", "all.txt")]
    pems = [certificate.public_bytes(Encoding.PEM) for certificate in (held.leaf, first, second)]
    noisy = b"".join(b"%d s:CN = x\nBag Attributes\n" % number + pem for number, pem in enumerate(pems))
    contents = [pems[1], pems[2], held.leaf.public_bytes(Encoding.DER), noisy]
    for path, content in zip(files, contents, strict=True):
        path.write_bytes(content)
    return Machines(held, (files[0], files[1]), files[2], files[3])


def ways_to_present(machines: Machines) -> dict[str, list[str | Path]]:
    """Return the ways to give the same chain."""
    lower, upper = machines.uppers
    whole = machines.held.certificate.with_suffix(".chain")
    whole.write_bytes(b"".join(path.read_bytes() for path in (machines.held.certificate, lower, upper)))
    return {
        "one file": ["--x5c-cert", whole],
        "text around": ["--x5c-cert", machines.noisy],
        "chain flags": ["--x5c-cert", machines.held.certificate, "--x5c-chain", lower, "--x5c-chain", upper],
        "DER and PEM": ["--x5c-cert", machines.der, "--x5c-chain", lower, "--x5c-chain", upper],
    }


@pytest.mark.parametrize("way", ["one file", "text around", "chain flags", "DER and PEM"])
def test_a_chain_is_taken_from_one_file_or_several(way: str, online: Mint, machines: Machines) -> None:
    """The header has the leaf first and each issuer in turn, and the CA finds its way to its root."""
    words = [str(word) for word in ways_to_present(machines)[way]]
    result = online(NAME, *words, "--x5c-key", str(machines.held.key))
    ders = [b64decode(entry, validate=True) for entry in result.header["x5c"]]
    uppers = [run_program("openssl", "x509", "-in", str(path), "-outform", "DER") for path in machines.uppers]
    assert ders == [machines.der.read_bytes(), *uppers]
    assert SPEND["sign"](online.ca, result.token).status == 201


def test_standard_input_is_a_file_like_any_other(online: Mint, machines: Machines) -> None:
    """`-` is taken for one of the files, and refused for two."""
    lower, upper = map(str, machines.uppers)
    words = ["token", NAME, "--x5c-key", str(machines.held.key), "--x5c-cert", "-", "--x5c-chain"]
    pem = machines.held.certificate.read_bytes()
    taken = invoke(*words, lower, environment=online.environment, stdin=pem)
    assert SPEND["sign"](online.ca, taken.token).status == 201
    refused = invoke(*words, upper, "--x5c-chain", "-", environment=online.environment, stdin=pem)
    assert (refused.status, refused.out) == (2, "") and "both read standard input" in refused.err


def test_the_chain_is_what_the_ca_goes_by(online: Mint, machines: Machines) -> None:
    """Without its issuers, the same leaf is nobody's to the CA."""
    assert SPEND["sign"](online.ca, online(NAME, *machines.held.flags).token).status == 401


@pytest.mark.parametrize("order", ["upper leaf lower", "lower upper leaf", "leaf upper stranger lower", "lower leaf"])
def test_the_order_does_not_matter_and_strangers_are_left_out(
    order: str, online: Mint, machines: Machines, tmp_path: Path
) -> None:
    """The header has the leaf first and each issuer in turn, the CA signs, and what was left out is said."""
    lower, upper = machines.uppers
    write_root(tmp_path / "stranger.crt", "Stranger")
    files = {"leaf": machines.held.certificate, "lower": lower, "upper": upper, "stranger": tmp_path / "stranger.crt"}
    (tmp_path / "bundle.pem").write_bytes(b"".join(files[name].read_bytes() for name in order.split()))
    result = online(NAME, "--x5c-cert", str(tmp_path / "bundle.pem"), "--x5c-key", str(machines.held.key))
    expected = [name for name in ("leaf", "lower", "upper") if name in order]
    ders = [run_program("openssl", "x509", "-in", str(files[name]), "-outform", "DER") for name in expected]
    assert [b64decode(entry, validate=True) for entry in result.header["x5c"]] == ders
    assert ("1 of the certificates given do not belong" in result.err) is ("stranger" in order)
    assert SPEND["sign"](online.ca, result.token).status == 201


# -- Refusals ---------------------------------------------------------------------------------------

REFUSED: dict[str, tuple[dict[str, object], str]] = {
    "expired": ({"begin": timedelta(hours=-2), "end": timedelta(seconds=-1)}, "the certificate has expired"),
    "not yet valid": ({"begin": timedelta(hours=1), "end": timedelta(hours=2)}, "the certificate is not valid yet"),
    "no digitalSignature": ({"digital_signature": False}, "does not name digitalSignature"),
    "no key usage": ({"digital_signature": None}, "does not name digitalSignature"),
    "server only": ({"usages": [ExtendedKeyUsageOID.SERVER_AUTH]}, "not for client authentication"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_leaf_that_the_ca_would_refuse_is_refused(case: str, mint: Mint, tmp_path: Path) -> None:
    """The error names the file and the reason, and no token comes out."""
    wishes, reason = REFUSED[case]
    held = mint.ca.hold(tmp_path, **wishes)
    result = mint(NAME, *held.flags)
    assert (result.status, result.out) == (1, "")
    assert f"--x5c-cert {held.certificate}: " in result.err and reason in result.err


@pytest.mark.parametrize("usages", [(), (ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,)], ids=["none", "any"])
def test_a_leaf_for_any_purpose_is_taken(usages: Sequence[object], online: Mint, tmp_path: Path) -> None:
    """No extended key usage, and any of it, allow client authentication, to us as to the CA."""
    held = online.ca.hold(tmp_path, usages=usages)
    assert SPEND["sign"](online.ca, online(NAME, *held.flags).token).status == 201


def test_a_key_of_another_certificate_is_refused(online: Mint, held: Held, tmp_path: Path) -> None:
    """The error names both options."""
    other = online.ca.hold(tmp_path, "other.test")
    result = online(NAME, "--x5c-cert", str(held.certificate), "--x5c-key", str(other.key))
    assert (result.status, result.out) == (1, "")
    assert "--x5c-key is not the key of --x5c-cert" in result.err


def test_an_rsa_key_out_of_bounds_is_refused(online: Mint, tmp_path: Path) -> None:
    """A key of fewer than 2048 bits is named, with its size."""
    pem = run_program("openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024")
    key = load_pem_private_key(pem, None)
    held = hold_leaf(tmp_path, online.ca.issuer, online.ca.issuer_key, "machine.test", key)
    result = online(NAME, *held.flags)
    assert (result.status, result.out) == (1, "")
    assert f"--x5c-key {held.key}" in result.err and "RSA key of 1024 bits" in result.err


@pytest.mark.parametrize("option", ["x5c-cert", "x5c-chain"])
@pytest.mark.parametrize("content", ["key", "nothing", "text", "missing"])
def test_a_file_without_certificate_is_refused(option: str, content: str, online: Mint, held: Held) -> None:
    """The error names the file that holds none, a private key's among them, and shows nothing of it."""
    path = held.key.with_suffix(".other")
    contents = {"key": held.key.read_bytes(), "nothing": b"", "text": b"secret words\n"}
    if content in contents:
        path.write_bytes(contents[content])
    words = held.flags if option == "x5c-chain" else ["--x5c-key", str(held.key)]
    result = online(NAME, *words, f"--{option}", str(path))
    assert (result.status, result.out) == (1, "")
    assert str(path) in result.err and "secret" not in result.err and "PRIVATE" not in result.err


@pytest.mark.parametrize("words", ["--x5c-cert c", "--x5c-key k", "--x5c-chain c", "--x5c-insecure"])
def test_half_of_the_flags_is_refused(words: str, mint: Mint) -> None:
    """The error names the flag that is there and one that is missing, before any file is read."""
    result = mint(NAME, *words.split())
    assert (result.status, result.out) == (2, "")
    assert words.split(maxsplit=1)[0] in result.err
    assert "--x5c-key" in result.err if words.startswith("--x5c-cert") else "--x5c-cert" in result.err


def test_a_wrong_password_is_refused(online: Mint, held: Held, keys: KeyFolder, tmp_path: Path) -> None:
    """A password that does not open the key's file is told as such, by the file's name."""
    password = tmp_path / "password"
    password.write_text("wrong")
    key = keys.private("P-256", "PKCS#8", sealed=True)
    words = ["--x5c-cert", str(held.certificate), "--x5c-key", key, "--provisioner-password-file", str(password)]
    result = online(NAME, *words)
    assert (result.status, result.out) == (1, "")
    assert f"--x5c-key {key}" in result.err and "password" in result.err


# -- Beside the real step ---------------------------------------------------------------------------


@pytest.mark.parametrize("insecure", [(), ("--x5c-insecure",)], ids=["x5c", "x5cInsecure"])
@pytest.mark.parametrize("kind", KINDS)
def test_step_makes_the_same_token(
    kind: str, insecure: tuple[str, ...], step_program: str, provisioned_ca: ProvisionedCa, machines: Machines
) -> None:
    """Header and claims are equal but for time, `jti`, an empty user claim, and step's `kid`, the key's path."""
    words = [*map(str, ways_to_present(machines)["one file"]), "--x5c-key", str(machines.held.key), *insecure]
    pair = Place(step_program, provisioned_ca.ca.path).ask(*words, *KINDS[kind][1:], KINDS[kind][0])
    headers = [json.loads(text_of(result, 0)) for result in (pair.go, pair.ours)]
    assert [header.pop("kid") for header in headers] == [str(machines.held.key), machines.held.thumbprint()]
    assert headers[0] == headers[1]
    go, ours = (without_changing_values(text_of(result, 1)) for result in (pair.go, pair.ours))
    assert go.replace(',"user":{}}', "}") == ours
