"""The build backend: setuptools, but for a wheel in which everything lies in the one import package `step_ott`.

In the checkout `domain/`, `adapters/` and `entrypoints/` are packages of their own. Installed under these names they
would overwrite, or be hidden by, packages of others. So the wheel has them as `step_ott.domain` and so on, and every
import of them is rewritten by the syntax tree. What cannot be rewritten for certain fails the build.
"""

import ast
import configparser
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from setuptools import build_meta
from setuptools.build_meta import *  # noqa: F403  # the hooks that stay as they are (PEP 517, PEP 660)

PACKAGE = "step_ott"
MOVED = ("domain", "adapters", "entrypoints")
COPIED = ("README.md", "LICENSE", "pyproject.toml", "distribution")

_OWN = "|".join(MOVED)
_MODULE = re.compile(rf"(?:{_OWN})(?:\.\w+)+")


class LayoutError(Exception):
    """A file names a module of ours in a way that the wheel cannot have."""


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):  # type: ignore[no-untyped-def]
    """Build the wheel from the one package (PEP 517)."""
    with _laid_out():
        return build_meta.build_wheel(wheel_directory, config_settings, metadata_directory)


def prepare_metadata_for_build_wheel(metadata_directory, config_settings=None):  # type: ignore[no-untyped-def]
    """Write the metadata of that wheel (PEP 517)."""
    with _laid_out():
        return build_meta.prepare_metadata_for_build_wheel(metadata_directory, config_settings)


@contextmanager
def _laid_out() -> Iterator[None]:
    """Work in a folder where everything lies in the one package, until the block ends."""
    source = Path.cwd()
    with tempfile.TemporaryDirectory() as name:
        lay_out(source, Path(name))
        os.chdir(name)
        try:
            yield
        finally:
            os.chdir(source)


def lay_out(source: Path, target: Path) -> None:
    """Write the project at `source` to the empty folder `target` as the wheel has it.

    Raises:
        LayoutError: something cannot be had there.
    """
    for name in (PACKAGE, *MOVED):
        shutil.copytree(
            source / name,
            target / PACKAGE / ("" if name == PACKAGE else name),
            ignore=shutil.ignore_patterns("__pycache__"),
            dirs_exist_ok=True,
        )
    for path in target.rglob("*.py"):
        try:
            path.write_text(rewrite_imports(path.read_text(encoding="utf-8")), encoding="utf-8")
        except LayoutError as error:
            raise LayoutError(f"{path.relative_to(target)}, {error}") from None
    for name in COPIED:
        copy = shutil.copytree if (source / name).is_dir() else shutil.copyfile
        copy(source / name, target / name)
    _write_configuration(source / "setup.cfg", target / "setup.cfg")


def rewrite_imports(text: str) -> str:
    """Return a module's text with its imports of ours as they are in the one package; no line is added or moved.

    Raises:
        LayoutError: an import in a form that is not known, or a module named in a string.
    """
    lines = text.splitlines(keepends=True)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.partition(".")[0] in MOVED:
                    raise LayoutError(f"line {node.lineno}: write 'from … import …' in place of 'import {alias.name}'")
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                raise LayoutError(f"line {node.lineno}: a relative import")
            if str(node.module).partition(".")[0] in MOVED:
                _rewrite(lines, node)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and _MODULE.fullmatch(node.value):
            raise LayoutError(f"line {node.lineno}: the module {node.value} is named in a string")
    return "".join(lines)


def _rewrite(lines: list[str], node: ast.ImportFrom) -> None:
    """Put the package in front of the module that the statement imports from."""
    line = lines[node.lineno - 1].encode()  # columns count bytes
    begin, statement = line[: node.col_offset], line[node.col_offset :].decode()
    found = re.match(rf"from[ \t]+(?={_OWN})", statement)
    if found is None:
        raise LayoutError(f"line {node.lineno}: an import that cannot be rewritten")
    lines[node.lineno - 1] = begin.decode() + found[0] + f"{PACKAGE}." + statement[found.end() :]


def _write_configuration(source: Path, target: Path) -> None:
    """Write setup.cfg for the one package."""
    configuration = configparser.ConfigParser(interpolation=None)
    configuration.optionxform = str  # type: ignore[assignment,method-assign]  # which would be lower case
    configuration.read(source, encoding="utf-8")
    for section, option in (("metadata", "version"), ("options.entry_points", "console_scripts")):
        value = configuration[section][option]
        configuration[section][option] = re.sub(rf"(?<=[ ])(?=(?:{_OWN})\b)", f"{PACKAGE}.", value)
    configuration["options.packages.find"]["include"] = f"{PACKAGE}*"
    configuration["options.package_data"] = {PACKAGE: "py.typed"}
    with target.open("w", encoding="utf-8") as file:
        configuration.write(file)
