"""The Nebula provisioner: its tokens on the real step-ca, and what is refused before one is made."""

import json
import os
import re
import subprocess
import sys
from base64 import b64decode
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, x25519
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat

from adapters.jose.key_objects import read_public
from domain.formats import base64url
from tests.support.both_tools import Place, text_of, without_changing_values
from tests.support.ca_client import Answer, connect, general_name, make_csr, make_ssh_key, names_of
from tests.support.forged_nebula import Draft, raw_public, write_block, write_pem
from tests.support.minting_ways import WAYS, Mint, open_way
from tests.support.nebula_mesh import (
    ADDRESS,
    CURVES,
    NAME,
    NEBULA,
    NETWORKS,
    Held,
    Mesh,
    add_provisioner,
    print_certificate,
)
from tests.support.offline_place import prepare_place
from tests.support.peer_programs import REPOSITORY
from tests.support.provisioned_ca import ProvisionedCa, write_key, write_provisioned
from tests.support.running import invoke

KINDS: dict[str, tuple[str, ...]] = {"sign": (NAME,), "SSH host": (NAME, "--ssh", "--host")}
ALGORITHMS = {"X25519": "XEdDSA", "P-256": "ES256"}
SPEND: dict[str, Callable[[ProvisionedCa, str], Answer]] = {
    "sign": lambda ca, token: connect(ca.ca).sign(make_csr(NAME, [general_name(NAME)]), token),
    "SSH host": lambda ca, token: connect(ca.ca).sign_ssh(make_ssh_key(), token),
}


@pytest.fixture
def online(mesh_ca: ProvisionedCa, tmp_path: Path) -> Mint:
    """Minting with the CA's list of provisioners."""
    return open_way("online", mesh_ca, NEBULA, tmp_path)


@pytest.fixture(params=WAYS)
def mint(mesh_ca: ProvisionedCa, tmp_path: Path, request: pytest.FixtureRequest) -> Mint:
    """Each of the ways."""
    return open_way(request.param, mesh_ca, NEBULA, tmp_path)


@pytest.fixture
def held(mesh: Mesh, tmp_path: Path) -> Held:
    """A host with an X25519 key and a certificate of version 2."""
    return mesh.host(tmp_path)


def hold(folder: Path, draft: Draft, issuer_key: object = None, version: int = 2) -> Held:
    """Write a certificate made by hand, by a CA that nobody trusts or by `issuer_key`, and its key, into `folder`."""
    if isinstance(draft.key, x25519.X25519PrivateKey):
        key = write_block("NEBULA X25519 PRIVATE KEY", draft.key.private_bytes_raw())
    elif isinstance(draft.key, ed25519.Ed25519PrivateKey):
        key = write_block("NEBULA ED25519 PRIVATE KEY", draft.key.private_bytes_raw() + raw_public(draft.key))
    else:
        key = write_key(draft.key)
    body, _ = draft.issue(version, issuer_key or ed25519.Ed25519PrivateKey.generate())
    made = Held(folder / "made.crt", folder / "made.key")
    made.certificate.write_bytes(write_pem(body, version))
    made.key.write_bytes(key)
    return made


# -- Tokens that the CA takes -----------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("key", CURVES)
@pytest.mark.parametrize("version", NETWORKS)
def test_every_kind_of_token_is_taken(
    version: int, key: str, kind: str, mint: Mint, mesh: Mesh, tmp_path: Path
) -> None:
    """By certificates of both versions and keys of both curves, the CA signs for X.509 and for SSH hosts."""
    held = mesh.host(tmp_path, version, key)
    result = mint(*KINDS[kind], *held.flags)
    assert result.header["alg"] == ALGORITHMS[key] and "warning" not in result.err
    answer = SPEND[kind](mint.ca, result.token)
    if kind == "sign":
        assert names_of(answer.certificate) == [general_name(NAME)]
    else:
        principals = [text.partition("/")[0].encode() for text in NETWORKS[version].split(",")]
        assert answer.ssh_certificate.valid_principals == [NAME.encode(), *principals]


@pytest.mark.parametrize("form", ["PKCS#8", "SEC 1", "encrypted PKCS#8", "JWK"])
def test_a_p256_key_is_taken_in_any_form(form: str, online: Mint, mesh: Mesh, tmp_path: Path) -> None:
    """Beside Nebula's own PEM, a P-256 key may stand in whatever step-ott reads; a password opens a sealed one."""
    held = mesh.host(tmp_path, 2, "P-256")
    scalar = int.from_bytes(b64decode(b"".join(held.key.read_bytes().splitlines()[1:-1])), "big")
    key = ec.derive_private_key(scalar, ec.SECP256R1())
    path, password = tmp_path / "other.key", tmp_path / "password"
    password.write_text("secret")
    if form == "JWK":
        members = read_public(key.public_key()).members
        path.write_text(json.dumps({**members, "d": base64url.encode(scalar.to_bytes(32, "big"))}))
    else:
        shape = PrivateFormat.TraditionalOpenSSL if form == "SEC 1" else PrivateFormat.PKCS8
        seal = BestAvailableEncryption(b"secret") if form.startswith("encrypted") else NoEncryption()
        path.write_bytes(key.private_bytes(Encoding.PEM, shape, seal))
    words = [
        "--nebula-cert",
        str(held.certificate),
        "--nebula-key",
        str(path),
        "--provisioner-password-file",
        str(password),
    ]
    token = online(NAME, *words).token
    assert SPEND["sign"](online.ca, token).status == 201


@pytest.mark.parametrize("form", ["Nebula's", "PKCS#8"])
def test_standard_input_is_a_file_like_any_other(form: str, online: Mint, mesh: Mesh, tmp_path: Path) -> None:
    """A key is taken from `-`, whatever its form; so is a certificate."""
    held = mesh.host(tmp_path, 2, "P-256")
    scalar = int.from_bytes(b64decode(b"".join(held.key.read_bytes().splitlines()[1:-1])), "big")
    key = write_key(ec.derive_private_key(scalar, ec.SECP256R1())) if form == "PKCS#8" else held.key.read_bytes()
    words = ["token", NAME, "--nebula-cert", str(held.certificate), "--nebula-key", "-"]
    assert SPEND["sign"](online.ca, invoke(*words, environment=online.environment, stdin=key).token).status == 201
    words = ["token", NAME, "--nebula-cert", "-", "--nebula-key", str(held.key)]
    assert invoke(*words, environment=online.environment, stdin=held.certificate.read_bytes()).token


def test_names_and_principals_of_the_certificate_are_taken(online: Mint, held: Held) -> None:
    """Its name and its addresses, however those are written, may all be asked for."""
    names = [NAME, ADDRESS, "fd00:0::7"]
    sans = [word for name in names for word in ("--san", name)]
    certificate = connect(online.ca.ca).sign(make_csr("any", []), online("any", *sans, *held.flags).token).certificate
    assert names_of(certificate) == [general_name(NAME), *(general_name(str(ip_address(name))) for name in names[1:])]
    words = [word for name in names for word in ("--principal", name)]
    token = online("any", "--ssh", "--host", *words, *held.flags).token
    certified = connect(online.ca.ca).sign_ssh(make_ssh_key(), token).ssh_certificate
    assert certified.valid_principals == [name.encode() for name in names] and certified.key_id == b"any"


# -- Header -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", NETWORKS)
def test_the_header_carries_the_certificate_and_no_path(version: int, online: Mint, mesh: Mesh, tmp_path: Path) -> None:
    """`nebula` is the PEM's body in standard base64, `kid` the thumbprint of the key that nebula-cert finds in it."""
    held = mesh.host(tmp_path, version)
    result = online(NAME, *held.flags)
    body = b64decode(b"".join(held.certificate.read_bytes().splitlines()[1:-1]))
    assert b64decode(result.header["nebula"], validate=True) == body
    printed = print_certificate(mesh.program, held.certificate)
    public = bytes.fromhex(printed["details"].get("publicKey") or printed["publicKey"])
    text = f'{{"crv":"X25519","kty":"OKP","x":"{base64url.encode(public)}"}}'
    digest = subprocess.run(["openssl", "dgst", "-sha256", "-binary"], input=text.encode(), capture_output=True,
                            check=True).stdout  # fmt: skip
    header = result.header | {"nebula": 0}
    assert header == {"alg": "XEdDSA", "kid": base64url.encode(digest), "typ": "JWT", "nebula": 0}
    decoded = text_of(result, 0) + text_of(result, 1)
    assert str(tmp_path) not in decoded and held.key.name not in decoded
    assert result.claims["aud"] == f"{online.ca.ca.url}/1.0/sign#nebula/{NEBULA}" and result.claims["iss"] == NEBULA


def test_a_cas_own_certificate_signs_and_step_ca_refuses_it(online: Mint, mesh: Mesh) -> None:
    """An Ed25519 key of a Nebula CA makes a token; step-ca finds no issuer of it, and a warning says so."""
    result = online("mesh 2 X25519", *mesh.authority(2, "X25519").flags)
    assert result.header["alg"] == "EdDSA" and "it will refuse this one" in result.err
    assert connect(online.ca.ca).sign(make_csr("mesh 2 X25519", []), result.token).status == 401
    assert "no issuer in certificate" in (online.ca.ca.path / "step-ca.log").read_text()


@pytest.mark.parametrize("version", NETWORKS)
def test_an_ed25519_signature_is_taken_where_there_is_an_issuer(
    version: int, online: Mint, mesh: Mesh, tmp_path: Path
) -> None:
    """A CA's certificate that another CA has issued, which nebula-cert does not make, is good for a token."""
    authority = mesh.authority(version, "X25519")
    fingerprint = print_certificate(mesh.program, authority.certificate)["fingerprint"]
    seed = b64decode(b"".join(authority.key.read_bytes().splitlines()[1:-1]))[:32]
    key = ed25519.Ed25519PrivateKey.generate()
    draft = Draft(key=key, name=NAME, is_ca=True, networks=(), begin=0, issuer=fingerprint)
    held = hold(tmp_path, draft, ed25519.Ed25519PrivateKey.from_private_bytes(seed), version)
    result = online(NAME, *held.flags)
    assert result.header["alg"] == "EdDSA" and "warning" not in result.err
    assert SPEND["sign"](online.ca, result.token).status == 201


# -- Refusals and warnings --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("other.test",), "the subject 'other.test'"),
        (("any", "--san", NAME, "--san", "other.test"), "--san 'other.test'"),
        (("any", "--san", "10.1.2.4"), "--san '10.1.2.4'"),
        (("any", "--san", "WEB.test"), "--san 'WEB.test'"),
        ((NAME, "--ssh", "--host", "--principal", "other.test"), "--principal 'other.test'"),
    ],
)
def test_a_name_outside_the_certificate_is_refused(words: tuple[str, ...], named: str, mint: Mint, held: Held) -> None:
    """The error names the name, its option and those that the certificate has."""
    result = mint(*words, *held.flags)
    assert (result.status, result.out) == (2, "")
    assert f"{named} is not in --nebula-cert, which is for {NAME}, {ADDRESS}, fd00::7" in result.err


def test_step_ca_takes_names_from_the_token_and_checks_the_csrs(online: Mint, held: Held, step_program: str) -> None:
    """Why such names are refused here: the CA would write any of them into a certificate, if the CSR has none."""
    place = Place(step_program, online.ca.ca.path)
    token = place.ask_step("other.test", *held.flags).token
    assert connect(online.ca.ca).sign(make_csr("other.test", [general_name("other.test")]), token).status == 403
    token = place.ask_step("other.test", *held.flags).token
    assert names_of(connect(online.ca.ca).sign(make_csr("other.test", []), token).certificate) == [
        general_name("other.test")
    ]


def test_an_ssh_user_certificate_is_refused(mint: Mint, held: Held) -> None:
    """By name, since step-ca signs for hosts alone."""
    result = mint("max", "--ssh", *held.flags)
    assert (result.status, result.out) == (2, "")
    assert "--ssh needs --host with --nebula-cert" in result.err


@pytest.mark.parametrize("flags", ["--revoke", "--rekey", "--ssh --revoke", "--ssh --renew", "--ssh --rekey"])
def test_what_step_ca_does_not_take_is_minted_with_a_warning(flags: str, online: Mint, held: Held) -> None:
    """A Nebula provisioner signs, and does nothing else."""
    result = online("17", *flags.split(), *held.flags)
    assert "step-ca takes no Nebula token for" in result.err and result.token


def test_a_binding_has_no_effect_and_a_warning(online: Mint, held: Held) -> None:
    """The claim is written, step-ca passes over it, and the user is told."""
    result = online(NAME, "--cnf", base64url.encode(bytes(32)), *held.flags)
    assert "step-ca binds Nebula tokens to no request: --cnf has no effect there" in result.err
    assert result.claims["cnf"] and SPEND["sign"](online.ca, result.token).status == 201


@pytest.mark.parametrize(
    ("begin", "end", "reason"),
    [(-7200, -1, "the certificate has expired"), (3600, 7200, "the certificate is not valid yet")],
)
@pytest.mark.parametrize("version", NETWORKS)
def test_a_certificate_out_of_its_time_is_refused(
    version: int, begin: int, end: int, reason: str, mint: Mint, tmp_path: Path
) -> None:
    """The error names the file and the reason, and no token comes out."""
    draft = Draft(key=x25519.X25519PrivateKey.generate(), begin=begin, end=end)
    held = hold(tmp_path, draft, version=version)
    result = mint("machine.test", *held.flags)
    assert (result.status, result.out) == (1, "")
    assert f"--nebula-cert {held.certificate}: " in result.err and reason in result.err


@pytest.mark.parametrize("kind", ["X25519", "P-256", "Ed25519"])
def test_a_key_of_another_certificate_is_refused(kind: str, online: Mint, mesh: Mesh, held: Held) -> None:
    """Of the same curve or of another: the error names both options."""
    other = held.key.parent / "other"
    other.mkdir()
    key = (mesh.authority(2, "X25519") if kind == "Ed25519" else mesh.host(other, 2, kind)).key
    result = online(NAME, "--nebula-cert", str(held.certificate), "--nebula-key", str(key))
    assert (result.status, result.out) == (1, "")
    assert "--nebula-key is not the key of --nebula-cert" in result.err


SCALAR, SEED = bytes(31) + b"\1", ed25519.Ed25519PrivateKey.from_private_bytes(b"s" * 32)
KEYS: dict[str, tuple[bytes, str]] = {
    "a short one": (write_block("NEBULA X25519 PRIVATE KEY", b"k" * 31), "31 bytes long, not 32"),
    "a scalar of zero": (write_block("NEBULA P256 PRIVATE KEY", bytes(32)), "is damaged"),
    "halves of two": (write_block("NEBULA ED25519 PRIVATE KEY", b"k" * 32 + raw_public(SEED)), "not belong together"),
    "a sealed one": (write_block("NEBULA ED25519 ENCRYPTED PRIVATE KEY", b"k"), "encrypted in Nebula's own way"),
    "a public one": (write_block("NEBULA X25519 PUBLIC KEY", b"k" * 32), "no Nebula private key"),
    "two": (write_block("NEBULA P256 PRIVATE KEY", SCALAR) * 2, "no Nebula private key that can be read, or more"),
    "one of an unknown kind": (write_block("NEBULA RSA PRIVATE KEY", b"k"), "of an unknown kind"),
    "base64 with a letter too many": (
        write_block("NEBULA P256 PRIVATE KEY", SCALAR).replace(b"=", b"AA="), "is damaged"
    ),
    "a certificate": (write_block("NEBULA CERTIFICATE", b"k"), "no Nebula private key"),
    "nothing": (b"", "it is empty"),
}  # fmt: skip


@pytest.mark.parametrize("case", KEYS)
def test_a_broken_key_is_refused(case: str, online: Mint, held: Held) -> None:
    """The error names the file and what is wrong, and shows nothing of it."""
    content, reason = KEYS[case]
    held.key.write_bytes(content)
    result = online(NAME, *held.flags)
    assert (result.status, result.out) == (1, "")
    assert f"--nebula-key {held.key}: " in result.err and reason in result.err
    assert "a2tr" not in result.err


@pytest.mark.parametrize("words", ["--nebula-cert c", "--nebula-key k"])
def test_half_of_the_flags_is_refused(words: str, mint: Mint) -> None:
    """The error names the flag that is there and the one that is missing, before any file is read."""
    result = mint(NAME, *words.split())
    assert (result.status, result.out) == (2, "")
    assert "--nebula-cert" in result.err and "--nebula-key" in result.err


# -- Without the extra ------------------------------------------------------------------------------

HIDING = "import sys; sys.modules['nacl'] = None; from entrypoints.cli import main; sys.exit(main(sys.argv[1:]))"


@pytest.mark.parametrize("kind", CURVES)
def test_only_x25519_keys_need_the_extra(kind: str, mesh_ca: ProvisionedCa, mesh: Mesh, tmp_path: Path) -> None:
    """Without PyNaCl the error says how to get it; a P-256 key signs all the same."""
    held = mesh.host(tmp_path, 2, kind)
    done = subprocess.run(
        [sys.executable, "-c", HIDING, "token", NAME, *held.flags],
        capture_output=True, cwd=REPOSITORY, check=False, text=True,
        env={"PATH": os.environ["PATH"], "STEPPATH": str(mesh_ca.ca.path)},
    )  # fmt: skip
    if kind == "P-256":
        assert done.returncode == 0 and done.stdout.count(".") == 2
    else:
        assert done.returncode == 1 and done.stdout == "" and done.stderr.count("\n") == 1
        assert "--nebula-key" in done.stderr and f"{sys.executable} -m pip install pynacl" in done.stderr


# -- Beside the real step ---------------------------------------------------------------------------


@pytest.fixture(params=["online", "offline"])
def place(
    step_program: str, mesh_ca: ProvisionedCa, mesh: Mesh, tmp_path: Path, request: pytest.FixtureRequest
) -> Place:
    """Where both tools run; offline, beside the ca.json of a CA that nothing serves, for step opens its database."""
    if request.param == "online":
        return Place(step_program, mesh_ca.ca.path)
    idle = write_provisioned(tmp_path / "step", lambda config: add_provisioner(config, mesh))
    return Place(step_program, idle.ca.path, ("--offline",))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("version", NETWORKS)
def test_step_makes_the_same_token(version: int, kind: str, place: Place, mesh: Mesh, tmp_path: Path) -> None:
    """Header and claims are equal but for time, `jti`, an empty user claim, and the older path offline."""
    held = mesh.host(tmp_path, version)
    pair = place.ask(*held.flags, *KINDS[kind][1:], KINDS[kind][0])
    assert json.loads(text_of(pair.go, 0)) == json.loads(text_of(pair.ours, 0))
    go, ours = (without_changing_values(text_of(result, 1)) for result in (pair.go, pair.ours))
    assert re.sub(r"127.0.0.1/(ssh/)?sign#", r"127.0.0.1/1.0/\1sign#", go).replace(',"user":{}}', "}") == ours


def test_step_reads_no_p256_key_of_nebulas(
    step_program: str, mesh_ca: ProvisionedCa, mesh: Mesh, tmp_path: Path
) -> None:
    """The Go tool wants it in PKCS#8, with which it makes the same token; step-ott reads both."""
    held = mesh.host(tmp_path, 2, "P-256")
    place = Place(step_program, mesh_ca.ca.path)
    pair = place.ask(*held.flags, NAME)
    assert pair.go.status == 1 and "NEBULA P256 PRIVATE KEY" in pair.go.err and pair.ours.token
    scalar = int.from_bytes(b64decode(b"".join(held.key.read_bytes().splitlines()[1:-1])), "big")
    held.key.write_bytes(write_key(ec.derive_private_key(scalar, ec.SECP256R1())))
    pair = place.ask(*held.flags, NAME)
    assert json.loads(text_of(pair.go, 0)) == json.loads(text_of(pair.ours, 0))


# -- Nebula's keys with other provisioners ----------------------------------------------------------


@pytest.mark.parametrize(("kind", "algorithm"), [("P-256", "ES256"), ("X25519", "EdDSA")])
def test_a_key_that_signs_as_others_do_is_taken_by_key(kind: str, algorithm: str, mesh: Mesh, tmp_path: Path) -> None:
    """A P-256 key, and the Ed25519 key of a CA, sign for a JWK provisioner like any other key."""
    place = prepare_place(tmp_path)
    held = mesh.authority(2, kind)
    assert b"-----BEGIN NEBULA " in held.key.read_bytes()
    assert place.mint(NAME, "--key", str(held.key)).header["alg"] == algorithm


def test_an_x25519_key_signs_for_nebula_alone(mesh: Mesh, tmp_path: Path) -> None:
    """The error says which options it is for."""
    place = prepare_place(tmp_path)
    held = mesh.host(tmp_path, 2, "X25519")
    result = place.mint(NAME, "--key", str(held.key))
    assert (result.status, result.out) == (1, "")
    assert f"--key {held.key}: an X25519 key signs only for Nebula provisioners" in result.err
    assert "--nebula-key" in result.err
