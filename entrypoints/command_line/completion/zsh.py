"""The completion script for zsh."""

from collections.abc import Sequence

from entrypoints.command_line.commands import Command
from entrypoints.command_line.completion.offers import COMMAND_SWITCHES, PROGRAM_SWITCHES, PROGRAM_WORDS, offer_value
from entrypoints.command_line.options import Option, ValueKind

_HEAD = r"""#compdef step-ott
# zsh completion for step-ott; this line in ~/.zshrc, after compinit, installs it:
#   source <(step-ott completion zsh)

_step-ott() {
    local curcontext=$curcontext ret=1
    local -a commands=(
@COMMANDS@
    )
    local -a switches=(
@SWITCHES@
    )
    [[ $words[2] == ca ]] && (( CURRENT > 2 )) && shift words && (( CURRENT-- ))
    if (( CURRENT == 2 )); then
        [[ $PREFIX == -* ]] && _describe -o 'option' switches && ret=0
        _describe -t commands 'command' commands && ret=0
        return ret
    fi
    shift words
    (( CURRENT-- ))
    curcontext="${curcontext%:*:*}:step-ott-$words[1]:"
    case $words[1] in
"""

_TAIL = r"""    (help) (( CURRENT == 2 )) && _describe -t commands 'command' commands ;;
    esac
}

if [[ $funcstack[1] == _step-ott ]]; then
    _step-ott "$@"
else
    compdef _step-ott step-ott
fi
"""


def write_zsh(commands: Sequence[Command]) -> str:
    """Return a script that completes `commands`."""
    rows = [*((command.name, command.summary) for command in commands), *PROGRAM_WORDS]
    head = _HEAD.replace("@COMMANDS@", _describe(rows)).replace("@SWITCHES@", _describe(PROGRAM_SWITCHES))
    return head + "".join(map(_write_case, commands)) + _TAIL


def quote(text: str) -> str:
    """Return `text` as one word of zsh, whatever stands in it."""
    return "'" + text.replace("'", r"'\''") + "'"


def _describe(rows: Sequence[tuple[str, str]]) -> str:
    """Return words with descriptions, as `_describe` takes them."""
    return "\n".join(" " * 8 + quote(f"{word}:{_escape(text, chr(92))}") for word, text in rows)


def _write_case(command: Command) -> str:
    specs = [spec for option in command.options for spec in _write_option(option)]
    specs += [f"(-){switch}[{_escape(text, '[]' + chr(92))}]" for switch, text in COMMAND_SWITCHES]
    if command.positional:
        specs.append(f"1:{_write_value(command.positional)}")
    lines = [
        f"    ({command.name})",
        "        _arguments -S : \\",
        *(f"            {quote(spec)} \\" for spec in specs),
    ]
    return "\n".join([*lines, "            && ret=0", "        ;;"]) + "\n"


def _write_option(option: Option) -> list[str]:
    """Return the specification of each spelling for `_arguments`; having one, it does not offer the others."""
    spellings = option.spellings()
    specs = []
    for spelling in spellings:
        others = " ".join(other for other in spellings if other != spelling)
        excluded = f"({others})" if others else ""
        repeated = "*" if option.kind is ValueKind.LIST else ""
        equals, value = ("", "") if option.kind is ValueKind.SWITCH else ("=", f":{_write_value(option.metavar)}")
        specs.append(f"{excluded}{repeated}{spelling}{equals}[{_escape(option.help, '[]' + chr(92))}]{value}")
    return specs


def _write_value(placeholder: str) -> str:
    """Return what a value is called, and what completes it."""
    offer = offer_value(placeholder)
    action = "_files" if offer.files else "_files -/" if offer.folders else " "
    if offer.choices:
        action = f"({' '.join(offer.choices)})"
    return f"{_escape(placeholder.strip('<>'), ':' + chr(92))}:{action}"


def _escape(text: str, special: str) -> str:
    return "".join("\\" + character if character in special else character for character in text)
