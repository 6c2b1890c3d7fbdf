"""The grammar of a batch's lines, of its options, and of the names of its files."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.batch.line import MAX_LINE_BYTES, BatchLine, is_comment, read_bare, read_line
from domain.batch.options import read_batch_options
from domain.batch.token_file_name import name_token_file
from domain.errors import InputError, UsageError
from domain.formats import json_text
from domain.settings.setting import Origin, Setting, Settings
from tests.support.token_requests import NOW

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=150)


def give(**values: Any) -> dict[str, Setting]:
    """Return settings as flags give them."""
    named = {name.replace("_", "-"): value for name, value in values.items()}
    return {name: Setting(value, Origin.FLAG, f"--{name}") for name, value in named.items()}


# -- Lines ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("line", [b"", b"\r", b" ", b"\t \r", b"\v\f"])
def test_a_blank_line_asks_for_nothing(line: bytes) -> None:
    """White space alone, the end of a Windows line among it, is not a subject."""
    assert read_line(line) is None
    assert not is_comment(line)


@pytest.mark.parametrize("line", [b"#", b"# web servers", b"#a.test\r", b"\t # a", b"#{", b"#\xff", b"#" * 40_000])
def test_a_comment_asks_for_nothing(line: bytes) -> None:
    """What begins with a hash is for people alone, however long and in whatever encoding."""
    assert is_comment(line)
    assert read_line(line) is None


@pytest.mark.parametrize(
    ("line", "subject"),
    [
        (b"a.test", "a.test"), (b" a.test\t", "a.test"), (b"a.test\r", "a.test"), (b"\va\f", "a"), (b"::1", "::1"),
        (b"fe80::1%eth0", "fe80::1%eth0"), ("é".encode(), "é"), (b"spiffe://a/b?c=d&e=[f]", "spiffe://a/b?c=d&e=[f]"),
        (b"*.example.com", "*.example.com"), (b"max@a-b.test", "max@a-b.test"), (b"_a-b$", "_a-b$"),
        (b'{"subject":"- [\\"a\\"]"}', '- ["a"]'),
        (b'{"subject":"# a"}', "# a"), (b'{"subject":"a,b c\\td"}', "a,b c\td"),
        (b'{"subject":"a"}', "a"), (b' {"subject" : "a"} \r', "a"), (b'{"subject":" { a "}', " { a "),
        (b'{"subject":"\\u0000\\ud83d\\ude00"}', "\0\U0001f600"), (b'{"subject":"a","sans":null,"set":null}', "a"),
    ],
)  # fmt: skip
def test_a_line_gives_its_subject(line: bytes, subject: str) -> None:
    """Bare, without the white space of ASCII around it, or as a JSON object, exactly; null is as left out."""
    assert read_line(line) == BatchLine(subject)


@given(TEXTS | st.text(st.characters(codec="ascii")))
def test_a_bare_subject_needs_no_escapes(text: str) -> None:
    """JSON writes it as it stands, also where it is shown; whatever is not bare is left to `read_line`."""
    line = text.encode()
    subject = read_bare(line)
    if subject is None:
        return
    assert read_line(line) == BatchLine(subject)
    assert json_text.serialize(subject) == json_text.display(subject) == f'"{subject}"'


@pytest.mark.parametrize("line", [b"", b" ", b"#", b'{"subject":"a"}', b"\xff", b"a b", b"a" * (MAX_LINE_BYTES + 1)])
def test_what_is_not_bare_has_no_bare_subject(line: bytes) -> None:
    """Blank lines, comments, objects and what is refused."""
    assert read_bare(line) is None


def check_bare_refusal(line: bytes, what: str, fix: str) -> None:
    """Check why a subject is refused, and that as the error writes it, it is taken."""
    with pytest.raises(InputError) as refused:
        read_line(line)
    assert refused.value.what == what
    told, _, written = refused.value.fix.partition(", or write this subject as ")
    assert told.startswith(fix) and written.isascii() and written.isprintable()
    assert read_line(written.encode()) == BatchLine(line.decode().strip(" \t\v\f\r"))


@pytest.mark.parametrize(
    ("line", "thing", "fix"),
    [
        (b"host1  # primary", "'#'", "put the comment on a line of its own"), (b"a#b", "'#'", "put the comment on"),
        (b"host2,host2.example.com", "a comma", "write one subject per line"), (b"a,", "a comma", "write one subject"),
        (b"\thost3\t10.0.0.3", "white space", "write one subject per line"), (b"a b", "white space", "write one"),
        ("é\u00a0".encode(), "white space", "write one"), ("a\u2028b".encode(), "white space", "write one"),
        (b"\x1ca\x1f", "white space", "write one"),
        (b"a\rb\r", "the control character U+000D", r"end lines with line feeds (tr '\r' '\n')"),
        (b"a\0b\0", "the control character U+0000", r"end lines with line feeds (tr '\0' '\n')"),
        (b"a\x1bb", "the control character U+001B", "remove it"), (b"a\x7f", "the control character U+007F", "remove"),
        ("a\u0080".encode(), "the control character U+0080", "remove it"),
        ("\ufeffa".encode(), "the invisible character U+FEFF", "remove it"),
        ("a\u202eb".encode(), "the invisible character U+202E", "remove it"),
        (b'a"b', "a quotation mark", "remove it"), (b"'a'", "an apostrophe", "remove it"),
        (b"a;b", "a semicolon", "write one subject per line"), (b"a\\", "a backslash", "remove it"),
        (b'"a', "a quotation mark", "remove it"), (b'"a"b', "a quotation mark", "remove it"),
    ],
)  # fmt: skip
def test_a_bare_subject_is_one_field_that_can_be_seen(line: bytes, thing: str, fix: str) -> None:
    """What parts fields in other formats, and what cannot be seen, is refused with the way to write it."""
    check_bare_refusal(line, f"a bare subject cannot contain {thing}", fix)


@pytest.mark.parametrize(
    ("line", "begin", "fix"),
    [
        (b'["a","b"]', "'['", "write one subject per line (jq -r '.[]')"), (b"[", "'['", "write one subject per line"),
        (b"]", "']'", "write one subject per line"), (b"}", "'}'", "write each JSON object on one line (jq -c)"),
        (b"--ssh", "'-'", "give options on the command line"), (b"- a.test", "'-'", "give options on"),
    ],
)  # fmt: skip
def test_a_bare_subject_begins_as_no_json_and_no_option(line: bytes, begin: str, fix: str) -> None:
    """What begins a list in JSON or YAML, or an option, is refused with the way to write it."""
    check_bare_refusal(line, f"a bare subject cannot begin with {begin}", fix)


@pytest.mark.parametrize(
    ("line", "subject"), [(b'"a.test"', "a.test"), (b'"a.test",', "a.test"), (b'"a, \\"b\\" \\u00e9"\r', 'a, "b" é')]
)
def test_a_json_string_is_refused_with_the_object_for_what_it_holds(line: bytes, subject: str) -> None:
    """What `jq` prints without -r is in quotes, which are not of the subject."""
    with pytest.raises(InputError) as refused:
        read_line(line)
    assert refused.value.what == "a bare subject cannot be a JSON string in quotes"
    told, _, written = refused.value.fix.partition(", or write ")
    assert told == "use jq -r"
    assert read_line(written.encode()) == BatchLine(subject)


def test_a_long_subject_is_not_repeated() -> None:
    """The error of a bare subject has an end."""
    with pytest.raises(InputError) as refused:
        read_line(b"a," * 10_000)
    assert refused.value.fix.endswith('or write this subject as {"subject": …}') and len(str(refused.value)) < 200


@given(subject=TEXTS)
def test_any_subject_can_be_written_as_an_object(subject: str) -> None:
    """What stands in an object arrives as it is."""
    assert read_line(json.dumps({"subject": subject}).encode()) == BatchLine(subject)
    assert read_line(json.dumps({"subject": subject}, ensure_ascii=False).encode()) == BatchLine(subject)


def test_every_member_stands_for_an_option() -> None:
    """A line with all of them is as a command line with the options, and is spelled as the user wrote it."""
    members = {
        "subject": "a", "sans": ["b", "c"], "principals": [], "not_before": "1m", "not_after": "2m",
        "cert_not_before": "3m", "cert_not_after": "4m", "cnf": "x", "set": {"n": 1, "t": "1", "o": {"e": [None]}},
    }  # fmt: skip
    read = read_line(json.dumps(members).encode())
    assert read is not None and read.subject == "a"
    assert {name: setting.value for name, setting in read.settings.items()} == {
        "san": ("b", "c"), "principal": (), "not-before": "1m", "not-after": "2m", "cert-not-before": "3m",
        "cert-not-after": "4m", "cnf": "x", "set": ("n=1", 't="1"', 'o={"e":[null]}'),
    }  # fmt: skip
    assert read.settings["san"].spelled == '"sans"'
    assert {setting.origin for setting in read.settings.values()} == {Origin.FLAG}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{", "the line is not a JSON object: "), (b'{"subject":"a"', "the line is not a JSON object: "),
        (b'{"subject":"a"} b', "the line is not a JSON object: "),
        (b'{"subject":"a"}{}', "the line is not a JSON object: "),
        (b'{"subject":"a","subject":"b"}', "member 'subject' appears twice"),
        (b'{"subject":"a","set":{"b":1,"b":2}}', "member 'b' appears twice"),
        (b'{"subject":"\\ud800"}', "half of a surrogate pair"), (b'{"subject":NaN}', "NaN is not a JSON number"),
        (b'{"subject":' + b"[" * 999 + b"]" * 999 + b"}", "nested more than 64 levels deep"),
        (b"{}", '"subject" is missing or not text'), (b'{"subject":null}', '"subject" is missing or not text'),
        (b'{"subject":1}', '"subject" is missing or not text'), (b'{"sans":["a"]}', '"subject" is missing or not text'),
        (b'{"subject":"a","san":["b"]}', "unknown member 'san': the members are subject, sans, principals, "),
        (b'{"Subject":"a"}', "unknown member 'Subject'"), (b'{"subject":"a","ssh":true}', "unknown member 'ssh'"),
        (b'{"subject":"a","sans":"b"}', '"sans" is not a list of texts'),
        (b'{"subject":"a","sans":[1]}', '"sans" is not a list of texts'),
        (b'{"subject":"a","principals":{}}', '"principals" is not a list of texts'),
        (b'{"subject":"a","not_after":300}', '"not_after" is not text'),
        (b'{"subject":"a","not_after":""}', '"not_after" is empty'), (b'{"subject":"a","cnf":""}', '"cnf" is empty'),
        (b'{"subject":"a","set":["b=1"]}', '"set" is not a JSON object'),
        (b'{"subject":"a","set":{"b=c":1}}', "which cannot be set"),
        (b'{"subject":"a","set":{"":1}}', "which cannot be set"),
        (b"\xff", "the line is not UTF-8"), (b"a\xc3", "the line is not UTF-8"),
        (b"a" * (MAX_LINE_BYTES + 1), "the line is over 32768 bytes"),
    ],
)  # fmt: skip
def test_a_line_that_cannot_be_used_is_refused(line: bytes, reason: str) -> None:
    """Nothing on it is guessed at or left aside: the reason names the member."""
    with pytest.raises(InputError) as refused:
        read_line(line)
    assert reason in str(refused.value)


def test_a_line_of_the_most_bytes_is_taken() -> None:
    """The bound is the last length that goes."""
    assert read_line(b"a" * MAX_LINE_BYTES) == BatchLine("a" * MAX_LINE_BYTES)


@given(line=st.binary(max_size=60) | st.binary(max_size=60).map(lambda end: b'{"subject":' + end))
def test_no_line_ends_in_anything_but_a_refusal(line: bytes) -> None:
    """Whatever bytes: a subject, nothing, or an error of ours."""
    try:
        read = read_line(line)
    except InputError:
        return
    assert read is None or isinstance(read.subject, str)


# -- Options ----------------------------------------------------------------------------------------


def test_options_are_read() -> None:
    """Those of a batch are its own, those of a token its defaults; without any it is NDJSON from the first line."""
    options = read_batch_options("-", {}, NOW)
    assert (options.source, options.form, options.output_dir) == ("-", "ndjson", None)
    assert (options.workers, options.resume_from) == (None, 1)
    given = give(format="tokens", workers="3", resume_from="1000000", ssh=True, principal=("a",))
    options = read_batch_options("hosts", given, NOW)
    assert (options.form, options.workers, options.resume_from) == ("tokens", 3, 1_000_000)
    assert options.defaults.request.principals == ("a",)


@pytest.mark.parametrize(
    ("given", "source", "reason"),
    [
        (give(format="json"), "a", "--format 'json' is not known: choose ndjson or tokens"),
        (give(format="tokens", output_dir="d"), "a", "--output-dir and --format tokens cannot be used together"),
        (give(output_dir="\udcff"), "a", "--output-dir is not UTF-8"),
        (give(workers="0"), "a", "--workers '0' cannot be used: not a whole number of 1 or more"),
        (give(workers="-1"), "a", "--workers '-1' cannot be used"),
        (give(workers="1.5"), "a", "--workers '1.5' cannot be used"),
        (give(workers="²"), "a", "--workers '²' cannot be used"),
        (give(workers="1025"), "a", "more than the maximum of 1024"),
        (give(resume_from="x"), "a", "--resume-from 'x' cannot be used"),
        (give(resume_from="0"), "a", "--resume-from '0' cannot be used"),
        (give(resume_from="9" * 5000), "a", "cannot be used"),
        (give(key="-"), "-", "the list of subjects and --key both read standard input: give one of them a file"),
        (give(password_file="-"), "-", "the list of subjects and --password-file both read standard input"),
        (give(x5c_cert="a", x5c_key="b", x5c_chain=("c", "-")), "-", "the list of subjects and --x5c-chain both read"),
        (give(set_file="-", password_file="-"), "a", "--password-file and --set-file both read standard input"),
        (give(ssh=True, san=("a",)), "a", "--ssh and --san cannot be used together"),
        (give(not_after="2h"), "a", "longer than the maximum of 1h"),
    ],
)  # fmt: skip
def test_what_cannot_go_together_is_refused_by_name(given: Settings, source: str, reason: str) -> None:
    """Before anything is touched, with the rules of `token` and those of a batch."""
    with pytest.raises(UsageError) as refused:
        read_batch_options(source, given, NOW)
    assert reason in str(refused.value)


# -- Names of files ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("subject", "name"),
    [
        ("web.example.com", "web.example.com.token"), ("max@example.com", "max@example.com.token"),
        ("../../x", "_.._.._x.token"), (".bashrc", "_.bashrc.token"), ("-rf", "_-rf.token"), ("..", "_...token"),
        ("a/b\\c:d", "a_b_c_d.token"), (" ", "_.token"), ("a\0b\nc", "a_b_c.token"), ("é", "_.token"),
        ("spiffe://x/y", "spiffe___x_y.token"),
    ],
)  # fmt: skip
def test_a_file_is_named_after_its_subject(subject: str, name: str) -> None:
    """What a shell, a path or a listing could take for something else is an underscore."""
    assert name_token_file(subject) == name


@given(subject=TEXTS.filter(bool))
def test_no_subject_names_anything_but_a_plain_file(subject: str) -> None:
    """Never hidden, an option, a path, or longer than any file system takes, with room for a number."""
    name = name_token_file(subject)
    assert name.endswith(".token") and len(name) <= 106
    assert name[0] not in ".-" and name.isascii() and "/" not in name and name.isprintable()


def test_long_subjects_that_begin_alike_have_names_of_their_own() -> None:
    """A name that is cut ends in a digest of the whole subject."""
    assert len({name_token_file("a" * 299 + end) for end in "bcd"}) == 3
