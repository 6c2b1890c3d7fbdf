"""What real shells offer when they complete command lines by a script, and what they take a quoted word for."""

import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from entrypoints.command_line.completion.shells import SCRIPTS
from tests.support.peer_programs import REPOSITORY
from tests.support.pseudo_terminal import TerminalSession, run_on_terminal
from tests.support.running import PROCESS_SECONDS

FILES, FOLDERS = {"<files>"}, {"<folders>"}
"""What stands for the names of files, and of folders, among what a shell offers."""

Environment = Mapping[str, str] | None

Offers = Mapping[str, str]
"""What a shell offers for a line: each word, and what the shell shows beside it."""

IN_BASH = r"""
compopt() { case "$*" in *default) names='<files>' ;; *dirnames) names='<folders>' ;; esac; }
capture() {
    names=''
    _step_ott "$@"
    { printf '%s' "${names:+$names$'\n'}" "${COMPREPLY[@]/%/$'\n'}"; printf '<end>\n'; } >>"$ANSWERS"
    COMPREPLY=()
}
complete -F capture step-ott
command_not_found_handle() { printf 'started %s\n' "$1" >>"$ANSWERS"; }
bind 'set bell-style none'
set -u
PS1='ready> '
"""

IN_ZSH = r"""
path=($BIN) fpath=($FUNCTIONS $fpath)
command_not_found_handler() { print -r -- "started $1" >>$ANSWERS }
autoload -Uz compinit && compinit -u -D
[[ -z $SOURCED ]] || source $SOURCED
compadd() {
    local -a offered shown
    local -i place=${@[(I)-[a-zA-Z0-9]#d]}
    (( place )) && shown=( "${(@P)@[place + 1]}" )
    if (( ! ${@[(I)-[DOA]]} )); then
        builtin compadd -O offered -D shown "$@"
        for (( place = 1; place <= $#offered; place++ )); do
            [[ -n $offered[place] ]] && print -r -- "$offered[place]"$'\t'"$shown[place]" >>$ANSWERS
        done
    fi
    builtin compadd "$@"
}
capture() { _main_complete; compstate[insert]='' compstate[list]='' }
zle -C capture complete-word capture
zle-line-init() {
    local line
    for line in "${(@f)$(<$LINES_FILE)}"; do
        BUFFER=${line%.} CURSOR=$#line
        zle capture
        print -r -- '<end>' >>$ANSWERS
    done
    print 'all is captured'
    exit
}
zle -N zle-line-init
setopt extended_glob
"""


def ask_bash(
    script: str, lines: Sequence[str], folder: Path, programs: Path, environment: Mapping[str, str] | None = None
) -> list[Offers]:
    """Return what bash's line editor offers for each of `lines`; of names of files only that they are asked for."""
    place = make_place(folder, "bash")
    answers = place / "answers"
    answers.touch()
    (place / "bashrc").write_text(script + IN_BASH)
    with run_bash(place, folder, {"PATH": str(programs), "ANSWERS": str(answers), **(environment or {})}) as session:
        for count, line in enumerate(lines, 1):
            session.type(line.encode() + b"\t")
            session.wait_until(lambda count=count: answers.read_text().count("<end>") == count)  # type: ignore[misc]
            session.type(b"\x15")  # takes the line away
    return split_answers(answers.read_text())


@contextmanager
def run_bash(place: Path, folder: Path, environment: Mapping[str, str]) -> Iterator[TerminalSession]:
    """Run bash on a terminal as somebody whose .bashrc is in `place`, in `folder`."""
    bash = f"{shutil.which('bash')} --noprofile --rcfile {quote(str(place / 'bashrc'))} -i"
    words = ["/bin/sh", "-c", f"cd {quote(str(folder))} && exec {bash} <>/dev/tty >&0 2>&0"]
    with run_on_terminal(words, {"TERM": "dumb", "HISTFILE": "", **environment}, size=(24, 1000)) as session:
        session.wait_for("ready> ")
        yield session


def ask_fish(
    script: str, lines: Sequence[str], folder: Path, programs: Path, environment: Mapping[str, str] | None = None
) -> list[Offers]:
    """Return what fish offers for each of `lines`."""
    asked = [f"complete -C {quote_fish(line)}; echo '<end>'" for line in lines]
    return split_answers(run_shell("fish", "\n".join([script, *asked]), folder, str(programs), environment))


def ask_zsh(
    script: str,
    lines: Sequence[str],
    folder: Path,
    programs: Path,
    environment: Mapping[str, str] | None = None,
    sourced: bool = True,
) -> list[Offers]:
    """Return what zsh's line editor offers for each of `lines`, on a terminal of its own.

    The script is read at the start, or else found by its name in the folder for functions.
    """
    place = make_place(folder, "zsh")
    answers = place / "answers"
    (place / ".zshrc").write_text(IN_ZSH)
    (place / "_step-ott").write_text(script)
    (place / "lines").write_text("".join(f"{line}.\n" for line in lines))  # the dot keeps a space at the end
    surroundings = {
        "HOME": str(place), "ZDOTDIR": str(place), "TERM": "dumb", "ANSWERS": str(answers), "BIN": str(programs),
        "LINES_FILE": str(place / "lines"), "SOURCED": str(place / "_step-ott") if sourced else "",
        "FUNCTIONS": "" if sourced else str(place),
        **(environment or {}),
    }  # fmt: skip
    words = ["/bin/sh", "-c", f"cd {quote(str(folder))} && exec zsh -d -i <>/dev/tty >&0 2>&0"]
    with run_on_terminal(words, surroundings, size=(50, 1000)) as session:
        session.wait_for("all is captured")
    return split_answers(answers.read_text())


ECHO = r"""
step-ott() { printf 'got'; printf '\1%s' "$@"; printf '\1\n'; }
PS1='ready> '
PROMPT=$PS1
"""
"""Stands in for the program where a line is run: prints its words."""


def type_in_bash(typed: Sequence[str], folder: Path, programs: Path, environment: Mapping[str, str]) -> list[list[str]]:
    """Return the words that step-ott gets from each of what is typed behind its name, and Enter."""
    place = make_place(folder, "bash")
    (place / "bashrc").write_text(f"{SCRIPTS['bash']}\n{ECHO}\nbind 'set bell-style none'\n")
    with run_bash(place, folder, {"PATH": str(programs), **environment}) as session:
        return [type_line(session, keys) for keys in typed]


def type_in_zsh(typed: Sequence[str], folder: Path, programs: Path, environment: Mapping[str, str]) -> list[list[str]]:
    """Do the same in zsh."""
    place = make_place(folder, "zsh")
    start = (
        f"path=({quote(str(programs))})\nautoload -Uz compinit && compinit -u -D\nunsetopt beep list_beep bang_hist\n"
    )
    (place / ".zshrc").write_text(f"{start}{SCRIPTS['zsh']}\n{ECHO}")
    words = ["/bin/sh", "-c", f"cd {quote(str(folder))} && exec zsh -d -i <>/dev/tty >&0 2>&0"]
    surroundings = {"HOME": str(place), "ZDOTDIR": str(place), "TERM": "dumb", "LC_ALL": "C.UTF-8", **environment}
    with run_on_terminal(words, surroundings, size=(50, 1000)) as session:
        session.wait_for("ready> ")
        return [type_line(session, keys) for keys in typed]


def type_line(session: TerminalSession, keys: str) -> list[str]:
    """Type `keys` behind the program's name, and Enter; return the words that the program got."""
    session.type(b"step-ott " + keys.encode() + b"\n")
    session.wait_for("got\1")
    return session.wait_for("\1\r\n")[: -len("\1\r\n")].split("\1")


def make_place(folder: Path, shell: str) -> Path:
    """Return an empty folder beside `folder` for a shell's own files."""
    place = folder.parent / shell
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    return place


PROGRAM = """
from entrypoints.cli import run
from entrypoints.wiring import completion
completion.PATIENCE_SECONDS = 60
run()
"""
"""The program, for a machine that is busy with other tests."""


def put_program(programs: Path, lines: str = PROGRAM) -> Path:
    """Return the folder `programs` with a `step-ott` in it that runs `lines` of Python, without what starts slowly."""
    programs.mkdir(exist_ok=True)
    (programs / "program.py").write_text(lines)
    libraries = f"{REPOSITORY}:{sysconfig.get_path('purelib')}"
    python = f"PYTHONPATH={quote(libraries)} exec {quote(sys.executable)} -S {quote(str(programs / 'program.py'))}"
    (programs / "step-ott").write_text(f'#!/bin/sh\n{python} "$@"\n')
    (programs / "step-ott").chmod(0o755)
    return programs


ASK: Mapping[str, Callable[..., list[Offers]]] = {
    "bash": ask_bash,
    "zsh": ask_zsh,
    "fish": ask_fish,
}


def require_shell(name: str) -> str:
    """Return a shell's name, or leave the test out; bash is always there, the others where somebody installed them."""
    if name != "bash" and shutil.which(name) is None:
        pytest.skip(f"there is no {name} on PATH, and nothing here builds one")
    return name


def run_shell(shell: str, text: str, folder: Path, path: str = "/nonexistent", environment: Environment = None) -> str:
    """Return what `text`, run by a shell that reads no settings of anybody's, prints; it finds programs in `path`."""
    options = {"bash": ["--norc", "--noprofile"], "zsh": ["-f"], "fish": ["--no-config"]}[shell]
    source = folder.parent / f"text.{shell}"
    source.write_text(text)
    done = subprocess.run(
        [shutil.which(shell) or shell, *options, str(source)],
        capture_output=True,
        cwd=folder,
        env={"PATH": path, "HOME": str(folder.parent), "LC_ALL": "C.UTF-8", **(environment or {})},
        timeout=PROCESS_SECONDS,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b""), done.stderr.decode()
    return done.stdout.decode()


def split_answers(text: str) -> list[Offers]:
    """Return the offers in each of the answers that `text` holds."""
    answers = text.split("<end>\n")[:-1]
    rows = [[line.partition("\t") for line in answer.splitlines()] for answer in answers]
    return [{word.rstrip("/"): shown for word, _, shown in answer} for answer in rows]


def quote(text: str) -> str:
    """Return `text` as one word of a POSIX shell."""
    return "'" + text.replace("'", "'\\''") + "'"


def quote_fish(text: str) -> str:
    """Return `text` as one word of fish."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
