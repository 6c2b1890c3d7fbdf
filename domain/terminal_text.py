"""Text from outside, made harmless for a terminal.

A provisioner's name or a CA's message may hold escape sequences, bidirectional controls or line
breaks that would repaint the screen or hide what stands there. They are shown as escapes instead.
"""


def escape(text: str) -> str:
    """Return `text` on one line, with all that does not show itself escaped.

    That is what Unicode calls control (C0, DEL, C1), format (bidi controls, what has no width),
    surrogate, private or unassigned, and every separator but the space.
    """
    return text if text.isprintable() else "".join(map(_escape_character, text))


def _escape_character(character: str) -> str:
    if character.isprintable():
        return character
    code = ord(character)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
