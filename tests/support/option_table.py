"""The README's table of flags, made of the option table: `python -m tests.support.option_table` writes it anew."""

import sys
from collections.abc import Sequence

from entrypoints.command_line.help import list_spellings
from entrypoints.command_line.options import TOKEN_OPTIONS, Option
from tests.support.peer_programs import REPOSITORY

BEGIN, END = "<!-- flags of token: begin -->\n", "<!-- flags of token: end -->\n"
README = REPOSITORY / "README.md"


def render(options: Sequence[Option]) -> str:
    """Return the table of `options` in Markdown."""
    rows = ["| flag | environment | meaning |", "| --- | --- | --- |"]
    for option in options:
        spelled = list_spellings(option).replace("|", "\\|")
        rows.append(f"| `{spelled}` | `{option.environment}` | {option.help.replace('|', chr(92) + '|')} |")
    return "\n".join(rows) + "\n"


def insert(page: str) -> str:
    """Return `page` with the table between its two marks as the option table has it now."""
    before, _, rest = page.partition(BEGIN)
    after = rest.partition(END)[2]
    return f"{before}{BEGIN}\n{render(TOKEN_OPTIONS)}\n{END}{after}"


def main() -> int:
    """Write the table into the README."""
    README.write_text(insert(README.read_text()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
