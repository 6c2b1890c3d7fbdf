"""docs/certificates.md: its examples run as they stand, one after the other, on a real step-ca."""

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.support.peer_programs import REPOSITORY, RunningCa
from tests.support.root_fingerprint import fingerprint_of
from tests.support.running import PROCESS_SECONDS

PAGE = (REPOSITORY / "docs" / "certificates.md").read_text()
BLOCKS = "".join(re.findall(r"```shell\n(.*?)```", PAGE, re.DOTALL))
ENDLESS = "--daemon"
"""What has no end is for its own tests."""

COMMANDS = [line for line in BLOCKS.replace("\\\n", " ").splitlines() if ENDLESS not in line]
URL, FINGERPRINT = "https://ca.example.com", "d9d0978692f1c7cc791f5c343ce98771900721405e834cd27b9502cc719f5097"


def test_every_example_runs(running_ca: RunningCa, tmp_path: Path) -> None:
    """A shell runs each line, with the CA's own address and fingerprint, from a home where nothing is yet."""
    program = tmp_path / "step-ott"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m entrypoints.cli "$@"\n')
    program.chmod(0o755)
    script = "\n".join(COMMANDS).replace(URL, running_ca.url).replace(FINGERPRINT, fingerprint_of(running_ca))
    (tmp_path / "home").mkdir()
    done = subprocess.run(
        ["sh", "-ec", f"exec 2>&1; set -x\n{script}"],
        cwd=tmp_path / "home",
        env={
            "PATH": f"{tmp_path}:{os.environ['PATH']}",
            "HOME": str(tmp_path / "home"),
            "PYTHONPATH": str(REPOSITORY),
            "STEP_PROVISIONER_PASSWORD_FILE": str(running_ca.path / "secrets" / "password"),
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        timeout=PROCESS_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert len(re.findall(r"^\+ step-ott ", done.stdout, re.MULTILINE)) == script.count("step-ott ") > 10
