"""Completion of what is on disk: names of contexts and provisioners, hostile ones among them, in the real shells."""

import json
import os
import random
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from time import monotonic

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from entrypoints.command_line.commands import COMPLETE, SHELLS
from entrypoints.command_line.completion.shells import SCRIPTS, quote_bash_word, read_bash_line
from tests.support.completing_shells import (
    ASK,
    put_program,
    require_shell,
    run_shell,
    type_in_bash,
    type_in_zsh,
)
from tests.support.peer_programs import REPOSITORY
from tests.support.running import invoke

HOSTILE = [
    "$(touch pwned)", "`touch pwned`", "; touch pwned #", "${HOME}", "a b  c", "it's", 'say "hi"', "back\\slash\\",
    "co:lon::", "@host@x", "=eq=", "* ? [a] {b,c}", "~root", "#hash", "!bang!!", "<in >out |&", "-dash --",
    "%s %F{red}", "ünïcödé …", "日本語", "max@example.com", "(paren) [x]",
]  # fmt: skip
UNSHOWN = ["line\nbreak", "tab\tstop", "\x1b[31mred", "bell\x07", "nul\0", "bidi\u202eoverride", "\x7f", "\u2028", ""]
"""Names that no terminal shows as they are: they are never offered."""


@pytest.fixture(scope="module", params=SHELLS)
def shell(request: pytest.FixtureRequest) -> str:
    """Each shell that is here."""
    return require_shell(request.param)


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with step-ott in it."""
    return put_program(tmp_path_factory.mktemp("program"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder to work in."""
    (tmp_path / "place").mkdir()
    return tmp_path / "place"


def write_step_path(base: Path, contexts: list[str], provisioners: list[str]) -> Mapping[str, str]:
    """Write a step path with contexts of one authority, none of them the current one; return its environment."""
    for place in (base, base / "authorities" / "one"):
        (place / "config").mkdir(parents=True)
        listed = [{"name": name, "type": "JWK"} for name in provisioners]
        (place / "config" / "ca.json").write_text(json.dumps({"authority": {"provisioners": listed}}))
    if contexts:
        members = {name: {"authority": "one", "profile": "mine"} for name in contexts}
        (base / "contexts.json").write_text(json.dumps(members))
    return {"STEPPATH": str(base)}


def ask(line: str, environment: Mapping[str, str]) -> list[str]:
    """Return what is offered behind a line that ends with the word to complete."""
    result = invoke(COMPLETE, "fish", *line.split(" "), environment=environment)
    assert (result.status, result.err) == (0, "")
    return [row.partition("\t")[0] for row in result.out.splitlines()[1:]]


@pytest.mark.parametrize("words", ["--context ", "--provisioner ", "-issuer="])
def test_names_are_offered_as_they_are(words: str, shell: str, folder: Path, program: Path) -> None:
    """All names of what is on disk that a terminal shows, and none of them is run."""
    names = [f"{number}{name}" for number, name in enumerate(HOSTILE)] + [f"x{name}" for name in UNSHOWN[:-1]] + [""]
    step_path = write_step_path(folder.parent / "step", names if "context" in words else [], names)
    lines = [f"step-ott token --offline {words}"]
    (offers,) = ASK[shell](SCRIPTS[shell], lines, folder, program, step_path)
    wanted = [name for name in names if name.isprintable() and name]
    kept = words if shell == "fish" and words.endswith("=") else ""
    expected = {kept + (str(quote_bash_word(name, "")) if shell == "bash" else name).rstrip("/") for name in wanted}
    assert {*offers} == expected
    assert len(wanted) == len(HOSTILE)
    assert os.listdir(folder) == []


@pytest.mark.parametrize(
    ("before", "mark"), [("--context ", ""), ("--context=", ""), ("--context=", '"'), ("--context ", "'")], ids=str
)
@pytest.mark.parametrize("shell", ["bash", "zsh"], indirect=True)
def test_a_name_typed_with_tab_is_the_name(before: str, mark: str, shell: str, folder: Path, program: Path) -> None:
    """Whatever quotation mark is open, Enter gives the program that very name, and nothing is run."""
    special = {'"': '"\\$`!', "'": "'", "": ""}[mark] if shell == "bash" else ""  # where bash would lose track
    names = [name for name in HOSTILE if not {*name} & {*special}]
    listed = [f"{chr(97 + number)}{name}" for number, name in enumerate(names)]
    environment = write_step_path(folder.parent / "step", listed, [])
    typed = [f"token {before}{mark}{name[0]}\t" for name in listed]
    got = {"bash": type_in_bash, "zsh": type_in_zsh}[shell](typed, folder, program, environment)
    begin = ["token", "--context"] if before.endswith(" ") else ["token"]
    stuck = before if before.endswith("=") else ""
    assert got == [[*begin, stuck + name] for name in listed]
    assert os.listdir(folder) == []


def test_many_names_of_any_letters_arrive(shell: str, folder: Path, program: Path) -> None:
    """Two hundred names made of what shells act upon."""
    dice = random.Random(5)
    names = {"".join(dice.choices(" \\'\"$`:=@!#~*?[]{}()<>|&;%^-a", k=dice.randint(1, 9))) for _ in range(200)}
    names = {f"n{name}n" for name in names}  # neither a space at an end nor a dash in front: those stand above
    step_path = write_step_path(folder.parent / "step", sorted(names), [])
    (offers,) = ASK[shell](SCRIPTS[shell], ["step-ott token --context "], folder, program, step_path)
    assert {*offers} == ({quote_bash_word(name, "") for name in names} if shell == "bash" else names)


BASH_TEXTS = st.text(st.sampled_from(" ab'\"\\é:="), max_size=12)


@settings(max_examples=30)
@given(st.lists(BASH_TEXTS, min_size=1, max_size=40))
@example(["''", "a '' b"])
def test_a_line_is_read_as_bash_reads_it(tmp_path_factory: pytest.TempPathFactory, lines: list[str]) -> None:
    """Of each line whose quotation marks are closed, the words are bash's own."""
    folder = tmp_path_factory.mktemp("words") / "place"
    folder.mkdir()
    closed = [
        line for line in lines if not read_bash_line(f"{line}|")[2] and read_bash_line(f"{line}|")[1].endswith("|")
    ]
    closed = [line for line in closed if not line.endswith("\\")]
    text = "".join(f"printf '<%s>\\0' x {line}; printf 'end\\0'\n" for line in closed)  # an empty word is <>
    said = [part.split("\0")[:-1] for part in run_shell("bash", text, folder).split("end\0")[:-1]]
    got = [[word[1:-1] for word in words[1:]] for words in said]
    assert [read_bash_line(f"{line} ")[0] for line in closed] == got


@settings(max_examples=30)
@given(st.lists(st.text(st.characters(codec="utf-8", exclude_categories=["C", "Zl", "Zp"])), min_size=1))
def test_quoted_text_is_one_word(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    """Behind any quotation mark that is open, and without one, each text is to bash the one word that it was."""
    folder = tmp_path_factory.mktemp("words") / "place"
    folder.mkdir()
    for mark in ("", "'", '"'):
        wanted = [text for text in texts if text and quote_bash_word(text, mark) is not None]
        quoted = " ".join(f"{mark}{quote_bash_word(text, mark)}{mark}" for text in wanted)
        assert run_shell("bash", f"printf '%s\\0' {quoted}", folder).split("\0")[: len(wanted)] == (wanted or [])
        assert read_bash_line(f"{quoted} ")[0] == wanted


def test_names_are_those_of_the_context_and_the_file_that_are_meant(tmp_path: Path) -> None:
    """The settings count as for the command: flags, then environment, then what the step path has."""
    environment = write_step_path(tmp_path / "step", ["here", "there"], ["of-context"])
    (tmp_path / "other.json").write_text('{"authority": {"provisioners": [{"name": "of-file", "type": "X5C"}]}}')
    other = str(tmp_path / "other.json")
    assert ask("token --context ", environment) == ["here", "there"]
    assert ask("token --provisioner ", environment) == []  # no context is chosen
    assert ask("token --context here --provisioner ", environment) == ["of-context"]
    assert ask("doctor --issuer ", {**environment, "STEP_CONTEXT": "there"}) == ["of-context"]
    assert ask("token --context none --provisioner ", environment) == []
    assert ask(f"batch --context here --ca-config {other} --provisioner ", environment) == ["of-file"]
    assert ask(f"batch --ca-config={other} --context=here --provisioner=", environment) == ["--provisioner=of-file"]
    assert ask("token --context here --issuer ", {**environment, "STEP_CA_CONFIG": other}) == ["of-file"]
    assert ask("token --context here --issuer ", {**environment, "STEP_PROVISIONER": "mine"}) == ["mine", "of-context"]
    assert ask("sandbox --provisioner ", environment) == []  # a name to give
    home = {**environment, "HOME": str(tmp_path)}
    assert ask("token --context here --ca-config ~/other.json --issuer ", home) == ["of-file"]
    assert ask("verify --context ", environment) == ["here", "there"]


def test_what_a_name_is_stands_beside_it(tmp_path: Path) -> None:
    """The type of a provisioner, the authority of a context; nothing in them that a terminal would act upon."""
    step = tmp_path / "step"
    environment = write_step_path(step, [], [])
    listed = [{"name": "a", "type": "ACME"}, {"name": "b", "type": "\x1b[31m\n\t" * 99}]
    (step / "config" / "ca.json").write_text(json.dumps({"authority": {"provisioners": listed}}))
    rows = invoke(COMPLETE, "fish", "token", "--issuer", "", environment=environment).out.splitlines()
    assert rows[1] == "a\tACME"
    assert rows[2].startswith("b\t\\x1b[31m") and len(rows[2]) < 80 and rows[2].count("\t") == 1


def test_entries_that_name_nothing_hide_no_others(tmp_path: Path) -> None:
    """Provisioners and contexts that are malformed are left out, and the sound ones beside them are offered."""
    step = tmp_path / "step"
    environment = write_step_path(step, ["sound"], [])
    listed = [5, None, [], {"type": "JWK"}, {"name": {"a": 1}}, {"name": ["b"]}, {"name": "sound", "type": "JWK"}]
    (step / "config" / "ca.json").write_text(json.dumps({"authority": {"provisioners": listed}}))
    contexts = json.loads((step / "contexts.json").read_text())
    (step / "contexts.json").write_text(json.dumps({"a": 5, "b": {}, **contexts}))
    assert ask("token --context ", environment) == ["sound"]
    (step / "contexts.json").unlink()
    assert ask("token --provisioner ", environment) == ["sound"]


PROBES = {
    "fifo": os.mkfifo,
    "folder": lambda path: path.mkdir(),
    "unreadable": lambda path: path.symlink_to("/proc/1/mem"),
    "device": lambda path: path.symlink_to("/dev/zero"),
    "terminal": lambda path: path.symlink_to("/dev/tty"),
    "loop": lambda path: path.symlink_to(path),
    "broken": lambda path: path.write_text("{"),
    "list": lambda path: path.write_text("[1]"),
    "number": lambda path: path.write_text('{"authority": 7, "context": {"authority": 8}, "x": 9}'),
    "names": lambda path: path.write_text('{"authority": {"provisioners": [{"name": 7, "type": []}, 7]}}'),
    "none": lambda path: path.write_text('{"authority": {"provisioners": null}}'),
    "huge": lambda path: path.write_text(f'{{"x": "{"y" * (9 << 20)}"}}'),
    "deep": lambda path: path.write_text("[" * 100_000),
}


@pytest.mark.parametrize("probe", PROBES)
@pytest.mark.parametrize("line", ["--provisioner", "--context", "--ca-config FILE --issuer", "--ca-config - --issuer"])
def test_nothing_on_disk_makes_a_noise_or_a_wait(probe: str, line: str, tmp_path: Path) -> None:
    """Whatever stands in place of a file, the answer comes at once, without names and without a word."""
    (tmp_path / "config").mkdir()
    for name in ("config/ca.json", "contexts.json" if line == "--context" else "file", "config/defaults.json"):
        if name != "config/defaults.json" or line == "--provisioner":
            PROBES[probe](tmp_path / name)
    words = ["token", *line.replace("FILE", str(tmp_path / "file")).split(), ""]
    begin = monotonic()
    result = invoke(COMPLETE, "fish", *words, environment={"STEPPATH": str(tmp_path)}, stdin=b"never read")
    assert (result.status, result.err) == (0, "")
    assert result.out in ("", "words\n") or probe in ("number", "names")
    assert "\n" in result.out or not result.out
    assert monotonic() - begin < 30


SLOW = """
import os, sys, time
from entrypoints.cli import run
os.path.isfile = lambda path: time.sleep(60)
run()
"""


def test_a_file_system_that_does_not_answer_is_not_waited_for(tmp_path: Path) -> None:
    """After two seconds the process ends, and says nothing."""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(REPOSITORY), **write_step_path(tmp_path, ["a"], [])}
    begin = monotonic()
    words = [sys.executable, "-c", SLOW, COMPLETE, "zsh", "token", "--context", ""]
    done = subprocess.run(words, env=environment, capture_output=True, timeout=50, check=False)
    assert (done.stdout, done.stderr) == (b"", b"")
    assert monotonic() - begin < 50


@pytest.mark.parametrize("words", [[], ["tcsh"], ["bash"], ["bash", "a"], ["zsh"], ["fish"], ["bash", "", ""]], ids=str)
def test_a_question_that_is_none_gets_no_answer(words: list[str]) -> None:
    """Whoever calls the hidden command otherwise than a script sees nothing."""
    result = invoke(COMPLETE, *words)
    assert (result.status, result.err) == (0, "")
    assert result.out == "" or words == ["bash", "", ""]
