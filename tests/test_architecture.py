"""The tree: who may import whom, read off the syntax trees; imports in functions and under TYPE_CHECKING count."""

import ast
import re
import sys
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.support.peer_programs import REPOSITORY

IMPURE = {
    "asyncio", "ctypes", "getpass", "http", "io", "logging", "multiprocessing", "os", "pathlib",
    "platform", "random", "secrets", "select", "shutil", "signal", "socket", "ssl", "subprocess",
    "sys", "tempfile", "termios", "threading", "time", "tty", "urllib.error", "urllib.request", "uuid",
}  # fmt: skip
"""Modules of the standard library that reach a clock, randomness, files, a network or a terminal."""

WINGS = [
    "masking", "errors", "ports", "formats", "ca", "keys", "report", "sign_in", "cloud", "settings", "certificates",
    "token", "ca_rules", "provisioners", "mint", "verify", "enroll", "inspect", "doctor", "batch", "sandbox",
]  # fmt: skip
"""The wings of the domain from the ground up: each stands on those before it."""

GROUND = ["process", "http", "jose"]
"""The families of adapters that every other one may stand on, and each of them on those before it."""

PARTS = {
    "entrypoints.command_line": [],
    "entrypoints.use_cases": [],
    "entrypoints.wiring": ["entrypoints.command_line", "entrypoints.use_cases"],
    "entrypoints.commands": ["entrypoints.command_line", "entrypoints.use_cases", "entrypoints.wiring"],
}
"""The folders of the entry points, each with those that it knows."""

FACE = "step_ott"
"""The package that programs import: an entry point, and in the wheel the home of all others."""

USED_BY_THE_FACE = ("domain", "adapters", "entrypoints.use_cases", "entrypoints.wiring", FACE)

LAYERS = {layer: sorted((REPOSITORY / layer).rglob("*.py")) for layer in ("domain", "adapters", "entrypoints", FACE)}
FILES = [path for paths in LAYERS.values() for path in paths]


def name_file(path: Path) -> str:
    return str(path.relative_to(REPOSITORY))


def name_module(path: Path) -> str:
    return name_file(path).removesuffix(".py").replace("/", ".").removesuffix(".__init__")


MODULES = {name_module(path): path for path in FILES}


def list_imports(path: Path) -> Iterator[str]:
    """Give the dotted names of the modules that a file imports, wherever it does."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            whole = str(node.module)
            yield from {
                f"{whole}.{alias.name}" if f"{whole}.{alias.name}" in MODULES else whole for alias in node.names
            }


IMPORTS = {name_module(path): sorted(set(list_imports(path))) for path in FILES}


def find_circle(graph: Mapping[str, list[str]]) -> list[str]:
    """Return the nodes of one circle, none where there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_a_circle_is_seen() -> None:
    """The search for circles finds one, and none where there is none."""
    assert find_circle({"a": ["b"], "b": ["c"], "c": ["a"]})
    assert not find_circle({"a": ["b", "c"], "b": ["c"]})


def test_there_is_no_circle_of_modules() -> None:
    """No module needs itself, by however many others, not even for an annotation."""
    assert not find_circle({module: [name for name in names if name in MODULES] for module, names in IMPORTS.items()})


@pytest.mark.parametrize("path", LAYERS["domain"], ids=name_file)
def test_the_domain_imports_pure_modules_attrs_and_itself(path: Path) -> None:
    """No clock, randomness, file, network or third-party library is within the domain's reach."""
    for name in list_imports(path):
        top = name.partition(".")[0]
        assert not {top, name} & IMPURE, f"{name} is not pure"
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


@pytest.mark.parametrize("path", LAYERS["domain"], ids=name_file)
def test_a_wing_stands_on_those_before_it(path: Path) -> None:
    """A wing of the domain imports itself and what comes before it in the order."""
    wing = name_module(path).split(".")[1:2]
    for name in list_imports(path):
        if wing and name.startswith("domain."):
            assert WINGS.index(name.split(".")[1]) <= WINGS.index(wing[0]), name


@pytest.mark.parametrize("path", LAYERS["adapters"], ids=name_file)
def test_an_adapter_knows_its_family_and_the_ground(path: Path) -> None:
    """Adapters know the domain, their own library, their family, and of the others the ground alone."""
    family = name_module(path).split(".")[1:2]
    for name in list_imports(path):
        top, *rest = name.split(".")
        assert top not in {"entrypoints", "tests"}, name
        if top == "adapters":
            ground = GROUND[: GROUND.index(family[0])] if family[0] in GROUND else GROUND
            assert rest[:1] == family or rest[0] in ground, name


@pytest.mark.parametrize("path", LAYERS["entrypoints"], ids=name_file)
def test_only_the_wiring_knows_adapters(path: Path) -> None:
    """Command line and use cases see ports alone, and do not know each other."""
    module = name_module(path)
    part = next((part for part in PARTS if module.startswith(part)), None)
    for name in list_imports(path):
        top = name.partition(".")[0]
        assert top != "tests", name
        if part is not None and top == "entrypoints":
            known = (part, *PARTS[part], "entrypoints.process", "entrypoints.lean_imports")
            assert name.startswith(known) or name == "entrypoints", name
        if top == "adapters":
            assert part in ("entrypoints.wiring", "entrypoints.commands"), name


@pytest.mark.parametrize("path", LAYERS[FACE], ids=name_file)
def test_the_face_uses_what_the_command_line_uses(path: Path) -> None:
    """It has the use cases and their wiring, and nothing of the command line but the program and its version."""
    module = name_module(path)
    for name in list_imports(path):
        if name.partition(".")[0] in LAYERS:
            is_program = module == f"{FACE}.__main__" and name == "entrypoints.cli"
            is_version = module == FACE and name == "entrypoints"
            assert f"{name}.".startswith(tuple(f"{used}." for used in USED_BY_THE_FACE)) or is_program or is_version, (
                name
            )
        assert name.partition(".")[0] != "tests", name


@pytest.mark.parametrize("path", [path for path in FILES if path not in LAYERS[FACE]], ids=name_file)
def test_nothing_of_ours_imports_the_face(path: Path) -> None:
    """Who uses it is outside: programs, examples and tests."""
    assert not [name for name in list_imports(path) if name.partition(".")[0] == FACE]


@pytest.mark.parametrize("path", FILES, ids=name_file)
def test_no_module_is_named_in_a_string(path: Path) -> None:
    """What is loaded is imported, where readers and type checkers can follow."""
    named = [
        node.value
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if re.fullmatch(r"(domain|adapters|entrypoints)(\.\w+)+", node.value)
    ]
    assert not named, named


def test_each_layer_has_modules() -> None:
    """The walks above walk over something."""
    assert all(len(paths) > 5 for paths in LAYERS.values()), LAYERS
    assert {name_module(path).split(".")[1] for path in LAYERS["domain"][1:]} == set(WINGS)
