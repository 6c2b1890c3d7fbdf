"""Values in the Distinguished Encoding Rules of ASN.1, with tags of one byte (X.690, 8.1 and 10.1)."""

from collections.abc import Iterator


class DerValues:
    """ASN.1 values, one behind the other, that are taken in their order; a ValueError says what is out of order.

    Attributes:
        data: All of them.
        at: Where the next one begins.
    """

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take(self, tag: int) -> bytes:
        """Return the content of the next value, whose tag must be `tag`."""
        if not self.holds(tag):
            raise ValueError(f"no value of tag {tag:#04x} where one belongs")
        begin = self.at + 2
        size = self.data[begin - 1] if begin <= len(self.data) else 0x80
        if size & 0x80:
            count = size & 0x7F
            octets = self.data[begin : begin + count]
            begin, size = begin + count, int.from_bytes(octets, "big")
            if not 0 < count <= 4 or octets[:1] == b"\0" or size < 0x80:
                raise ValueError("a length is not in its shortest form")
        if begin + size > len(self.data):
            raise ValueError("it is cut off")
        self.at = begin + size
        return self.data[begin : self.at]

    def take_number(self) -> int:
        """Return the next value, an integer that is not negative (X.690, 8.3)."""
        octets = self.take(0x02)
        if not octets or octets[0] & 0x80:
            raise ValueError("a number is empty or negative")
        return int.from_bytes(octets, "big")

    def holds(self, tag: int) -> bool:
        """Return whether there is a next value and its tag is `tag`."""
        return self.data[self.at : self.at + 1] == bytes([tag])

    def take_optional(self, tag: int, absent: bytes) -> bytes:
        """Return the content of the next value if its tag is `tag`, else `absent`."""
        return self.take(tag) if self.holds(tag) else absent

    def take_all(self, tag: int) -> Iterator[bytes]:
        """Give the contents of all values, whose tags must be `tag`."""
        while self.at < len(self.data):
            yield self.take(tag)

    def end(self) -> None:
        """Check that nothing is left."""
        if self.at != len(self.data):
            raise ValueError("something is left over")
