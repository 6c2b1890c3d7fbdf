"""The demonstration: a sandbox, a token, what is to be said of it, a certificate that serves. Run it by `make demo`."""

import os
import shutil
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

from tests.support.peer_programs import REPOSITORY, choose_port, explain_absence, find_program, serve_ca

FOLDER = REPOSITORY / ".cache" / "demo"
SUBJECT = "internal.example.com"
MEETING_SECONDS = 30


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
    with serve_ca(step_ca, FOLDER, f"https://{address}") as ca:
        show_step("Start the real step-ca, and get a certificate from it")
        files = [str((FOLDER / name).relative_to(REPOSITORY)) for name in ("internal.crt", "internal.key")]
        run("ca", "certificate", SUBJECT, *files, environment=environment)
        show_step("Serve by it, and have a client verify that")
        meet(FOLDER / "internal.crt", FOLDER / "internal.key", ca.tls_context())
        show_step("Renew it by itself, and revoke it")
        run("ca", "renew", *files, "--force", environment=environment)
        run("ca", "revoke", files[0], environment=environment)
    return 0


def show_step(title: str) -> None:
    """Print a heading."""
    print(f"\n== {title}", flush=True)


def run(*words: str, environment: Mapping[str, str]) -> None:
    """Print and run a command line of step-ott."""
    print(f"$ step-ott {' '.join(words)}", flush=True)
    subprocess.run([sys.executable, "-m", "entrypoints.cli", *words], env=environment, cwd=REPOSITORY, check=True)


def meet(certificate: Path, key: Path, trust: ssl.SSLContext) -> None:
    """Serve one TLS connection with a certificate, to a client that trusts the CA's root alone."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(MEETING_SECONDS)
        greeter = threading.Thread(target=greet, args=(listener, context))
        greeter.start()
        with (
            socket.create_connection(listener.getsockname(), MEETING_SECONDS) as plain,
            trust.wrap_socket(plain, server_hostname=SUBJECT) as stream,
        ):
            shown = stream.getpeercert() or {}
            print(f"  the server says: {stream.recv(100).decode()}")
            print(f"  the client has verified {shown['subjectAltName']}, valid until {shown['notAfter']}")
        greeter.join()


def greet(listener: socket.socket, context: ssl.SSLContext) -> None:
    """Take one connection, and say something."""
    plain, _ = listener.accept()
    with plain, context.wrap_socket(plain, server_side=True) as stream:
        stream.sendall(f"hello from {SUBJECT}".encode())


if __name__ == "__main__":
    sys.exit(main())
