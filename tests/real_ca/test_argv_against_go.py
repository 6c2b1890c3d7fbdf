"""The reader of command lines against Go's own package flag, word for word."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import UsageError
from domain.settings.setting import Settings
from entrypoints.command_line.argv import ParsedWords, parse_words
from entrypoints.command_line.options import TOKEN_OPTIONS, Option, ValueKind
from tests.support.go_answers import GoAnswers, ask_go


@pytest.fixture(scope="module")
def go() -> Iterator[GoAnswers]:
    """Go's own parsers."""
    with ask_go() as answers:
        yield answers


BY_NAME = {name: option for option in TOKEN_OPTIONS for name in (option.name, *option.aliases)}
HELP = ("help", "h")
"""The switch for help, which is one like any other to step (urfave/cli, HelpFlag), but that it ends the line here."""
SWITCHES = [name for name, option in BY_NAME.items() if option.kind is ValueKind.SWITCH]
VALUES = [name for name, option in BY_NAME.items() if option.kind is not ValueKind.SWITCH]

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
ODD_WORDS = st.sampled_from([
    "-", "--", "---", "-=", "--=", "--=x", "-5m", "true", "false", "a=b", "--sann", "-x", "-nf", "foo", "None", "-h",
    "--help", "-help", "--h", "--help=false", "-h=0", "--help=maybe", "--h=T",
    "--ssh=T", "--ssh=yes", "-ssh=0", "-f=", "--san=", "-n=-n", "--san=--san",
])  # fmt: skip
FLAGS = st.builds(
    lambda dashes, name, tail: f"{dashes}{name}{tail}",
    st.sampled_from(["-", "--"]),
    st.sampled_from(sorted(BY_NAME)),
    st.one_of(st.just(""), TEXTS.map(lambda text: f"={text}")),
)
WORDS = st.lists(st.one_of(FLAGS, FLAGS, ODD_WORDS, TEXTS), max_size=8)


def ask(go: GoAnswers, words: list[str]) -> dict[str, Any]:
    return go.parse_flags(words, [*SWITCHES, *HELP], VALUES)


def parse_or_refuse(words: list[str]) -> ParsedWords | None:
    try:
        return parse_words(words, TOKEN_OPTIONS)
    except UsageError:
        return None


def is_refused_here_alone(sets: list[list[str]]) -> bool:
    """Return whether Go's package takes what step-ott refuses on purpose: empty values, two names of one option."""
    names: dict[str, set[str]] = {}
    for name, _ in sets:
        names.setdefault(BY_NAME[name].name, set()).add(name)
    has_empty_value = any(not value for name, value in sets if BY_NAME[name].kind is not ValueKind.SWITCH)
    return has_empty_value or any(len(used) > 1 for used in names.values())


def fold_sets(sets: list[list[str]]) -> dict[str, object]:
    """Return the settings that Go's sets amount to: lists accumulate, of the others the last one counts."""
    folded: dict[str, Any] = {}
    for name, value in sets:
        option: Option = BY_NAME[name]
        if option.kind is ValueKind.LIST:
            folded[option.name] = (*folded.get(option.name, ()), value)
        else:
            folded[option.name] = value == "true" if option.kind is ValueKind.SWITCH else value
    return folded


def _find_help(sets: list[list[str]]) -> int:
    """Return the number of sets in front of that which asks for help."""
    return next((i for i, (name, value) in enumerate(sets) if name in HELP and value == "true"), len(sets))


def values_of(parsed: Settings) -> dict[str, object]:
    return {name: setting.value for name, setting in parsed.items()}


@settings(max_examples=600)
@given(words=WORDS)
def test_every_command_line_means_what_it_means_to_go(go: GoAnswers, words: list[str]) -> None:
    """Values, positional words, help and refusals are those of Go, but for what is refused on purpose."""
    answer, parsed = ask(go, words), parse_or_refuse(words)
    sets = answer.get("sets", [])
    is_help = any(name in HELP and value == "true" for name, value in sets)
    answer["sets"] = [(name, value) for name, value in sets[: _find_help(sets)] if name not in HELP]
    if is_refused_here_alone(answer.get("sets", [])) or ("error" in answer and not is_help):
        assert parsed is None
    else:
        assert parsed is not None
        assert parsed.wants_help is is_help
        if is_help:
            return
        assert list(parsed.positional) == answer.get("positional", [])
        assert values_of(parsed.settings) == fold_sets(answer.get("sets", []))
