"""The completion script for bash 4 and later."""

from collections.abc import Iterator, Sequence

from entrypoints.command_line.commands import Command
from entrypoints.command_line.completion.offers import COMMAND_SWITCHES, PROGRAM_SWITCHES, PROGRAM_WORDS, offer_value
from entrypoints.command_line.options import ValueKind

_TABLES = r"""# bash completion for step-ott, for bash 4 and later; this line in ~/.bashrc installs it:
#   source <(step-ott completion bash)

_step_ott_words=(@WORDS@)
_step_ott_switches=(@SWITCHES@)

# Finds what the option $1 (command/name) or the positional word of a command (command/) takes: choices, @file,
# @folder, @free, or nothing for a switch; and the option's first name, if it counts once only.
_step_ott_look_up() {
    case $1 in
@VALUES@
    help/) value=${_step_ott_words[*]} once='' ;;
    *) value='' once='' ;;
    esac
}

# Finds the spellings of the options of the command $1.
_step_ott_list_options() {
    case $1 in
@OPTIONS@
    *) options='' ;;
    esac
}
"""

_STEPS = r"""
# Offers those of the words given that begin as the current one does, less what bash leaves standing.
_step_ott_offer() {
    local word kept=${current%"$piece"}
    for word in "$@"; do
        [[ $word == "$current"* ]] && COMPREPLY+=("${word#"$kept"}")
    done
}

# Offers the options of the command, but for those that were given and count once only.
_step_ott_offer_options() {
    local options spelling name value once
    _step_ott_list_options "$command"
    for spelling in $options; do
        name=${spelling#-}
        _step_ott_look_up "$command/${name#-}"
        [[ $once && $given == *" $once "* ]] || _step_ott_offer "$spelling"
    done
}

# Offers values: choices, each behind $2, or names of files.
_step_ott_offer_values() {
    local choice
    case $1 in
    @free) ;;
    @file) compopt -o default 2>/dev/null ;;
    @folder) compopt -o filenames -o dirnames 2>/dev/null ;;
    *) for choice in $1; do _step_ott_offer "$2$choice"; done ;;
    esac
}

# Joins what bash took apart at = and : into words as the program gets them, up to the cursor.
_step_ott_join() {
    local rest=${COMP_LINE:0:COMP_POINT} index
    for ((index = 0; index <= COMP_CWORD; index++)); do
        piece=${COMP_WORDS[index]}
        if ((index == 0)) || [[ $rest == [[:space:]]* ]]; then
            rest=${rest#"${rest%%[![:space:]]*}"}
            words+=('')
        fi
        [[ $rest == "$piece"* ]] || piece=$rest
        rest=${rest#"$piece"}
        words[${#words[@]} - 1]+=$piece
    done
    [[ $piece == [=:] ]] && piece=''
}

# Reads the words between the command and the current one.
_step_ott_read() {
    local word name
    for word in "$@"; do
        if [[ $pending ]]; then
            pending=''
        elif [[ $word == [\<\>]* ]]; then
            pending=@file
        elif [[ $ended || $word != -?* ]]; then
            ((positional++))
        elif [[ $word == -- ]]; then
            ended=1
        else
            name=${word#-}
            name=${name#-}
            _step_ott_look_up "$command/${name%%=*}"
            given+="$once "
            [[ $word == *=* ]] || pending=$value
        fi
    done
}

_step_ott() {
    local words=() piece='' first=1 current command value once given=' ' pending='' ended='' positional=0 name
    local IFS=$' \t\n'
    COMPREPLY=()
    _step_ott_join
    local last=$((${#words[@]} - 1))
    current=${words[last]}
    [[ ${words[1]} == ca ]] && ((last > 1)) && first=2
    if ((last <= first)); then
        _step_ott_offer "${_step_ott_words[@]}"
        [[ $current == -* ]] && _step_ott_offer "${_step_ott_switches[@]}"
        return
    fi
    command=${words[first]}
    _step_ott_read "${words[@]:first + 1:last - first - 1}"
    if [[ $pending ]]; then
        _step_ott_offer_values "$pending" ''
    elif [[ ! $ended && $current == -*=* ]]; then
        name=${current%%=*} name=${name#-}
        _step_ott_look_up "$command/${name#-}"
        _step_ott_offer_values "$value" "${current%%=*}="
    elif [[ ! $ended && $current == -* ]]; then
        _step_ott_offer_options
    elif ((positional == 0)); then
        _step_ott_look_up "$command/"
        _step_ott_offer_values "$value" ''
    fi
}

complete -F _step_ott step-ott
"""


def write_bash(commands: Sequence[Command]) -> str:
    """Return a script that completes `commands`."""
    texts = {
        "@WORDS@": " ".join([*(command.name for command in commands), *(word for word, _ in PROGRAM_WORDS)]),
        "@SWITCHES@": " ".join(switch for switch, _ in PROGRAM_SWITCHES),
        "@VALUES@": "\n".join(case for command in commands for case in _write_values(command)),
        "@OPTIONS@": "\n".join(map(_write_options, commands)),
    }
    tables = _TABLES
    for mark, text in texts.items():
        tables = tables.replace(mark, text)
    return tables + _STEPS


def _write_values(command: Command) -> Iterator[str]:
    """Give a case for each option that takes a value or counts once, and for the positional word."""
    if command.positional:
        yield f"    {command.name}/) value='{_name_value(command.positional)}' once='' ;;"
    for option in command.options:
        names = " | ".join(f"{command.name}/{name}" for name in (option.name, *option.aliases))
        value = "" if option.kind is ValueKind.SWITCH else _name_value(option.metavar)
        once = "" if option.kind is ValueKind.LIST else option.name
        yield f"    {names}) value='{value}' once='{once}' ;;"


def _name_value(placeholder: str) -> str:
    offer = offer_value(placeholder)
    return "@file" if offer.files else "@folder" if offer.folders else " ".join(offer.choices) or "@free"


def _write_options(command: Command) -> str:
    spellings = [spelling for option in command.options for spelling in option.spellings()]
    spellings += [switch for switch, _ in COMMAND_SWITCHES]
    return f"    {command.name}) options='{' '.join(spellings)}' ;;"
