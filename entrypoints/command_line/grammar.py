"""A command line taken apart by Go's grammar (Go, package flag; urfave/cli), whatever its words mean.

`--flag value`, `--flag=value` and one dash for either; the next word is always the value, even where it starts with
a dash; a switch never takes the next word; `--` ends options; positional words stand anywhere.
"""

from collections.abc import Iterator, Mapping, Sequence

from entrypoints.command_line.options import Option, ValueKind

OPTIONS_END = ("--", None)
"""What is written, and the value, where options end."""


def index_options(options: Sequence[Option]) -> dict[str, Option]:
    """Return the options by each of their names."""
    return {name: option for option in options for name in (option.name, *option.aliases)}


def take_apart(words: Sequence[str], by_name: Mapping[str, Option]) -> Iterator[tuple[str, Option | None, str | None]]:
    """Give each part of a command line, without program and command: what was written, its option, its value.

    A positional word is a value without anything else. An option that the command does not have is None. The value is
    None for a switch without one, and where it is missing. The end of options is given as such.
    """
    remaining = iter(words)
    for word in remaining:
        if word == "--":
            yield word, None, None
            yield from (("", None, rest) for rest in remaining)
        elif len(word) < 2 or word[0] != "-":
            yield "", None, word
        else:
            written, equals, value = word.partition("=")
            option = by_name.get(strip_dashes(written))
            if equals:
                yield written, option, value
            else:
                takes_next = option is not None and option.kind != ValueKind.SWITCH
                yield written, option, next(remaining, None) if takes_next else None


def strip_dashes(written: str) -> str:
    """Return the name of an option that is written with one dash or two."""
    return written[2 if written[:2] == "--" else 1 :]
