"""Completion, by the real shells: what they offer for a line, and that no text in the tables can break a script."""

import os
import re
import shutil
from itertools import chain
from pathlib import Path

import attrs
import pytest

from domain.ca_rules.endpoint import Endpoint
from domain.enroll.key_kind import CURVES
from domain.settings.print_form import BATCH_FORMS, REPORT_FORMS
from entrypoints.command_line.all_commands import COMMANDS
from entrypoints.command_line.commands import BATCH, COMPLETE, COMPLETION, SHELLS, Command
from entrypoints.command_line.completion.offers import offer_value
from entrypoints.command_line.completion.shells import SCRIPTS
from entrypoints.command_line.options import KEY_KIND_OPTIONS, Option
from tests.support.completing_shells import (
    ASK,
    FILES,
    FOLDERS,
    Offers,
    ask_zsh,
    put_program,
    quote,
    quote_fish,
    require_shell,
    run_shell,
    type_in_bash,
)  # fmt: skip
from tests.support.running import invoke

NAMES = [command.name.split() for command in COMMANDS]
WORDS = {*(command.name.split()[0] for command in COMMANDS), "help"}
SINGLE_WORDS = {command.name for command in COMMANDS if " " not in command.name}
BEHIND_CA = {*SINGLE_WORDS, "help", *(words[1] for words in NAMES if words[0] == "ca" and len(words) > 1)}
BEHIND_SSH = {words[1] for words in NAMES if words[0] == "ssh"}
OPTIONS = [(command, option) for command in COMMANDS for option in command.options]
NASTY = [
    "it's \"quoted\"", "[in] brackets ]] [[", "a:b: c::d", "$HOME ${HOME} $(exit 3) `exit 4`", "b\\slash \\[ \\' \\n",
    "%F{red}%s %% %d", "; exit 5 #", "* ? ~ {a,b} !!", "(x) <y> | & z", "ünïcödé …", "ends with \\", "ends with '",
]  # fmt: skip


@attrs.frozen
class Case:
    """A line, and what is to be offered for it.

    Attributes:
        line: What is typed.
        offered: All that is offered; `FILES` and `FOLDERS` stand for the names that there are.
    """

    line: str
    offered: set[str]


CASES = [
    Case("step-ott ", WORDS),
    Case("step-ott tok", {"token"}),
    Case("step-ott --", {"--help", "--version"}),
    Case("step-ott ca ", BEHIND_CA),
    Case("step-ott ca sand", {"sandbox"}),
    Case("step-ott ca heal", {"health"}),
    Case("step-ott ssh ", BEHIND_SSH),
    Case("step-ott help ca heal", {"health"}),
    Case("step-ott help to", {"token"}),
    Case("step-ott ca help to", {"token"}),
    Case("step-ott help token ", set()),
    Case("step-ott nonsense ", set()),
    Case("step-ott nonsense --", set()),
    Case("step-ott token ", set()),
    Case("step-ott token --sshp", {"--sshpop-cert", "--sshpop-key"}),
    Case("step-ott ca token --sshp", {"--sshpop-cert", "--sshpop-key"}),
    Case("step-ott token web.example.com --x5c-k", {"--x5c-key"}),
    Case("step-ott token --san ", set()),
    Case("step-ott token --san a --sa", {"--san"}),
    Case("step-ott token -n a -n b --sa", {"--san"}),
    Case("step-ott token --root x --ro", set()),
    Case("step-ott token --root=x --ro", set()),
    Case("step-ott token --issuer x --provisioner", {"--provisioner-password-file"}),
    Case("step-ott token --offline --off", set()),
    Case("step-ott token --san -- --off", {"--offline"}),
    Case("step-ott token --cnf-file ", FILES),
    Case("step-ott token --cnf-file=", FILES),
    Case("step-ott token --x5c-cert ", FILES),
    Case("step-ott token --ca-url localhost:9000 --offl", {"--offline"}),
    Case("step-ott token --not-after ", set()),
    Case("step-ott inspect --format ", {"text", "json"}),
    Case("step-ott inspect --format j", {"json"}),
    Case("step-ott inspect --format=j", {"json"}),
    Case("step-ott inspect --format=", {"text", "json"}),
    Case("step-ott inspect ", FILES),
    Case("step-ott inspect --format json ", FILES),
    Case("step-ott inspect --format=json ", FILES),
    Case("step-ott inspect a.txt ", set()),
    Case("step-ott inspect -- --f", FILES),
    Case("step-ott inspect -- ", FILES),
    Case("step-ott inspect - < ", FILES),
    Case("step-ott verify --for ssh-re", {"ssh-revoke", "ssh-renew", "ssh-rekey"}),
    Case("step-ott verify ", FILES),
    Case("step-ott doctor --form", {"--format"}),
    Case("step-ott sandbox ", FOLDERS),
    Case("step-ott completion ", set(SHELLS)),
    Case("step-ott completion z", {"zsh"}),
    Case("step-ott version -", {"-h", "--help"}),
    *(
        Case(f"step-ott {command.name} -", {name for option in command.options for name in option.spellings()} |
             {"-h", "--help"})
        for command in COMMANDS
    ),
]  # fmt: skip


@pytest.fixture(scope="session", params=SHELLS)
def shell(request: pytest.FixtureRequest) -> str:
    """Each shell that is here."""
    return require_shell(request.param)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a file and a folder in it."""
    path = tmp_path_factory.mktemp("completion") / "place"
    (path / "store").mkdir(parents=True)
    (path / "token.txt").touch()
    return path


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with step-ott in it."""
    return put_program(tmp_path_factory.mktemp("program"))


@pytest.fixture(scope="session")
def answers(shell: str, folder: Path, program: Path) -> dict[str, Offers]:
    """What the shell offers for the line of each case."""
    lines = [case.line for case in CASES]
    return dict(zip(lines, ASK[shell](invoke("completion", shell).out, lines, folder, program), strict=True))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.line)
def test_a_line_is_completed(case: Case, shell: str, answers: dict[str, Offers]) -> None:
    """The shell offers exactly what can stand there."""
    expected = case.offered
    if shell != "bash" and expected in (FILES, FOLDERS):
        names = {"token.txt", "store"} if expected == FILES else {"store"}
        expected = {name for name in names if name.startswith(re.split("[ =]", case.line)[-1])}
    offered = answers[case.line]
    assert {word.rpartition("=")[2] if shell == "fish" else word for word in offered} == expected


def is_shown_in_columns(command: Command, option: Option) -> bool:
    """Tell whether zsh shows two names of one other option beside it, and so all three apart from what they mean."""
    return any(sum(name.startswith(option.name) for name in (one.name, *one.aliases)) > 1 for one in command.options)


@pytest.mark.parametrize("shell", ["zsh", "fish"], indirect=True)
def test_what_is_offered_is_described(shell: str, answers: dict[str, Offers], folder: Path, program: Path) -> None:
    """Beside a command stands its summary, and beside an option its help, word for word."""
    for command in COMMANDS:
        *before, last = command.name.split()
        if len(before) < 2:
            assert answers[" ".join(["step-ott", *before, ""])][last].endswith(command.summary)
    distinct = {id(option): (command, option) for command, option in OPTIONS}.values()
    rows = [(command, option) for command, option in distinct if not is_shown_in_columns(command, option)]
    lines = [f"step-ott {command.name} --{option.name}" for command, option in rows]
    for (_, option), offers in zip(rows, ASK[shell](SCRIPTS[shell], lines, folder, program), strict=True):
        assert offers[f"--{option.name}"].endswith(option.help)


@pytest.mark.parametrize("shell", ["zsh"], indirect=True)
def test_zsh_finds_the_script_in_its_folder_of_functions(shell: str, folder: Path, program: Path) -> None:
    """Where the script is the file _step-ott in $fpath, the first Tab already completes by it."""
    assert "token" in ask_zsh(SCRIPTS[shell], ["step-ott tok"], folder, program, sourced=False)[0]


@pytest.mark.parametrize("shell", ["fish"], indirect=True)
def test_fish_finds_the_script_in_its_folder_of_completions(shell: str, folder: Path, program: Path) -> None:
    """Where the help's example puts it, the first Tab already completes by it."""
    place = folder.parent / ".config" / "fish" / "completions"
    place.mkdir(parents=True)
    (place / "step-ott.fish").write_text(SCRIPTS[shell])
    text = f"set fish_complete_path {quote_fish(str(place))}; complete -C 'step-ott tok'"
    assert run_shell("fish", text, folder, str(program)).startswith("token\t")


def test_a_script_is_well_formed(shell: str, folder: Path) -> None:
    """The shell's own check finds nothing, and its first lines say how to install it."""
    script = invoke("completion", shell).out
    assert f"step-ott completion {shell}" in "".join(script.splitlines(keepends=True)[:3])
    assert f" {COMPLETE} {shell} " in script
    (folder.parent / "script").write_text(script)
    check = [quote(word) for word in (shutil.which(shell) or shell, "-n", str(folder.parent / "script"))]
    assert run_shell("bash", " ".join(check), folder) == ""


OTHER_PROGRAM = """
import sys
from entrypoints.command_line.commands import Command
from entrypoints.command_line.options import KEY_KIND_OPTIONS, Option
from entrypoints.wiring.completion import complete
texts = {texts!r}
options = [Option(f"option-{{number}}", "a:b", text, "Group") for number, text in enumerate(texts)]
others = [Command(f"word-{{number}}", text, "", "") for number, text in enumerate(texts)]
complete(sys.argv[2:], [Command("one", "first", "", "", options), *others])
"""


def test_texts_arrive_as_they_are(shell: str, folder: Path, tmp_path: Path) -> None:
    """Whatever stands in a help text, nothing of it is run, and zsh and fish show it as it is."""
    other = put_program(tmp_path / "bin", OTHER_PROGRAM.format(texts=NASTY))
    words, offered = ASK[shell](SCRIPTS[shell], ["step-ott word", "step-ott one --option"], folder, other)
    assert len(words) == len(offered) == len(NASTY)
    if shell != "bash":
        assert all(words[f"word-{number}"].endswith(text) for number, text in enumerate(NASTY))
        assert all(offered[f"--option-{number}"].endswith(text) for number, text in enumerate(NASTY))


@pytest.mark.parametrize("written", ["{}/own/step-ott", "../own/step-ott", "~/own/step-ott", "../own\\ place/step-ott"])
def test_a_path_asks_the_very_program(written: str, shell: str, folder: Path, program: Path, tmp_path: Path) -> None:
    """Where the line begins with a path, what can stand there is what that program says, and not the one on PATH."""
    place = tmp_path / "place"
    place.mkdir()
    own = put_program(tmp_path / ("own place" if " " in written else "own"), OTHER_PROGRAM.format(texts=["text"]))
    line = f"{written.format(own.parent)} one --opt"
    offers = ASK[shell](SCRIPTS[shell], [line, "step-ott inspect --form"], place, program, {"HOME": str(tmp_path)})
    assert [set(one) for one in offers] == [{"--option-0"}, {"--format"}]


@pytest.mark.parametrize(
    "written", ["./nowhere/step-ott", "~nobody/step-ott", "$NOWHERE/step-ott", "$(touch x)/step-ott"]
)
def test_a_path_to_no_program_offers_nothing(written: str, shell: str, folder: Path, program: Path) -> None:
    """No other program is asked in its place, nothing is said, and nothing in it is run."""
    assert ASK[shell](SCRIPTS[shell], [f"{written} tok"], folder, program) == [{}]
    assert sorted(os.listdir(folder)) == ["store", "token.txt"]


def test_where_there_is_no_program_nothing_is_offered_or_said(shell: str, folder: Path) -> None:
    """A script that outlives step-ott leaves the line alone."""
    offers = ASK[shell](SCRIPTS[shell], ["step-ott tok", "step-ott token --san "], folder, folder)
    assert {*offers[0], *offers[1]} <= {"started step-ott"}  # as the harness notes


@pytest.mark.parametrize(
    ("typed", "got"),
    [
        ("inspect --format=j\t", "[inspect][--format=json]"),
        ("ins\t--form\tj\ttok\t", "[inspect][--format][json][token.txt]"),
        ("token --root=tok\t--ca-url=h:1 --offl\t", "[token][--root=token.txt][--ca-url=h:1][--offline]"),
        ("ca sand\tsto\t", "[ca][sandbox][store/]"),
        ("sandbox tok\t", "[sandbox][tok]"),
        ("token 'a b'  \"c=d\" --offl\t", "[token][a b][c=d][--offline]"),
        ("verify --for=ssh-rek\t", "[verify][--for=ssh-rekey]"),
        ('inspect "--form\t=j\t', "[inspect][--format][=j]"),
        ("inspect --format='j\t", "[inspect][--format=json]"),
        ('inspect --for"mat"=j\t', "[inspect][--format=json]"),
        ("inspect tok\t2>/dev/null --form\tj\t", "[inspect][token.txt][--format][json]"),
    ],
)
def test_keys_typed_in_bash_become_words(typed: str, got: str, folder: Path, program: Path) -> None:
    """At a prompt, with Tab where words break off, the program gets the words that were meant."""
    (words,) = type_in_bash([typed], folder, program, {})
    assert "".join(f"[{word}]" for word in words) == got


@pytest.mark.parametrize(
    ("placeholder", "names", "choices"),
    [
        ("file", "files", []), ("chain", "files", []), ("<folder>", "folders", []), ("<token|file|->", "files", []),
        ("text|json", "words", ["text", "json"]), ("time|duration", "words", []), ("dns|ip|email|uri", "words", []),
        ("name", "words", []), ("host:port", "words", []), ("<subject>", "words", []),
    ],
)  # fmt: skip
def test_a_value_is_offered_by_what_the_help_calls_it(placeholder: str, names: str, choices: list[str]) -> None:
    """Files, folders, choices, or nothing."""
    assert offer_value(placeholder, "kept=") == (names, "kept=", [(choice, "") for choice in choices])


def list_choices(placeholder: str) -> frozenset[str]:
    """Return the choices that a placeholder stands for."""
    return frozenset(word for word, _ in offer_value(placeholder)[2])


def test_choices_are_those_that_commands_take() -> None:
    """The tables have these choices and no others: a new one is added here once it is known to be one."""
    choices = {(option.name, list_choices(option.metavar)) for command, option in OPTIONS if command != BATCH}
    choices |= {(command.name, list_choices(command.positional)) for command in COMMANDS}
    own = [option for option in BATCH.options if option not in KEY_KIND_OPTIONS]
    choices |= {(f"batch {option.name}", list_choices(option.metavar)) for option in own}
    assert {name: set(words) for name, words in choices if words} == {
        "batch format": set(BATCH_FORMS), "format": set(REPORT_FORMS),
        "for": {endpoint.value for endpoint in Endpoint}, "cert-type": {"user", "host"},
        "completion": set(SCRIPTS), "kty": set(CURVES), "curve": {*chain.from_iterable(CURVES.values())},
    }  # fmt: skip
    assert set(SHELLS) == set(SCRIPTS) == set(ASK)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "completion takes one shell: the shells are bash, zsh, fish"),
        (["bash", "zsh"], "completion takes one shell: "),
        (["tcsh"], "there is no completion for 'tcsh': the shells are bash, zsh, fish"),
    ],
    ids=str,
)
def test_another_shell_is_a_usage_error(words: list[str], said: str) -> None:
    """Status 2, one line, and nothing on stdout."""
    result = invoke(COMPLETION.name, *words)
    assert (result.status, result.out, result.err.count("\n")) == (2, "", 1)
    assert said in result.err
