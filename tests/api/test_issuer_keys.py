"""Keys and passwords that Python programs give: each form opens, once, and no signature leaves that does not hold."""

import copy
import json
import logging
import pickle
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

import step_ott
from adapters.jose.jws import JwsSigner, make_signer
from adapters.jose.key_objects import generate_jwk, public_members, read_public
from domain.formats import base64url
from domain.keys.sampled_signer import CHECKED_EVERY
from tests.support.issuing import DeclaredCa, declare_for, holds
from tests.support.key_files import KINDS

PASSWORD = b"correct horse"
HASHES = {"P-256": hashes.SHA256(), "P-384": hashes.SHA384(), "P-521": hashes.SHA512()}
SIZES = {"P-256": 32, "P-384": 48, "P-521": 66}


@pytest.fixture(scope="module")
def keys() -> dict[str, Any]:
    """A key of each kind."""
    return {kind: make() for kind, make in KINDS.items()}


def write(key: Any, password: bytes | None = None) -> bytes:
    """Return a key in PEM."""
    encryption = BestAvailableEncryption(password) if password else NoEncryption()
    return bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption))


def issue(key: Any, given: Any, **more: Any) -> step_ott.Token:
    """Return a token by an issuer that was given a key."""
    return step_ott.JwkIssuer(declare_for(key), key=given, **more).token("web.test")


# -- Forms of keys ----------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["object", "path", "str path", "bytes", "text"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_key_signs_in_every_form(keys: dict[str, Any], tmp_path: Path, kind: str, form: str) -> None:
    """Of every kind that step-ca takes, from a file or memory, or opened by `cryptography`."""
    key, path = keys[kind], tmp_path / "key"
    path.write_bytes(write(key))
    given = {"object": key, "path": path, "str path": str(path), "bytes": write(key), "text": write(key).decode()}[form]
    token = issue(key, given)
    assert holds(token, key) and token.header["kid"] == read_public(key.public_key()).thumbprint()


@pytest.mark.parametrize(
    "form",
    [dict, json.dumps, lambda jwk: json.dumps(jwk).encode(), lambda jwk: f"\ufeff{json.dumps(jwk)}"],
    ids=["mapping", "str", "bytes", "str with a mark"],
)
def test_a_jwk_signs(form: Callable[[dict[str, str]], Any]) -> None:
    """As a mapping, or as its JSON, which some editors begin with a byte order mark: never is it taken for a path."""
    jwk = generate_jwk()
    public = read_public(make_signer_of(jwk).private_key.public_key())
    token = step_ott.JwkIssuer(DeclaredCa(public), key=form(jwk)).token("web.test")
    assert holds(token, make_signer_of(jwk).private_key)


def make_signer_of(jwk: dict[str, str]) -> JwsSigner:
    """Return the signer of a private JWK."""
    from adapters.keys.jwk import load_jwk_key

    return make_signer(load_jwk_key(jwk), jwk)


@pytest.mark.parametrize("algorithm", ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"])
def test_an_rsa_jwk_says_its_algorithm(keys: dict[str, Any], algorithm: str) -> None:
    """Of the private key, and of the public half of a program's own signer."""
    key = keys["RSA"]
    numbers = key.private_numbers()
    secret = {
        "d": numbers.d,
        "p": numbers.p,
        "q": numbers.q,
        "dp": numbers.dmp1,
        "dq": numbers.dmq1,
        "qi": numbers.iqmp,
    }
    jwk = public_members(key.public_key()) | {"alg": algorithm}
    private = jwk | {name: base64url.encode_number(number) for name, number in secret.items()}
    token = issue(key, private)
    assert token.header["alg"] == algorithm and holds(token, key)
    digest: hashes.HashAlgorithm = getattr(hashes, f"SHA{algorithm[2:]}")()
    pad: Any = padding.PKCS1v15()
    if algorithm.startswith("PS"):
        pad = padding.PSS(padding.MGF1(digest), digest.digest_size)
    own = OwnSigner(jwk, lambda message: key.sign(message, pad, digest))
    assert issue(key, own).header["alg"] == algorithm


@pytest.mark.parametrize(
    ("given", "what"),
    [
        (5, "key= is of type int"),
        (object(), "key= is of type object"),
        ({"kty": "EC", "d": b"bytes"}, "key= cannot be JSON: something of type bytes has no place there"),
        ({5: "EC"}, "key= cannot be JSON: a key is of type int, not str"),
        ("", "key= is not a path"),
        ("two\nlines", "key= is not a path"),
        (b"nothing", "it is not a private key in a format that step-ott reads"),
        ("/nonexistent/key", "key= /nonexistent/key cannot be read: No such file or directory"),
        ("awskms:key", "key= names a KMS of type awskms"),
        ("pkcs11:object=x", "key= names no token"),
    ],
)  # fmt: skip
def test_what_is_no_key_is_refused(keys: dict[str, Any], given: Any, what: str) -> None:
    """When the issuer is made, by the name of the argument."""
    with pytest.raises(step_ott.StepOttError) as caught:
        issue(keys["P-256"], given)
    assert what in str(caught.value)


def test_another_key_is_refused(keys: dict[str, Any]) -> None:
    """One that is not the provisioner's."""
    with pytest.raises(step_ott.KeyMismatchError, match="key= is not the key of provisioner someone"):
        issue(keys["P-256"], ec.generate_private_key(ec.SECP256R1()))


# -- Passwords --------------------------------------------------------------------------------------


@attrs.define
class Counted:
    """A function that returns a password and counts how often it was called."""

    answer: Any
    calls: int = 0

    def __call__(self) -> Any:
        self.calls += 1
        return self.answer


def test_a_password_is_bytes_a_function_or_a_file(keys: dict[str, Any], tmp_path: Path) -> None:
    """Bytes count as they are; a file is read as `--password-file` is, without the newline at its end."""
    key, counted = keys["P-256"], Counted(PASSWORD)
    sealed = write(key, PASSWORD)
    (tmp_path / "password").write_bytes(PASSWORD + b"\n")
    for password in (PASSWORD, counted, tmp_path / "password"):
        assert holds(issue(key, sealed, password=password), key)
    assert counted.calls == 1


def test_a_function_is_called_only_where_it_is_needed(keys: dict[str, Any]) -> None:
    """Never for a plaintext key; once for an encrypted one, however many tokens it signs."""
    key, never, once = keys["P-256"], Counted(PASSWORD), Counted(PASSWORD)
    issue(key, write(key), password=never)
    issuer = step_ott.JwkIssuer(declare_for(key), key=write(key, PASSWORD), password=once)
    assert len({issuer.token("web.test") for _ in range(5)}) == 5
    assert (never.calls, once.calls) == (0, 1)


def test_a_newline_at_the_end_is_told_of_where_it_fails(keys: dict[str, Any], tmp_path: Path) -> None:
    """It is part of a password in bytes, and the error says so; without one it has nothing to say of newlines."""
    key = keys["P-256"]
    for given in (PASSWORD + b"\n", Counted(PASSWORD + b"\r\n")):
        with pytest.raises(step_ott.WrongPasswordError) as caught:
            issue(key, write(key, PASSWORD), password=given)
        assert "newline" in caught.value.fix and "password=" in caught.value.what
    assert holds(issue(key, write(key, PASSWORD + b"\n"), password=PASSWORD + b"\n"), key)
    (tmp_path / "password").write_bytes(b"wrong\n")
    for other in (b"wrong", tmp_path / "password"):
        with pytest.raises(step_ott.WrongPasswordError) as caught:
            issue(key, write(key, PASSWORD), password=other)
        assert "newline" not in caught.value.fix


@pytest.mark.parametrize(
    ("password", "what"),
    [
        ("text", "password= is of type str"),
        (bytearray(b"x"), "password= is of type bytearray"),
        (5, "password= is of type int"),
        (b"", "password= is empty"),
        (None, "is needed: give password="),
        (Counted("text"), "password= returned something of type str"),
        (Counted(None), "password= returned something of type NoneType"),
        (Counted(b""), "password= is empty"),
        (Path("/nonexistent/password"), "password=/nonexistent/password cannot be read"),
    ],
    ids=repr,
)
def test_what_is_no_password_is_refused(keys: dict[str, Any], password: Any, what: str) -> None:
    """By the name of the argument, when the issuer is made."""
    key = keys["P-256"]
    with pytest.raises(step_ott.StepOttError) as caught:
        issue(key, write(key, PASSWORD), password=password)
    assert what in str(caught.value)


def test_a_password_is_never_read_from_standard_input(
    keys: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That is the program's own: `-` is a file of that name, as it is for keys and certificates."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(step_ott.InputError, match=r"password=\./- cannot be read: No such file"):
        issue(keys["P-256"], write(keys["P-256"], PASSWORD), password=Path("-"))
    Path("-").write_bytes(PASSWORD)
    assert holds(issue(keys["P-256"], write(keys["P-256"], PASSWORD), password=Path("-")), keys["P-256"])


PUBLIC: list[BaseException] = [
    kind("the store says --key x", "write vault login --key x --password-file y")
    for kind in (step_ott.StepOttError, step_ott.InputError, step_ott.WrongPasswordError, step_ott.KeyMismatchError)
]
"""Errors of our tree in a program's own words, or as another of our calls has raised them there."""


@pytest.mark.parametrize("gone", [ConnectionError("the store is not there"), ValueError("x"), StopIteration(), *PUBLIC])
def test_what_the_function_raises_passes_as_it_is(keys: dict[str, Any], gone: Exception) -> None:
    """A secret store that is not there says so itself."""
    whole, reason = (str(gone), gone.args), OSError("no route")

    def give() -> bytes:
        raise gone from reason

    with pytest.raises(type(gone)) as caught:
        issue(keys["P-256"], write(keys["P-256"], PASSWORD), password=give)
    assert caught.value is gone
    assert (str(gone), gone.args) == whole
    assert (gone.__cause__, gone.__context__) == (reason, None)


# -- Signers of a program's own ---------------------------------------------------------------------


class OwnSigner:
    """A `Signer` by a function."""

    def __init__(self, public_key: Any, sign: Callable[[bytes], Any]) -> None:
        self.public_key = public_key
        self.sign = sign


def sign_der(key: Any, kind: str) -> Callable[[bytes], bytes]:
    """Return what signs in DER, as vaults do."""
    return lambda message: bytes(key.sign(message, ec.ECDSA(HASHES[kind])))


@pytest.mark.parametrize("form", ["object", "mapping", "PEM"])
@pytest.mark.parametrize("kind", HASHES)
def test_a_vault_signs(keys: dict[str, Any], kind: str, form: str) -> None:
    """Whose answers are DER, by its public key in any form; the token is one that every library takes."""
    key = keys[kind]
    public: Any = key.public_key()
    if form == "mapping":
        public = public_members(public)
    elif form == "PEM":
        public = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    issuer = step_ott.JwkIssuer(declare_for(key), key=step_ott.DerSigner(public, sign_der(key, kind)))
    assert all(holds(issuer.token("web.test"), key) for _ in range(20)), "r and s are short now and then"


def raw(key: Any, kind: str, message: bytes) -> bytes:
    """Return the JWS signature of a message."""
    r, s = decode_dss_signature(sign_der(key, kind)(message))
    return r.to_bytes(SIZES[kind], "big") + s.to_bytes(SIZES[kind], "big")


FAULTS: dict[str, tuple[Callable[[bytes], Any], str]] = {
    "str": (lambda signature: signature.hex(), "the signer returned something of type str"),
    "None": (lambda _: None, "the signer returned something of type NoneType"),
    "bytearray": (bytearray, "the signer returned something of type bytearray"),
    "short": (lambda signature: signature[:-1], "is 63 bytes long; under ES256 it has 64"),
    "empty": (lambda _: b"", "is 0 bytes long; under ES256 it has 64"),
    "zeroes": (lambda signature: bytes(len(signature)), "does not hold by its public key"),
    "another": (lambda signature: signature[32:] + signature[:32], "does not hold by its public key"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_no_signature_is_refused(keys: dict[str, Any], fault: str) -> None:
    """When the issuer is made, and no less of any token later."""
    key, (spoil, what) = keys["P-256"], FAULTS[fault]
    spoilt = [True]

    def sign(message: bytes) -> Any:
        signature = raw(key, "P-256", message)
        return spoil(signature) if spoilt[0] else signature

    with pytest.raises(step_ott.KeyFormatError, match=what):
        issue(key, OwnSigner(key.public_key(), sign))
    spoilt[0] = False
    issuer = step_ott.JwkIssuer(declare_for(key), key=OwnSigner(key.public_key(), sign))
    assert issuer.token("web.test") and issuer.token("web.test")
    spoilt[0] = True
    with pytest.raises(step_ott.KeyFormatError, match=what):
        issuer.token("web.test")


def test_a_signer_of_another_key_or_form_is_refused(keys: dict[str, Any]) -> None:
    """DER where r and s are wanted, and the signatures of another key."""
    key, other = keys["P-256"], ec.generate_private_key(ec.SECP256R1())
    with pytest.raises(step_ott.KeyFormatError) as caught:
        issue(key, OwnSigner(key.public_key(), sign_der(key, "P-256")))
    assert "DER" in caught.value.what and "step_ott.DerSigner" in caught.value.fix
    with pytest.raises(step_ott.KeyFormatError, match="does not hold"):
        issue(key, step_ott.DerSigner(key.public_key(), sign_der(other, "P-256")))
    with pytest.raises(step_ott.KeyFormatError, match="not one in DER"):
        issue(key, step_ott.DerSigner(key.public_key(), lambda _: b"nothing"))
    with pytest.raises(step_ott.KeyFormatError, match="not one in DER"):
        issue(key, step_ott.DerSigner(key.public_key(), lambda _: "text"))  # type: ignore[arg-type,return-value]


@pytest.mark.parametrize(
    "public", [None, 5, b"nothing", {}, {"kty": "oct", "k": "AA"}, {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}]
)
def test_what_is_no_public_key_is_refused(public: Any) -> None:
    """When the signer is made, or the issuer."""
    with pytest.raises(step_ott.UsageError, match="public_key="):
        step_ott.DerSigner(public, lambda message: message)


def test_der_comes_of_ec_keys_alone(keys: dict[str, Any]) -> None:
    """And of a function that signs."""
    with pytest.raises(step_ott.UsageError, match="not that of an EC key"):
        step_ott.DerSigner(keys["RSA"].public_key(), lambda message: message)
    with pytest.raises(step_ott.UsageError, match="sign= is of type str"):
        step_ott.DerSigner(keys["P-256"].public_key(), "sign")  # type: ignore[arg-type]


class VaultError(step_ott.StepOttError):
    """An error of a program's own, that stands in our tree."""

    def __init__(self, status: int) -> None:
        super().__init__(f"--key: {status}")


@pytest.mark.parametrize(
    "error", [TimeoutError("vault"), ValueError("vault"), VaultError(503), KeyboardInterrupt(), *PUBLIC]
)
@pytest.mark.parametrize("is_der", [False, True])
def test_what_a_signer_raises_passes_as_it_is(keys: dict[str, Any], error: BaseException, is_der: bool) -> None:
    """Also from within a `DerSigner`."""
    key, raised = keys["P-256"], [False]

    def sign(message: bytes) -> bytes:
        if raised[0]:
            raise error
        return sign_der(key, "P-256")(message) if is_der else raw(key, "P-256", message)

    public = key.public_key()
    issuer = step_ott.JwkIssuer(
        declare_for(key), key=step_ott.DerSigner(public, sign) if is_der else OwnSigner(public, sign)
    )
    raised[0] = True
    with pytest.raises(type(error)) as caught:
        issuer.token("web.test")
    assert caught.value is error
    assert error.__context__ is None


@pytest.mark.parametrize("error", [LookupError("vault"), *PUBLIC])
def test_what_a_public_key_raises_passes_as_it_is(keys: dict[str, Any], error: Exception) -> None:
    """A vault may be asked for it only then."""

    class Vault:
        @property
        def public_key(self) -> bytes:
            raise error

        def sign(self, message: bytes) -> bytes:
            return message

    with pytest.raises(type(error)) as caught:
        issue(keys["P-256"], Vault())
    assert caught.value is error


# -- How many signatures are checked ----------------------------------------------------------------


def test_each_signature_of_a_programs_own_signer_is_checked_and_of_ours_some(
    keys: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of ours the first and one of 128; of another's the one at its opening, and all."""
    from adapters.jose import jws

    checks, really = [0], jws._holds

    def hold(*arguments: Any) -> bool:
        checks[0] += 1
        return really(*arguments)

    monkeypatch.setattr(jws, "_holds", hold)
    key = keys["P-256"]
    ours = step_ott.JwkIssuer(declare_for(key), key=key)
    for _ in range(2 * CHECKED_EVERY):
        ours.token("web.test")
    assert checks == [2]
    checks[0] = 0
    theirs = step_ott.JwkIssuer(
        declare_for(key), key=OwnSigner(key.public_key(), lambda message: raw(key, "P-256", message))
    )
    for _ in range(10):
        theirs.token("web.test")
    assert checks == [11]


class LookAlike(rsa.RSAPrivateKey):
    """A class of somebody else's that follows `cryptography`'s, as those of key services do."""

    def __init__(self, key: rsa.RSAPrivateKey) -> None:
        self.key, self.spoilt = key, False

    def sign(self, data: bytes, padding: Any, algorithm: Any) -> bytes:
        return bytes(256) if self.spoilt else self.key.sign(data, padding, algorithm)

    def public_key(self) -> rsa.RSAPublicKey:
        return self.key.public_key()

    @property
    def key_size(self) -> int:
        return self.key.key_size

    def decrypt(self, ciphertext: bytes, padding: Any) -> bytes:
        raise NotImplementedError

    def private_numbers(self) -> rsa.RSAPrivateNumbers:
        raise NotImplementedError

    def private_bytes(self, encoding: Any, format: Any, encryption_algorithm: Any) -> bytes:  # noqa: A002
        raise NotImplementedError

    def __copy__(self) -> "LookAlike":
        return self

    def __deepcopy__(self, memo: Any) -> "LookAlike":
        return self


def test_a_key_that_only_looks_like_ours_is_checked_each_time(keys: dict[str, Any]) -> None:
    """What signs there is not `cryptography`."""
    key = LookAlike(keys["RSA"])
    issuer = step_ott.JwkIssuer(declare_for(key), key=key)
    assert holds(issuer.token("web.test"), key) and issuer.token("web.test")
    key.spoilt = True
    with pytest.raises(step_ott.KeyFormatError, match="does not hold"):
        issuer.token("web.test")


# -- Secrets ----------------------------------------------------------------------------------------


def test_nothing_secret_shows(keys: dict[str, Any], caplog: pytest.LogCaptureFixture) -> None:
    """In the repr of an issuer, its parts and a token, in errors, tracebacks and the log."""
    caplog.set_level(logging.DEBUG)
    jwk = generate_jwk()
    ca = DeclaredCa(read_public(make_signer_of(jwk).private_key.public_key()))
    issuer = step_ott.JwkIssuer(ca, key=jwk, password=PASSWORD)
    token = issuer.token("web.test")
    shown = [repr(issuer), repr(vars(issuer)), repr(vars(issuer._given)), repr(token), f"{token!r}", repr([token])]
    for given in (jwk | {"kty": "oct"}, json.dumps(jwk)[:-1], json.dumps(jwk | {"crv": "P-999"})):
        with pytest.raises(step_ott.StepOttError) as caught:
            step_ott.JwkIssuer(ca, key=given, password=PASSWORD)
        shown += traceback.format_exception(caught.value)
    with pytest.raises(step_ott.WrongPasswordError) as wrong:
        issue(keys["P-256"], write(keys["P-256"], b"another"), password=PASSWORD)
    shown += [*traceback.format_exception(wrong.value), caplog.text]
    text = "\n".join(shown)
    for secret in (jwk["d"], PASSWORD.decode(), repr(make_signer_of(jwk).private_key), token.split(".")[2], token.jti):
        assert secret not in text


@pytest.mark.parametrize("content", [b"neither", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_what_binds_no_token_is_named_with_what_to_give(keys: dict[str, Any], content: bytes) -> None:
    """The error has the argument, and advice that has nothing of the command line's flags in it."""
    issuer = step_ott.JwkIssuer(declare_for(keys["P-256"]), key=keys["P-256"])
    with pytest.raises(step_ott.InputError, match=r"^csr=: .*: give (one|the) CSR in PEM or DER$"):
        issuer.token("web.test", csr=content)
    with pytest.raises(step_ott.InputError, match=r"^public_key=: .*: give an SSH public key: a line such as "):
        issuer.ssh_user_token("max", public_key=content)


def test_a_refusal_can_be_pickled() -> None:
    """So that a test which runs in another process can tell of it."""
    error = step_ott.TokenRefusedError("the CA refuses the token", (), "401 no")
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), again.findings, again.answer) == (type(error), str(error), (), "401 no")


@pytest.mark.parametrize("take", [copy.copy, copy.deepcopy, pickle.dumps])
def test_an_issuer_is_neither_copied_nor_pickled(keys: dict[str, Any], take: Callable[[Any], Any]) -> None:
    """Its key stays where it was opened; a token goes wherever the program sends it."""
    issuer = step_ott.JwkIssuer(declare_for(keys["P-256"]), key=keys["P-256"])
    with pytest.raises(TypeError, match="make one where it is used"):
        take(issuer)
    token = issuer.token("web.test")
    again = pickle.loads(pickle.dumps(token))
    assert again == token and type(again) is step_ott.Token and again.claims == token.claims


@pytest.mark.parametrize("text", ["", "nothing", "a.b.c", "eyJ9.eyJ9.x"])
def test_a_token_that_is_none_has_a_repr_too(text: str) -> None:
    """It says nothing of the text."""
    assert repr(step_ott.Token(text)) == "<step_ott.Token that cannot be read>"


def test_a_token_of_somebody_elses_may_say_anything() -> None:
    """Times beyond the calendar, and identifiers that are none."""
    parts = ({"alg": "ES256"}, {"exp": 10**30, "nbf": True, "jti": None, "sub": ["x"] * 1000})
    text = ".".join(base64url.encode(json.dumps(part).encode()) for part in parts) + ".AAAA"
    token = step_ott.Token(text)
    assert (token.expires_at, token.not_before, token.jti) == (None, None, "")
    assert len(repr(token)) < 100


@pytest.mark.parametrize("text", ['[{"kty": "EC", "d": "canary"}]', ' \ufeff"canary"', '{"d": "canary"'])
def test_a_key_that_is_nearly_json_is_no_path_that_shows(keys: dict[str, Any], text: str) -> None:
    """What begins as JSON does is content, and no error shows it."""
    with pytest.raises(step_ott.InputError) as caught:
        issue(keys["P-256"], text)
    assert "canary" not in str(caught.value)


def test_a_class_is_no_key(keys: dict[str, Any]) -> None:
    """A signer's class in the place of a signer is refused by name."""
    with pytest.raises(step_ott.UsageError, match="give an object of DerSigner, not the class"):
        issue(keys["P-256"], step_ott.DerSigner)
