"""How shells ask what can stand at the cursor, and the form of the answer that each takes.

The first line of an answer says whether names of files or folders can stand there too (see `Offers`); each word is a
line of its own. Whatever a word is like, no shell runs any of it: bash gets it quoted, zsh and fish quote it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

from entrypoints.command_line.completion.offers import FILES, Offers

Find = Callable[[Sequence[str]], Offers]
"""Gives what can stand in place of the last of some words, those behind the program's name."""

SCRIPTS: Mapping[str, str] = {
    "bash": r"""# bash completion for step-ott, for bash 4 and later; this line in ~/.bashrc installs it:
#   source <(step-ott completion bash)

_step_ott() {
    local answer=('') program=step-ott
    [[ $1 != */* ]] || program=${1//\\/} program=${program/#\~\//${HOME-}/}
    mapfile -t answer < <(command "$program" __complete bash "${COMP_LINE:0:COMP_POINT}" "$2" 2>/dev/null)
    COMPREPLY=("${answer[@]:1}")
    case ${answer[0]-} in
    files) compopt -o default 2>/dev/null ;;
    folders) compopt -o filenames -o dirnames 2>/dev/null ;;
    esac
}

complete -F _step_ott step-ott
""",
    "zsh": r"""#compdef step-ott
# zsh completion for step-ott; this line in ~/.zshrc, after compinit, installs it:
#   source <(step-ott completion zsh)

_step-ott() {
    local -a answer
    local program=${${(Q)words[1]}/#\~\//${HOME-}/}
    [[ $program == */* ]] || program=step-ott
    answer=("${(@f)$(command $program __complete zsh "${(@Q)words[2,CURRENT-1]}" "$PREFIX" 2>/dev/null)}")
    [[ -z $answer[2] ]] || compset -P 1 '*='
    case $answer[1] in
    (files) _files ;;
    (folders) _files -/ ;;
    (words) answer=("${(@)answer[3,-1]}") && _describe 'step-ott' answer ;;
    esac
}

if [[ $funcstack[1] == _step-ott ]]; then
    _step-ott "$@"
else
    compdef _step-ott step-ott
fi
""",
    "fish": r"""# fish completion for step-ott, for fish 3.4 and later; this line installs it:
#   mkdir -p ~/.config/fish/completions && step-ott completion fish > ~/.config/fish/completions/step-ott.fish

function __step_ott_offer
    set -l words (commandline -opc) (commandline -ct)
    set -l program step-ott
    string match -q '*/*' -- $words[1]; and set program (string replace -r '^~/' $HOME/ -- $words[1])
    set -g __step_ott_offers (command -q $program; and command $program __complete fish $words[2..] 2>/dev/null)
    set -l names $__step_ott_offers[1]
    set -e __step_ott_offers[1]
    test "$names" = folders; and set __step_ott_offers (__fish_complete_directories (commandline -ct))
    test "$names" != files
end

complete -c step-ott -e
complete -c step-ott -n __step_ott_offer -f -a '$__step_ott_offers'
""",
}
"""For each shell, the script that completes command lines in it."""


_ESCAPED_IN_QUOTES = '\\"$`'
"""All that a backslash escapes within double quotes."""

_SPECIAL = {'"': _ESCAPED_IN_QUOTES + "!", "'": "'"}
"""What does not stand for itself behind an open quotation mark, in an interactive shell."""

_PLAIN = "%+,-./:=@_"
"""What needs no quotes, beside letters and digits."""


def read_bash_line(line: str) -> tuple[list[str], str, str, bool]:
    """Return a line's words as bash would give them to the program, without redirections, and how it is at the end.

    Source: Bash Reference Manual, 3.1.2 (quoting) and 3.6 (redirections).

    Returns:
        The words before the last one; the last one, to which the cursor belongs; the quotation mark that is open there,
        or nothing; whether it is the target of a redirection.
    """
    words: list[str] = []
    word: str | None = None
    quote, is_escaped, is_target = "", False, False
    for one in line:
        if is_escaped:
            stays = quote and one not in _ESCAPED_IN_QUOTES
            word, is_escaped = f"{word or ''}{chr(92) if stays else ''}{one}", False
        elif one == "\\" and quote != "'":
            is_escaped = True
        elif one == quote:
            quote = ""
        elif not quote and one in "'\"":
            word, quote = word or "", one
        elif quote or one not in " \t\n<>":
            word = (word or "") + one
        else:
            is_redirection = one in "<>"
            if word is not None and not is_target and (word.strip("0123456789&") or not is_redirection):
                words.append(word)
            is_target = is_redirection or (is_target and word is None)
            word = None
    return words, word or "", quote, is_target


def quote_bash_word(word: str, quote: str) -> str | None:
    """Return `word` as bash takes it behind an open quotation mark, or without one.

    None where there is one and something in the word would have to be escaped there: readline loses track of that.
    """
    if quote:
        return None if {*word} & {*_SPECIAL[quote]} else word
    return "".join(one if one.isalnum() or one in _PLAIN else f"\\{one}" for one in word)


def _answer_bash(words: Sequence[str], find_offers: Find) -> Iterator[str]:
    """Give the words that begin as the current one does, each without what bash leaves standing in front of it."""
    line, replaced = words
    before, current, quote, is_redirected = read_bash_line(line)
    names, kept, offered = (FILES, "", ()) if is_redirected else find_offers([*before[1:], current])
    yield names
    left = current.removesuffix(read_bash_line(quote + replaced)[1])
    wholes = (kept + word for word, _ in offered)
    written = (quote_bash_word(whole.removeprefix(left), quote) for whole in wholes if whole.startswith(current))
    yield from (word for word in written if word is not None)


def _answer_zsh(words: Sequence[str], find_offers: Find) -> Iterator[str]:
    """Give the words as zsh's `_describe` takes them, behind a line with what comes before them in the current word."""
    names, kept, offered = find_offers(words)
    yield from (names, kept)
    for word, meaning in offered:
        yield ":".join(part.replace("\\", "\\\\").replace(":", "\\:") for part in (word, meaning) if part)


def _answer_fish(words: Sequence[str], find_offers: Find) -> Iterator[str]:
    """Give the whole words, each with what it means behind a tab; options by their beginning alone."""
    names, kept, offered = find_offers(words)
    yield names
    for word, meaning in offered:
        if kept or words[-1][:1] != "-" or word.startswith(words[-1]):
            yield f"{kept}{word}\t{meaning}"


ANSWERS: Mapping[str, Callable[[Sequence[str], Find], Iterator[str]]] = {
    "bash": _answer_bash, "zsh": _answer_zsh, "fish": _answer_fish
}  # fmt: skip
"""For each shell, what gives the lines of the answer to its words behind its name (see `commands.COMPLETE`)."""
