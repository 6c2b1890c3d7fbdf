"""A real step-ca with one more provisioner, whose key is anybody's and which keeps no private half of it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from adapters.jose.key_objects import read_public
from tests.support.peer_programs import RunningCa, choose_port, serve_ca
from tests.support.running import invoke


@contextmanager
def serve_with_key(program: str, path: Path, name: str, public_key: Any) -> Iterator[RunningCa]:
    """Serve a new sandbox at `path` in which the JWK provisioner `name` publishes the key, until the block ends."""
    port = choose_port()
    assert invoke("sandbox", str(path), "--address", f"127.0.0.1:{port}").status == 0
    config_path = path / "config" / "ca.json"
    config = json.loads(config_path.read_text())
    public = read_public(public_key)
    key = {**public.members, "kid": public.thumbprint(), "alg": public.algorithm, "use": "sig"}
    config["authority"]["provisioners"].append({"type": "JWK", "name": name, "key": key})
    config_path.write_text(json.dumps(config))
    with serve_ca(program, path, f"https://127.0.0.1:{port}") as ca:
        yield ca
