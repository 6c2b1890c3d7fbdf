"""The `user` claim: data of the user's own for the CA's templates (`--set`, `--set-file`)."""

from typing import Any

from domain.errors import InputError, UsageError
from domain.formats import json_text
from domain.settings.setting import show_value

_INFINITY = float("inf")


def parse_assignment(text: str, whose: str = "--set") -> tuple[str, Any]:
    """Return name and value of `text`, "name=value"; the value is JSON where it parses, else text.

    Args:
        text: What was given.
        whose: What gave it, as the user wrote its name, for errors.

    Raises:
        UsageError: no `=`, no name, or JSON with a member twice, too deep, beyond a double, or otherwise
            forbidden.
    """
    name, separator, value = text.partition("=")
    if not separator or not name:
        raise UsageError(f"{show_value(whose, repr(text))} is not name=value", "write a name, '=' and a value")
    try:
        return name, _parse(value)
    except json_text.MalformedJsonError:
        return name, value
    except json_text.ForbiddenJsonError as error:
        raise UsageError(f"{show_value(whose, name)}: its JSON value has {error}", "fix the value") from error


def parse_document(document: bytes) -> dict[str, Any]:
    """Return the JSON object in `document`, a file's content.

    Raises:
        InputError: it is not a JSON object, or holds what step-ott does not take.
    """
    try:
        data = _parse(json_text.drop_mark(document))
    except ValueError as error:
        raise InputError(f"it is not JSON that can be used: {error}", "fix the file") from error
    if not isinstance(data, dict):
        raise InputError("it is not a JSON object", 'write one, such as {"name": "value"}')
    return data


def _parse(text: bytes | str) -> Any:
    """Return the JSON value in `text`, whose numbers step-ca can read.

    A number beyond a double fails the CA's parser, which then signs as if there were no claims at all
    (step-ca, authority/provisioner/options.go, unsafeParseSigned).

    Raises:
        MalformedJsonError, ForbiddenJsonError: as `json_text.parse` does, and for such a number.
    """
    value = json_text.parse(text)
    remaining = [value]
    while remaining:
        item = remaining.pop()
        if isinstance(item, dict):
            remaining.extend(item.values())
        elif isinstance(item, list):
            remaining.extend(item)
        elif _is_beyond_double(item):
            raise json_text.ForbiddenJsonError("a number beyond 1.8e308, which step-ca cannot read")
    return value


def _is_beyond_double(value: Any) -> bool:
    is_number = isinstance(value, int | json_text.Number) and not isinstance(value, bool)
    return is_number and abs(float(json_text.serialize(value))) == _INFINITY
