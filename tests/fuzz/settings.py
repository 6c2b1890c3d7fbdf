"""Fuzz targets: command lines, the environment, and the files that hold settings."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from random import Random
from typing import Any

from adapters.ca.provisioner_json import read_provisioners
from domain.formats import json_text
from entrypoints.command_line.options import BATCH_OPTIONS, TOKEN_OPTIONS, VERIFY_OPTIONS, Option, ValueKind
from tests.fuzz.mutation import encode_json, near_json, near_text, near_value, odd_text, sample
from tests.fuzz.place import FURTHER, KID, Place, open_place
from tests.fuzz.target import Run, Target, parser, run_command

VALUES: Mapping[str, Sequence[str]] = {
    "not-before": ["5m", "2026-01-31T23:59:59Z"], "not-after": ["1h"], "cert-not-after": ["1h"], "cnf": ["A" * 43],
    "san": ["a.test", "10.0.0.7", "a@b.test", "spiffe://a"], "set": ["a=1", "a={}"],
    "principal": ["me"], "context": ["one"], "ca-url": ["ca.test", "https://127.0.0.1:1"], "kid": [KID],
    "provisioner": ["people", "vms"], "request-timeout": ["1s"], "timeout": ["1s"], "format": ["json", "text"],
    "kms": ["pkcs11:module-path=/nonexistent"], "for": ["sign", "ssh-sign"], "cert-type": ["host"], "workers": ["1"],
}  # fmt: skip
"""Sound values of options; those that are not named get a file that is not there."""

LEFT_OUT = frozenset({"output-file", "output-dir", "force", "context"})
"""Options that write files, or whose odd values would name files elsewhere."""

COMMANDS: Mapping[str, Sequence[Option]] = {"token": TOKEN_OPTIONS, "batch": BATCH_OPTIONS, "verify": VERIFY_OPTIONS}


def make_words(random: Random) -> list[str]:
    """Make a command line: a command, a subject, and options with values that are sound or odd."""
    command = random.choice(list(COMMANDS))
    words = [command, near_text(sample("web.test", "machine", "1234"), 1)(random)]
    for _ in range(random.randrange(4)):
        option = random.choice(COMMANDS[command])
        if option.name in LEFT_OUT:
            continue
        name = random.choice([f"--{option.name}", f"-{option.name}", *option.spellings()])
        value = near_text(sample(*VALUES.get(option.name, ["nowhere/file"])), random.choice([0, 0, 1]))(random)
        if option.kind is ValueKind.SWITCH:
            words.append(random.choice([name, name, f"{name}=true", f"{name}={value}"]))
        else:
            words += random.choice([[name, value], [f"{name}={value}"], [name]])
    if random.random() < 0.2:
        words.insert(random.randint(1, len(words)), odd_text(random))
    return [word.replace("\0", "") for word in words]  # none of which a process can get


@contextmanager
def open_words() -> Iterator[Run]:
    """Run command lines offline, with a key at hand."""
    with open_place() as place:
        alone = {**place.environment, "STEPPATH": str(place.offline.path / "step")}
        ways = [(place.offline.flags, alone), (["--offline", "--kid", KID, *place.flags], place.environment)]
        place.write("machine", b"a\nb.test\n")
        place.write("1234", _mint(place).encode())

        def run(words: list[str]) -> object:
            flags, environment = ways[sum(map(len, words)) % 2]
            if words[0] == "verify":
                flags, environment = ["--offline"], place.environment
            return run_command([words[0], *flags, *words[1:]], environment, reports=words[0] != "token")

        yield run


def make_environment(random: Random) -> dict[str, str]:
    """Make variables of some options, sound or odd."""
    made = {}
    for _ in range(random.randrange(1, 4)):
        option = random.choice([option for option in TOKEN_OPTIONS if option.name not in LEFT_OUT])
        values = ["true", "1", "yes"] if option.kind is ValueKind.SWITCH else VALUES.get(option.name, ["nowhere"])
        value = near_text(sample(*values), random.choice([0, 1]))(random)
        made[option.environment] = value.replace("\0", "").encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return made


@contextmanager
def open_environment() -> Iterator[Run]:
    """Mint with these variables."""
    with open_place() as place:
        words = ["token", "web.test", *place.offline.flags]
        alone = {**place.environment, "STEPPATH": str(place.offline.path / "step")}
        yield lambda made: run_command(words, {**alone, **made})


CONTEXTS = {"one": {"authority": "a", "profile": "p", "name": "one"}, "two": {"authority": "b", "profile": "p"}}


def make_settings(random: Random) -> dict[str, bytes]:
    """Make the files of a step path with contexts, or without."""
    defaults = {"ca-url": "https://ca.test", "root": "offline/root.crt", "offline": True, "key": "offline/key.pem",
                "provisioner": "me", "not-after": "10m", "san": ["a.test"], "fingerprint": "ab" * 32,
                "redirect-url": ""}  # fmt: skip
    near = near_json(defaults)(random)
    if random.random() < 0.4:
        return {"config/defaults.json": near}
    folder = random.choice(["authorities/a", "profiles/p"])
    return {
        "contexts.json": near_json(CONTEXTS)(random), "current-context.json": near_json({"context": "one"})(random),
        "authorities/a/config/defaults.json": encode_json(defaults), f"{folder}/config/defaults.json": near,
    }  # fmt: skip


@contextmanager
def open_settings() -> Iterator[Run]:
    """Mint by the settings of a step path."""
    with open_place() as place:

        def run(files: dict[str, bytes]) -> object:
            for name in ("contexts.json", "current-context.json", "config/defaults.json"):
                (place.path / "steps" / name).unlink(missing_ok=True)
            for name, data in files.items():
                place.write(f"steps/{name}", data)
            return run_command(["token", "web.test"], {**place.environment, "STEPPATH": str(place.path / "steps")})

        yield run


@contextmanager
def open_config() -> Iterator[Run]:
    """Mint, verify and diagnose offline by a ca.json."""
    with open_place() as place:
        path, token = str(place.path / "changed.json"), _mint(place)

        def run(change: tuple[int, int]) -> object:
            random = Random(change[0])
            place.write("changed.json", near_json(dict(place.config))(random))
            where = ["--offline", "--ca-config", path]
            if change[1] == 0:
                return run_command(["verify", token, "--for", "sign", *where], place.environment, reports=True)
            if change[1] == 1:
                return run_command(["doctor", *where], place.environment, reports=True)
            choice = random.choice([["--kid", KID], ["--provisioner", "vms"], ["--provisioner", "people"]])
            return run_command(["token", "web.test", *where, *choice, *place.flags], place.environment)

        yield run


def _mint(place: Place) -> str:
    from domain.ca_rules.endpoint import Endpoint

    return place.forge().make_jwk(Endpoint.SIGN).write()


def read_list(data: bytes) -> object:
    """Read a list of provisioners, and what each is called."""
    listed: Any = json_text.parse(data)
    return [one.label() + one.type_name + one.token_identifier for one in read_provisioners(listed)]


def make_list(random: Random) -> bytes:
    """Make a list of provisioners near sound ones."""
    return encode_json([near_value(sample(*FURTHER))(random) for _ in range(random.randrange(1, 4))])


TARGETS: list[Target] = [
    Target("argv", make_words, open_words),
    Target("environment", make_environment, open_environment),
    Target("settings", make_settings, open_settings),
    Target("ca-json", lambda random: (random.getrandbits(64), random.randrange(4)), open_config),
    parser("provisioners", make_list, read_list, ValueError),
]
