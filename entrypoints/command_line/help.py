"""Help texts, made of the tables of commands and options."""

import textwrap

from entrypoints.command_line.all_commands import COMMANDS
from entrypoints.command_line.commands import GROUPS, PROGRAM, Command
from entrypoints.command_line.options import Option

_WIDTH = 96
_NAME_WIDTH = max(len(command.name) for command in COMMANDS)


def describe_program() -> str:
    """Return the help of the program: what it is, and its commands."""
    lines = [
        f"{PROGRAM}: one-time tokens for step-ca",
        "",
        f"Usage: {PROGRAM} <command> [options]",
        "",
        *(line for group in GROUPS for line in _list_commands(group)),
        f"'{PROGRAM} <command> --help' describes a command; those of one word can also be called behind 'ca'.",
    ]
    return "\n".join(lines) + "\n"


def describe_command(command: Command) -> str:
    """Return the help of one command."""
    usage = " ".join(filter(None, [PROGRAM, command.name, command.positional, "[options]" if command.options else ""]))
    sections = [f"{PROGRAM} {command.name}: {command.summary}", f"Usage: {usage}", command.description]
    for group in dict.fromkeys(option.group for option in command.options):
        rows = [_describe_option(option) for option in command.options if option.group == group]
        sections.append(f"{group}:\n" + "\n".join(rows))
    if command.examples:
        sections.append("Examples:\n" + "\n\n".join(_describe_example(*example) for example in command.examples))
    return "\n\n".join(sections) + "\n"


def list_spellings(option: Option) -> str:
    """Return an option's names and its value, as in `-n, --principal <name>`."""
    names = ", ".join(sorted(option.spellings(), key=len))
    return f"{names} <{option.metavar}>" if option.metavar else names


def _list_commands(group: str) -> list[str]:
    rows = [f"  {command.name:<{_NAME_WIDTH}}  {command.summary}" for command in COMMANDS if command.group == group]
    return [f"{group}:", *rows, ""]


def _describe_option(option: Option) -> str:
    text = textwrap.fill(option.help, _WIDTH, initial_indent=" " * 8, subsequent_indent=" " * 8)
    return f"  {list_spellings(option)}\n{text}"


def _describe_example(purpose: str, words: str) -> str:
    return f"  {purpose}{'' if purpose.endswith('?') else ':'}\n" + textwrap.indent(f"$ {PROGRAM} {words}", " " * 4)
