"""Fuzz targets: lists of subjects."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, redirect_stdout
from random import Random
from typing import IO
from unittest import mock

import attrs

from domain.batch.line import read_line
from tests.fuzz.mutation import encode_json, near_bytes, near_json, near_text, near_value
from tests.fuzz.place import open_place
from tests.fuzz.target import Run, Target, check_result, parser
from tests.support import running

MEMBERS = {"subject": "web.test", "san": ["web.test", "10.0.0.7"], "set": {"a": 1, "b": {"c": []}}, "not_before": "1m",
           "not_after": "10m", "principal": ["me"], "cert_not_after": "1h", "cnf": "A" * 43}  # fmt: skip


def make_line(random: Random) -> bytes:
    """Make a line: a bare subject, or an object with settings."""
    if random.random() < 0.4:
        subject = random.choice(["web.test", "machine", "10.0.0.7", "spiffe://a/b", "a@b.test"])
        return near_text(lambda _: subject, 1)(random).encode("utf-8", "surrogatepass")
    kept = [name for name in MEMBERS if name == "subject" or random.random() < 0.3]
    return encode_json(near_value(lambda _: {name: MEMBERS[name] for name in kept}, 1)(random))


def make_list(random: Random) -> bytes:
    """Make a list with sound lines and others."""
    count = random.randrange(1, 6)
    lines = [random.choice([make_line(random), b"web.test", b"# a comment", b""]) for _ in range(count)]
    data = random.choice([b"\n", b"\n", b"\n", b"\r\n"]).join(lines)
    encodings = [data, data, data, b"\xef\xbb\xbf" + data, data.decode("utf-8", "replace").encode("utf-16")]
    return near_bytes(lambda _: random.choice(encodings), 1)(random)


@contextmanager
def open_batch() -> Iterator[Run]:
    """Mint for each line of a list, into a file, since workers write rows by themselves."""
    with open_place() as place:
        words = ["batch", "hosts", *place.offline.flags, "--workers", "1"]
        environment = {**place.environment, "STEPPATH": str(place.offline.path / "step")}

        def run(data: bytes) -> object:
            place.write("hosts", data)
            with open(place.path / "rows", "w+") as rows, mock.patch.object(running, "redirect_stdout", _to(rows)):
                invoke = running.invoke(*words, environment=environment)
                rows.seek(0)
                result = attrs.evolve(invoke, out=rows.read())
            return check_result(result, reports=True)

        yield run


def _to(file: IO[str]) -> Callable[[object], AbstractContextManager[object]]:
    """Return what has stdout go to `file`, whatever it is asked."""
    return lambda _: redirect_stdout(file)


TARGETS: list[Target] = [
    parser("batch-line", near_bytes(make_line, 1), read_line),
    parser("batch-object", near_json(MEMBERS), read_line),
    Target("batch", make_list, open_batch),
]
