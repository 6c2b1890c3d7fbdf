"""XEdDSA signatures: the Go library that step-ca checks them by, and ours."""

from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from adapters.jose.xeddsa import XeddsaSigner, make_xeddsa_signer, sign
from domain.errors import KeyFormatError
from domain.formats import base64url
from tests.support.go_answers import GoAnswers, ask_go

KNOWN = (
    "7734f0719493a1fe263dba3f7a9da4d12a39a5831e50cccb5ab37a63ec2b77b5"
    "4366d80a816bbea281316e12a937d72e4d39da41e00c29f09e9d744f0ccc0206"
)
KEYS, RANDOM = st.binary(min_size=32, max_size=32), st.binary(min_size=64, max_size=64)


@pytest.fixture(scope="module")
def go() -> Iterator[GoAnswers]:
    """The Go library."""
    with ask_go() as answers:
        yield answers


def open_signer(key: bytes, random: bytes = bytes(64)) -> XeddsaSigner:
    """Return the signer of a key, with random bytes that can be foreseen."""
    return make_xeddsa_signer(key, lambda size: random[:size])


def public_of(signer: XeddsaSigner) -> bytes:
    return base64url.decode(signer.public.members["x"])


@given(key=KEYS, message=st.binary(max_size=300), random=RANDOM)
def test_go_takes_our_signatures(go: GoAnswers, key: bytes, message: bytes, random: bytes) -> None:
    """Whatever the key, the message and the random bytes; and for no other message."""
    signer = open_signer(key, random)
    words = [part.hex() for part in (public_of(signer), message, signer.sign(message))]
    assert go.ask_words("xeddsa-verify", words) == {"truth": True}
    assert go.ask_words("xeddsa-verify", [words[0], (message + b"!").hex(), words[2]]) == {}


@given(key=KEYS, message=st.binary(max_size=300))
def test_go_has_the_same_public_key_and_signs_as_we_check(go: GoAnswers, key: bytes, message: bytes) -> None:
    """The Go library's signature holds by the check that ours pass before they leave; a changed one does not."""
    public, signature = map(bytes.fromhex, go.ask_words("xeddsa-sign", [key.hex(), message.hex()])["positional"])
    signer = open_signer(key)
    assert public_of(signer) == public == X25519PrivateKey.from_private_bytes(key).public_key().public_bytes_raw()
    assert signer.holds(message, signature)
    assert not signer.holds(message + b"!", signature)


def test_a_known_signature_stays_as_it_is(go: GoAnswers) -> None:
    """The same key, message and random bytes give the same signature, and the Go library takes it."""
    key = bytes(range(32))
    assert sign(key, b"message", bytes(range(64))).hex() == KNOWN
    public = public_of(open_signer(key)).hex()
    assert go.ask_words("xeddsa-verify", [public, b"message".hex(), KNOWN]) == {"truth": True}


def test_every_signature_asks_for_new_random_bytes() -> None:
    """64 of them, so that two signatures of one message differ."""
    asked: list[int] = []

    def count(size: int) -> bytes:
        asked.append(size)
        return bytes([len(asked)]) * size

    signer = make_xeddsa_signer(bytes(range(32)), count)
    assert signer.sign(b"message") != signer.sign(b"message")
    assert asked == [64, 64]


def test_a_signature_that_does_not_hold_does_not_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault in the making is found before anyone sees the result."""
    signer = open_signer(bytes(range(32)))
    monkeypatch.setattr("adapters.jose.xeddsa.sign", lambda *_: bytes(64))
    with pytest.raises(KeyFormatError, match="does not verify"):
        signer.sign(b"message")


def test_the_key_shows_nowhere() -> None:
    """Not in the signer's name, nor in an error about its length."""
    assert bytes(range(32)).hex() not in repr(open_signer(bytes(range(32))))
    with pytest.raises(KeyFormatError, match="an X25519 key of 31 bytes"):
        open_signer(b"k" * 31)


@pytest.mark.parametrize("part", ["has_crypto_core_ed25519", "has_crypto_scalarmult_ed25519"])
def test_a_minimal_libsodium_is_told(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One without the primitives is an error that says what to install."""
    monkeypatch.setattr(f"nacl.bindings.{part}", False)
    with pytest.raises(KeyFormatError, match="minimal build"):
        open_signer(bytes(32))
