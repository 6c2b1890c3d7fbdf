"""PEM: what is a block, what is around it, and what a block may hold."""

import time
from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.formats.pem import decode_pem, is_pem, join_pem, split_pem

LABELS = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 ", min_size=1, max_size=64)


def wrap(data: bytes) -> bytes:
    """Return base64 in lines, between line breaks, as PEM has it."""
    text = b64encode(data)
    return b"\n" + b"\n".join(text[at : at + 64] for at in range(0, len(text), 64)) + b"\n"


@given(
    st.lists(st.tuples(LABELS, st.binary(max_size=200)), max_size=4), st.sampled_from([b"", b"text: -- - \n", b"\r\n"])
)
def test_blocks_are_found_in_their_order_whatever_is_between(blocks: list[tuple[str, bytes]], between: bytes) -> None:
    """Each by its label, and its content is what was put in."""
    text = between + between.join(join_pem(label, wrap(data)) for label, data in blocks) + between
    assert [(label, decode_pem(body)) for label, body in split_pem(text)] == blocks
    assert is_pem(text) is bool(blocks)


@pytest.mark.parametrize("ending", [b"", b"-----END B-----\n", b"-----END A----", b"-----BEGIN A-----\n"])
def test_a_block_without_its_end_has_no_content(ending: bytes) -> None:
    """Neither another label's end nor the next beginning ends it."""
    (label, body), *_ = split_pem(b"-----BEGIN A-----\nAAAA\n" + ending)
    assert (label, body) == ("A", None)
    with pytest.raises(ValueError, match="a beginning and no end"):
        decode_pem(body)


@pytest.mark.parametrize("label", [b"", b"a", b"A" * 65, b"A\nB", b"\xff", b"A_B"])
def test_what_has_no_label_is_no_block(label: bytes) -> None:
    """Capitals, digits and spaces, up to 64 of them; the next block is found all the same."""
    text = b"-----BEGIN %b-----\nAAAA\n-----END %b-----\n" % (label, label)
    assert split_pem(text + join_pem("B", b"\nAAAA\n")) == [("B", b"\nAAAA\n")]


@pytest.mark.parametrize("body", [b"AAA", b"AA=A", b"AA*A", b"AAAA-AAAA", b"Proc-Type: 4,ENCRYPTED\n\nAAAA"])
def test_a_block_holds_base64_and_white_space_alone(body: bytes) -> None:
    """Headers belong to the legacy encryption of keys, which the reader of those looks at."""
    with pytest.raises(ValueError, match=r".+"):
        decode_pem(body)


def test_many_beginnings_take_linear_time() -> None:
    """A mebibyte of them is split in a moment."""
    begin = time.process_time()
    assert all(body is None for _, body in split_pem(b"-----BEGIN A-----" * 60_000))
    assert time.process_time() - begin < 3
