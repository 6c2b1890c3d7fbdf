"""The same command line put to the real step CLI and to step-ott, in each place where tokens are made."""

import json
import re
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import attrs

from domain.formats import base64url
from tests.support.opened_jwe import open_jwe
from tests.support.peer_programs import RunningCa
from tests.support.running import Result, invoke, run_step

_CHANGING = re.compile(r'"(?:jti":"[0-9a-f]{64}"|(?:exp|iat|nbf)":[0-9]+)')


@attrs.frozen
class Pair:
    """What both tools answer.

    Attributes:
        go: The real step CLI's answer.
        ours: The answer of step-ott, which ran after it.
        seconds: How long both took together, rounded up.
    """

    go: Result
    ours: Result
    seconds: int


@attrs.frozen
class Place:
    """Where both run, by the same settings.

    Attributes:
        step: The real step CLI.
        step_path: The step path of both.
        flags: Words that stand before those of a test.
    """

    step: str
    step_path: Path
    flags: tuple[str, ...] = ()

    def without(self, *names: str) -> "Place":
        """Return this place without the flags of these names."""
        pairs = zip(self.flags, (*self.flags[1:], ""), strict=True)
        dropped = {word for name, value in pairs if name in names for word in (name, value)}
        return attrs.evolve(self, flags=tuple(word for word in self.flags if word not in dropped))

    def ask(self, *words: str) -> Pair:
        """Put the words to both."""
        begin = time.time()
        go, ours = self.ask_step(*words), self.ask_us(*words)
        return Pair(go, ours, int(time.time() - begin) + 1)

    def ask_step(self, *words: str) -> Result:
        """Put the words to the real step CLI."""
        return run_step(self.step, "ca", "token", *self.flags, *words, environment=self._environment())

    def ask_us(self, *words: str) -> Result:
        """Put the words to step-ott."""
        return invoke("ca", "token", *self.flags, *words, environment=self._environment())

    def _environment(self) -> dict[str, str]:
        return {"STEPPATH": str(self.step_path), "HOME": str(self.step_path)}


def make_places(step: str, ca: RunningCa, folder: Path) -> dict[str, Place]:
    """Return the places by name, each with the provisioner's key at hand.

    Online, both ask the running CA. Offline, both read the ca.json of a sandbox that nothing serves, for step
    opens the CA's database. Declared, both go by flags alone.
    """
    sandbox, empty = folder / "sandbox", folder / "empty"
    assert invoke("sandbox", str(sandbox)).status == 0
    empty.mkdir()
    online_key = write_provisioner_key(ca.path, folder / "online.jwk")
    key = write_provisioner_key(sandbox, folder / "offline.jwk")
    described = ("--issuer", "me", "--ca-url", "ca.example.com:9000", "--root", str(sandbox / "certs" / "root_ca.crt"))
    return {
        "online": Place(step, ca.path, ("--key", online_key)),
        "offline": Place(step, sandbox, ("--offline", "--key", key)),
        "declared": Place(step, empty, ("--offline", "--key", key, *described)),
    }


def write_provisioner_key(step_path: Path, path: Path) -> str:
    """Write the private JWK of a sandbox's provisioner to `path`, so that no run spends time on its password."""
    provisioner = json.loads((step_path / "config" / "ca.json").read_text())["authority"]["provisioners"][0]
    password = (step_path / "secrets" / "password").read_bytes().strip()
    path.write_bytes(open_jwe(provisioner["encryptedKey"], password))
    return str(path)


def text_of(result: Result, index: int) -> str:
    """Return the JSON text of a token's header (0) or claims (1), as it is signed."""
    return base64url.decode(result.token.split(".")[index]).decode()


def without_changing_values(claims: str) -> str:
    """Return the text of claims with all that differs between two runs of one tool blotted out."""
    blotted, count = _CHANGING.subn(lambda match: match[0].partition(":")[0] + ":_", claims)
    assert count == 4, claims
    return blotted


def members_in_order(text: str) -> Any:
    """Return parsed JSON in which an object is a tuple of its members, as they stand in the text."""
    return json.loads(text, object_pairs_hook=tuple)


def write_time(seconds: int, zone: int = 0, fraction: str = "") -> str:
    """Return an RFC 3339 time for seconds since the epoch, in a zone given by minutes east of UTC."""
    local = datetime.fromtimestamp(seconds, timezone(timedelta(minutes=zone)))
    offset = f"{'-' if zone < 0 else '+'}{abs(zone) // 60:02d}:{abs(zone) % 60:02d}" if zone else "Z"
    return f"{local:%Y-%m-%dT%H:%M:%S}{fraction}{offset}"
