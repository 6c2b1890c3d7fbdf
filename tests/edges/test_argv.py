"""The command line: words arrive as they were written, and what plain Fire does to them does not happen."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import UsageError
from domain.settings.setting import Origin, Setting
from entrypoints.command_line.argv import parse_words
from entrypoints.command_line.options import SANDBOX_OPTIONS, TOKEN_OPTIONS
from tests.support.offline_place import OfflinePlace, prepare_place
from tests.support.running import execute, invoke

SERIAL = "146103349666685108195655980390445292315"
LITERALS = [
    "123", "1e5", "0x10", "1_000", "1e999", "007", "1.50", "None", "True", "false", "[a]", "[1,2]", "{}", "{'a': 1}",
    "()",
    "a,b", "a#b", "a=b", "'quoted'", '"quoted"', "\\", "$HOME", "*", "~", "lambda: 0", "__import__('os')", "a b",
    " a ", "\t",
    "--words=x", "a\nb", "\u2028", "日本語", "\U0001f600", "e\u0301", "\x00", "\x1b[31m", "%s", "{0}", "-", "help",
    "upper", "ca",
]  # fmt: skip
"""Texts that Python, Fire or a shell might take for something else."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> OfflinePlace:
    """A key and a root."""
    return prepare_place(tmp_path_factory.mktemp("place"))


def test_a_repeated_san_is_kept(place: OfflinePlace) -> None:
    """Plain Fire keeps the last `--san` alone."""
    assert place.mint("foo", "--san", "a", "--san", "b", "--san=c", "-san", "a").claims["sans"] == ["a", "b", "c", "a"]


def test_a_short_flag_is_no_abbreviation(place: OfflinePlace) -> None:
    """Plain Fire guesses another flag by the first letter of `-n`."""
    assert place.mint("foo", "--ssh", "-n", "root", "-n", "admin").claims["step"]["ssh"]["principals"] == [
        "root",
        "admin",
    ]


def test_a_switch_before_the_subject_leaves_it_alone(place: OfflinePlace) -> None:
    """Plain Fire lets a boolean flag eat the word behind it."""
    assert place.mint("--revoke", SERIAL).claims["sub"] == SERIAL
    assert place.mint("--ssh", "foobar", "--host").claims["step"]["ssh"]["keyID"] == "foobar"


@pytest.mark.parametrize("text", LITERALS)
def test_text_that_looks_like_something_else_stays_text(place: OfflinePlace, text: str) -> None:
    """Plain Fire makes Python values of them: numbers, lists, None, infinity."""
    claims = place.mint("--san", text, "--", text).claims
    assert (claims["sub"], claims["sans"]) == (text, [text])


@pytest.mark.parametrize("kid", ["2e96", "1e5", "None", "[a]", "123", "-kid"])
def test_a_kid_stays_text(place: OfflinePlace, kid: str) -> None:
    """Plain Fire takes a kid such as 2e96… for a number."""
    assert place.mint("foo", "--kid", kid).header["kid"] == kid


@pytest.mark.parametrize("words", [["foo", "--sann", "x"], ["foo", "x", "y"], ["foo", "--san"], ["foo", "--ssh=maybe"]])
def test_a_wrong_command_line_mints_nothing(place: OfflinePlace, words: list[str]) -> None:
    """Plain Fire runs the function, prints the token, and complains then."""
    result = place.mint(*words)
    assert (result.status, result.out) == (2, "")


@pytest.mark.parametrize("words", [["foo", "--help"], ["--help"], ["foo", "-h", "--nonsense"], ["--ssh", "-help"]])
def test_help_is_asked_for_anywhere(place: OfflinePlace, words: list[str]) -> None:
    """Plain Fire runs the function and shows the help of what it returned."""
    result = place.mint(*words)
    assert (result.status, result.err) == (0, "")
    assert result.out == invoke("token", "--help").out


def test_nothing_is_chained_to_the_result(place: OfflinePlace) -> None:
    """Plain Fire calls `upper` on the token behind a separator."""
    result = place.mint("foo", "-", "upper")
    assert (result.status, result.out) == (2, "")
    assert "'foo', '-', 'upper'" in result.err


@pytest.mark.parametrize("word", ["--help=false", "-h=0", "--h=F", "-help=False"])
def test_help_that_is_not_wanted_is_not_shown(place: OfflinePlace, word: str) -> None:
    """The switch for help is one like any other: with a value that is false it is off, wherever it stands."""
    assert place.mint("foo", word, "--san", "a").claims["sans"] == ["a"]
    version = invoke("version").out
    assert [invoke(*words).out for words in ([word, "version"], ["ca", word, "version"])] == [version, version]


@pytest.mark.parametrize("words", [["token", "foo", "--help=maybe"], ["--help=maybe"], ["-h=maybe", "version"]])
def test_help_takes_no_other_value_than_true_and_false(words: list[str]) -> None:
    """Go's words for the two, as for every switch."""
    result = invoke(*words)
    assert (result.status, result.out) == (2, "")
    assert "'maybe' is neither true nor false" in result.err


@pytest.mark.parametrize("flag", ["--interactive", "--trace", "--verbose", "--completion", "--separator=x", "--help"])
def test_fires_own_flags_are_words_like_any_other(place: OfflinePlace, flag: str) -> None:
    """Plain Fire takes what stands behind `--` for itself: a REPL, a trace, a completion script."""
    assert place.mint("--", flag).claims["sub"] == flag


@pytest.mark.parametrize("text", ["~" * 4000, "(" * 4000, "-" * 4000, "[" * 4000, "{" * 100_000, "x" * 100_000])
def test_long_runs_of_operators_are_only_text(place: OfflinePlace, text: str) -> None:
    """Plain Fire ends in a RecursionError."""
    claims = place.mint("--san", text, "--", text).claims
    assert (claims["sub"], claims["sans"]) == (text, [text])


@pytest.mark.parametrize(
    "words", [["~" * 4000], ["token", "--" + "~" * 4000], ["token", "a\udcff"], ["\udcff"], ["\x1b[2J"]]
)
def test_odd_words_end_in_one_plain_line(words: list[str]) -> None:
    """No traceback, nothing on stdout, and nothing that a terminal would act on."""
    result = execute(*words)
    assert (result.status, result.out) == (2, "")
    assert result.err.count("\n") == 1 and result.err.endswith("\n")
    assert "\x1b" not in result.err and "Traceback" not in result.err


@pytest.mark.parametrize("words", [["new", "--provisioner", "\udcff"], ["\udcff"]])
def test_a_sandbox_of_odd_bytes_is_refused(tmp_path: Path, words: list[str]) -> None:
    """A folder or provisioner that JSON cannot name is refused, and nothing is left behind."""
    result = invoke("sandbox", str(tmp_path / words[0]), *words[1:])
    assert (result.status, result.out) == (2, "")
    assert "is not UTF-8" in result.err
    assert list(tmp_path.iterdir()) == []


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)
WORDS = st.one_of(
    TEXTS,
    st.sampled_from(LITERALS),
    TEXTS.map(lambda text: f"--{text}"),
    st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | TEXTS, st.lists).map(repr),
)


@settings(max_examples=200)
@given(subject=WORDS, sans=st.lists(WORDS, max_size=4), values=st.lists(st.booleans(), min_size=4, max_size=4))
def test_any_names_arrive_unchanged(place: OfflinePlace, subject: str, sans: list[str], values: list[bool]) -> None:
    """Subjects and SANs of any text, leading dashes and Python literals among them, stand so in the token."""
    flags = [
        word
        for san, joined in zip(sans, values, strict=False)
        for word in ([f"--san={san}"] if joined else ["--san", san])
    ]
    claims = place.mint(*flags, "--", subject).claims
    assert (claims["sub"], claims["sans"]) == (subject, sans or [subject])


@settings(max_examples=100)
@given(subject=WORDS, principals=st.lists(WORDS, max_size=3), kid=WORDS, issuer=WORDS)
def test_any_other_text_arrives_unchanged(
    place: OfflinePlace, subject: str, principals: list[str], kid: str, issuer: str
) -> None:
    """Principals, key identifier and issuer likewise."""
    flags = [word for name in principals for word in ("-n", name)]
    result = place.mint("--ssh", *flags, "--kid", kid, "--issuer", issuer, "--", subject)
    ssh = result.claims["step"]["ssh"]
    assert (ssh["keyID"], ssh["principals"]) == (subject, principals)
    assert (result.header["kid"], result.claims["iss"]) == (kid, issuer)


@given(words=st.lists(st.one_of(TEXTS, st.sampled_from(["--ssh", "--san", "-n", "--", "-h", "--kid=", "=", "-=="]))))
def test_words_are_read_or_refused_and_never_made_up(words: list[str]) -> None:
    """Whatever is not refused gives words and ends of words, as they stand on the command line."""
    try:
        parsed = parse_words(words, TOKEN_OPTIONS)
    except UsageError:
        return
    assert set(parsed.positional) <= set(words)
    for setting in parsed.settings.values():
        for value in setting.value if isinstance(setting.value, tuple) else (setting.value,):
            assert value is True or any(word.endswith(str(value)) for word in words)


@pytest.mark.parametrize(
    ("words", "positional", "values"),
    [
        (["a", "--ssh", "b"], ("a", "b"), {"ssh": True}), (["--ssh=false"], (), {"ssh": False}),
        (["--ssh=F", "--ssh"], (), {"ssh": True}), (["--ssh", "--ssh=0"], (), {"ssh": False}),
        (["-ssh", "-san=x"], (), {"ssh": True, "san": ("x",)}), (["--not-before", "-5m"], (), {"not-before": "-5m"}),
        (["--kid", "--ssh"], (), {"kid": "--ssh"}), (["--kid", "--", "a"], ("a",), {"kid": "--"}),
        (["--kid=a=b"], (), {"kid": "a=b"}), (["--kid", "a", "--kid", "b"], (), {"kid": "b"}),
        (["--issuer", "a"], (), {"provisioner": "a"}), (["-n", "a", "--n", "b"], (), {"principal": ("a", "b")}),
        (["-"], ("-",), {}), (["--", "--ssh", "--"], ("--ssh", "--"), {}), (["-f", "--output-file", "x"], (),
        {"force": True, "output-file": "x"}), ([], (), {}), ([""], ("",), {}),
    ],
)  # fmt: skip
def test_words_are_read_by_gos_grammar(
    words: list[str], positional: tuple[str, ...], values: dict[str, object]
) -> None:
    """One dash or two, `=` or the next word, values that start with a dash, `--`, and positional words anywhere."""
    parsed = parse_words(words, TOKEN_OPTIONS)
    assert parsed.positional == positional
    assert {name: setting.value for name, setting in parsed.settings.items()} == values
    assert {setting.origin for setting in parsed.settings.values()} <= {Origin.FLAG}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--sann", "x"], "there is no option --sann: did you mean --san?"),
        (["-san-x"], "there is no option -san-x: did you mean --san?"),
        (["--qqq=x"], "there is no option --qqq: --help"),
        (["---san", "x"], "there is no option ---san"), (["-nroot"], "there is no option -nroot"),
        (["--kid"], "--kid needs a value: write --kid <kid>"), (["--kid="], "--kid needs a value"),
        (["--kid", ""], "--kid needs a value"), (["-n"], "-n needs a value: write -n <name>"),
        (["--ssh=yes"], "--ssh 'yes' is neither true nor false"), (["--ssh="], "--ssh '' is neither true nor false"),
        (["-n", "a", "--principal", "b"], "-n and --principal are the same option"),
        (["--issuer=a", "--provisioner=b"], "--issuer and --provisioner are the same option"),
        (["-f", "--force"], "-f and --force are the same option"),
    ],
)  # fmt: skip
def test_words_that_make_no_sense_are_refused(words: list[str], message: str) -> None:
    """The error names the word as it was written and what to do."""
    with pytest.raises(UsageError) as caught:
        parse_words(words, TOKEN_OPTIONS)
    assert str(caught.value).startswith(message)


def test_each_command_has_options_of_its_own() -> None:
    """An option of one command is unknown to another."""
    settings_of_sandbox = parse_words(["--dns", "a", "--dns", "b"], SANDBOX_OPTIONS).settings
    assert settings_of_sandbox == {"dns": Setting(("a", "b"), Origin.FLAG, "--dns")}
    with pytest.raises(UsageError, match="there is no option --ssh"):
        parse_words(["--ssh"], SANDBOX_OPTIONS)
