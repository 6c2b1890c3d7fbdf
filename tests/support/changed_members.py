"""Changes of what stands in a token: types, letters, times, audiences, names, SSH options and bindings."""

import json
import time
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import attrs

from domain.formats import base64url
from domain.formats.json_text import Number
from tests.support.broken_requests import ONE, OTHER, ask_csr
from tests.support.forged_tokens import NAME, fingerprint
from tests.support.odd_values import (
    AUDIENCES,
    CERT_TYPES,
    CLAIMS,
    HEADER_MEMBERS,
    MOMENTS,
    NAMES,
    NESTED,
    OFFSETS,
    PRINCIPALS,
    SECONDS,
    VALUES,
)  # fmt: skip
from tests.support.raw_tokens import Pairs, RawToken, spell_in_lines, spell_loosely, spell_standard

ABSENT = object()


def change_type(random: Random, token: RawToken) -> tuple[str, RawToken]:
    """Give a member of the header or a claim a value of another type."""
    value = random.choice(VALUES)
    if random.random() < 0.3:
        name = random.choice(HEADER_MEMBERS)
        shown = _choose_value(random, value, dict(token.header).get(name))
        return f"header {name} = {shown!r:.80}", attrs.evolve(token, header=set_member(token.header, (name,), shown))
    path = (random.choice(CLAIMS),) if random.random() < 0.6 else random.choice(NESTED)
    shown = _choose_value(random, value, _get(token.claims, path))
    return f"claim {'.'.join(path)} = {shown!r:.80}", attrs.evolve(token, claims=set_member(token.claims, path, shown))


def change_case(random: Random, token: RawToken) -> tuple[str, RawToken]:
    """Write the name or the text of a member in other letters."""
    in_header = random.random() < 0.4
    pairs = token.header if in_header else token.claims
    at = random.randrange(len(pairs))
    name, value = pairs[at]
    fold: Callable[[str], str] = random.choice([str.upper, str.lower, str.title, str.swapcase, _look_alike])
    path = (name,)
    if not in_header and isinstance(value, dict):
        path, value = _descend(random, path, value)
    if random.random() < 0.5 and isinstance(value, str):
        changed = set_member(pairs, path, fold(value))
        what = f"{'.'.join(path)} = {fold(value)!r:.60}"
    else:
        changed = _rename(pairs, path, fold(path[-1]))
        what = f"{'.'.join(path)} named {fold(path[-1])}"
    return what, attrs.evolve(token, **{"header" if in_header else "claims": changed})


def change_time(random: Random, token: RawToken) -> tuple[str, RawToken]:
    """Give a time that is odd, or at the edge."""
    name, now = random.choice(["exp", "nbf", "iat"]), int(time.time())
    offset = random.choice(OFFSETS)
    odd, near = random.choice(SECONDS), random.choice([now + offset, Number(f"{now + offset}.9"), Number(f"{now}e0")])
    is_odd = random.random() < 0.5
    shown = f"{odd}" if is_odd else f"now{offset:+}, {type(near).__name__}"
    return f"{name} = {shown}", attrs.evolve(token, claims=set_member(token.claims, (name,), odd if is_odd else near))


def change_audience(random: Random, token: RawToken) -> tuple[str, RawToken]:
    """Write the audience otherwise."""
    audience = dict(token.claims).get("aud", "https://127.0.0.1/1.0/sign")
    value = random.choice(AUDIENCES)(audience)
    return f"aud = {value!r:.90}", attrs.evolve(token, claims=set_member(token.claims, ("aud",), value))


def change_names(random: Random, token: RawToken) -> tuple[str, RawToken]:
    """Name other names, with a CSR that has none, or that has them."""
    sans = random.choice(NAMES)
    csr = random.choice([token.forged.csr, ask_csr(""), ask_csr(NAME)])
    forged = attrs.evolve(token.forged, csr=csr if token.forged.csr is not None else None)
    changed = attrs.evolve(token, forged=forged, claims=set_member(token.claims, ("sans",), sans))
    if random.random() < 0.2:
        changed = attrs.evolve(
            changed, claims=set_member(changed.claims, ("sub",), random.choice(["B\u00fccher", "a@b", " "]))
        )
    return f"sans = {sans!r:.80}", changed


def change_ssh(random: Random, token: RawToken) -> tuple[str, RawToken]:
    """Ask for another SSH certificate, in the token or beside it."""
    options: dict[str, Any] = {}
    if random.random() < 0.5:
        options["certType"] = random.choice(CERT_TYPES)
    if random.random() < 0.4:
        options["principals"] = random.choice(PRINCIPALS)
    if random.random() < 0.5:
        options["validAfter"] = random.choice(MOMENTS)
    if random.random() < 0.6:
        options["validBefore"] = random.choice(MOMENTS)
    claims = token.claims
    for name, value in options.items():
        claims = set_member(claims, ("step", "ssh", name), value)
    wishes = dict(token.forged.wishes)
    for name, others in (("certType", ["host", "user", None]), ("keyID", [NAME, "", None]),
                         ("principals", [[NAME], ["root"], [NAME.upper()], [""], None])):  # fmt: skip
        if name in wishes and random.random() < 0.3:
            wishes[name] = random.choice(others)
            options[f"asks {name}"] = wishes[name]
    forged = attrs.evolve(token.forged, wishes={name: value for name, value in wishes.items() if value is not None})
    return f"ssh {options!r:.150}", attrs.evolve(token, forged=forged, claims=claims)


def change_binding(random: Random, token: RawToken) -> tuple[str, RawToken]:
    """Bind the token to a CSR, in some spelling."""
    csr = token.forged.csr or ONE
    exact = fingerprint(csr)
    digest = base64url.decode(exact)
    spelled = random.choice([
        exact, spell_loosely(digest), exact + "=", spell_standard(digest), spell_in_lines(digest[:48]), exact + "\n",
        exact[:20] + "\r\n" + exact[20:], fingerprint(OTHER), exact[:-1], exact + "A", exact.upper(), "", digest.hex(),
        " " + exact,
    ])  # fmt: skip
    name = random.choice(["x5rt#S256", "x5rt#S256", "x5rt#s256", "x5t#S256"])
    return f"cnf {name} = {spelled!r:.60}", attrs.evolve(
        token, claims=set_member(token.claims, ("cnf",), {name: spelled})
    )


def change_members(random: Random, token: RawToken) -> tuple[str, RawToken]:
    """Write a member twice, leave one out, or add one that nobody knows."""
    target = random.choice(["header", "claims"])
    pairs: Pairs = getattr(token, target)
    name, value = random.choice(pairs)
    kind = random.randrange(5)
    if kind == 0:
        changed = [*pairs, (name, value)]
    elif kind == 1:
        changed = [(name, random.choice(VALUES)), *pairs]
    elif kind == 2:
        changed = [pair for pair in pairs if pair[0] != name]
    elif kind == 3:
        changed = [*pairs, (random.choice(["new", name.upper(), name + "\u0000"]), random.choice(VALUES))]
    else:
        changed = [*pairs]
        random.shuffle(changed)
    return f"{target} {name}: {['twice', 'twice, first otherwise', 'absent', 'another', 'order'][kind]}", attrs.evolve(
        token, **{target: changed}
    )


def _choose_value(random: Random, value: Any, old: Any) -> Any:
    """Return a value, or the old one in something."""
    if old is None or random.random() < 0.75:
        return value
    return random.choice([[old], [old, None], [None, old], {"a": old}, json.dumps(_plain(old)), ABSENT])


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | int | list | dict | None) else str(value)


def _get(pairs: Pairs, path: Sequence[str]) -> Any:
    value: Any = dict(pairs)
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def set_member(pairs: Pairs, path: Sequence[str], value: Any) -> Pairs:
    """Return the members with another value at a path; `ABSENT` takes it out."""
    name, rest = path[0], path[1:]
    if rest:
        inner = dict(pairs).get(name)
        value = dict(set_member(list(inner.items()) if isinstance(inner, dict) else [], rest, value))
    if value is ABSENT:
        return [pair for pair in pairs if pair[0] != name]
    if name in dict(pairs):
        return [(key, value if key == name else old) for key, old in pairs]
    return [*pairs, (name, value)]


def _rename(pairs: Pairs, path: Sequence[str], new: str) -> Pairs:
    if len(path) > 1:
        return set_member(pairs, path[:1], dict(_rename(list(dict(pairs)[path[0]].items()), path[1:], new)))
    return [(new if key == path[0] else key, value) for key, value in pairs]


def _descend(random: Random, path: tuple[str, ...], value: Any) -> tuple[tuple[str, ...], Any]:
    while isinstance(value, dict) and value:
        name = random.choice(sorted(value))
        path, value = (*path, name), value[name]
    return path, value


def _look_alike(text: str) -> str:
    """Return a text with letters that other letters become when capitals do not count."""
    return text.replace("k", "\u212a").replace("s", "\u017f")
