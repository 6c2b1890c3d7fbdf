"""Fields of a message in Protocol Buffers: https://protobuf.dev/programming-guides/encoding/."""

from collections.abc import Iterator

VARINT, BYTES = 0, 2
"""The wire types that there are readers for."""

_MAX_VARINT_BYTES = 10


def split_fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Give each field's number with its value: a number of 64 bits, or bytes.

    Raises:
        ValueError: it is cut off, a number is not in its shortest form, or a field is of another wire type.
    """
    at = 0
    while at < len(data):
        key, at = _read_varint(data, at)
        value, at = _read_varint(data, at)
        if key & 7 == BYTES:
            end = at + value
            if end > len(data):
                raise ValueError("it is cut off")
            yield key >> 3, data[at:end]
            at = end
        elif key & 7 == VARINT:
            yield key >> 3, value
        else:
            raise ValueError(f"field {key >> 3} is of wire type {key & 7}")


def split_varints(data: bytes) -> Iterator[int]:
    """Give the numbers that are packed in `data`, one behind the other.

    Raises:
        ValueError: one is cut off, or not in its shortest form.
    """
    at = 0
    while at < len(data):
        value, at = _read_varint(data, at)
        yield value


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    """Return the number that begins at `at`, and where the next thing begins."""
    value = 0
    for count, byte in enumerate(data[at : at + _MAX_VARINT_BYTES]):
        value |= (byte & 0x7F) << 7 * count
        if not byte & 0x80:
            if value >> 64 or (count and not byte):
                break
            return value, at + count + 1
    raise ValueError("a number is cut off, too long, or not in its shortest form")
