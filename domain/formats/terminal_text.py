"""Text from outside, made harmless and short for a terminal.

A provisioner's name or a CA's message may hold escape sequences, bidirectional controls or line
breaks that would repaint the screen or hide what stands there. They are shown as escapes instead, in
text and, spelled as JSON spells them, in JSON. A line of text has an end, whatever a name or a message
that stands in it is like.
"""

MAX_LINE_LENGTH = 1_000
"""The most characters of a line for people: an error, a notice, a line of a report."""

_FIRST_ASTRAL = 0x1_0000


def escape(text: str) -> str:
    """Return `text` on one line, with all that does not show itself escaped.

    That is what Unicode calls control (C0, DEL, C1), format (bidi controls, what has no width),
    surrogate, private or unassigned, and every separator but the space.
    """
    return text if text.isprintable() else "".join(map(_escape_character, text))


def escape_json(document: str) -> str:
    """Return a JSON `document` of one line with the same characters as JSON's escapes: it means what it meant.

    JSON that is written without white space has such characters within its strings alone.
    """
    return "".join(one if one.isprintable() else spell_json(one) for one in document)


def spell_json(character: str) -> str:
    """Return JSON's escape of a character, a pair of them beyond U+FFFF (RFC 8259, section 7)."""
    code = ord(character) - _FIRST_ASTRAL
    if code < 0:
        return f"\\u{ord(character):04x}"
    return f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"


def shorten(text: str, limit: int = MAX_LINE_LENGTH) -> str:
    """Return `text` in at most `limit` characters: its beginning and its end, and how much is left out between."""
    if len(text) <= limit:
        return text
    kept = limit - len(_mark(len(text)))  # the number that is left out has no more digits than this
    begin, end = kept - kept // 2, kept // 2
    return f"{text[:begin]}{_mark(len(text) - kept)}{text[len(text) - end :]}"


def show_line(text: str, limit: int = MAX_LINE_LENGTH) -> str:
    """Return `text` as a line for people: escaped and no longer than `limit`."""
    return shorten(escape(text), limit)


def _mark(count: int) -> str:
    return f" ... {count:,} characters left out ... "


def _escape_character(character: str) -> str:
    if character.isprintable():
        return character
    code = ord(character)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < _FIRST_ASTRAL else f"\\U{code:08x}"
