"""What real shells offer when they complete command lines by a script, and what they take a quoted word for."""

import re
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tests.support.pseudo_terminal import run_on_terminal
from tests.support.running import PROCESS_SECONDS

FILES, FOLDERS = {"<files>"}, {"<folders>"}
"""What stands for the names of files, and of folders, among what a shell offers."""

Offers = Mapping[str, str]
"""What a shell offers for a line: each word, and what the shell shows beside it."""

IN_BASH = r"""
compopt() { case "$*" in *default) printf '<files>\n' ;; *dirnames) printf '<folders>\n' ;; esac; }
ask() {
    COMP_LINE=$1 COMP_POINT=${#1}
    shift
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
    _step_ott
    ((${#COMPREPLY[@]})) && printf '%s\n' "${COMPREPLY[@]}"
    printf '<end>\n'
}
set -u
"""

IN_ZSH = r"""
path=() fpath=($FUNCTIONS $fpath)
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


def ask_bash(script: str, lines: Sequence[str], folder: Path) -> list[Offers]:
    """Return what bash offers for each of `lines`; of names of files it says only that they are asked for."""
    asked = [" ".join(map(quote, ["ask", line, *take_apart(line)])) for line in lines]
    return split_answers(run_shell("bash", "\n".join([script, IN_BASH, *asked]), folder))


def ask_fish(script: str, lines: Sequence[str], folder: Path) -> list[Offers]:
    """Return what fish offers for each of `lines`."""
    asked = [f"complete -C {quote_fish(line)}; echo '<end>'" for line in lines]
    return split_answers(run_shell("fish", "\n".join([script, *asked]), folder))


def ask_zsh(script: str, lines: Sequence[str], folder: Path, sourced: bool = True) -> list[Offers]:
    """Return what zsh's line editor offers for each of `lines`, on a terminal of its own.

    The script is read at the start, or else found by its name in the folder for functions.
    """
    place = folder.parent / "zsh"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    answers = place / "answers"
    (place / ".zshrc").write_text(IN_ZSH)
    (place / "_step-ott").write_text(script)
    (place / "lines").write_text("".join(f"{line}.\n" for line in lines))  # the dot keeps a space at the end
    environment = {
        "HOME": str(place), "ZDOTDIR": str(place), "TERM": "dumb", "ANSWERS": str(answers),
        "LINES_FILE": str(place / "lines"), "SOURCED": str(place / "_step-ott") if sourced else "",
        "FUNCTIONS": "" if sourced else str(place),
    }  # fmt: skip
    words = ["/bin/sh", "-c", f"cd {quote(str(folder))} && exec zsh -d -i <>/dev/tty >&0 2>&0"]
    with run_on_terminal(words, environment, (50, 1000)) as session:
        session.wait_for("all is captured")
    return split_answers(answers.read_text())


ASK: Mapping[str, Callable[[str, Sequence[str], Path], list[Offers]]] = {
    "bash": ask_bash,
    "zsh": ask_zsh,
    "fish": ask_fish,
}


def run_shell(shell: str, text: str, folder: Path) -> str:
    """Return what `text`, run by a shell that reads no settings of anybody's and finds no program, prints."""
    options = {"bash": ["--norc", "--noprofile"], "zsh": ["-f"], "fish": ["--no-config"]}[shell]
    source = folder.parent / f"text.{shell}"
    source.write_text(text)
    done = subprocess.run(
        [shutil.which(shell) or shell, *options, str(source)],
        capture_output=True,
        cwd=folder,
        env={"PATH": "/nonexistent", "HOME": str(folder.parent), "LC_ALL": "C.UTF-8"},
        timeout=PROCESS_SECONDS,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b""), done.stderr.decode()
    return done.stdout.decode()


def take_apart(line: str) -> list[str]:
    """Return the words of `line` as bash hands them to a completion: = and : and redirections stand alone."""
    words = re.findall(r"[=:<>]+|[^\s=:<>]+", line)
    return [*words, ""] if line.endswith(" ") else words


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
