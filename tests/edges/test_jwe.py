"""Encrypted keys: RFC vectors, and containers of the real step."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.jose.envelope import parse_jwe
from adapters.jose.jwe import seal_jwk
from domain.errors import KeyFormatError, WrongPasswordError
from domain.formats import base64url
from tests.support.foreign_keys import PASSWORD, call_step, make_step_jwk, seal_with_step
from tests.support.opened_jwe import open_jwe
from tests.vectors import load_vector

RFC_7517 = load_vector("rfc7517_appendix_c")
RFC_7520 = load_vector("rfc7520_section_5_3")
SECRET = b'{"kty":"EC","d":"very secret"}'
QUICK = seal_jwk(SECRET.decode(), PASSWORD.encode(), iterations=1)


def spell_json(compact: str, **others: Any) -> str:
    """Return a compact JWE in the flattened JSON form, with members added or, where None, left out."""
    names = ("protected", "encrypted_key", "iv", "ciphertext", "tag")
    document = dict(zip(names, compact.split("."), strict=True)) | others
    return json.dumps({name: value for name, value in document.items() if value is not None})


def test_the_encrypted_key_of_rfc_7517_opens() -> None:
    """Appendix C: PBES2-HS256+A128KW, 4,096 iterations, A128CBC-HS256."""
    assert open_jwe(RFC_7517["compact"], RFC_7517["password"].encode()).decode() == RFC_7517["plaintext"]


@pytest.mark.parametrize("form", ["compact", "general", "flattened"])
def test_every_serialization_of_rfc_7520_opens(form: str) -> None:
    """Section 5.3: PBES2-HS512+A256KW, 8,192 iterations, A128CBC-HS256, a password beyond ASCII."""
    text = RFC_7520[form] if form == "compact" else json.dumps(RFC_7520[form], indent=2)
    assert open_jwe(text, RFC_7520["password"].encode()).decode() == RFC_7520["plaintext"]


@pytest.mark.parametrize(
    ("algorithm", "encryption"),
    [
        ("PBES2-HS256+A128KW", "A128GCM"),
        ("PBES2-HS384+A192KW", "A192GCM"),
        ("PBES2-HS512+A256KW", "A256GCM"),
        ("PBES2-HS256+A128KW", "A128CBC-HS256"),
        ("PBES2-HS384+A192KW", "A192CBC-HS384"),
        ("PBES2-HS512+A256KW", "A256CBC-HS512"),
    ],
)
def test_every_algorithm_of_step_opens(step_program: str, algorithm: str, encryption: str) -> None:
    """The real step's JSON JWE of each key wrap and each content encryption."""
    text = seal_with_step(step_program, algorithm, encryption, SECRET)
    assert open_jwe(text, PASSWORD.encode()) == SECRET
    assert {"alg": algorithm, "enc": encryption}.items() <= parse_jwe(text).header.items()


@pytest.mark.parametrize("options", [("--kty", "EC"), ("--kty", "RSA"), ("--kty", "OKP")], ids=lambda words: words[1])
def test_an_encrypted_jwk_of_step_opens(step_program: str, tmp_path: Path, options: tuple[str, ...]) -> None:
    """What `step crypto jwk create` writes holds the private half of the public JWK beside it."""
    public, private = make_step_jwk(step_program, tmp_path, *options)
    opened = json.loads(open_jwe(private.read_text(), PASSWORD.encode()))
    assert json.loads(public.read_text()).items() <= opened.items()
    assert opened["d"]


def test_the_encrypted_key_that_a_new_step_ca_has_opens(step_program: str, tmp_path: Path) -> None:
    """`step ca init` writes a compact JWE into ca.json, with 600,000 iterations."""
    password = tmp_path / "password"
    password.write_text(PASSWORD)
    result = call_step(
        step_program, "ca", "init", "--context", "new", "--name", "Test", "--dns", "localhost", "--address", ":9000",
        "--provisioner", "you@example.com", "--deployment-type", "standalone", "--password-file", str(password),
        step_path=tmp_path,
    )  # fmt: skip
    assert result.status == 0, result.err
    config = json.loads((tmp_path / "authorities" / "new" / "config" / "ca.json").read_text())
    provisioner = config["authority"]["provisioners"][0]
    assert parse_jwe(provisioner["encryptedKey"]).header["p2c"] == 600_000
    opened = json.loads(open_jwe(provisioner["encryptedKey"], PASSWORD.encode()))
    assert provisioner["key"].items() <= opened.items()


def test_step_opens_what_we_seal(step_program: str, tmp_path: Path) -> None:
    """The real step decrypts our compact JWE, and its header is the one that step writes."""
    password = tmp_path / "password"
    password.write_text(PASSWORD)
    sealed = seal_jwk(SECRET.decode(), PASSWORD.encode())
    words = ("crypto", "jwe", "decrypt", "--password-file", str(password))
    result = call_step(step_program, *words, stdin=sealed.encode())
    assert (result.status, result.out) == (0, SECRET.decode()), result.err
    _, private = make_step_jwk(step_program, tmp_path)
    theirs, ours = (dict(parse_jwe(text).header) for text in (private.read_text(), sealed))
    assert len(base64url.decode(ours.pop("p2s"))) == len(base64url.decode(theirs.pop("p2s")))
    assert ours == theirs


def test_nothing_is_used_twice_in_sealing() -> None:
    """Salt, key and nonce are fresh each time."""
    first, second = (seal_jwk(SECRET.decode(), b"x", iterations=1).split(".") for _ in range(2))
    assert all(one != other for one, other in zip(first, second, strict=True))


@pytest.mark.parametrize("password", [b"wrong", b"", b"correct hors", b"correct horse\n", b"\xff\xfe"])
def test_a_wrong_password_is_an_error_of_its_own(password: bytes) -> None:
    """The error says that it is the password, and shows none."""
    with pytest.raises(WrongPasswordError, match="the password does not open the key") as caught:
        open_jwe(QUICK, password)
    assert PASSWORD not in str(caught.value)


@pytest.mark.parametrize("vector", [RFC_7517, RFC_7520], ids=["RFC 7517", "RFC 7520"])
def test_a_wrong_password_does_not_open_the_rfcs_keys(vector: dict[str, Any]) -> None:
    """A character more is another password."""
    with pytest.raises(WrongPasswordError):
        open_jwe(vector["compact"], vector["password"].encode() + b" ")


@pytest.mark.parametrize("source", ["ours", "RFC 7517"])
@pytest.mark.parametrize("part", [2, 3, 4])
def test_damaged_content_is_not_a_wrong_password(source: str, part: int) -> None:
    """A changed nonce, ciphertext or tag fails authentication, with GCM and with CBC and HMAC."""
    text, password = (QUICK, PASSWORD) if source == "ours" else (RFC_7517["compact"], RFC_7517["password"])
    parts = text.split(".")
    parts[part] = ("B" if parts[part][0] == "A" else "A") + parts[part][1:]
    with pytest.raises(KeyFormatError, match="content fails authentication"):
        open_jwe(".".join(parts), password.encode())


def test_a_changed_header_fails_authentication() -> None:
    """The protected header is authenticated as it stands, the spelling of its JSON included."""
    protected, rest = QUICK.split(".", 1)
    header = json.loads(base64url.decode(protected))
    respelt = base64url.encode(json.dumps(header).encode())
    assert parse_jwe(f"{respelt}.{rest}").header == header
    with pytest.raises(KeyFormatError, match="content fails authentication"):
        open_jwe(f"{respelt}.{rest}", PASSWORD.encode())


@pytest.mark.parametrize("surrounding", ["{}\n", "\n {}\r\n", "{}   "])
def test_white_space_around_a_container_does_not_matter(surrounding: str) -> None:
    """A file's last newline is not part of the JWE."""
    for text in (QUICK, spell_json(QUICK)):
        assert open_jwe(surrounding.format(text), PASSWORD.encode()) == SECRET


def test_unprotected_parameters_count() -> None:
    """RFC 7516, 7.2.1: a shared or a recipient's unprotected header adds to the protected one."""
    for name in ("unprotected", "header"):
        text = spell_json(QUICK, **{name: {"kid": "x"}})
        assert open_jwe(text, PASSWORD.encode()) == SECRET
        assert parse_jwe(text).header["kid"] == "x"


def test_a_recipient_says_nothing_about_the_content() -> None:
    """In the general form the members of a recipient other than its key and header are passed over."""
    document = json.loads(spell_json(QUICK))
    recipient = {
        "encrypted_key": document.pop("encrypted_key"),
        "iv": "AAAAAAAAAAAAAAAA",
        "protected": "e30",
        "aad": "",
    }
    assert open_jwe(json.dumps(document | {"recipients": [recipient]}), PASSWORD.encode()) == SECRET


def test_an_envelope_shows_its_header_alone() -> None:
    """Its representation holds neither the wrapped key nor the ciphertext."""
    assert repr(parse_jwe(QUICK)) == f"Envelope(header={parse_jwe(QUICK).header!r})"


@given(st.text(max_size=60), st.binary(min_size=1, max_size=40))
@settings(max_examples=40)
def test_what_was_sealed_opens(content: str, password: bytes) -> None:
    """Any text under any password comes back."""
    assert open_jwe(seal_jwk(content, password, iterations=1), password).decode() == content


@given(st.data())
@settings(max_examples=150)
def test_no_damage_opens_or_escapes(data: st.DataObject) -> None:
    """A container with any one character changed, added or dropped is one of our errors."""
    text = data.draw(st.sampled_from([QUICK, spell_json(QUICK)]))
    index = data.draw(st.integers(0, len(text) - 1))
    character = data.draw(st.sampled_from('A_-.={}[]",: \n\0é0'))
    kind = data.draw(st.sampled_from(["change", "add", "drop"]))
    damaged = text[:index] + ("" if kind == "drop" else character) + text[index + (kind != "add") :]
    try:
        opened = open_jwe(damaged, PASSWORD.encode())
    except (KeyFormatError, WrongPasswordError):
        return
    assert opened == SECRET
    assert json.loads(damaged) == json.loads(text) if damaged.lstrip()[0] == "{" else damaged.strip() == text
