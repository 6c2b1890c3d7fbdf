"""The demonstration: a sandbox, a token, what is to be said of it, and a certificate for it. Run it by `make demo`."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping

from tests.support.ca_client import connect, general_name, make_csr
from tests.support.peer_programs import REPOSITORY, RunningCa, choose_port, explain_absence, find_program, serve_ca

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
    path = str((FOLDER / "token.txt").relative_to(REPOSITORY))
    run("token", SUBJECT, "--offline", "--output-file", path, environment=environment)
    show_step("What the token is for")
    run("inspect", path, environment=environment)
    show_step("What the CA would say to it, by its own configuration")
    run("verify", path, "--for", "sign", "--offline", environment=environment)
    step_ca = find_program("step-ca")
    if step_ca is None:
        show_step("Left out: having it signed")
        print(explain_absence("step-ca"))
        return 0
    show_step("Start the real step-ca, mint by asking it, and have it sign")
    with serve_ca(step_ca, FOLDER, f"https://{address}") as ca:
        run("token", SUBJECT, "--output-file", path, "--force", environment=environment)
        spend(ca, (FOLDER / "token.txt").read_text())
    return 0


def show_step(title: str) -> None:
    """Print a heading."""
    print(f"\n== {title}", flush=True)


def run(*words: str, environment: Mapping[str, str]) -> None:
    """Print and run a command line of step-ott."""
    print(f"$ step-ott {' '.join(words)}", flush=True)
    subprocess.run([sys.executable, "-m", "entrypoints.cli", *words], env=environment, cwd=REPOSITORY, check=True)


def spend(ca: RunningCa, token: str) -> None:
    """Spend the token, twice."""
    csr, client = make_csr(SUBJECT, [general_name(SUBJECT)]), connect(ca)
    certificate = client.sign(csr, token).certificate
    print(f"  signed: {certificate.subject.rfc4514_string()}, serial {certificate.serial_number}")
    again = client.sign(csr, token)
    print(f"  the same token again: {again.status} {again.body.get('message', '')}")


if __name__ == "__main__":
    sys.exit(main())
