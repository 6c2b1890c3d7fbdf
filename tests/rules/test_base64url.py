"""Base64url in its one canonical form, against RFC 7515 and RFC 4648."""

import itertools
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.formats import base64url

ALPHABET = string.ascii_letters + string.digits + "-_"


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (bytes([3, 236, 255, 224, 193]), "A-z_4ME"),
        (b"", ""),
        (b"f", "Zg"),
        (b"fo", "Zm8"),
        (b"foo", "Zm9v"),
        (b"foob", "Zm9vYg"),
        (b"fooba", "Zm9vYmE"),
        (b"foobar", "Zm9vYmFy"),
    ],
)
def test_published_examples_hold_in_both_directions(data: bytes, text: str) -> None:
    """RFC 7515, appendix C, and RFC 4648, section 10, without the padding."""
    assert base64url.encode(data) == text
    assert base64url.decode(text) == data


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("Zg==", id="padding"),
        pytest.param("Zm8=", id="one-padding"),
        pytest.param("=", id="padding-alone"),
        pytest.param("Zg==Zg", id="padding-inside"),
        pytest.param(" Zg", id="leading-space"),
        pytest.param("Zg\n", id="trailing-newline"),
        pytest.param("Zm9v\r\nYmFy", id="line-break"),
        pytest.param("Zm 9v", id="space-inside"),
        pytest.param("A+z/4ME", id="standard-alphabet"),
        pytest.param("Zm9v.Zg", id="foreign-character"),
        pytest.param("Zm9v\0", id="nul"),
        pytest.param("Zé9v", id="not-ascii"),
        pytest.param("Ｚg", id="full-width-letter"),
        pytest.param("Zg\ud800", id="half-a-surrogate-pair"),
        pytest.param("Z", id="one-character"),
        pytest.param("Zm9vY", id="one-over-a-group"),
        pytest.param("Zh", id="stray-low-bits-of-one-byte"),
        pytest.param("Zm9", id="stray-low-bits-of-two-bytes"),
    ],
)
def test_every_other_spelling_is_refused(text: str) -> None:
    """Padding, white space, foreign characters and stray bits are errors."""
    with pytest.raises(ValueError, match="base64url"):
        base64url.decode(text)


def test_each_byte_has_exactly_one_spelling() -> None:
    """Of all texts of two letters, 256 are taken, one for each byte."""
    taken: list[bytes] = []
    for pair in itertools.product(ALPHABET, repeat=2):
        try:
            taken.append(base64url.decode("".join(pair)))
        except ValueError:
            continue
    assert sorted(taken) == [bytes([value]) for value in range(256)]


@given(st.binary())
def test_decoding_gives_back_what_was_encoded(data: bytes) -> None:
    """Encoding loses nothing and uses the alphabet alone."""
    text = base64url.encode(data)
    assert base64url.decode(text) == data
    assert set(text) <= set(ALPHABET)


@given(st.text(alphabet=ALPHABET + "=+/ ", max_size=12))
def test_what_is_decoded_was_canonical(text: str) -> None:
    """Whatever text is taken is the one that encoding its bytes gives."""
    try:
        data = base64url.decode(text)
    except ValueError:
        return
    assert base64url.encode(data) == text
