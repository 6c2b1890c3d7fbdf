"""PEM: binary data as base64 between a beginning and an end with a label (RFC 7468)."""

from binascii import a2b_base64, b2a_base64

_BEGIN, _DASHES = b"-----BEGIN ", b"-----"
_MAX_LABEL_BYTES = 64
_LABEL_BYTES = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 ")


def is_pem(data: bytes) -> bool:
    """Return whether a block of PEM begins somewhere in `data`."""
    return _BEGIN in data


def split_pem(data: bytes) -> list[tuple[str, bytes | None]]:
    """Return the label of every block in `data`, with what is between its beginning and its end.

    That is None where a block has no end, and else for `decode_pem`. What is around blocks is passed over, and so
    is what begins like a block, with a label that is not one.
    """
    blocks: list[tuple[str, bytes | None]] = []
    for piece in data.split(_BEGIN)[1:]:
        label, _, rest = piece.partition(_DASHES)
        body, _, ending = rest.partition(_DASHES)
        if 0 < len(label) <= _MAX_LABEL_BYTES and _LABEL_BYTES.issuperset(label):
            blocks.append((label.decode(), body if ending.startswith(b"END " + label + _DASHES) else None))
    return blocks


def decode_pem(body: bytes | None) -> bytes:
    """Return the binary data of a block.

    Raises:
        ValueError: it has no end, or holds anything but base64 and white space.
    """
    if body is None:
        raise ValueError("it has a beginning and no end")
    return a2b_base64(b"".join(body.split()), strict_mode=True)


def encode_pem(label: str, data: bytes) -> bytes:
    """Return the block for binary data, 64 characters of base64 a line (RFC 7468, section 2)."""
    text = b2a_base64(data, newline=False)
    lines = [text[begin : begin + 64] + b"\n" for begin in range(0, len(text), 64)]
    return join_pem(label, b"\n" + b"".join(lines))


def join_pem(label: str, body: bytes) -> bytes:
    """Return the block that `split_pem` has taken apart."""
    return b"-----BEGIN %b-----%b-----END %b-----\n" % (label.encode(), body, label.encode())
