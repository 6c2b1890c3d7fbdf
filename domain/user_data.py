"""The `user` claim: data of the user's own for the CA's templates (`--set`, `--set-file`)."""

from collections.abc import Sequence
from typing import Any

from domain import json_text
from domain.errors import InputError, UsageError


def parse_assignment(text: str) -> tuple[str, Any]:
    """Return name and value of `text`, "name=value"; the value is JSON where it parses, else text.

    Raises:
        UsageError: no `=`, no name, or JSON with a member twice, too deep, or otherwise forbidden.
    """
    name, separator, value = text.partition("=")
    if not separator or not name:
        raise UsageError(f"--set {text!r} is not name=value", "write it as --set name=value")
    try:
        return name, json_text.parse(value)
    except json_text.MalformedJsonError:
        return name, value
    except json_text.ForbiddenJsonError as error:
        raise UsageError(f"--set {name}: its JSON value has {error}", "mend the value") from error


def merge_user_data(document: bytes | None, path: str, assignments: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """Return the `user` claim: the object in `document` with `assignments` laid over it in their order.

    Args:
        document: The content of the file `path`, a JSON object, or None where there is no file.
        path: Names the file in errors.
        assignments: Names and values as `parse_assignment` returns them.

    Raises:
        InputError: the document is not a JSON object, or holds what step-ott does not take.
    """
    data: Any = {}
    if document is not None:
        try:
            data = json_text.parse(document)
        except ValueError as error:
            raise InputError(f"--set-file {path} is not JSON that can be used: {error}", "mend the file") from error
        if not isinstance(data, dict):
            raise InputError(f"--set-file {path} holds no JSON object", 'write one, such as {"name": "value"}')
    return {**data, **dict(assignments)}
