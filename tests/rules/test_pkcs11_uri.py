"""PKCS#11 URIs: what RFC 7512 and step write is read, all else is refused, and no PIN shows."""

import contextlib
import re
from typing import Any
from urllib.parse import quote

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain.keys.pkcs11_uri import Pkcs11Uri, encode_id, merge_pkcs11_uris, parse_pkcs11_uri
from domain.masking import mask_text

TEXTS = ("module-path", "token", "serial", "manufacturer", "model", "object", "pin-source", "pin-value")
OF_QUERY = ("module-path", "pin-source", "pin-value")

values = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1)
identifiers = st.binary(min_size=1)
attributes = st.dictionaries(st.sampled_from(TEXTS), values).filter(
    lambda all_: not {"pin-source", "pin-value"} <= all_.keys()
)


def read(text: str) -> dict[str, Any]:
    """Return what a URI says, by the attributes' names."""
    said = attrs.asdict(parse_pkcs11_uri(text))
    return {name.replace("_", "-"): value for name, value in said.items() if value is not None}


@given(attributes, st.randoms())
def test_what_is_percent_encoded_comes_back(wanted: dict[str, str], random: Any) -> None:
    """Every text survives, in every order, whether the attributes of the query stand there or before it."""
    names = list(wanted)
    random.shuffle(names)
    behind = [name for name in names if name in OF_QUERY and random.random() < 0.5]
    path = ";".join(f"{name}={quote(wanted[name], safe='')}" for name in names if name not in behind)
    query = "&".join(f"{name}={quote(wanted[name], safe='')}" for name in behind)
    assert read(f"pkcs11:{path}" + (f"?{query}" if query else "")) == wanted


@given(identifiers)
def test_an_identifier_is_read_in_either_spelling(identifier: bytes) -> None:
    """Percent-encoded as in RFC 7512, and in hexadecimal, with or without colons, as in step."""
    digits = identifier.hex()
    pairs = [digits[i : i + 2] for i in range(0, len(digits), 2)]
    for text in (encode_id(identifier), digits, digits.upper(), f"0x{digits}", ":".join(pairs)):
        assert read(f"pkcs11:id={text}") == {"id": identifier}


@pytest.mark.parametrize(
    ("text", "identifier"),
    [("1", b"\x01"), ("abc", b"\x0a\xbc"), ("key-1", b"key-1"), ("%30%31", b"01"), ("a%0A", b"a\n"), ("xyz", b"xyz")],
)
def test_an_identifier_is_hexadecimal_where_it_can_be(text: str, identifier: bytes) -> None:
    """As in step; what is percent-encoded anywhere means its bytes, as in RFC 7512."""
    assert read(f"pkcs11:id={text}") == {"id": identifier}


def test_the_examples_of_step_and_of_the_rfc_are_read() -> None:
    """From `step help ca token`, go.step.sm/crypto and RFC 7512, section 3."""
    assert read("pkcs11:module-path=/usr/lib/softhsm/libsofthsm2.so;token=smallstep?pin-value=pass") == {
        "module-path": "/usr/lib/softhsm/libsofthsm2.so", "token": "smallstep", "pin-value": "pass",
    }  # fmt: skip
    assert read("pkcs11:token=smallstep;max-sessions=100?pin-source=/path/to/pin.txt") == {
        "token": "smallstep", "max-sessions": 100, "pin-source": "/path/to/pin.txt",
    }  # fmt: skip
    assert read("PKCS11:slot-id=5;object=ec-key;id=%0a%10") == {"slot-id": 5, "object": "ec-key", "id": b"\n\x10"}
    assert read("pkcs11:token=The%20Software%20PKCS%2311%20Softtoken;object=my%20pubkey;type=private") == {
        "token": "The Software PKCS#11 Softtoken", "object": "my pubkey", "type": "private",
    }  # fmt: skip
    assert read("pkcs11:object=k;token=a+b") == {"object": "k", "token": "a+b"}
    assert read("pkcs11:") == {}


REFUSED = {
    "pkcs12:token=a": "does not begin with pkcs11:",
    "pkcs11:token=a;token=a": "token appears twice",
    "pkcs11:token=a;token=b?module-path=c": "token appears twice",
    "pkcs11:module-path=a?module-path=a": "module-path appears twice",
    "pkcs11:token=a;": "attribute 2 is not of the form name=value",
    "pkcs11:;token=a": "attribute 1 is not of the form name=value",
    "pkcs11:token": "attribute 1 is not of the form name=value",
    "pkcs11:token=": "token is empty",
    "pkcs11:token=a%": "token holds a character that has to be percent-encoded",
    "pkcs11:token=a%2": "token holds a character that has to be percent-encoded",
    "pkcs11:token=a%zz": "token holds a character that has to be percent-encoded",
    "pkcs11:token=a b": "token holds a character that has to be percent-encoded, such as %20 for a space",
    "pkcs11:token=a#b": "token holds a character",
    "pkcs11:token=é": "token holds a character",
    "pkcs11:token=%ff": "token is not UTF-8",
    "pkcs11:token=%00": "token holds a NUL",
    "pkcs11:x-vendor=a": "does not know the attribute 'x-vendor'; it takes module-path, token,",
    "pkcs11:slot-description=a": "does not know the attribute 'slot-description'",
    "pkcs11:token=a?pin-prompt=b": "does not know the attribute 'pin-prompt'",
    "pkcs11:Token=a": "does not know the attribute 'Token'",
    "pkcs11:token=a?token=b": "token belongs before the question mark",
    "pkcs11:pin-value=a?pin-source=b": "it has both pin-value and pin-source",
    "pkcs11:type=public": "its type is not private",
    "pkcs11:slot-id=-1": "slot-id is not a whole number from 0",
    "pkcs11:slot-id=1.5": "slot-id is not a whole number from 0",
    "pkcs11:max-sessions=0": "max-sessions is not a whole number from 1",
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_malformed_is_refused_by_the_attributes_name(text: str) -> None:
    """Nothing in a URI is passed over."""
    with pytest.raises(ValueError, match=re.escape(REFUSED[text])):
        parse_pkcs11_uri(text)


@given(values)
def test_no_text_makes_the_parser_fail_in_another_way(text: str) -> None:
    """Whatever stands behind the scheme is read or refused."""
    with contextlib.suppress(ValueError):
        parse_pkcs11_uri(f"pkcs11:{text}")


@given(
    st.from_regex("[a=&;?% 0']{0,4}SECRET[a=&;?% 0']{0,4}", fullmatch=True),
    st.sampled_from([";", "?", "?module-path=/m&"]),
)
@example("a?SECRET=b", ";")
@example("a&SECRET=b", "?")
@example("a;SECRET=b", ";")
def test_no_error_and_no_repr_holds_a_pin(pin: str, place: str) -> None:
    """Not even a PIN that is not encoded as it should be, so that pieces of it pass for attributes."""
    text = f"pkcs11:token=t;object=o{place}pin-value={pin}"
    shown = ""
    try:
        uri = parse_pkcs11_uri(text)
        shown = repr(uri) + uri.shown()
    except ValueError as error:
        shown = str(error)
    assert "SECRET" not in shown
    if " " not in pin:
        assert "SECRET" not in mask_text(f"subjects: {text!r}, 'b'")


def test_a_masked_text_keeps_all_but_the_pin() -> None:
    """Case does not matter; other words stay."""
    assert mask_text("'pkcs11:a=b?PIN-value=1234&c=d', 'e'") == "'pkcs11:a=b?PIN-value=*** 'e'"
    assert mask_text("no pin") == "no pin"


@given(attributes, attributes)
def test_two_uris_are_merged_unless_they_contradict(one: dict[str, str], two: dict[str, str]) -> None:
    """Each says what the other leaves open, whichever comes first."""
    first, second = (
        Pkcs11Uri(**{name.replace("-", "_"): value for name, value in said.items()}) for said in (one, two)
    )
    together = one | two
    is_sound = all(one[name] == two[name] for name in one.keys() & two.keys())
    if is_sound and not {"pin-source", "pin-value"} <= together.keys():
        merged = merge_pkcs11_uris(first, second)
        assert merged == merge_pkcs11_uris(second, first)
        said = attrs.asdict(merged)
        assert {name.replace("_", "-"): said[name] for name in said if said[name] is not None} == together
    else:
        with pytest.raises(ValueError, match=r"different values of|one has pin-value"):
            merge_pkcs11_uris(first, second)


@given(values, identifiers)
def test_what_is_shown_is_a_uri_again(label: str, identifier: bytes) -> None:
    """An error's URI can be used as it stands, with module and PIN added."""
    uri = Pkcs11Uri(token=label, object=label, id=identifier, pin_value="1234", module_path="/m")
    assert parse_pkcs11_uri(uri.shown()) == Pkcs11Uri(token=label, object=label, id=identifier)
