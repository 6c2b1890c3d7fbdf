"""JSON as it is read, strictly, and written, in one form."""

import json
from collections import OrderedDict
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.formats import json_text
from domain.formats.json_text import MAX_VALUES, ForbiddenJsonError, MalformedJsonError, Number, parse, parse_document

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
NUMBER_TEXT = st.from_regex(
    r"-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,20}([eE][+-]?[0-9]{1,5})?|[eE][+-]?[0-9]{1,5})", fullmatch=True
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT | st.builds(Number, NUMBER_TEXT),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)


def nest(levels: int) -> str:
    """Return that many arrays, one in the other."""
    return "[" * levels + "]" * levels


@given(VALUES)
def test_reading_gives_back_what_was_written(value: Any) -> None:
    """No value is lost or changed by writing and reading it."""
    assert json_text.parse(json_text.serialize(value)) == value


@given(VALUES)
def test_what_is_written_means_the_same_to_another_reader(value: Any) -> None:
    """The standard library reads the same value, and its own sorted, compact form is as long or longer."""

    def plain(item: Any) -> Any:
        if isinstance(item, Number):
            return float(item.digits)
        if isinstance(item, dict):
            return {name: plain(member) for name, member in item.items()}
        return [plain(element) for element in item] if isinstance(item, list) else item

    assert json.loads(json_text.serialize(value)) == plain(value)


@given(st.dictionaries(TEXT, st.integers() | TEXT | st.lists(TEXT, max_size=3), max_size=5))
def test_members_are_sorted_and_there_is_no_white_space(value: dict[str, Any]) -> None:
    """The form is the standard library's with sorted keys and no separators' spaces."""
    expected = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert json_text.serialize(value) == expected


@given(NUMBER_TEXT)
def test_numbers_keep_the_digits_that_were_written(digits: str) -> None:
    """A fraction or an exponent is never rounded or respelt."""
    assert json_text.serialize(json_text.parse(digits)) == digits


@pytest.mark.parametrize("digits", ["12345678901234567890", "100000000000000000000000000000001"])
def test_long_integers_lose_no_digit(digits: str) -> None:
    """Integers beyond 53 bits are exact."""
    assert json_text.parse(digits) == int(digits)


def test_a_number_is_not_text() -> None:
    """A fraction is not a string, so that a member that must be text cannot be a number."""
    assert not isinstance(json_text.parse("1.5"), str)
    assert json_text.parse("1.5") != "1.5"


def test_a_tuple_is_written_as_an_array() -> None:
    """Immutable sequences of the domain need no copy."""
    assert json_text.serialize({"b": (1, "x"), "a": None}) == '{"a":null,"b":[1,"x"]}'


class _Text(str):
    """A text of a program's own."""


class _Count(int):
    """A number likewise."""


def write_by_the_rules(value: Any) -> str:
    """Return what `serialize` must, in the plainest way."""
    if isinstance(value, Number):
        return value.digits
    if isinstance(value, str):
        return json.dumps(str(value), ensure_ascii=False)
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, Mapping):
        return (
            "{" + ",".join(f"{write_by_the_rules(key)}:{write_by_the_rules(value[key])}" for key in sorted(value)) + "}"
        )
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(write_by_the_rules, value)) + "]"
    raise TypeError(type(value).__name__)


KIN = st.recursive(
    VALUES | TEXT.map(_Text) | st.integers().map(_Count) | st.floats() | st.binary(max_size=2),
    lambda inner: (
        st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(TEXT, inner, max_size=4).map(MappingProxyType)
        | st.dictionaries(TEXT, inner, max_size=4).map(OrderedDict)
        | st.dictionaries(st.integers(), inner, min_size=1, max_size=2)
    ),
    max_leaves=20,
)


@given(KIN)
def test_every_type_is_written_by_the_rules_or_refused(value: Any) -> None:
    """Subclasses and other mappings are written as what they derive from; floats and names that are not text never."""

    def attempt(write: Callable[[Any], str]) -> str | None:
        try:
            return write(value)
        except TypeError:
            return None

    def has_foreign_name(item: Any) -> bool:
        if isinstance(item, Mapping):
            return any(not isinstance(name, str) or has_foreign_name(member) for name, member in item.items())
        return isinstance(item, list | tuple) and any(map(has_foreign_name, item))

    wanted = None if has_foreign_name(value) else attempt(write_by_the_rules)
    assert attempt(json_text.serialize) == wanted


@pytest.mark.parametrize("value", [1.5, b"x", {1, 2}, object()])
def test_other_types_have_no_json_form(value: object) -> None:
    """A float, bytes or a set is a mistake of the program."""
    with pytest.raises(TypeError, match="has no JSON form"):
        json_text.serialize({"a": value})


@pytest.mark.parametrize(
    ("document", "named"),
    [('{"a":1,"a":1}', "'a'"), ('{"x":{"b":1,"c":2,"b":3}}', "'b'"), (r'{"a":1,"\u0061":2}', "'a'")],
)
def test_a_member_twice_is_refused(document: str, named: str) -> None:
    """Two members of one name, however spelt and at whatever depth, are an error that names it."""
    with pytest.raises(ForbiddenJsonError, match=named):
        json_text.parse(document)


@pytest.mark.parametrize("document", ["NaN", "Infinity", "-Infinity", '{"a":NaN}', "[1,-Infinity]"])
def test_nan_and_infinity_are_not_json(document: str) -> None:
    """What RFC 8259, section 6, does not permit is malformed."""
    with pytest.raises(MalformedJsonError, match="not a JSON number"):
        json_text.parse(document)


def test_a_byte_order_mark_may_begin_a_document_and_no_other_text() -> None:
    """Editors put it before files; a token's parts have none, in step-ca's eyes either."""
    mark = b"\xef\xbb\xbf"
    assert parse_document(mark + b'{"a":1}') == parse_document(b'{"a":1}') == {"a": 1}
    for twice in (mark + mark + b"{}", b" " + mark + b"{}", b"{}" + mark):
        with pytest.raises(MalformedJsonError):
            parse_document(twice)
    with pytest.raises(MalformedJsonError):
        parse(mark + b"{}")


@pytest.mark.parametrize("piece", ["[]", "{}", "1", '""', '{"a":1}', "[1]", "null"])
def test_more_values_than_there_is_room_for_are_refused(piece: str) -> None:
    """They are counted before they are made, values and names."""
    marks = sum(map(piece.count, "[{,:")) + 1
    document = f"[{','.join([piece] * (MAX_VALUES // marks + 1))}]"
    with pytest.raises(ForbiddenJsonError, match=f"more than {MAX_VALUES} values"):
        parse(document)


def test_a_long_text_is_one_value() -> None:
    """Length alone is not a matter."""
    assert parse(f'["{"x" * 2 * MAX_VALUES}"]') == ["x" * 2 * MAX_VALUES]


@pytest.mark.parametrize(
    "document",
    ["", " ", "{", "[1,]", "{'a':1}", "01", "1.", ".5", "+1", "tru", '"\t"', '{"a":1}x', "{}{}", "\ufeff{}", "[1 2]"],
)
def test_malformed_text_is_refused(document: str) -> None:
    """What is not JSON, a byte order mark before it included, is one plain error."""
    with pytest.raises(MalformedJsonError):
        json_text.parse(document)


@pytest.mark.parametrize(
    "data", [b'"\xff"', b'"\xc0\x80"', '"é"'.encode("latin-1"), "{}".encode("utf-16"), b"\xef\xbb\xbf{}"]
)
def test_bytes_that_are_not_plain_utf8_are_refused(data: bytes) -> None:
    """Other encodings, overlong forms and a byte order mark are malformed."""
    with pytest.raises(MalformedJsonError):
        json_text.parse(data)


@pytest.mark.parametrize("document", [r'"\ud800"', r'{"\udfff":1}', r'["a\ud83d"]', '"\ud800"'])
def test_half_of_a_surrogate_pair_is_refused(document: str) -> None:
    """Text that UTF-8 cannot carry never gets in, as a name or a value."""
    with pytest.raises(ForbiddenJsonError, match="surrogate"):
        json_text.parse(document)


def test_a_surrogate_pair_is_one_character() -> None:
    """A whole pair is text like any other."""
    assert json_text.parse(r'"\ud83d\ude00"') == "\U0001f600"


def test_sixty_four_levels_are_taken() -> None:
    """The deepest document that is taken has 64 levels."""
    assert json_text.serialize(json_text.parse(nest(64))) == nest(64)
    assert json_text.parse('{"a":' + nest(63) + "}") == {"a": json.loads(nest(63))}


@pytest.mark.parametrize("document", [nest(65), '{"a":' + nest(64) + "}", "[" + nest(64) + ",1]"])
def test_the_sixty_fifth_level_is_refused(document: str) -> None:
    """One level more is an error, wherever it is."""
    with pytest.raises(ForbiddenJsonError, match="64 levels"):
        json_text.parse(document)


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_a_hundred_thousand_levels_are_a_plain_error(opening: str) -> None:
    """The reader's own recursion limit does not show."""
    closing = "]" if opening == "[" else "}"
    with pytest.raises(ValueError, match="64 levels"):
        json_text.parse(opening * 100_000 + "1" + closing * 100_000)


@pytest.mark.parametrize("document", ["9" * 5_000, "-" + "9" * 5_000, '{"a":[' + "1" * 5_000 + "]}"])
def test_an_integer_of_five_thousand_digits_is_a_plain_error(document: str) -> None:
    """The interpreter's limit on integer digits does not show."""
    with pytest.raises(ForbiddenJsonError, match="4300 digits"):
        json_text.parse(document)


def test_the_longest_integer_that_is_taken_has_4300_digits() -> None:
    """A minus sign is not a digit."""
    for digits in ("9" * 4_300, "-" + "9" * 4_300):
        assert json_text.serialize(json_text.parse(digits)) == digits


@pytest.mark.parametrize(
    ("value", "shown"),
    [("RS256", "'RS256'"), ("x" * 41, "a text of 41 characters"), (None, "null"), (7, "a number"), (True, "a boolean"),
     ({"d": "secret"}, "an object"), (["secret"], "a list"), (Number("1.5"), "a number")],
)  # fmt: skip
def test_a_value_in_an_error_is_short_and_shows_no_structure(value: Any, shown: str) -> None:
    """Errors quote short text alone; of anything else they name the kind."""
    assert json_text.describe(value) == shown


@pytest.mark.parametrize("read", [parse, parse_document])
@pytest.mark.parametrize("data", ["\ufeff\ufeff{}", "\ufeff\ufeff\ufeff{}", "\ufeff\ufeff"])
@pytest.mark.parametrize("encode", [str.encode, str])
def test_a_second_byte_order_mark_is_refused_in_our_words(read: Any, data: str, encode: Any) -> None:
    """What Python advises its own programmers helps nobody who edits a file."""
    if read is parse_document and encode is str:
        return
    with pytest.raises(MalformedJsonError, match="one byte order mark too many before it") as caught:
        read(encode(data))
    assert "utf-8-sig" not in str(caught.value)
