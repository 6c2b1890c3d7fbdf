"""Changes of how a token is written: signature, JSON, base64, serialization, and the certificates in its header."""

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any

import attrs

from adapters.jose.jws import make_signer
from tests.support.broken_tokens import OTHER_KEY
from tests.support.changed_members import change_type, set_member
from tests.support.forged_tokens import cut_signature, flip_signature
from tests.support.raw_tokens import (
    Object,
    Raw,
    RawToken,
    spell_in_lines,
    spell_loosely,
    spell_overpadded,
    spell_padded,
    spell_standard,
)  # fmt: skip


def change_signature(random: Random, token: RawToken) -> tuple[str, RawToken]:
    """Sign otherwise than the header says, or name what is critical."""
    algorithms = ["none", "None", "HS256", "RS256", "PS256", "ES256", "es256", "ES384", "ES512", "EdDSA", "XEdDSA", ""]
    critical = [[], ["b64"], ["b64", "b64"], ["exp"], ["b64", "exp"], [None], [""], "b64", {}, ["B64"], None, [1], True]
    kind = random.randrange(5)
    if kind == 0:
        algorithm = random.choice(algorithms)
        return f"alg {algorithm!r}", attrs.evolve(token, header=set_member(token.header, ("alg",), algorithm))
    if kind == 1:
        crit = random.choice(critical)
        return f"crit {crit!r}", attrs.evolve(token, header=set_member(token.header, ("crit",), crit))
    if kind == 2:
        b64, crit, is_plain = (
            random.choice([True, False, None, 0, "false"]),
            random.choice(critical),
            random.random() < 0.6,
        )
        header = set_member(token.header, ("b64",), b64)
        if random.random() < 0.5:
            header = set_member(header, ("crit",), crit)
        return f"b64 {b64!r}, crit {crit!r}, plain {is_plain}", attrs.evolve(token, header=header, is_plain=is_plain)
    if kind == 3:
        spoil = random.choice([flip_signature, cut_signature])
        return spoil.__name__, attrs.evolve(token, forged=attrs.evolve(token.forged, spoil=spoil))
    return "another key", attrs.evolve(token, forged=attrs.evolve(token.forged, signer=make_signer(OTHER_KEY)))


def change_json(random: Random, token: RawToken) -> tuple[str, RawToken]:
    """Write the JSON of header or claims otherwise, for better or for worse."""
    finishes: Mapping[str, Callable[[bytes], bytes]] = {
        "white space": lambda text: b" \t\r\n" + text.replace(b",", b" ,\n") + b" \n",
        "other white space": lambda text: text.replace(b",", b",\x0c"),
        "no-break space": lambda text: text + b"\xc2\xa0",
        "behind it": lambda text: text + b"x", "another behind it": lambda text: text + b"{}",
        "a NUL behind it": lambda text: text + b"\0", "a mark before it": lambda text: b"\xef\xbb\xbf" + text,
        "a comma too many": lambda text: text[:-1] + b",}", "cut": lambda text: text[:-1],
        "no UTF-8": lambda text: text.replace(b'"new":1', b'"new":"\xff\xc3"'),
        "escapes": lambda text: text.replace(b"e", b"\\u0065"), "bad escapes": lambda text: text.replace(b"e", b"\\e"),
        "a list": lambda text: b"[" + text + b"]", "null": lambda _: b"null", "empty": lambda _: b"",
        "a text": lambda _: b'"a"', "a number": lambda _: b"7", "empty object": lambda _: b"{}",
        "single quotes": lambda text: text.replace(b'"', b"'"), "NaN": lambda text: text[:-1] + b',"n":NaN}',
        "01": lambda text: text[:-1] + b',"n":01}', "1.": lambda text: text[:-1] + b',"n":1.}',
        "+1": lambda text: text[:-1] + b',"n":+1}', ".5": lambda text: text[:-1] + b',"n":.5}',
        "a control": lambda text: text[:-1] + b',"n":"\x01"}', "del": lambda text: text[:-1] + b',"n":"\x7f"}',
        "comment": lambda text: text + b"//",
        "40 levels": lambda text: text[:-1] + b',"n":' + b"[" * 40 + b"]" * 40 + b"}",
        "an odd name": lambda text: text[:-1] + b',"\xff":1}', "an empty name": lambda text: text[:-1] + b',"":1}',
    }  # fmt: skip
    name = random.choice(list(finishes))
    target = random.choice(["finish_header", "finish_claims"])
    return f"{target}: {name}", attrs.evolve(token, **{target: finishes[name]})


def change_spelling(random: Random, token: RawToken) -> tuple[str, RawToken]:
    """Encode the parts otherwise, or put something between or around them."""
    spells = [spell_padded, spell_overpadded, spell_standard, spell_loosely, spell_in_lines]
    finishes: Mapping[str, Callable[[str], str]] = {
        "space around": lambda text: f" \t{text} ", "space within": lambda text: text[:9] + " " + text[9:],
        "a line's end": lambda text: text + "\r\n", "no-break": lambda text: text.replace(".", "\u00a0."),
        "zero width": lambda text: text.replace(".", "\u200b."), "a unit separator": lambda text: text + "\x1f",
        "next line": lambda text: text + "\x85", "ideographic": lambda text: "\u3000" + text,
        "a dot behind": lambda text: text + ".", "a dot before": lambda text: "." + text,
        "quotes": lambda text: f'"{text}"', "Bearer": lambda text: f"Bearer {text}", "cut": lambda text: text[:-3],
        "a letter more": lambda text: text + "A", "inner =": lambda text: text[:5] + "=" + text[5:],
        "not ASCII": lambda text: text + "\u00e9", "parts": lambda text: text + ".e30.e30",
    }  # fmt: skip
    if random.random() < 0.5:
        how = random.choice(spells)
        return how.__name__, attrs.evolve(token, spell=how)
    name = random.choice(list(finishes))
    return f"text: {name}", attrs.evolve(token, finish=finishes[name])


def change_serialization(random: Random, token: RawToken) -> tuple[str, RawToken]:
    """Write the token as JSON, flattened or general, with some header outside of what is signed."""
    header = token.header
    moved = random.choice([None, None, *(name for name, _ in header)])
    outside: dict[str, Any] = {} if moved is None else {moved: dict(header)[moved]}
    kept = [pair for pair in header if pair[0] != moved] if random.random() < 0.8 else header
    outside |= random.choice([
        {}, {}, {"new": 1}, {"kid": "other"}, {"alg": "none"}, {"nonce": "x"}, {"nonce": ""}, {"crit": ["b64"]},
        {"crit": ["x"]}, {"kid": None}, {"kid": 7}, {"new": Object([("a", 1), ("a", 2)])}, {"x5c": []}, {"b64": False},
        {"a b": "c d"},
    ])  # fmt: skip
    unprotected: Any = random.choice(
        [outside, outside, outside, outside, Object([*outside.items()] * 2), None, [], "a"]
    )
    if unprotected is None:
        unprotected = Raw(b"null")
    extra = random.choice([
        [], [], [], [("new", 1)], [("payload", "e30")], [("signatures", [])], [("signatures", None)], [("Payload",
        "e30")],
        [("signatures", [{}])], [("signatures", [{}, {}])], [("signature", "AA")], [("signatures", {})], [("header",
        {})],
    ])  # fmt: skip
    finish = random.choice([str, str, str, lambda text: f" {text}\n", lambda text: text.replace('"', ' " '),
                            lambda text: text + "x", lambda text: text.replace("protected", "Protected"),
                            lambda text: text.replace("payload", "p\\u0061yload")])  # fmt: skip
    spell = random.choice([token.spell, token.spell, spell_padded, spell_loosely, spell_standard])
    is_general = random.random() < 0.4
    return f"JSON{' general' if is_general else ''}, outside {unprotected!r:.60}, {extra!r:.60}", attrs.evolve(
        token, header=kept, unprotected=unprotected, is_general=is_general, extra=extra, finish=finish, spell=spell
    )


def change_certificate(random: Random, token: RawToken) -> tuple[str, RawToken]:
    """Write the certificate in the header otherwise."""
    members = [name for name, _ in token.header if name in ("x5c", "x5cInsecure", "sshpop", "nebula")]
    if not members:
        return change_type(random, token)
    name = members[0]
    value = dict(token.header)[name]
    respellings: Sequence[Callable[[str], Any]] = [
        lambda text: "\n".join(text[at : at + 64] for at in range(0, len(text), 64)), lambda text: text.rstrip("="),
        lambda text: text.replace("+", "-").replace("/", "_"), lambda text: text + "=", lambda text: " " + text,
        lambda text: text + "\n", lambda text: text[:-4], lambda text: text + "AAAA", lambda text: text.swapcase(),
        lambda text: [text], lambda text: {"a": text}, lambda _: "", lambda _: None, lambda text: text + "\x00",
        spell_loose_standard,
    ]  # fmt: skip
    respell = random.choice(respellings)
    if isinstance(value, list):
        at = random.randrange(len(value))
        changed: Any = [*value[:at], respell(value[at]), *value[at + 1 :]]
        changed = random.choice(
            [changed, changed, [*value, None], [*value, *value], value[::-1], value[:1], value[0], []]
        )
    else:
        changed = respell(value)
    return f"{name} otherwise", attrs.evolve(token, header=set_member(token.header, (name,), changed))


def spell_loose_standard(text: str) -> str:
    """Return base64 whose unused last bits are set."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    bare = text.rstrip("=")
    unused = {2: 4, 3: 2}.get(len(bare) % 4, 0)
    last = alphabet[alphabet.index(bare[-1]) | (1 << unused) - 1] if unused else bare[-1]
    return bare[:-1] + last + text[len(bare) :]
