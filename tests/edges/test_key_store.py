"""The key store: how it knows containers apart, when it wants a password, and what it says."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest

from adapters.jose.jwe import seal_jwk
from adapters.jose.jws import JwsSigner
from adapters.jose.key_objects import generate_jwk
from adapters.keys.passwords import ATTEMPTS, FilePassword, TypedPassword
from adapters.keys.store import MAX_KEY_BYTES, LocalKeyStore
from adapters.machine.input_files import LocalFiles
from domain.errors import InputError, KeyFormatError, UsageError, WrongPasswordError
from domain.formats import base64url
from domain.keys.jwk import read_public_jwk
from domain.keys.source import KeyFile, SealedKey
from tests.support.foreign_keys import PASSWORD, make_pem, make_ssh_key, make_step_jwk, publish_pem, run_program
from tests.vectors import load_vector

JWK = generate_jwk()
SEALED = seal_jwk(json.dumps(JWK), PASSWORD.encode(), iterations=1)
JSON_NAMES = ("protected", "encrypted_key", "iv", "ciphertext", "tag")
SEALED_JSON = json.dumps(dict(zip(JSON_NAMES, SEALED.split("."), strict=True)), indent=2)
RFC_7515_EC = load_vector("rfc7515_signatures")[1]["jwk"]


@attrs.define
class ScriptedPasswords:
    """Passwords in an order, and what each time they were wanted for."""

    passwords: tuple[str, ...]
    purposes: list[str] = attrs.field(factory=list)
    whose: str = ""

    def candidates(self, purpose: str) -> Iterator[bytes]:
        self.purposes.append(purpose)
        for password in self.passwords:
            yield password.encode()


@attrs.define
class NoPasswords:
    """Passwords that nobody may ask for."""

    whose: str = ""

    def candidates(self, purpose: str) -> Iterator[bytes]:
        raise AssertionError(f"asked for {purpose}")


@attrs.define
class ScriptedPrompter:
    """A person who types answers in an order."""

    answers: list[bytes]
    questions: list[str] = attrs.field(factory=list)

    def password(self, question: str) -> bytes:
        self.questions.append(question)
        return self.answers.pop(0)

    def choose(self, question: str, items: object) -> int:
        raise AssertionError(question)


@pytest.fixture
def store() -> LocalKeyStore:
    """The key store over the formats that `adapters` reads."""
    return LocalKeyStore(LocalFiles())


@pytest.fixture(scope="module")
def pem() -> bytes:
    """A P-256 key in PKCS#8 from openssl."""
    return make_pem("P-256")


def write(folder: Path, content: str | bytes) -> KeyFile:
    """Return `content` as the file of `--key`."""
    path = folder / "provisioner.key"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return KeyFile(str(path), f"--key {path}")


def publish(signer: object) -> bytes:
    """Return the public half of an opened key as openssl writes it."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    assert isinstance(signer, JwsSigner)
    return signer.private_key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def encrypt(pem: bytes) -> bytes:
    """Return a PEM key in encrypted PKCS#8 by openssl."""
    words = ("pkcs8", "-topk8", "-v2", "aes256", "-iter", "1", "-passout", f"pass:{PASSWORD}")
    return run_program("openssl", *words, stdin=pem)


@pytest.mark.parametrize("spelling", ["{}", "{}\n", "\n\n  {}\r\n"])
def test_a_plain_jwk_opens_without_a_password(store: LocalKeyStore, tmp_path: Path, spelling: str) -> None:
    """White space around it does not matter; its name and algorithm count."""
    signer = store.open(write(tmp_path, spelling.format(json.dumps(JWK))), NoPasswords())
    assert signer.public == read_public_jwk(JWK)


@pytest.mark.parametrize("text", [SEALED, f"{SEALED}\n", SEALED_JSON, f"\r\n{SEALED_JSON}\n"])
def test_an_encrypted_jwk_opens_with_its_password(store: LocalKeyStore, tmp_path: Path, text: str) -> None:
    """Compact or JSON; the purpose that a person reads names the file."""
    source, passwords = write(tmp_path, text), ScriptedPasswords((PASSWORD,))
    assert store.open(source, passwords).public == read_public_jwk(JWK)
    assert passwords.purposes == [f"the password of --key {source.path}"]


def test_a_sealed_key_opens_with_its_password(store: LocalKeyStore) -> None:
    """What a CA hands out; the purpose names whose it is."""
    passwords = ScriptedPasswords((PASSWORD,))
    signer = store.open(SealedKey(SEALED, "provisioner Ada"), passwords)
    assert signer.public == read_public_jwk(JWK)
    assert passwords.purposes == ["the password of the key of provisioner Ada"]


def test_a_plain_pem_key_opens_without_a_password(store: LocalKeyStore, tmp_path: Path, pem: bytes) -> None:
    """PKCS#8 of openssl: its thumbprint names it, for it has no `kid`."""
    signer = store.open(write(tmp_path, pem), NoPasswords())
    assert publish(signer) == publish_pem(pem)
    assert signer.public.kid == ""


def test_an_encrypted_pem_key_opens_with_its_password(store: LocalKeyStore, tmp_path: Path, pem: bytes) -> None:
    """Encrypted PKCS#8 of openssl; the password is wanted once."""
    passwords = ScriptedPasswords((PASSWORD,))
    assert publish(store.open(write(tmp_path, encrypt(pem)), passwords)) == publish_pem(pem)
    assert len(passwords.purposes) == 1


@pytest.mark.parametrize("password", ["", PASSWORD])
def test_an_openssh_key_opens(store: LocalKeyStore, tmp_path: Path, password: str) -> None:
    """A key of ssh-keygen; a password is wanted only where it is encrypted."""
    data = make_ssh_key(tmp_path / "id", "ed25519", password, "-a", "1")
    passwords = ScriptedPasswords((password,)) if password else NoPasswords()
    assert store.open(write(tmp_path, data), passwords).public.algorithm == "EdDSA"


def test_keys_of_step_open(store: LocalKeyStore, step_program: str, tmp_path: Path) -> None:
    """`step crypto jwk create`, encrypted and not, read from the files that it wrote."""
    for options, passwords in (
        ((), ScriptedPasswords((PASSWORD,))),
        (("--no-password", "--insecure"), NoPasswords()),
    ):
        public, private = make_step_jwk(step_program, tmp_path, *options)
        assert store.open(KeyFile(str(private), f"--key {private}"), passwords).public == read_public_jwk(
            json.loads(public.read_text())
        )


def test_a_password_file_is_not_read_for_a_key_that_is_not_encrypted(
    store: LocalKeyStore, tmp_path: Path, pem: bytes
) -> None:
    """Not even a file that is missing."""
    password = FilePassword(LocalFiles(), str(tmp_path / "missing"), "--password-file")
    assert store.open(write(tmp_path, pem), password)


@pytest.mark.parametrize("container", ["JWE", "PEM", "sealed"])
def test_a_person_may_try_three_times(store: LocalKeyStore, tmp_path: Path, pem: bytes, container: str) -> None:
    """The third password opens; each question after the first says that the last one was wrong."""
    source = choose_source(container, tmp_path, pem)
    prompter = ScriptedPrompter([b"one", b"", PASSWORD.encode(), b"never"])
    assert store.open(source, TypedPassword(prompter))
    assert len(prompter.questions) == ATTEMPTS == 3
    assert [question.startswith("Wrong password, ") for question in prompter.questions] == [False, True, True]


@pytest.mark.parametrize("container", ["JWE", "PEM", "sealed"])
def test_after_three_wrong_passwords_the_error_says_so(
    store: LocalKeyStore, tmp_path: Path, pem: bytes, container: str
) -> None:
    """It names the key and shows no password."""
    source = choose_source(container, tmp_path, pem)
    prompter = ScriptedPrompter([b"first-guess", b"second-guess", b"third-guess", b"never"])
    with pytest.raises(WrongPasswordError, match="the password does not open") as caught:
        store.open(source, TypedPassword(prompter))
    assert prompter.answers == [b"never"]
    shown = source.label if isinstance(source, SealedKey) else source.path
    assert str(caught.value).count(shown) == 1
    assert "guess" not in str(caught.value)


def choose_source(container: str, folder: Path, pem: bytes) -> KeyFile | SealedKey:
    """Return a key under PASSWORD in one of the encrypted containers."""
    if container == "sealed":
        return SealedKey(SEALED, "provisioner Ada")
    return write(folder, SEALED if container == "JWE" else encrypt(pem))


def test_without_a_terminal_the_error_is_that_of_the_prompt(store: LocalKeyStore) -> None:
    """A usage error passes as it is: it names the flag to use."""

    class Nobody(ScriptedPrompter):
        def password(self, question: str) -> bytes:
            raise UsageError("the password is needed", "name its file with --password-file")

    with pytest.raises(UsageError, match="--password-file"):
        store.open(SealedKey(SEALED, "x"), TypedPassword(Nobody([])))


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda pem: b"", "it is empty"),
        (lambda pem: b" \n\t\n", "it is empty"),
        (lambda pem: run_program("openssl", "pkey", "-outform", "DER", stdin=pem), "openssl pkey -inform DER"),
        (lambda pem: b"\x30\x82\x01\x00.\xfe.\xfe.\xfe.\xfe", "openssl pkey -inform DER"),
        (lambda pem: b"\xff\xfe\x00\x01", "not a private key in a format"),
        (lambda pem: pem.decode().encode("utf-16"), "not a private key in a format"),
        (lambda pem: b"secret words", "not a private key in a format"),
        (lambda pem: SEALED.rpartition(".")[0].encode(), "not a private key in a format"),
        (lambda pem: b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI x", "not a private key in a format"),
        (publish_pem, "holds PUBLIC KEY, not a private key"),
        (lambda pem: b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "holds CERTIFICATE, not"),
        (lambda pem: pem + pem, "several private keys"),
        (lambda pem: b"{", "JWK cannot be used"),
        (lambda pem: b"{}", "'kty' is missing"),
        (lambda pem: b'{"kty":"EC","kty":"RSA"}', "member 'kty' appears twice"),
        (lambda pem: b'{"a":' * 10_000, "64 levels"),
        (lambda pem: b'{"kty":' + b"9" * 5_000 + b"}", "4300 digits"),
        (lambda pem: json.dumps({"keys": [JWK]}).encode(), "'kty' is missing"),
        (lambda pem: b'{"kty":"oct","k":"c2VjcmV0"}', "key type 'oct' cannot sign"),
        (lambda pem: json.dumps({k: v for k, v in JWK.items() if k != "d"}).encode(), "it is a public key"),
        (lambda pem: json.dumps(JWK | {"use": "enc"}).encode(), "its use is 'enc'"),
        (lambda pem: json.dumps(JWK | {"alg": "none"}).encode(), "its alg 'none' does not go"),
        (lambda pem: json.dumps(JWK | {"key_ops": ["verify"]}).encode(), "do not name 'sign'"),
        (lambda pem: json.dumps(JWK | {"d": RFC_7515_EC["d"]}).encode(), "private half does not match its public half"),
        (lambda pem: json.dumps({"protected": "e30", "ciphertext": "AA"}).encode(), "missing or is not text"),
    ],
)
def test_what_is_no_key_of_use_is_an_error_that_names_the_file(
    store: LocalKeyStore, tmp_path: Path, pem: bytes, make: Any, reason: str
) -> None:
    """One reason each, before any password is wanted."""
    source = write(tmp_path, make(pem))
    with pytest.raises(KeyFormatError, match=reason) as caught:
        store.open(source, NoPasswords())
    assert caught.value.what.startswith(f"--key {source.path}: ")
    assert JWK["d"] not in str(caught.value)


def test_a_member_called_ciphertext_does_not_make_a_jwe(store: LocalKeyStore, tmp_path: Path) -> None:
    """Only a member of the document itself counts, not text that looks like one."""
    jwk = JWK | {"kid": 'say "ciphertext"'}
    assert store.open(write(tmp_path, json.dumps(jwk)), NoPasswords()).public.kid == jwk["kid"]
    nested = {"note": {"ciphertext": ""}}
    assert store.open(write(tmp_path, json.dumps(JWK | nested)), NoPasswords()).public.kid == JWK["kid"]


def test_a_file_over_the_bound_is_refused(store: LocalKeyStore, tmp_path: Path) -> None:
    """Keys have at most 64 KiB."""
    with pytest.raises(InputError, match=f"over {MAX_KEY_BYTES} bytes"):
        store.open(write(tmp_path, " " * (MAX_KEY_BYTES + 1)), NoPasswords())


def test_a_file_that_is_missing_is_an_error(store: LocalKeyStore, tmp_path: Path) -> None:
    """It is not a key of another kind: a mistyped path is named as it is."""
    with pytest.raises(InputError, match=r"missing\.key cannot be read"):
        store.open(KeyFile(str(tmp_path / "missing.key"), "key"), NoPasswords())


@pytest.mark.parametrize(
    "jwe",
    [
        pytest.param(json.dumps(JWK), id="a bare JWK"),
        pytest.param(json.dumps(JWK | {"ciphertext": "AAAA"}), id="a JWK in disguise"),
        pytest.param("", id="nothing"),
        pytest.param("a.b.c", id="a JWS"),
        pytest.param("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", id="a PEM key"),
        pytest.param(".".join([base64url.encode(b'{"alg":"dir","enc":"A256GCM"}'), *SEALED.split(".")[1:]]), id="dir"),
        pytest.param(SEALED_JSON.replace('"tag"', '"aad": "AAAA", "tag"'), id="with aad"),
        pytest.param("x" * 70_000, id="too long"),
    ],
)
def test_what_a_ca_hands_out_must_be_an_encrypted_key(store: LocalKeyStore, jwe: str) -> None:
    """Nothing but a PBES2 JWE is taken from a CA; no password is wanted for anything else."""
    with pytest.raises(KeyFormatError, match="the key of provisioner Ada: ") as caught:
        store.open(SealedKey(jwe, "provisioner Ada"), NoPasswords())
    assert JWK["d"] not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\xff\xfe", "not UTF-8"),
        (b"[]", "not a JSON object"),
        (b"not JSON", "JWK cannot be used"),
        (b'{"kty":"oct","k":"c2VjcmV0"}', "key type 'oct' cannot sign"),
        (json.dumps(RFC_7515_EC | {"use": "enc"}).encode(), "its use is 'enc'"),
        (json.dumps(RFC_7515_EC | {"d": JWK["d"]}).encode(), "private half does not match its public half"),
    ],
)
def test_what_is_in_an_envelope_must_be_a_signing_key(
    store: LocalKeyStore, content: bytes, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After decryption the JWK is checked like one in the clear."""
    jwe = seal_jwk(content.decode("latin-1"), b"pw", iterations=1)
    monkeypatch.setattr("adapters.jose.jwe.begin_opening", lambda *_: lambda: content)
    with pytest.raises(KeyFormatError, match=reason) as caught:
        store.open(SealedKey(jwe, "provisioner Ada"), ScriptedPasswords(("pw",)))
    assert not any(secret in str(caught.value) for secret in (JWK["d"], RFC_7515_EC["d"]))


def test_the_key_of_rfc_7517_is_for_encryption(store: LocalKeyStore) -> None:
    """Appendix C's envelope opens, but its JWK says that it is not for signing."""
    vector = load_vector("rfc7517_appendix_c")
    with pytest.raises(KeyFormatError, match="its use is 'enc'"):
        store.open(SealedKey(vector["compact"], "x"), ScriptedPasswords((vector["password"],)))


def test_password_container_and_damage_are_told_apart(store: LocalKeyStore) -> None:
    """A wrong password, an unsupported container, damaged content: three classes or messages."""
    damaged = SEALED[:-22] + "A" * 22
    errors: list[InputError] = []
    for jwe, password in ((SEALED, "wrong"), (json.dumps(JWK), "any"), (damaged, PASSWORD)):
        with pytest.raises(InputError) as caught:
            store.open(SealedKey(jwe, "x"), ScriptedPasswords((password,)))
        errors.append(caught.value)
    assert [type(error) for error in errors] == [WrongPasswordError, KeyFormatError, KeyFormatError]
    assert len({error.what for error in errors}) == len({error.fix for error in errors}) == 3


def test_nothing_here_shows_a_secret(store: LocalKeyStore, tmp_path: Path) -> None:
    """Neither the source of a key nor its signer has the secret in its representation."""
    sealed = SealedKey(SEALED, "provisioner Ada")
    shown = repr([sealed, store.open(sealed, ScriptedPasswords((PASSWORD,)))])
    assert not any(secret in shown for secret in (JWK["d"], PASSWORD, *SEALED.split(".")))
