"""Serial numbers in the forms that tools print them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.formats.serial_number import parse_serial


@given(st.integers(0, (1 << 160) - 1))
def test_every_form_is_the_same_number(number: int) -> None:
    """Decimal, hex with 0x in any case, hex by pairs, and bare hex with a letter."""
    digits = f"{number:x}"
    pairs = digits.rjust(len(digits) + len(digits) % 2, "0")
    colons = ":".join(pairs[place : place + 2] for place in range(0, len(pairs), 2))
    forms = {str(number), f"0x{digits}", f"0X{digits.upper()}", f"0x{pairs}"}
    forms |= {colons, colons.upper()} if ":" in colons else set()
    forms |= {pairs, pairs.upper()} if not pairs.isdigit() and not pairs.startswith("0b") else set()
    assert {parse_serial(form) for form in forms} == {str(number)}


@pytest.mark.parametrize("text", ["010", "00", "0b1", "0B10", "0" * 40])
def test_what_could_be_read_in_two_ways_is_refused(text: str) -> None:
    """Step reads these as octal and binary numbers, other tools as hex."""
    with pytest.raises(ValueError, match="two ways"):
        parse_serial(text)


@pytest.mark.parametrize(
    "text",
    ["", " 1", "1 ", "1\n", "-1", "+1", "1_000", "0x", "0xg", "x1", "1:2", "12:", ":12", "12:3", "1g", "١",
     "a" * 65, "0x" + "f" * 65, ":".join(["ff"] * 33), "web.crt", "./abc", "0o17"],
)  # fmt: skip
def test_what_is_no_serial_number_is_none(text: str) -> None:
    """It may be a file then."""
    assert parse_serial(text) is None


def test_digits_alone_are_decimal() -> None:
    """A hex number that happens to have no letter must have 0x in front."""
    assert (parse_serial("1234"), parse_serial("0x1234"), parse_serial("12:34")) == ("1234", "4660", "4660")
