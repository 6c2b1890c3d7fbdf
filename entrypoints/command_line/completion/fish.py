"""The completion script for fish 3.4 and later."""

from collections.abc import Iterator, Sequence

from entrypoints.command_line.commands import Command
from entrypoints.command_line.completion.offers import COMMAND_SWITCHES, PROGRAM_SWITCHES, PROGRAM_WORDS, offer_value
from entrypoints.command_line.options import Option, ValueKind

_FUNCTIONS = r"""# fish completion for step-ott, for fish 3.4 and later; this line installs it:
#   mkdir -p ~/.config/fish/completions && step-ott completion fish > ~/.config/fish/completions/step-ott.fish

# The words before the current one, without the program's name and without `ca`.
function __step_ott_words
    set -l words (commandline -opc)
    set -e words[1]
    test "$words[1]" = ca; and set -e words[1]
    set -q words[1]; and printf '%s\n' $words
end

# Whether the command is still to come.
function __step_ott_lacks_command
    set -l words (__step_ott_words)
    test (count $words) -eq 0
end

# Whether the command is $argv[1].
function __step_ott_has_command
    set -l words (__step_ott_words)
    test "$words[1]" = $argv[1]
end

# Whether none of the options in $argv was given; one whose value is to come now does not count.
function __step_ott_lacks_option
    set -l words (__step_ott_words)
    contains -- "$words[-1]" $argv[2..]; and test $argv[1] = value; and set -e words[-1]
    for option in $argv[2..]
        contains -- $option $words; and return 1
        string match -q -- "$option=*" $words; and return 1
    end
    return 0
end

# Whether the positional word is still to come; $argv are the spellings of the options that take a value.
function __step_ott_lacks_word
    set -l words (__step_ott_words)
    set -e words[1]
    set -l ended
    while set -q words[1]
        set -l word $words[1]
        set -e words[1]
        if test -n "$ended"; or not string match -qr -- '^-.' $word
            return 1
        else if test $word = --
            set ended 1
        else if contains -- (string replace -r -- '^--?' '' $word) $argv
            set -e words[1]
        end
    end
    return 0
end

complete -c step-ott -e
complete -c step-ott -f
"""


def write_fish(commands: Sequence[Command]) -> str:
    """Return a script that completes `commands`."""
    words = [*((command.name, command.summary) for command in commands), *PROGRAM_WORDS]
    lines = [_write_line("__step_ott_lacks_command", f"-a {quote(word)}", text) for word, text in words]
    for switch, text in PROGRAM_SWITCHES:
        lines.append(_write_line("__step_ott_lacks_command", _name_option([switch]), text))
    for command in commands:
        lines += _write_command(command)
    named = " ".join(word for word, _ in words)
    lines.append(_write_line("__step_ott_has_command help; and __step_ott_lacks_word", f"-a {quote(named)}"))
    return _FUNCTIONS + "\n".join(lines) + "\n"


def quote(text: str) -> str:
    """Return `text` as one word of fish, whatever stands in it."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _write_line(condition: str, offer: str, text: str = "") -> str:
    return f"complete -c step-ott -n {quote(condition)} {offer}" + (f" -d {quote(text)}" if text else "")


def _write_command(command: Command) -> Iterator[str]:
    chosen = f"__step_ott_has_command {command.name}"
    for option in command.options:
        yield _write_option(chosen, option)
    (_, text), *_ = COMMAND_SWITCHES
    yield _write_line(chosen, _name_option([switch for switch, _ in COMMAND_SWITCHES]), text)
    names = [n for o in command.options if o.kind is not ValueKind.SWITCH for n in (o.name, *o.aliases)]
    value = _write_value(command.positional) if command.positional else ""
    if value:
        yield _write_line(f"{chosen}; and {' '.join(['__step_ott_lacks_word', *names])}", value)


def _write_option(chosen: str, option: Option) -> str:
    condition, spellings = chosen, option.spellings()
    if option.kind is not ValueKind.LIST:
        kind = "switch" if option.kind is ValueKind.SWITCH else "value"
        condition += f"; and __step_ott_lacks_option {kind} {' '.join(spellings)}"
    value = "" if option.kind is ValueKind.SWITCH else f" -r {_write_value(option.metavar) or '-f'}"
    return _write_line(condition, _name_option(spellings) + value, option.help)


def _name_option(spellings: Sequence[str]) -> str:
    return " ".join(f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in spellings)


def _write_value(placeholder: str) -> str:
    """Return what completes a value; nothing where nothing can."""
    offer = offer_value(placeholder)
    if offer.files:
        return "-F"
    if offer.folders:
        return "-f -a '(__fish_complete_directories (commandline -ct))'"
    return f"-f -a {quote(' '.join(offer.choices))}" if offer.choices else ""
