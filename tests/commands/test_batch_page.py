"""docs/batch.md: its examples are real output, its members and its figures those of the code."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from adapters.output.batch_rows import ATOMIC_BYTES
from domain.batch.line import _MEMBERS, MAX_LINE_BYTES, SUBJECT
from domain.batch.token_file_name import MAX_LENGTH
from domain.keys.sampled_signer import CHECKED_EVERY
from entrypoints.command_line.options import _ONE_BY_ONE
from entrypoints.commands.batch import PIPED_LINES_AT_ONCE
from tests.support.peer_programs import REPOSITORY
from tests.support.running import PROCESS_SECONDS, invoke

TEXT = (REPOSITORY / "docs" / "batch.md").read_text()
TRANSCRIPT = "".join(re.findall(r"```console\n(.*?)```", TEXT, re.DOTALL))
STEPS = re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", TRANSCRIPT, re.MULTILINE)
"""Each command of the page, and what it prints, in order."""

VOLATILE = {
    r'"token":"eyJ[^"]*"': '"token":"TOKEN"',
    r"\b[0-9a-f]{64}\b": "JTI",
    r"kid: [\w-]{43}": "KID",
    r"\b[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z": "TIME",
}
"""What is different each time, and what stands for it in the comparison."""


def normalize(text: str) -> str:
    for pattern, sign in VOLATILE.items():
        text = re.sub(pattern, sign, text)
    return text


def run_in_shell(command: str, folder: Path, step_path: Path) -> str:
    """Return what the command prints on stdout and stderr together."""
    environment = {
        "PATH": f"{step_path.parent}:{os.environ['PATH']}",
        "HOME": "/nonexistent",
        "STEPPATH": str(step_path),
        "PYTHONPATH": str(REPOSITORY),
        "LC_ALL": "C.UTF-8",
    }
    words = ["sh", "-c", f"exec 2>&1; {command}"]
    return subprocess.run(
        words,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        timeout=PROCESS_SECONDS,
        check=False,
    ).stdout.decode()


def test_the_examples_are_what_is_printed(tmp_path: Path) -> None:
    """The page's commands, run in their order beside the file that it shows first, print what it shows."""
    step_path, folder = tmp_path / "step", tmp_path / "here"
    assert invoke("sandbox", str(step_path)).status == 0
    folder.mkdir()
    program = tmp_path / "step-ott"
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m entrypoints.cli "$@"\n')
    program.chmod(0o700)
    (show, lines), *steps = STEPS
    assert show == "cat hosts.txt"
    (folder / "hosts.txt").write_text(lines)
    assert len(steps) > 4
    for command, shown in steps:
        printed = run_in_shell(command, folder, step_path)
        assert normalize(printed) == normalize(shown), command


def test_the_table_has_every_member() -> None:
    """A member that is added or dropped shows in the page."""
    cells = re.findall(r"^\| (`[a-z_`, ]+) \| (?!when)", TEXT, re.MULTILINE)
    assert re.findall(r"`([a-z_]+)`", " ".join(cells)) == [SUBJECT, *_MEMBERS]


@pytest.mark.parametrize(
    "said",
    [
        f"{MAX_LINE_BYTES >> 10} KiB long",
        f"at most {ATOMIC_BYTES:,} bytes",
        f"beyond {MAX_LENGTH} characters",
        f"one of\n{CHECKED_EVERY} (why",
        f"by up to\n{PIPED_LINES_AT_ONCE} lines a worker",
    ],
)
def test_the_figures_are_those_of_the_code(said: str) -> None:
    """The limits that the page names are in force."""
    assert said in TEXT


def test_the_options_that_are_left_out_are_named() -> None:
    """The page names exactly the options of `token` that `batch` has not."""
    sentence = re.search(r"those about one certificate or one file \((.*?)\)", TEXT, re.DOTALL)
    assert sentence is not None
    assert set(re.findall(r"--([a-z0-9-]+)", sentence[1])) == _ONE_BY_ONE
