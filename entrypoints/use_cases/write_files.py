"""The use case of files that may be there already: replaced by --force, or where the person at the terminal says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain.errors import OutputError, PersonNeededError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from domain.ports import Confirmer, OutputFile, OutputFiles


def write_files(
    files: Sequence[OutputFile],
    output: OutputFiles,
    confirmer: Confirmer,
    *,
    force: bool,
    unasked: Collection[str] = (),
) -> None:
    """Write files that belong together, all or none.

    A file that has the very content already is not asked about.

    Args:
        files: The files.
        output: Where they go.
        confirmer: Whom to ask.
        force: Whether whatever is there is replaced.
        unasked: Paths where what is there is replaced in any case: nothing is lost there.

    Raises:
        OutputError: one is there already and may not be replaced, or cannot be written.
    """
    taken = output.list_taken(files)
    for path in () if force else taken:
        if path not in unasked:
            _ask_to_overwrite(path, confirmer)
    output.write(files, [file.path for file in files] if force else taken)


def _ask_to_overwrite(path: str, confirmer: Confirmer) -> None:
    try:
        if confirmer.confirm(f"Would you like to overwrite {path}?"):
            return
    except PersonNeededError as error:
        raise OutputError(f"{path} exists", "add --force to replace it") from error
    raise OutputError(f"{path} exists, and stays as it is", "name another file, or answer yes")
