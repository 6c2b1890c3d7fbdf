"""A module's text, with its imports of our packages as they are within the one package."""

import ast
import re
from collections.abc import Iterator

PACKAGE = "step_ott"
MOVED = ("domain", "adapters", "entrypoints")
"""The packages of the checkout that the wheel has within `PACKAGE`."""

LOADERS = frozenset({"__import__", "find_spec", "import_module", "resolve_name", "run_module"})
"""Functions that take a module by its name."""

OWN = "|".join(MOVED)
_FROM = re.compile(rf"from[ \t]+(?=(?:{OWN})\b)".encode())
_NAMED = re.compile(rf"(?<![\w./@-])(?:{OWN})\.[A-Za-z_%{{]|\b(?:from|import)\s+(?:{OWN})\b")
_BEGUN = re.compile(rf"(?:{OWN})\.?")


class LayoutError(Exception):
    """The checkout has something that the wheel cannot have."""


def rewrite_imports(text: str) -> str:
    """Return a module's text with its imports of ours as they are in the one package; no line is added or moved.

    Args:
        text: Its source, whose lines end with a line feed.

    Raises:
        LayoutError: it cannot be parsed, imports ours in a way that cannot be rewritten for certain, or names a module
            of ours in a string that is not documentation.
    """
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError) as error:
        raise LayoutError(f"cannot be parsed: {error}") from None
    _refuse_names_in_strings(tree)
    lines = text.encode().split(b"\n")  # as Python counts lines, and columns in bytes
    statements = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    for node in sorted(statements, key=lambda node: (node.lineno, node.col_offset), reverse=True):
        if isinstance(node, ast.Import):
            _refuse_plain(node)
        elif _imports_ours(node):
            line = lines[node.lineno - 1]
            found = _FROM.match(line, node.col_offset)
            if found is None:
                raise LayoutError(f"line {node.lineno}: write 'from', a space and the module on one line")
            lines[node.lineno - 1] = line[: found.end()] + f"{PACKAGE}.".encode() + line[found.end() :]
    return b"\n".join(lines).decode()


def list_roots(text: str) -> set[str]:
    """Return the first names of all modules that a module imports."""
    names = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(str(node.module).partition(".")[0])
    return names


def _refuse_plain(node: ast.Import) -> None:
    """Refuse `import domain.x`: it binds the name `domain`, which the wheel does not have."""
    for alias in node.names:
        if alias.name.partition(".")[0] in MOVED:
            raise LayoutError(f"line {node.lineno}: write 'from … import …' in place of 'import {alias.name}'")


def _imports_ours(node: ast.ImportFrom) -> bool:
    """Return whether the statement imports from a package that is moved."""
    if node.level:
        raise LayoutError(f"line {node.lineno}: a relative import: name the module from its top")
    return str(node.module).partition(".")[0] in MOVED


def _refuse_names_in_strings(tree: ast.Module) -> None:
    """Refuse what would look for a module under the name that it has in the checkout."""
    documentation = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and id(node) not in documentation:
            text = node.value.decode("latin-1") if isinstance(node.value, bytes) else node.value
            if isinstance(text, str) and (_NAMED.search(text) or text in {f"{name}." for name in MOVED}):
                raise LayoutError(f"line {node.lineno}: a module of ours is named in the string {node.value!r}")
        elif isinstance(node, ast.Call) and _name_function(node) in LOADERS:
            for name in filter(_BEGUN.fullmatch, _list_strings(node)):
                raise LayoutError(f"line {node.lineno}: the package {name} is named in a string")


def _name_function(call: ast.Call) -> str:
    """Return the last name of the function that is called, "" where it has none."""
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _list_strings(call: ast.Call) -> Iterator[str]:
    """Give the strings in a call's arguments."""
    for node in ast.walk(call):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
