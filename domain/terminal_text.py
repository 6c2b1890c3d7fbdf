"""Text from outside, made harmless for a terminal.

A provisioner's name or a CA's message may hold escape sequences, bidirectional controls or line
breaks that would repaint the screen or hide what stands there. They are shown as escapes instead.
"""

_BIDI_AND_SEPARATORS = frozenset(
    "\u061c\u200b\u200c\u200d\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"
)


def escape(text: str) -> str:
    """Return `text` on one line, with C0, DEL, C1, bidi controls, separators and surrogates escaped."""
    return text if text.isascii() and text.isprintable() else "".join(map(_escape_character, text))


def _escape_character(character: str) -> str:
    code = ord(character)
    if code < 0x20 or 0x7F <= code < 0xA0:
        return f"\\x{code:02x}"
    if character in _BIDI_AND_SEPARATORS or 0xD800 <= code < 0xE000:
        return f"\\u{code:04x}"
    if 0xE0000 <= code < 0xE0080:  # tag characters: invisible
        return f"\\U{code:08x}"
    return character
