"""The help: complete, on stdout, without a pager, in our own words; and what is said of words that are unknown."""

import contextlib
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from entrypoints.command_line.all_commands import COMMANDS
from entrypoints.command_line.ca_commands import CA_COMMANDS
from entrypoints.command_line.commands import (
    BATCH,
    COMPLETE,
    DOCTOR,
    GROUPS,
    INSPECT,
    PROGRAM,
    TOKEN,
    VERIFY,
    Command,
)
from entrypoints.command_line.completion.offers import find_offers
from entrypoints.command_line.enroll_commands import ENROLL_COMMANDS
from entrypoints.command_line.help import describe_program, list_spellings
from entrypoints.command_line.options import Option
from entrypoints.command_line.ssh_commands import SSH_COMMANDS
from tests.support.peer_programs import REPOSITORY
from tests.support.running import PROCESS_SECONDS, execute, invoke

OPTIONS = [(command, option) for command in COMMANDS for option in command.options]
WIDTH = 100
RUN_ELSEWHERE = {TOKEN, BATCH, INSPECT, VERIFY, DOCTOR, *ENROLL_COMMANDS, *SSH_COMMANDS, *CA_COMMANDS}
"""The commands whose examples need something to work on: their own tests run them."""

EXAMPLES = [words for command in COMMANDS if command not in RUN_ELSEWHERE for _, words in command.examples]


def name_row(value: object) -> str:
    return value.name if isinstance(value, Command | Option) else str(value)


@pytest.mark.parametrize("command", COMMANDS, ids=name_row)
def test_every_command_is_described(command: Command) -> None:
    """Each has a summary in the program's help, and its usage, description and examples in its own."""
    assert re.search(rf"^  {command.name} +{re.escape(command.summary)}$", invoke("--help").out, re.MULTILINE)
    result = invoke(*command.name.split(), "--help")
    assert (result.status, result.err) == (0, "")
    assert result.out.startswith(f"{PROGRAM} {command.name}: {command.summary}\n\nUsage: {PROGRAM} {command.name}")
    assert command.positional in result.out.splitlines()[2]
    assert command.description in result.out
    assert result.out.count(f"$ {PROGRAM} {command.name}") == len(command.examples)


@pytest.mark.parametrize("group", GROUPS)
def test_commands_are_shown_in_groups(group: str) -> None:
    """Each group is shown with the commands that are of it and no others, in the order of the table."""
    section = invoke("--help").out.partition(f"\n{group}:\n")[2].partition("\n\n")[0]
    members = [command.name for command in COMMANDS if command.group == group]
    assert members and [re.split("  +", line.strip())[0] for line in section.splitlines()] == members


@pytest.mark.parametrize("command", COMMANDS, ids=name_row)
def test_every_command_has_its_place(command: Command) -> None:
    """Each is in one of the groups, has an example, and is completed."""
    assert command.group in GROUPS
    assert command.examples
    *before, last = command.name.split()
    assert (last, command.summary) in find_offers([*before, ""], COMMANDS, know_none)[2]


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_runs_as_it_is_written(example: str, tmp_path: Path) -> None:
    """A shell runs it, with a home of its own and another folder for what is written to /tmp."""
    (tmp_path / ".config" / "fish" / "completions").mkdir(parents=True)
    line = f"{shlex.quote(sys.executable)} -m entrypoints.cli {example.replace('/tmp/', f'{tmp_path}/')}"
    done = subprocess.run(
        ["/bin/sh", "-c", line],
        capture_output=True,
        cwd=REPOSITORY,
        env={"PATH": "/nonexistent", "HOME": str(tmp_path)},
        timeout=PROCESS_SECONDS,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert done.stdout or any(path.stat().st_size for path in written)


@pytest.mark.parametrize(("command", "option"), OPTIONS, ids=name_row)
def test_every_option_is_completed(command: Command, option: Option) -> None:
    """Completion knows each of its names, and what it does."""
    offered = find_offers([*command.name.split(), "-"], COMMANDS, know_none)[2]
    assert {(spelling, option.help) for spelling in option.spellings()} <= {*offered}
    assert all(f"-{name}" in dict(offered) or f"--{name}" in dict(offered) for name in (option.name, *option.aliases))


def know_none(kind: str, given: object, options: object) -> list[tuple[str, str]]:
    """Stand in for a machine without contexts and provisioners."""
    return []


@pytest.mark.parametrize(("command", "option"), OPTIONS, ids=name_row)
def test_every_option_is_described(command: Command, option: Option) -> None:
    """Each stands under its group's heading by all of its names and its value, with what it does in sentences."""
    page = invoke(*command.name.split(), "--help").out
    section = page.partition(f"\n{option.group}:\n")[2].partition("\n\n")[0]
    entry = section.partition(f"  {list_spellings(option)}\n        ")[2].partition("\n  -")[0]
    assert " ".join(entry.split()) == option.help
    assert option.help[0].isupper()
    assert option.help.endswith(".") and len(option.help) > 10
    assert all(spelling in list_spellings(option) for spelling in option.spellings())
    assert bool(option.metavar) is (f"<{option.metavar}>" in list_spellings(option))


NAMES_OF_STEP = {"reasonCode"}
"""Names that are written as step writes them, and as nothing else here is."""


@pytest.mark.parametrize("command", COMMANDS, ids=name_row)
def test_names_are_used_once(command: Command) -> None:
    """No two options of a command share a name, an alias or a variable."""
    names = [name for option in command.options for name in (option.name, *option.aliases)]
    assert len(names) == len(set(names))
    assert all(re.fullmatch("[a-z][a-z0-9-]*", name) for name in names if name not in NAMES_OF_STEP)


@pytest.mark.parametrize(
    "words",
    [
        [], ["-h"], ["--help"], ["-help"], ["ca"], ["ca", "--help"], ["help", "token"], ["ca", "help", "token"],
        ["token", "-h"], ["token", "--help"], ["token", "foo", "--ssh", "--help"], ["token", "--san", "a", "-h",
        "--nonsense"],
        ["ca", "token", "--help"], ["sandbox", "--help"], ["help", "sandbox"], ["version", "-h"], ["token",
        "--help=true"], *([*command.name.split(), "--help"] for command in COMMANDS),
    ],
)  # fmt: skip
def test_help_is_given_wherever_it_is_asked_for(words: list[str]) -> None:
    """It goes to stdout with status 0, fits the screen, and none of it is Fire's."""
    result = invoke(*words)
    assert (result.status, result.err) == (0, "")
    assert result.out.startswith(PROGRAM) and result.out.endswith("\n")
    assert max(map(len, result.out.splitlines())) <= WIDTH
    assert not re.search(
        r"\x1b|\t|SYNOPSIS|POSITIONAL|FIRE|NAME\n|<class|INFO: Showing|--words|\bUsage: .*cli\.py", result.out
    )


def test_help_that_is_a_value_is_a_value() -> None:
    """Behind an option that takes a value, and behind `--`, the words for help are like any other."""
    for words in (["--san", "--help"], ["--", "--help"]):
        result = invoke("token", "1", "--revoke", *words)
        assert (result.status, result.out) == (2, "")


def test_help_needs_no_pager_on_a_terminal(tmp_path: Path) -> None:
    """On a terminal it is printed and the program ends, whatever PAGER says."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PAGER": "false", "TERM": "xterm"}
    master, slave = os.openpty()
    with open(master, "rb", buffering=0) as terminal:
        process = subprocess.Popen(
            [sys.executable, "-m", "entrypoints.cli", "token", "--help"],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=REPOSITORY,
            env=environment,
        )
        os.close(slave)
        shown = b""
        with contextlib.suppress(OSError):  # the other side of the terminal is closed: the program has ended
            while part := terminal.read(65_536):
                shown += part
        assert process.wait(PROCESS_SECONDS) == 0
    assert shown.replace(b"\r\n", b"\n").decode() == invoke("token", "--help").out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["tokn"], "there is no command 'tokn': "), (["foo"], "there is no command 'foo': "),
        (["help", "tokn"], "there is no command 'tokn': "), (["--nonsense"], "there is no command '--nonsense': "),
        (["token", "foo", "--sann", "x"], "there is no option --sann: did you mean --san?"),
        (["token", "foo", "--provisoner=x"], "there is no option --provisoner: did you mean --provisioner?"),
        (["token", "foo", "-not-afer", "5m"], "there is no option -not-afer: did you mean --not-after?"),
        (["token", "foo", "--zzzz"], "there is no option --zzzz: --help lists them all"),
        (["sandbox", "--adress=x", "d"], "there is no option --adress: did you mean --address?"),
        (["version", "--ssh"], "there is no option --ssh: --help lists them all"),
        (["version", "x"], "version takes no 'x'"),
    ],
)  # fmt: skip
def test_an_unknown_word_is_answered_in_one_line(words: list[str], message: str) -> None:
    """Status 2, nothing on stdout, and a suggestion where one is near."""
    result = invoke(*words)
    assert (result.status, result.out) == (2, "")
    assert result.err.startswith(f"{PROGRAM}: {message}")
    assert result.err.count("\n") == 1


def test_what_completion_asks_is_hidden() -> None:
    """The command that shells ask is in no help, in no error and in no completion."""
    asked = [[], ["--help"], *([*command.name.split(), "--help"] for command in COMMANDS)]
    pages = [invoke(*words).out for words in asked]
    assert all(pages) and not any(COMPLETE in page for page in [*pages, invoke("nonsense").err])
    assert COMPLETE not in dict(find_offers([""], COMMANDS, know_none)[2])


def test_an_unknown_command_is_answered_with_those_that_there_are() -> None:
    """All commands are listed."""
    assert all(command.name in invoke("nonsense").err.partition(": the commands are")[2] for command in COMMANDS)


def test_the_version_is_the_distributions() -> None:
    """`version` and `--version` print the program's name and a version number."""
    outputs = {invoke(*words).out for words in (["version"], ["--version"], ["-version"], ["ca", "version"])}
    assert len(outputs) == 1
    assert re.fullmatch(rf"{PROGRAM} \d+\.\d+\.\d+\n", outputs.pop())


def test_the_module_is_the_program() -> None:
    """`python -m entrypoints.cli` does the same in a process of its own."""
    assert execute("token", "--help").out == invoke("token", "--help").out


@pytest.mark.parametrize("words", [["help"], ["help", "--help"], ["help", "-h"]], ids=" ".join)
def test_help_alone_describes_the_program(words: list[str]) -> None:
    """The word `help` without a command is the program's own help."""
    result = invoke(*words)
    assert result.status == 0
    assert result.out == describe_program()
