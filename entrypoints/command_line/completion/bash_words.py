"""Words of a bash command line: read up to the cursor, and written (Bash Reference Manual, 3.1.2 and 3.6)."""

_ESCAPED_IN_QUOTES = '\\"$`'
"""All that a backslash escapes within double quotes."""

_SPECIAL = {'"': _ESCAPED_IN_QUOTES + "!", "'": "'"}
"""What does not stand for itself behind an open quotation mark, in an interactive shell."""

_PLAIN = "%+,-./:=@_"
"""What needs no quotes, beside letters and digits."""


def read_line(line: str) -> tuple[list[str], str, str, bool]:
    """Return a line's words as the program would get them, without redirections, and how things are at its end.

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


def quote_word(word: str, quote: str) -> str | None:
    """Return `word` as bash takes it behind an open quotation mark, or without one.

    None where there is one and something in the word would have to be escaped there: readline loses track of that.
    """
    if quote:
        return None if {*word} & {*_SPECIAL[quote]} else word
    return "".join(one if one.isalnum() or one in _PLAIN else f"\\{one}" for one in word)
