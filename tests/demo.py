"""The demonstration: a sandbox, a token, what it says, and a certificate for it. Run it by `make demo`."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from domain.duration import NANOSECONDS, format_duration
from domain.rfc3339 import format_time
from tests.ca_client import connect, general_name, make_csr
from tests.peer_programs import REPOSITORY, choose_port, explain_absence, find_program, serve_ca
from tests.running import decode_part

FOLDER = REPOSITORY / ".cache" / "demo"
SUBJECT = "internal.example.com"


def main() -> int:
    """Show the whole path, and print each command as it is run."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    address = f"127.0.0.1:{choose_port()}"
    environment = {**os.environ, "STEPPATH": str(FOLDER)}
    show_step("Write a throw-away CA")
    run("sandbox", str(FOLDER.relative_to(REPOSITORY)), "--address", address, environment=environment)
    show_step("Mint a token beside its configuration: no CA runs, none is asked")
    token = run("token", SUBJECT, "--offline", environment=environment).strip()
    show_step("What the token says")
    describe(decode_part(token, 0), decode_part(token, 1))
    step_ca = find_program("step-ca")
    if step_ca is None:
        show_step("Left out: having it signed")
        print(explain_absence("step-ca"))
        return 0
    show_step("Start the real step-ca and have it sign for the token")
    sign(step_ca, FOLDER, f"https://{address}", token)
    return 0


def show_step(title: str) -> None:
    """Print a heading."""
    print(f"\n== {title}", flush=True)


def run(*words: str, environment: Mapping[str, str]) -> str:
    """Print and run a command line of step-ott, and return its stdout."""
    print(f"$ step-ott {' '.join(words)}", flush=True)
    done = subprocess.run(
        [sys.executable, "-m", "entrypoints.cli", *words],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
        cwd=REPOSITORY,
        check=True,
    )
    print(done.stdout, end="", flush=True)
    return done.stdout


def describe(header: Mapping[str, Any], claims: Mapping[str, Any]) -> None:
    """Print a token's header and claims in words."""
    validity = format_duration((claims["exp"] - claims["nbf"]) * NANOSECONDS)
    rows = {
        "It lets its holder": f"POST {claims['aud']}",
        "for a certificate of": f"{claims['sub']}, with the names {', '.join(claims['sans'])}",
        "vouched for by": f"provisioner {claims['iss']}, key {header['kid']} ({header['alg']})",
        "valid": f"{validity} from {format_time(claims['nbf'] * NANOSECONDS)}",
        "once, as number": claims["jti"],
        "at the CA with root": claims["sha"],
    }
    for name, text in rows.items():
        print(f"  {name:<21} {text}")


def sign(step_ca: str, folder: Path, url: str, token: str) -> None:
    """Serve the sandbox by the real step-ca, and spend the token there, twice."""
    csr = make_csr(SUBJECT, [general_name(SUBJECT)])
    with serve_ca(step_ca, folder, url) as ca:
        client = connect(ca)
        certificate = client.sign(csr, token).certificate
        print(f"  signed: {certificate.subject.rfc4514_string()}, serial {certificate.serial_number}")
        again = client.sign(csr, token)
        print(f"  the same token again: {again.status} {again.body.get('message', '')}")


if __name__ == "__main__":
    sys.exit(main())
