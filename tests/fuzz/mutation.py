"""Inputs that are nearly right: sound samples, changed where it hurts.

Plain functions of `Random`, which Hypothesis seeds: strategies made anew for each change would take most of the time.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable
from random import Random
from typing import Any, TypeAlias, TypeVar

import attrs

_T = TypeVar("_T")
Make: TypeAlias = Callable[[Random], _T]
"""What makes an input: the same one by the same numbers."""

_WHOLE = 1 << 20
_SIZES = [0, 0, 1, 1, 2, 4, 16, _WHOLE]
"""How much of a sample one change takes away."""

MARKS = [
    b"", b"\0", b"\n", b"\r\n", b"\xff", b"\xef\xbb\xbf", b"\x80", b"\x30\x80", b"\xc2\x85", b"\xe2\x80\xae", b"-",
    b"=", b".", b"/", b"%", b"%00", b"\"", b"{", b"[", b"#", b"*", b":", b"a" * 300, b"9" * 25, b"-----BEGIN ",
    b"\xed\xa0\x80",
]  # fmt: skip
"""Bytes that mean something to one reader or the other."""

TEXT_MARKS = [
    "", "\0", "\n", "\r", "\t", "\x7f", "\x85", "\u202e", "\u200b", "\ufeff", "²", "٣", "İ", "ſ", "é", "e\u0301", "𝟙",
    "\udc80", "-", "--", "+", "_", "=", ".", "..", "/", "//", "%", "%00", "%zz", "\\", "'", "\"", "{", "[", "]", "#",
    "?", "*", ":", "@", ",", ";", "&", "0", "-1", "1e9", "9" * 25, "a" * 2_000, "://", "\x1b[2J", "§",
]  # fmt: skip

NUMBERS = [0, -1, 1, 2, 255, 2**31 - 1, 2**31, 2**32, 2**53 + 1, 2**63 - 1, 2**63, 2**64, -(2**63) - 1, 10**30]


@attrs.frozen
class Raw:
    """JSON as it is written: what no value of Python's stands for."""

    text: str


RAW_JSON = [Raw(text) for text in (
    "NaN", "Infinity", "-0", "-0.0", "1e400", "1E-400", "0.1", "1" * 5_000, "01", "+1", "\"\\ud800\"", "\"\\u0000\"",
    "\"\\u202e\\u0085\"", "[" * 70 + "]" * 70, "[" * 5_000, "{\"a\":1,\"a\":2}", "\"", "tru", "", "//", "'a'",
    "\"a\nb\"",
)]  # fmt: skip


def sample(*values: _T) -> Make[_T]:
    """Return what makes one of these."""
    return lambda random: random.choice(values)


def either(*makes: Make[_T]) -> Make[_T]:
    """Return what makes as one of these does."""
    return lambda random: random.choice(makes)(random)


def odd_text(random: Random) -> str:
    """Return a text that means something, or a short one of anything but halves of surrogate pairs."""
    if random.random() < 0.7:
        return random.choice(TEXT_MARKS)
    return "".join(map(chr, (random.choice(_RANGES)(random) for _ in range(random.randrange(8)))))


_RANGES: list[Make[int]] = [
    lambda random: random.randrange(0x20, 0x7F), lambda random: random.randrange(0x100),
    lambda random: random.randrange(0xD800), lambda random: random.randrange(0xE000, 0x11_0000),
]  # fmt: skip


def odd_value(random: Random) -> Any:
    """Return a JSON value of any type."""
    how = random.randrange(6)
    if how == 0:
        return random.choice([None, True, False, [], {}, "", [None], [[]], [""], {"": None}, {"a": {"a": []}}])
    if how == 1:
        return random.choice(NUMBERS)
    if how == 2:
        return random.choice([0.5, -1.5, 1e300, 5e-324, float(random.randrange(10**12))])
    if how == 3:
        return random.choice(RAW_JSON)
    if how == 4:
        return [odd_text(random) for _ in range(random.randrange(3))]
    return odd_text(random)


# -- Bytes and text ---------------------------------------------------------------------------------


def near_bytes(make: Make[bytes], most: int = 3) -> Make[bytes]:
    """Return what makes a sample with some of its bytes changed, dropped, doubled or cut off."""

    def change(random: Random) -> bytes:
        data = make(random)
        for _ in range(random.randint(0, most)):
            begin, size = random.randint(0, len(data)), random.choice(_SIZES)
            old = data[begin : begin + size]
            put = random.choice(
                [random.choice(MARKS), random.randbytes(random.randrange(4)), old * 2, _flip(random, old)]
            )
            data = data[:begin] + put + data[begin + size :]
        return data

    return change


def _flip(random: Random, data: bytes) -> bytes:
    """Return the bytes with one bit turned."""
    if not data:
        return b""
    at = random.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << random.randrange(8)]) + data[at + 1 :]


def near_text(make: Make[str], most: int = 3) -> Make[str]:
    """Return what makes a sample with some of its characters changed, dropped, doubled or cut off."""

    def change(random: Random) -> str:
        text = make(random)
        for _ in range(random.randint(0, most)):
            begin, size = random.randint(0, len(text)), random.choice(_SIZES)
            put = random.choice([odd_text(random), odd_text(random), text[begin : begin + size] * 2, ""])
            text = text[:begin] + put + text[begin + size :]
        return text

    return change


# -- JSON -------------------------------------------------------------------------------------------


def near_value(make: Make[Any], most: int = 2) -> Make[Any]:
    """Return what makes a sample with members of another type or range, missing, added or called something else."""

    def change(random: Random) -> Any:
        value = make(random)
        for _ in range(random.randint(0, most)):
            value = _change(random, value)
        return value

    return change


def _change(random: Random, value: Any) -> Any:
    """Return `value` with one change somewhere in it."""
    if not isinstance(value, dict | list) or not value or random.random() < 0.1:
        return _replace(random, value)
    if isinstance(value, list):
        at, how = random.randrange(len(value)), random.randrange(6)
        changed = {0: [], 1: [value[at]] * 2, 2: [value[at]] * 200}
        put = changed[how] if how in changed else [_change(random, value[at])]
        return value[:at] + put + value[at + 1 :]
    name, how = random.choice(sorted(value)), random.randrange(7)
    rest = {key: member for key, member in value.items() if key != name}
    if how == 0:
        return rest
    called = random.choice([name.upper(), name.lower(), f"{name} ", odd_text(random)])
    if how == 1:
        return rest | {called: value[name]}
    if how == 2:
        return value | {called: odd_value(random)}
    return value | {name: _change(random, value[name])}


def _replace(random: Random, value: Any) -> Any:
    if isinstance(value, str) and random.random() < 0.5:
        return near_text(lambda _: value, 2)(random)
    if isinstance(value, int) and not isinstance(value, bool) and random.random() < 0.5:
        return value + random.choice([-1, 1, 2**31, 2**63, -(2**63)])
    return odd_value(random)


def write_json(value: Any) -> str:
    """Return `value` as JSON, raw parts as they are."""
    if isinstance(value, Raw):
        return value.text
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(str(name))}:{write_json(member)}" for name, member in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(write_json, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def encode_json(value: Any) -> bytes:
    """Return `value` as JSON in UTF-8, which half of a surrogate pair is not."""
    return write_json(value).encode("utf-8", "surrogatepass")


def near_json(*samples: Any) -> Make[bytes]:
    """Return what makes JSON near samples: mostly well-formed, now and then with broken bytes."""
    return near_json_of(sample(*samples))


def near_json_of(make: Make[Any]) -> Make[bytes]:
    """Return what makes JSON near what `make` makes."""
    changed = near_value(make)

    def write(random: Random) -> bytes:
        data = encode_json(changed(random))
        return near_bytes(lambda _: data, 2)(random) if random.random() < 0.25 else data

    return write


# -- Structures of bytes ----------------------------------------------------------------------------


@attrs.frozen
class Node:
    """An ASN.1 value: its content is bytes, or values of its own behind a prefix that a BIT STRING has."""

    tag: int
    content: bytes = b""
    prefix: bytes = b""
    children: tuple[Node, ...] | None = None

    def write(self) -> bytes:
        """Return it in DER."""
        if self.children is None:
            return write_der(self.tag, self.content)
        return write_der(self.tag, self.prefix + b"".join(child.write() for child in self.children))


def write_der(tag: int, content: bytes) -> bytes:
    """Return an ASN.1 value in DER."""
    if len(content) < 0x80:
        return bytes([tag, len(content)]) + content
    length = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def read_der(data: bytes) -> tuple[Node, ...]:
    """Return the ASN.1 values that `data` is.

    Raises:
        ValueError, IndexError: it is none.
    """
    nodes: list[Node] = []
    while data:
        octets = data[1] & 0x7F if data[1] & 0x80 else 0
        if data[1] == 0x80 or octets > 4:
            raise ValueError("no DER")
        length = int.from_bytes(data[2 : 2 + octets], "big") if octets else data[1]
        content = data[2 + octets : 2 + octets + length]
        if len(content) < length:
            raise ValueError("cut off")
        nodes.append(_read_node(data[0], content))
        data = data[2 + octets + length :]
    return tuple(nodes)


def _read_node(tag: int, content: bytes) -> Node:
    prefix = content[:1] if tag == 0x03 else b""
    if tag & 0x20 or (tag in (0x03, 0x04) and len(content) > 3):
        try:
            return Node(tag, prefix=prefix, children=read_der(content[len(prefix) :]))
        except (ValueError, IndexError):
            pass
    return Node(tag, content)


def near_der(make: Make[bytes]) -> Make[bytes]:
    """Return what makes DER with values of another tag or content, missing, doubled, nested; lengths fit mostly."""

    def change(random: Random) -> bytes:
        nodes = read_der(make(random))
        for _ in range(random.randint(0, 3)):
            nodes = _change_nodes(random, nodes)
        data = b"".join(node.write() for node in nodes)
        return near_bytes(lambda _: data, 2)(random) if random.random() < 0.2 else data

    return change


def _change_nodes(random: Random, nodes: tuple[Node, ...]) -> tuple[Node, ...]:
    if not nodes:
        return (Node(random.randrange(256), random.randbytes(random.randrange(8))),)
    at = random.randrange(len(nodes))
    node = nodes[at]
    if node.children and random.random() < 0.75:
        put: tuple[Node, ...] = (attrs.evolve(node, children=_change_nodes(random, node.children)),)
    else:
        put = random.choice(_CHANGES)(random, node)
    return nodes[:at] + put + nodes[at + 1 :]


def _put_content(random: Random, node: Node) -> tuple[Node, ...]:
    odd = [b"", b"\0", b"\xff", b"\x7f" + b"\xff" * 7, b"\0" * 300, b"\xff" * 300, random.randbytes(16)]
    return (Node(node.tag, random.choice(odd)),)


def _change_content(random: Random, node: Node) -> tuple[Node, ...]:
    content = node.write()[2:] if node.children is not None else node.content
    return (Node(node.tag, near_bytes(lambda _: content, 2)(random)),)


_TAGS = [
    0x00,
    0x01,
    0x02,
    0x03,
    0x04,
    0x05,
    0x06,
    0x0C,
    0x13,
    0x16,
    0x17,
    0x18,
    0x1F,
    0x30,
    0x31,
    0x80,
    0xA0,
    0xA3,
    0xFF,
]
_CHANGES: list[Callable[[Random, Node], tuple[Node, ...]]] = [
    lambda _, __: (),
    lambda _, node: (node, node),
    lambda _, node: (Node(0x30, children=(node,)),),
    lambda random, node: (attrs.evolve(node, tag=random.choice(_TAGS)),),
    lambda random, node: (node, Node(random.choice(_TAGS), random.randbytes(random.randrange(4)))),
    _put_content,
    _change_content,
]


def near_strings(make: Make[bytes], behind: int = 0) -> Make[bytes]:
    """Return what makes SSH's wire format (RFC 4251, 5) with strings changed, missing, doubled or of a wrong length.

    `behind` bytes at the beginning, such as a magic word, are no strings.
    """

    def change(random: Random) -> bytes:
        data = make(random)
        strings, at = [], behind
        while at + 4 <= len(data):
            size = int.from_bytes(data[at : at + 4], "big")
            if at + 4 + size > len(data):
                break
            strings.append(data[at + 4 : at + 4 + size])
            at += 4 + size
        end = data[at:]
        at = random.randrange(max(1, len(strings)))
        old = strings[at : at + 1]
        strings[at : at + 1] = random.choice([
            [], old * 2, [random.randbytes(random.randrange(80))], [near_bytes(lambda _: b"".join(old))(random)],
        ])  # fmt: skip
        written = data[:behind] + b"".join(len(one).to_bytes(4, "big") + one for one in strings) + end
        return near_bytes(lambda _: written, 2)(random) if random.random() < 0.5 else written

    return change


def write_pem(label: str, body: bytes, width: int = 64) -> bytes:
    """Return a PEM block."""
    text = b64encode(body).decode()
    lines = "\n".join(text[at : at + width] for at in range(0, len(text), width))
    return f"-----BEGIN {label}-----\n{lines}\n-----END {label}-----\n".encode()


def near_pem(label: str, make: Make[bytes]) -> Make[bytes]:
    """Return what makes PEM around what `make` makes, one block mostly, with broken armour now and then."""

    def write(random: Random) -> bytes:
        count = random.choice([1, 1, 1, 1, 1, 2])
        data = b"".join(write_pem(label, make(random)) for _ in range(count))
        return near_bytes(lambda _: data, 2)(random) if random.random() < 0.2 else data

    return write
