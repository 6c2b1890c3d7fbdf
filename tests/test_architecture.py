"""The layers: who may import whom, read off the syntax trees."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.peer_programs import REPOSITORY

IMPURE = {
    "asyncio", "ctypes", "getpass", "http", "io", "logging", "multiprocessing", "os", "pathlib",
    "platform", "random", "secrets", "select", "shutil", "signal", "socket", "ssl", "subprocess",
    "sys", "tempfile", "termios", "threading", "time", "tty", "urllib", "uuid",
}  # fmt: skip
"""Modules of the standard library that reach a clock, randomness, files, a network or a terminal."""

LAYERS = {layer: sorted((REPOSITORY / layer).rglob("*.py")) for layer in ("domain", "adapters", "entrypoints")}
GROUND = {("adapters", "http"), ("adapters", "jose")}
"""Families of adapters that other adapters stand on."""

COMPOSITION_ROOTS = [
    path
    for path in LAYERS["entrypoints"]
    if path.name == "runs.py" or "wiring" in path.stem or path.parent.name == "wiring"
]


def list_imports(path: Path) -> Iterator[str]:
    """Give the dotted names of the modules that a file imports, at its top or within functions."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            yield node.module or ""


def name_file(path: Path) -> str:
    return str(path.relative_to(REPOSITORY))


@pytest.mark.parametrize("path", LAYERS["domain"], ids=name_file)
def test_the_domain_imports_pure_modules_attrs_and_itself(path: Path) -> None:
    """No clock, randomness, file, network or third-party library is within the domain's reach."""
    for name in list_imports(path):
        top = name.partition(".")[0]
        assert top not in IMPURE, f"{name} is not pure"
        assert top in {"attrs", "domain"} or top in sys.stdlib_module_names, f"{name} is not the domain's business"


@pytest.mark.parametrize("path", LAYERS["domain"], ids=name_file)
def test_the_domain_calls_nothing_that_reads_or_writes(path: Path) -> None:
    """The built-in ways to a file, to a terminal and to today's date are not used in the domain."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) else ""
            is_method = isinstance(node.func, ast.Attribute) and not ast.unparse(node.func.value).endswith("clock")
            method = node.func.attr if is_method and isinstance(node.func, ast.Attribute) else ""
            assert name not in {"open", "print", "input", "exec", "eval", "__import__"}, f"line {node.lineno}: {name}"
            assert method not in {"today", "utcnow", "now"}, f"line {node.lineno}: {method}"


@pytest.mark.parametrize("path", LAYERS["adapters"], ids=name_file)
def test_an_adapter_imports_its_family_and_the_ground_and_no_other_adapter(path: Path) -> None:
    """Adapters know the domain, their own library, their family, HTTP and JOSE, never an entry point."""
    allowed = GROUND | {path.relative_to(REPOSITORY).parts[:2]}
    for name in list_imports(path):
        assert tuple(name.split(".")[:2]) in allowed or name.partition(".")[0] not in {
            "adapters",
            "entrypoints",
            "tests",
        }, name


@pytest.mark.parametrize("path", LAYERS["entrypoints"], ids=name_file)
def test_only_the_composition_root_knows_adapters(path: Path) -> None:
    """Apart from the wiring and the command line, entry points see ports alone."""
    for name in list_imports(path):
        assert name.partition(".")[0] != "tests", name
        if path not in COMPOSITION_ROOTS:
            assert name.partition(".")[0] != "adapters", name


def test_each_layer_has_modules() -> None:
    """The walks above walk over something."""
    assert all(len(paths) > 5 for paths in LAYERS.values()), LAYERS
