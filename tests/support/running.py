"""Running step-ott: in this process, where a test looks at behaviour, or in one of its own."""

import importlib
import io
import os
import pkgutil
import resource
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from typing import Any
from unittest import mock

import attrs

import adapters
import domain
import entrypoints
from domain.formats import base64url, json_text
from entrypoints.cli import main
from tests.support.peer_programs import REPOSITORY

PROCESS_SECONDS = 120


class Minted:
    """A token that was made, read without a doubt."""

    @property
    def token(self) -> str:
        """The token."""
        raise NotImplementedError

    @property
    def header(self) -> dict[str, Any]:
        """Its JOSE header."""
        return decode_part(self.token, 0)

    @property
    def claims(self) -> dict[str, Any]:
        """Its claims."""
        return decode_part(self.token, 1)


@attrs.frozen
class Result(Minted):
    """How a run ended."""

    status: int
    out: str
    err: str

    @property
    def token(self) -> str:
        """The token on stdout of a run that succeeded."""
        assert self.status == 0, self.err
        assert self.out.endswith("\n") and self.out.count("\n") == 1, self.out
        return self.out[:-1]


def decode_part(token: str, index: int) -> dict[str, Any]:
    """Return a part of a compact JWS: 0 its header, 1 its claims."""
    value = json_text.parse(base64url.decode(token.split(".")[index]))
    assert isinstance(value, dict)
    return value


def invoke(*words: str, environment: Mapping[str, str] | None = None, stdin: bytes = b"") -> Result:
    """Run a command line in this process, with no environment but `environment` (and no STEPPATH unless there)."""
    out, err = io.StringIO(), io.StringIO()
    standard_input = io.TextIOWrapper(io.BytesIO(stdin))
    surroundings = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "STEP_OTT_DEBUG": "1", **(environment or {})}
    with (
        mock.patch.dict(os.environ, surroundings, clear=True),
        mock.patch.object(sys, "stdin", standard_input),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        status = main(words)
    return Result(status, out.getvalue(), err.getvalue())


def execute(*words: str, environment: Mapping[str, str] | None = None, stdin: bytes = b"") -> Result:
    """Run a command line in a process of its own, without a terminal."""
    return _run([sys.executable, "-m", "entrypoints.cli", *words], environment or {}, stdin)


def run_step(program: str, *words: str, environment: Mapping[str, str], stdin: bytes = b"") -> Result:
    """Run the real step CLI without a terminal."""
    return _run([program, *words], environment, stdin)


@contextmanager
def more_descriptors(highest: int) -> Iterator[None]:
    """Let this process have descriptors up to a number."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(before[0], highest + 1), before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def list_children(process: int) -> list[int]:
    """Return the children of a process that runs."""
    with open(f"/proc/{process}/task/{process}/children") as file:
        return [int(child) for child in file.read().split()]


def _run(words: Sequence[str], environment: Mapping[str, str], stdin: bytes) -> Result:
    done = subprocess.run(
        words,
        input=stdin,
        capture_output=True,
        cwd=REPOSITORY,
        env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", **environment},
        start_new_session=True,
        timeout=PROCESS_SECONDS,
        check=False,
    )
    return Result(done.returncode, done.stdout.decode(), done.stderr.decode())


def load_all() -> None:
    """Load all modules: pytest reads them by `open`, which a test that forbids that would take for the program's."""
    for top in (domain, adapters, entrypoints):
        for module in pkgutil.walk_packages(top.__path__, f"{top.__name__}."):
            with suppress(ImportError):  # an extra that is not here
                importlib.import_module(module.name)
