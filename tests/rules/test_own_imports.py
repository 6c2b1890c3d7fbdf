"""Imports as the wheel has them: each form is rewritten for certain, or refused."""

import ast
import sys

import pytest

from tests.support.peer_programs import REPOSITORY

sys.path.insert(0, str(REPOSITORY / "distribution"))
from own_imports import MOVED, LayoutError, list_roots, rewrite_imports
from published_metadata import find_source, make_links_absolute, move_references, read_configuration


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("from domain import errors", "from step_ott.domain import errors"),
        ("from domain.errors import A as B", "from step_ott.domain.errors import A as B"),
        ("from domain.errors import *", "from step_ott.domain.errors import *"),
        ("from  \tdomain . errors import A", "from  \tstep_ott.domain . errors import A"),
        (
            "from adapters.jose import (\n    jws,\n    jwe,\n)",
            "from step_ott.adapters.jose import (\n    jws,\n    jwe,\n)",
        ),
        ("from domain.a import \\\n    b", "from step_ott.domain.a import \\\n    b"),
        (
            "x = 'é'; from domain import a; from adapters import b; from os import path",
            "x = 'é'; from step_ott.domain import a; from step_ott.adapters import b; from os import path",
        ),
        (
            "if x: from entrypoints import cli  # from domain",
            "if x: from step_ott.entrypoints import cli  # from domain",
        ),
        ("x = 'a\u2028b\x0cc\x1dd'\nfrom domain import a", "x = 'a\u2028b\x0cc\x1dd'\nfrom step_ott.domain import a"),
        ("x = 1\n\x0cfrom domain import a", "x = 1\n\x0cfrom step_ott.domain import a"),
        ('"""Such as `domain.errors`."""\nx: int\n"""See domain.ports."""', None),
        ("from domains import a\nimport domains.b\nimport domain_names, os.path as domain", None),
        ("from step_ott.token import Token", None),
        ("domain = host['domain']; domain.partition('.')", None),
        ("say('this is no domain.')", None),
        ("fetch('https://domain.example.com/', 'you@domain.com', 'sub.domain.com')", None),
    ],
    ids=range(16),
)
def test_imports_of_ours_are_rewritten_and_nothing_else(text: str, expected: str | None) -> None:
    """What stands before and behind an import stays as it is, to the character, and so does the number of each line."""
    rewritten = rewrite_imports(text)
    assert rewritten == (text if expected is None else expected)
    assert rewritten.count("\n") == text.count("\n")
    assert not list_roots(rewritten) & set(MOVED)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import domain", "line 1: write 'from … import …' in place of 'import domain'"),
        ("import os, domain.errors as e", "in place of 'import domain.errors'"),
        ("def f():\n    import adapters.jose", "line 2: write 'from"),
        ("from . import a", "line 1: a relative import"),
        ("from .domain import a", "a relative import"),
        ("from ..domain.a import b", "a relative import"),
        ("from \\\n    domain import a", "line 1: write 'from', a space and the module on one line"),
        ("from\x0cdomain import a", "on one line"),
        ("load('domain.errors')", "is named in the string 'domain.errors'"),
        ("load(b'domain.errors')", "is named in the string"),
        ("load('entrypoints.cli:run')", "is named in the string"),
        ("load(f'domain.{name}')", "is named in the string 'domain.'"),
        ("load(f'{a}domain.errors.{b}')", "is named in the string"),
        ("load('adapters.' + name)", "is named in the string 'adapters.'"),
        ("load('adapters.%s' % name)", "is named in the string"),
        ("load('adapters.{}'.format(name))", "is named in the string"),
        ("x: 'domain.errors.A'", "is named in the string"),
        ("sys.modules['domain.errors']", "is named in the string"),
        ("run([python, '-m', 'entrypoints.cli'])", "is named in the string"),
        ("exec('from domain import a')", "is named in the string"),
        ("exec('import  adapters')", "is named in the string"),
        ("import_module('domain')", "the package domain is named in a string"),
        ("importlib.import_module('.errors', package='domain')", "the package domain is named in a string"),
        ("__import__(name or 'adapters')", "the package adapters is named in a string"),
        ("from domain import (", "cannot be parsed"),
        ("x = '\0'", "cannot be parsed"),
    ],
    ids=range(26),
)
def test_what_cannot_be_rewritten_for_certain_is_refused(text: str, said: str) -> None:
    """The error names the line, and what to write."""
    with pytest.raises(LayoutError) as caught:
        rewrite_imports(text)
    assert said in str(caught.value)


@pytest.mark.parametrize("layer", [*MOVED, "step_ott"])
def test_the_modules_differ_by_their_imports_alone(layer: str) -> None:
    """Every module of the checkout can be rewritten, and is the same program but for the names."""
    paths = sorted((REPOSITORY / layer).rglob("*.py"))
    assert len(paths) > 5
    for path in paths:
        text = path.read_text(encoding="utf-8")
        before, after = ast.parse(text), ast.parse(rewrite_imports(text))
        for node in ast.walk(before):
            if isinstance(node, ast.ImportFrom) and str(node.module).partition(".")[0] in MOVED:
                node.module = f"step_ott.{node.module}"
        assert ast.dump(before) == ast.dump(after), path


CONFIGURATION = """
[metadata]
version = attr: entrypoints.__version__
project_urls =
    Source = https://git.example.com/us/it
[options.packages.find]
include =
    domain*
[options.package_data]
domain = py.typed
[options.entry_points]
console_scripts =
    tool=entrypoints.cli:run
    other = step_ott.thing : run
pytest11 =
    plugin = step_ott.plugin
"""


def test_what_setup_cfg_says_of_packages_is_moved() -> None:
    """The version, the programs, the packages and their data; spaces do not matter."""
    configuration = read_configuration(CONFIGURATION)
    move_references(configuration)
    assert configuration["metadata"]["version"] == "attr: step_ott.entrypoints.__version__"
    points = configuration["options.entry_points"]
    assert points["console_scripts"].split("\n")[1:] == [
        "tool = step_ott.entrypoints.cli:run",
        "other = step_ott.thing : run",
    ]
    assert points["pytest11"].strip() == "plugin = step_ott.plugin"
    assert configuration["options.packages.find"]["include"] == "step_ott*"
    assert dict(configuration["options.package_data"]) == {"step_ott": "py.typed"}
    assert find_source(configuration["metadata"]) == "https://git.example.com/us/it"


def test_an_unknown_place_in_setup_cfg_is_refused() -> None:
    """A module that is named where no rule moves it would be missing in the wheel."""
    configuration = read_configuration(f"{CONFIGURATION}\n[options]\ncmdclass =\n    x = domain.commands.X\n")
    with pytest.raises(LayoutError, match="cmdclass in"):
        move_references(configuration)


PAGE = "[a](docs/a.md#part) [docs/b.md](docs/b.md) [c](https://c.example) [d](#d) [`e`](LICENSE) [m](mailto:a@b.c)"


def test_links_are_made_absolute_by_the_repository() -> None:
    """Relative links lead to the tag of the version; others, and those within the page, stay."""
    base = "https://git.example.com/us/it/blob/v1.2.3"
    assert make_links_absolute(PAGE, "https://git.example.com/us/it/", "1.2.3") == (
        f"[a]({base}/docs/a.md#part) [docs/b.md]({base}/docs/b.md) [c](https://c.example) [d](#d) [`e`]({base}/LICENSE)"
        " [m](mailto:a@b.c)"
    )


def test_without_a_repository_links_become_text() -> None:
    """A link that leads nowhere is none; the file is named, for whoever has the source distribution."""
    assert make_links_absolute(PAGE, "", "1.2.3") == (
        "a (docs/a.md) docs/b.md [c](https://c.example) [d](#d) `e` (LICENSE) [m](mailto:a@b.c)"
    )


def test_every_folder_of_modules_is_a_package() -> None:
    """So that the wheel leaves no module behind."""
    for layer in MOVED:
        for path in (REPOSITORY / layer).rglob("*.py"):
            assert (path.parent / "__init__.py").is_file(), path
