"""The benchmark: whole processes, ours and the real step's in turn, as ratios within one run.

Run it by `make bench`. Absolute times depend on the machine; the ratio of a pair hardly does.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import attrs
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.peer_programs import REPOSITORY, choose_port, explain_absence, find_program, serve_ca

INSTALLED = REPOSITORY / ".cache" / "bench"
"""A virtual environment with the built wheel, for a checkout installed for development starts slower."""


@attrs.frozen
class Case:
    """Two command lines that do the same work.

    Attributes:
        name: What the work is.
        ours, peer: Their words; no peer where there is none to compare with.
    """

    name: str
    ours: Sequence[str]
    peer: Sequence[str] | None


def main() -> int:
    """Run every case and print a row for each."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=15, help="counted runs of each command")
    runs = parser.parse_args().runs
    step, step_ca = find_program("step"), find_program("step-ca")
    for name, program in (("step", step), ("step-ca", step_ca)):
        if program is None:
            print(f"bench: {explain_absence(name)}", file=sys.stderr)
    python = install_wheel()
    with tempfile.TemporaryDirectory() as folder:
        environment = {"PATH": os.environ["PATH"], "HOME": folder, "STEPPATH": f"{folder}/step"}
        url = write_sandbox(python, Path(folder), environment)
        print(f"{'whole process':<44} {'ours ms':>8} {'step ms':>8} {'ratio':>6}   ({runs} runs each, medians)")
        floor = Case("the bare interpreter (a floor)", [python, "-c", "pass"], None)
        measure([floor, *list_offline_cases(python, step, Path(folder))], environment, runs)
        if step_ca is not None:
            with serve_ca(step_ca, Path(folder) / "step", url):
                measure(list_online_cases(python, step), environment, runs)
    return 0


def list_offline_cases(python: str, step: str | None, folder: Path) -> list[Case]:
    """Return the cases that ask no CA."""
    key = folder / "key.pem"
    private_key = ec.generate_private_key(ec.SECP256R1())
    key.write_bytes(private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    declared = ["--offline", "--issuer", "me", "--key", str(key), "--ca-url", "ca.example.com", "--root"]
    declared += [f"{folder}/step/certs/root_ca.crt"]
    sealed = ["ca", "token", "internal.example.com", "--offline"]
    plain = ["ca", "token", "internal.example.com", *declared]
    own = [python, "-m", "entrypoints.cli"]
    return [
        Case("help", [*own, "token", "--help"], step and [step, "ca", "token", "--help"]),
        Case("offline, plaintext PEM key, no ca.json", ["env", "STEPPATH=/nonexistent", *own, *plain],
             step and ["env", "STEPPATH=/nonexistent", step, *plain]),
        Case("offline, ca.json, key of 600,000 rounds", [*own, *sealed], step and [step, *sealed]),
    ]  # fmt: skip


def list_online_cases(python: str, step: str | None) -> list[Case]:
    """Return the cases that ask a running CA."""
    words = ["ca", "token", "internal.example.com"]
    own = [python, "-m", "entrypoints.cli", *words]
    return [Case("online, key of 600,000 rounds", own, step and [step, *words])]


def measure(cases: Sequence[Case], environment: Mapping[str, str], runs: int) -> None:
    """Run the two commands of each case in turn, after one warm-up, and print medians and their ratio."""
    for case in cases:
        times = [
            (time_run(case.ours, environment), case.peer and time_run(case.peer, environment)) for _ in range(runs + 1)
        ]
        ours = statistics.median(pair[0] for pair in times[1:])
        row = f"{case.name:<44} {ours * 1000:8.0f}"
        if case.peer:
            peers = [(own, float(peer or 0)) for own, peer in times[1:]]
            peer = statistics.median(pair[1] for pair in peers)
            ratio = statistics.median(own / other for own, other in peers)
            row += f" {peer * 1000:8.0f} {ratio:6.2f}"
        print(row, flush=True)


def time_run(words: Sequence[str], environment: Mapping[str, str]) -> float:
    """Return the seconds that a process takes; raises where it fails."""
    begin = time.perf_counter()
    subprocess.run(words, env=environment, check=True, capture_output=True, cwd="/", stdin=subprocess.DEVNULL)
    return time.perf_counter() - begin


def install_wheel() -> str:
    """Install the package as a user would, and return the interpreter that has it."""
    python = INSTALLED / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(INSTALLED)], check=True)
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--upgrade"]
    subprocess.run([*command, str(REPOSITORY)], check=True)
    subprocess.run([*command, "--force-reinstall", "--no-deps", str(REPOSITORY)], check=True)
    return str(python)


def write_sandbox(python: str, folder: Path, environment: Mapping[str, str]) -> str:
    """Write a sandbox into `folder`/step and return its CA's address."""
    address = f"127.0.0.1:{choose_port()}"
    words = [python, "-m", "entrypoints.cli", "sandbox", str(folder / "step"), "--address", address]
    subprocess.run(words, env=environment, check=True, capture_output=True, cwd="/")
    return f"https://{address}"


if __name__ == "__main__":
    sys.exit(main())
