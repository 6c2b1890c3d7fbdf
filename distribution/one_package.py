"""The build backend: setuptools, but for a wheel in which everything lies in the one import package `step_ott`.

In the checkout `domain/`, `adapters/` and `entrypoints/` are packages of their own. Installed under these names they
would overwrite, or be hidden by, packages of others. So the wheel has them as `step_ott.domain` and so on, and every
import of them is rewritten by the syntax tree. What cannot be rewritten for certain fails the build
(docs/decisions/0009). A source distribution and an editable installation have the layout of the checkout.
"""

from __future__ import annotations

import gzip
import io
import os
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from own_imports import MOVED, PACKAGE, LayoutError, list_roots, rewrite_imports
from published_metadata import find_source, make_links_absolute, move_references, read_configuration
from setuptools import build_meta
from setuptools.build_meta import (
    build_editable,
    get_requires_for_build_editable,
    get_requires_for_build_sdist,
    prepare_metadata_for_build_editable,
)

__all__ = [
    "build_editable",
    "build_sdist",
    "build_wheel",
    "get_requires_for_build_editable",
    "get_requires_for_build_sdist",
    "get_requires_for_build_wheel",
    "prepare_metadata_for_build_editable",
    "prepare_metadata_for_build_wheel",
]

EPOCH = 1580601600
"""The time of all files, so that the same checkout gives the same bytes: 2 February 2020, as other backends take.
SOURCE_DATE_EPOCH in the environment goes before it."""

COPIED = ("LICENSE",)
MARKER = "py.typed"

Settings = Mapping[str, Any] | None


def get_requires_for_build_wheel(config_settings: Settings = None) -> list[str]:  # noqa: ARG001  # as PEP 517 has it
    """Return nothing beside `requires` in pyproject.toml; setuptools, asked for it, would write into the checkout."""
    return []


def build_wheel(wheel_directory: str, config_settings: Settings = None, metadata_directory: str | None = None) -> str:
    """Build the wheel from the one package (PEP 517)."""
    target = os.path.abspath(wheel_directory)
    metadata = metadata_directory and os.path.abspath(metadata_directory)
    with _laid_out():
        return str(build_meta.build_wheel(target, _own(config_settings), metadata))


def prepare_metadata_for_build_wheel(metadata_directory: str, config_settings: Settings = None) -> str:
    """Write the metadata of that wheel (PEP 517)."""
    target = os.path.abspath(metadata_directory)
    with _laid_out():
        return str(build_meta.prepare_metadata_for_build_wheel(target, _own(config_settings)))


def build_sdist(sdist_directory: str, config_settings: Settings = None) -> str:
    """Build the source distribution: the checkout as MANIFEST.in tells, with metadata as the wheel's (PEP 517)."""
    name = str(build_meta.build_sdist(sdist_directory, _own(config_settings)))
    _tidy_archive(Path(sdist_directory, name), Path.cwd())
    return name


def _own(settings: Settings) -> dict[str, Any] | None:
    """Return the settings as setuptools takes them."""
    return None if settings is None else dict(settings)


@contextmanager
def _laid_out() -> Iterator[None]:
    """Work in a folder where everything lies in the one package, until the block ends."""
    source, mask = Path.cwd(), os.umask(0o022)
    has_epoch = "SOURCE_DATE_EPOCH" in os.environ
    try:
        with tempfile.TemporaryDirectory() as name:
            lay_out(source, Path(name))
            os.environ.setdefault("SOURCE_DATE_EPOCH", str(EPOCH))
            os.chdir(name)
            try:
                yield
            finally:
                os.chdir(source)
    finally:
        os.umask(mask)
        if not has_epoch:
            os.environ.pop("SOURCE_DATE_EPOCH", None)


def lay_out(source: Path, target: Path) -> None:
    """Write the project at `source` to the empty folder `target` as the wheel has it.

    Raises:
        LayoutError: it has something that the wheel cannot have.
    """
    for name in MOVED:
        if (source / PACKAGE / name).exists() or (source / PACKAGE / f"{name}.py").exists():
            raise LayoutError(f"{PACKAGE}/{name} would be in the place of {name}/")
    others = {path.parent.name for path in source.glob("*/__init__.py")} - {PACKAGE, *MOVED}
    for name in (PACKAGE, *MOVED):
        home = target / PACKAGE / ("" if name == PACKAGE else name)
        for path in list_package_files(source / name):
            place = home / path.relative_to(source / name)
            place.parent.mkdir(parents=True, exist_ok=True)
            try:
                place.write_text(_rewrite(path, others), encoding="utf-8", newline="\n")
            except LayoutError as error:
                raise LayoutError(f"{path.relative_to(source)}: {error}") from None
    for name in COPIED:
        (target / name).write_bytes((source / name).read_bytes())
    configuration = read_configuration((source / "setup.cfg").read_text(encoding="utf-8"))
    (target / "README.md").write_text(_write_page(source), encoding="utf-8")
    move_references(configuration)
    with (target / "setup.cfg").open("w", encoding="utf-8") as file:
        configuration.write(file)


def list_package_files(folder: Path) -> Iterator[Path]:
    """Give the modules of a package, and its mark that it has types; whatever else lies there stays behind.

    Raises:
        LayoutError: a module could not be found in the wheel, since its folder is no package.
    """
    for path in sorted(folder.rglob("*")):
        parents = path.relative_to(folder).parts[:-1]
        if not path.is_file() or not all(map(str.isidentifier, parents)) or "__pycache__" in parents:
            continue
        if path.name == MARKER and not parents:
            yield path
        elif path.suffix == ".py" and path.stem.isidentifier():
            if not (path.parent / "__init__.py").is_file():
                raise LayoutError(f"{path.relative_to(folder.parent)}: there is no __init__.py beside it")
            yield path


def _rewrite(path: Path, others: set[str]) -> str:
    """Return what the wheel has of a file; `others` are the packages of the checkout that it has not."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise LayoutError(f"it is not UTF-8: {error}") from None
    if path.suffix != ".py":
        return text
    rewritten = rewrite_imports(text)
    if missing := list_roots(text) & others:
        raise LayoutError(f"it imports {', '.join(sorted(missing))}, which the wheel does not have")
    return rewritten


def _write_page(source: Path) -> str:
    """Return the README with links that work, or are none, where nobody has the checkout."""
    configuration = read_configuration((source / "setup.cfg").read_text(encoding="utf-8"))
    page = (source / "README.md").read_text(encoding="utf-8")
    return make_links_absolute(page, find_source(configuration["metadata"]), _read_version(source))


def _read_version(source: Path) -> str:
    for line in (source / "entrypoints" / "__init__.py").read_text(encoding="utf-8").splitlines():
        if line.startswith("__version__ = "):
            return line.split('"')[1]
    raise LayoutError("entrypoints/__init__.py has no __version__")


def _tidy_archive(path: Path, source: Path) -> None:
    """Write the source distribution anew: the README in its metadata as in the wheel's, and nothing of this machine."""
    page = (source / "README.md").read_text(encoding="utf-8")
    time = int(os.environ.get("SOURCE_DATE_EPOCH", EPOCH))
    written = io.BytesIO()
    with (
        tarfile.open(path) as old,
        gzip.GzipFile(fileobj=written, mode="wb", filename="", mtime=time) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as new,
    ):
        for member in sorted(old.getmembers(), key=lambda member: member.name):
            file = old.extractfile(member)
            content = b"" if file is None else file.read()
            if member.name.endswith("PKG-INFO"):
                content = content.decode().replace(page.strip(), _write_page(source).strip()).encode()
            tidy = tarfile.TarInfo(member.name)
            tidy.type, tidy.size, tidy.mtime = member.type, len(content), time
            tidy.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
            new.addfile(tidy, io.BytesIO(content))
    path.write_bytes(written.getvalue())
