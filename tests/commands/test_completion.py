"""Completion, by the real shells: what they offer for a line, and that no text in the tables can break a script."""

import shutil
from collections.abc import Mapping
from pathlib import Path

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.ca_rules.endpoint import Endpoint
from domain.settings.print_form import BATCH_FORMS, REPORT_FORMS
from entrypoints.command_line.commands import BATCH, COMMANDS, COMPLETION, SHELLS, Command
from entrypoints.command_line.completion import SCRIPTS, fish, zsh
from entrypoints.command_line.completion.offers import ValueOffer, offer_value
from entrypoints.command_line.options import Option
from tests.support.completing_shells import ASK, FILES, FOLDERS, Offers, ask_zsh, quote, quote_fish, run_shell
from tests.support.pseudo_terminal import run_on_terminal
from tests.support.running import invoke

WORDS = {*(command.name for command in COMMANDS), "help"}
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
        otherwise: What is offered by a shell that has a mind of its own here.
    """

    line: str
    offered: set[str]
    otherwise: Mapping[str, set[str]] = attrs.Factory(dict)


CASES = [
    Case("step-ott ", WORDS),
    Case("step-ott tok", {"token"}),
    Case("step-ott --", {"--help", "--version"}),
    Case("step-ott ca ", WORDS),
    Case("step-ott ca sand", {"sandbox"}),
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
    Case("step-ott token --san -- --off", {"--offline"}, {"zsh": set(), "fish": set()}),  # -- ends options to them
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
    Case("step-ott inspect a.txt ", set(), {"zsh": {"--format", "-h", "--help"}}),
    Case("step-ott inspect -- --f", set(), {"bash": FILES}),
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
    """A shell; bash is always there, the others where somebody installed them."""
    name: str = request.param
    if name != "bash" and shutil.which(name) is None:
        pytest.skip(f"there is no {name} on PATH, and nothing here builds one")
    return name


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a file and a folder in it."""
    path = tmp_path_factory.mktemp("completion") / "place"
    (path / "store").mkdir(parents=True)
    (path / "token.txt").touch()
    return path


@pytest.fixture(scope="session")
def answers(shell: str, folder: Path) -> dict[str, Offers]:
    """What the shell offers for the line of each case."""
    script = invoke("completion", shell).out
    return dict(
        zip((case.line for case in CASES), ASK[shell](script, [case.line for case in CASES], folder), strict=True)
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.line)
def test_a_line_is_completed(case: Case, shell: str, answers: dict[str, Offers]) -> None:
    """The shell offers exactly what can stand there."""
    expected = case.otherwise.get(shell, case.offered)
    if shell != "bash":
        expected = {"token.txt", "store"} if expected == FILES else {"store"} if expected == FOLDERS else expected
    offered = answers[case.line]
    assert {word.rpartition("=")[2] if shell == "fish" else word for word in offered} == expected


@pytest.mark.parametrize("shell", ["zsh", "fish"], indirect=True)
def test_what_is_offered_is_described(shell: str, answers: dict[str, Offers], folder: Path) -> None:
    """Beside a command stands its summary, and beside an option its help, word for word."""
    assert all(answers["step-ott "][command.name].endswith(command.summary) for command in COMMANDS)
    lines = [f"step-ott {command.name} --{option.name}" for command, option in OPTIONS]
    for (_, option), offers in zip(OPTIONS, ASK[shell](SCRIPTS[shell](COMMANDS), lines, folder), strict=True):
        assert offers[f"--{option.name}"].endswith(option.help)


@pytest.mark.parametrize("shell", ["zsh"], indirect=True)
def test_zsh_finds_the_script_in_its_folder_of_functions(shell: str, folder: Path) -> None:
    """Where the script is the file _step-ott in $fpath, the first Tab already completes by it."""
    script = SCRIPTS[shell](COMMANDS)
    assert "token" in ask_zsh(script, ["step-ott tok"], folder, sourced=False)[0]


@pytest.mark.parametrize("shell", ["fish"], indirect=True)
def test_fish_finds_the_script_in_its_folder_of_completions(shell: str, folder: Path) -> None:
    """Where the help's example puts it, the first Tab already completes by it."""
    place = folder.parent / ".config" / "fish" / "completions"
    place.mkdir(parents=True)
    (place / "step-ott.fish").write_text(SCRIPTS[shell](COMMANDS))
    known = "function step-ott; end"  # of a command that there is not, fish looks for no script
    text = f"set fish_complete_path {quote_fish(str(place))}; {known}; complete -C 'step-ott tok'"
    assert run_shell("fish", text, folder).startswith("token\t")


def test_a_script_is_well_formed(shell: str, folder: Path) -> None:
    """The shell's own check finds nothing, and its first lines say how to install it."""
    script = invoke("completion", shell).out
    assert f"step-ott completion {shell}" in "".join(script.splitlines(keepends=True)[:3])
    (folder.parent / "script").write_text(script)
    check = [quote(word) for word in (shutil.which(shell) or shell, "-n", str(folder.parent / "script"))]
    assert run_shell("bash", " ".join(check), folder) == ""


def test_texts_arrive_as_they_are(shell: str, folder: Path) -> None:
    """Whatever stands in a help text, nothing of it is run, and zsh and fish show it as it is."""
    options = [Option(f"option-{number}", "a:b", text, "Group") for number, text in enumerate(NASTY)]
    commands = [
        Command("one", "first", "", "", options),
        *(Command(f"word-{number}", text, "", "") for number, text in enumerate(NASTY)),
    ]
    words, offered = ASK[shell](SCRIPTS[shell](commands), ["step-ott word", "step-ott one --option"], folder)
    assert len(words) == len(offered) == len(NASTY)
    if shell != "bash":
        assert all(words[f"word-{number}"].endswith(text) for number, text in enumerate(NASTY))
        assert all(offered[f"--option-{number}"].endswith(text) for number, text in enumerate(NASTY))


TEXTS = st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0\r")), min_size=1)


@settings(max_examples=20)
@given(TEXTS)
def test_quoted_text_is_one_word(shell: str, folder: Path, texts: list[str]) -> None:
    """Each text is to the shell the one word that it was, bit for bit."""
    quoted = " ".join(map(fish.quote if shell == "fish" else zsh.quote, texts))
    assert run_shell(shell, f"printf '%s\\0' {quoted}", folder).split("\0")[:-1] == texts


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
    ],
)
def test_keys_typed_in_bash_become_words(typed: str, got: str, folder: Path) -> None:
    """At a prompt, with Tab where words break off, the program gets the words that were meant."""
    start = folder.parent / "bashrc"
    echo = "step-ott() { printf '[%s]' \"$@\"; echo ' is all'; exit; }"
    start.write_text(f"{invoke('completion', 'bash').out}\n{echo}\nPS1='ready> '\nbind 'set bell-style none'\n")
    command = f"cd {quote(str(folder))} && exec bash --noprofile --rcfile {quote(str(start))} -i <>/dev/tty >&0 2>&0"
    with run_on_terminal(["/bin/sh", "-c", command], {"TERM": "dumb", "HISTFILE": ""}, (24, 200)) as session:
        session.wait_for("ready> ")
        session.type(b"step-ott " + typed.encode() + b"\n")
        assert f"{got} is all" in session.wait_for(" is all")


@pytest.mark.parametrize(
    ("placeholder", "offer"),
    [
        ("file", ValueOffer(files=True)), ("chain", ValueOffer(files=True)), ("<folder>", ValueOffer(folders=True)),
        ("<token|file|->", ValueOffer(files=True)), ("text|json", ValueOffer(("text", "json"))),
        ("time|duration", ValueOffer()), ("dns|ip|email|uri", ValueOffer()), ("name", ValueOffer()),
        ("host:port", ValueOffer()), ("<subject>", ValueOffer()),
    ],
)  # fmt: skip
def test_a_value_is_offered_by_what_the_help_calls_it(placeholder: str, offer: ValueOffer) -> None:
    """Files, folders, choices, or nothing."""
    assert offer_value(placeholder) == offer


def test_choices_are_those_that_commands_take() -> None:
    """The tables have these choices and no others: a new one is added here once it is known to be one."""
    choices = {(option.name, offer_value(option.metavar).choices) for command, option in OPTIONS if command != BATCH}
    choices |= {(command.name, offer_value(command.positional).choices) for command in COMMANDS}
    choices |= {(f"batch {option.name}", offer_value(option.metavar).choices) for option in BATCH.options}
    assert {name: set(words) for name, words in choices if words} == {
        "batch format": set(BATCH_FORMS), "format": set(REPORT_FORMS),
        "for": {endpoint.value for endpoint in Endpoint}, "cert-type": {"user", "host"},
        "completion": set(SCRIPTS),
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
