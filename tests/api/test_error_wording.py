"""Errors name what a program can write: arguments, methods and classes, never options of the command line."""

import ast
import importlib
import inspect as introspection
import pkgutil
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

import step_ott
from step_ott.wording import name_arguments, setting_of, speaking_python
from tests.support.flag_words import names_flags
from tests.support.hostile_ca import answer, root, serve
from tests.support.peer_programs import REPOSITORY

pytestmark = pytest.mark.usefixtures("undisturbed")

UNREACHED = (
    "adapters/batch", "adapters/machine/terminal.py", "adapters/machine/trust_store.py", "adapters/output",
    "adapters/sign_in", "domain/batch", "domain/doctor", "domain/sandbox.py", "domain/settings/devices.py",
    "domain/settings/bootstrap.py", "domain/settings/root_fingerprint.py", "domain/sign_in",
    "entrypoints/use_cases/batch.py", "entrypoints/use_cases/doctor", "entrypoints/use_cases/write_files.py",
    "entrypoints/use_cases/ssh_files.py",
    "domain/provisioners/oidc.py", "adapters/ca/visit.py",
    "domain/enroll/services.py", "domain/enroll/revocation.py",
    "domain/enroll/rekeying.py", "domain/enroll/ssh", "adapters/machine/services.py",
    "adapters/process/extras.py",  # whose options are those of uv
    "adapters/ca/step_ca.py",  # of setpriv
)  # fmt: skip
"""What no call of the API gets to: other commands' own, and whoever asks a person."""

FLAG = re.compile(r"(?<![\w-])--(?:for )?[a-z][a-z0-9-]*")


def list_advice() -> Iterator[tuple[str, str]]:
    """Give each text of the code that names an option, with its file; docstrings are for readers of the code."""
    for layer in ("domain", "adapters", "entrypoints/use_cases"):
        for path in sorted((REPOSITORY / layer).rglob("*.py")):
            name = str(path.relative_to(REPOSITORY))
            if name.startswith(UNREACHED):
                continue
            tree = ast.parse(path.read_text())
            bare = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
            for node in ast.walk(tree):
                is_text = isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in bare
                if is_text and FLAG.search(node.value):
                    yield name, node.value


ADVICE = sorted(set(list_advice()))


def list_issuers() -> list[Any]:
    """Return the classes of all issuers, whichever modules they stand in."""
    from step_ott import issuers
    from step_ott.issuers.base import Issuer

    for module in pkgutil.iter_modules(issuers.__path__):
        importlib.import_module(f"{issuers.__name__}.{module.name}")
    remaining, found = [Issuer], list[Any]()
    while remaining:
        one = remaining.pop()
        found.append(one)
        remaining += one.__subclasses__()
    return found


def list_parameters() -> set[str]:
    """Return the names of all arguments of the API, and of its methods as they are called."""
    found: set[str] = set()
    for value in [getattr(step_ott, name) for name in step_ott.__all__] + list_issuers():
        methods = [value] if not isinstance(value, type) else [getattr(value, name) for name in dir(value)] + [value]
        for method in methods:
            if callable(method) and not isinstance(method, type(len)):
                try:
                    parameters = introspection.signature(method).parameters
                except (ValueError, TypeError):
                    continue
                found |= {f"{name}=" for name in parameters} | {f"{getattr(method, '__name__', '')}()"}
    return found


@pytest.mark.parametrize(("file", "text"), ADVICE)
def test_every_option_in_a_text_has_words_in_python(file: str, text: str) -> None:
    """No flag is left, and each word that stands for one is an argument or a method that there is."""
    told = name_arguments(text)
    assert not names_flags(told)
    known = list_parameters() | {"x5cInsecure", "step_ott.OfflineCA"}
    for word in set(re.findall(r"[a-z][\w0-9]*=|\w+\(\)", told)) - set(re.findall(r"[a-z][\w0-9]*=|\w+\(\)", text)):
        assert word in known, (word, told)


def test_the_walk_walks() -> None:
    """There are such texts, and the walk above sees them."""
    assert len(ADVICE) > 20
    assert {"url=", "root=", "csr=", "ssh_host_token()"} <= list_parameters()


def test_setting_names_are_arguments() -> None:
    """What names a setting in an error names the argument that gave it."""
    assert setting_of("x5c-cert", "x").spelled == "certificate="
    assert setting_of("timeout", "x").spelled == "timeout="
    with pytest.raises(step_ott.UsageError) as caught, speaking_python():
        raise step_ott.UsageError("--san is empty", "give --san, or --for ssh-sign; uv pip install --python x")
    assert str(caught.value) == "sans= is empty: give sans=, or Endpoint.SSH_SIGN; uv pip install --python x"
    assert caught.value.__suppress_context__


ANSWERS: dict[str, bytes] = {
    "list": answer([]), "number": answer(5), "text": answer(b"x"), "nothing": answer(b""), "bytes": answer(b"\xff\xfe"),
    "deep": answer(b"[" * 100_000), "twice": answer(b'{"crts": [], "crts": []}'), "NaN": answer(b'{"crts": NaN}'),
    "404": answer({}, status=404), "403": answer({"message": "--san \x1b[31m"}, status=403),
    "500": answer({}, status=500),
    "301": answer({}, status=301, Location="http://evil.test/--root"), "no HTTP": b"SSH-2.0-x\r\n", "closed": b"",
    "short": b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 50\r\n\r\n{}",
    "long head": b"HTTP/1.1 200 OK\r\nA: " + b"x" * 70_000,
    "chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n", "huge": answer(b" " * (9 << 20)),
    "members": answer({"crts": 5, "provisioners": "x", "nextCursor": 5, "status": None, "ca": {}, "userKey": 1}),
    "odd provisioners": answer({"provisioners": [5, {}, {"type": "JWK", "name": "a"}, {"type": 5, "name": "b"}]}),
    "many": answer({"provisioners": [{}] * 10_001}), "loop": answer({"provisioners": [], "nextCursor": "x"}),
}  # fmt: skip

CALLS: dict[str, Any] = {
    "health": lambda ca: ca.health(),
    "roots": lambda ca: ca.roots(),
    "provisioners": lambda ca: ca.provisioners(),
    "issuer": lambda ca: ca.issuer("a", password=b"x"),
    "verify": lambda ca: step_ott.verify(TOKEN, ca, step_ott.Endpoint.SIGN),
    "by fingerprint": lambda ca: step_ott.CA.from_fingerprint(ca.url, "0d" * 32, timeout=timedelta(seconds=5)),
}
TOKEN = (
    "eyJhbGciOiJFUzI1NiIsImtpZCI6IngiLCJ0eXAiOiJKV1QifQ.eyJzdWIiOiJ4IiwiaXNzIjoiYSIsImF1ZCI6WyJodHRwczovL2NhLnRlc3QvMS4w"
    "L3NpZ24iXX0." + "A" * 86
)


def find_error(call: Callable[[], object]) -> step_ott.StepOttError | None:
    """Return the error of the tree that a call ends in, None where it ends in none; any other passes."""
    try:
        call()
    except step_ott.StepOttError as error:
        return error
    return None


def check(error: step_ott.StepOttError | None, *foreign: str) -> None:
    """Check that an error, where there is one, is public and complete, and names no flag but in foreign texts."""
    if error is None:
        return
    told = str(error)
    for text in foreign:
        told = told.replace(text, "")
    assert error.what and error.fix
    assert not names_flags(told)
    assert error.__suppress_context__
    assert getattr(step_ott, type(error).__name__) is type(error)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("told", ANSWERS)
def test_a_hostile_ca_makes_errors_of_the_tree_alone(
    told: str, call: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever a CA answers: a value, or an error with what and fix, without flags of ours, cause or output."""
    monkeypatch.setattr("adapters.ca.https_client.PAUSES", ())
    with serve(lambda _: ANSWERS[told]) as hostile:
        ca = step_ott.CA(hostile.url, root().pem, timeout=timedelta(seconds=20))
        error = find_error(lambda: CALLS[call](ca))
    check(error, r"--san \x1b[31m", "http://evil.test/--root")
    assert capfd.readouterr() == ("", "")


CONFIG = {"dnsNames": ["ca.test"], "authority": {}, "root": "/nonexistent/--root.crt"}
CONFIGS: dict[str, dict[str, Any]] = {
    "no such root": {}, "no root": {"root": ""}, "root is stdin": {"root": "-"}, "root is a folder": {"root": "/"},
    "many": {"authority": {"provisioners": [{}] * 10_001}}, "admin": {"authority": {"enableAdmin": True}},
    "claims": {"authority": {"claims": {"enableSSHCA": "x"}}}, "endless": {"root": "/dev/zero"}, "roots": {"root": []},
    "odd": {"authority": {"provisioners": [5, {"type": "JWK", "name": "a", "key": {}}]}},
    "no key": {"authority": {"provisioners": [{"type": "JWK", "name": "a", "key": {"kid": "x", "kty": "oct"}}]}},
}  # fmt: skip


@pytest.mark.parametrize("call", ["roots", "provisioners", "issuer", "verify", "fingerprint"])
@pytest.mark.parametrize("case", CONFIGS)
def test_an_odd_configuration_makes_errors_of_the_tree_alone(
    case: str, call: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """Offline likewise."""
    ca = step_ott.OfflineCA(CONFIG | CONFIGS[case])
    check(find_error(lambda: ca.fingerprint if call == "fingerprint" else CALLS[call](ca)), "/--root.crt")
    assert capfd.readouterr() == ("", "")
