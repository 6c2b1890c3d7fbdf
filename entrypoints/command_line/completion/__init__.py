"""Completion scripts, made of the tables of commands and options alone.

A script is static: while it completes, it starts no program, step-ott included. What zsh and fish leave to a
script, it judges as `entrypoints.command_line.argv` does; in bash, which leaves all of it, that is the whole grammar.
"""

from collections.abc import Callable, Mapping, Sequence

from entrypoints.command_line.commands import Command
from entrypoints.command_line.completion.bash import write_bash
from entrypoints.command_line.completion.fish import write_fish
from entrypoints.command_line.completion.zsh import write_zsh

SCRIPTS: Mapping[str, Callable[[Sequence[Command]], str]] = {"bash": write_bash, "zsh": write_zsh, "fish": write_fish}
"""For each shell, what makes the script that completes some commands in it."""
