"""Parsed JSON objects as typed dictionaries, by cattrs: each member by its JSON type alone.

Unknown members are not judged. Two converters are made once: a quick one, and one that names all that does not fit,
for what the quick one refuses.
"""

from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar, get_args, is_typeddict

from cattrs import Converter, transform_error

_T = TypeVar("_T")


def read_record(value: Any, cls: type[_T]) -> _T:
    """Return `value`, parsed JSON, as the typed dictionary `cls`; it keeps members that `cls` does not name.

    A typed dictionary is made in a fraction of the time that a class takes.

    Raises:
        ValueError: naming every member that is missing or of the wrong type.
    """
    try:
        return _make_converter(detailed=False).structure(value, cls)
    except Exception:  # noqa: BLE001  # cattrs has none of its own here
        try:
            return _make_converter(detailed=True).structure(value, cls)
        except Exception as error:
            faults = transform_error(error, format_exception=_describe)
            raise ValueError("; ".join(map(_name_place, faults))) from error


def _describe(error: BaseException, _: type | None) -> str:
    return "is missing" if isinstance(error, KeyError) else str(error)


def _name_place(fault: str) -> str:
    """Return a fault such as "is not text @ $.name" with its place in front."""
    what, _, place = fault.rpartition(" @ $")
    return (place.removeprefix(".") or "it") + ("" if what.startswith("[") else " ") + what


@cache
def _make_converter(*, detailed: bool) -> Converter:
    """Return a converter that takes a JSON type for itself alone; cattrs' own makes text of anything."""
    converter = Converter(detailed_validation=detailed)

    def read_list(value: Any, cls: Any) -> list[Any]:
        (item,) = get_args(cls)
        return [_read_item(converter, *numbered, item) for numbered in enumerate(_expect(value, list, "a list"))]

    def make_dictionary_reader(cls: Any) -> Callable[[Any, Any], Any]:
        read_members = converter.gen_structure_typeddict(cls)
        return lambda value, _: read_members(_expect(value, dict, "a JSON object"), cls)

    def read_text_or_list(value: Any, _: Any) -> str | list[str]:
        return value if isinstance(value, str) else read_list(_expect(value, list, "text or a list"), list[str])

    converter.register_structure_hook(str, lambda value, _: _expect(value, str, "text"))
    converter.register_structure_hook(bool, lambda value, _: _expect(value, bool, "true or false"))
    converter.register_structure_hook_factory(is_typeddict, make_dictionary_reader)
    converter.register_structure_hook_func(
        lambda cls: getattr(cls, "__origin__", None) is dict, lambda value, _: _expect(value, dict, "a JSON object")
    )
    converter.register_structure_hook_func(lambda cls: getattr(cls, "__origin__", None) is list, read_list)
    converter.register_structure_hook_func(lambda cls: cls == str | list[str], read_text_or_list)
    return converter


def _read_item(converter: Converter, index: int, value: Any, cls: Any) -> Any:
    try:
        return converter.structure(value, cls)
    except TypeError as error:
        raise TypeError(f"[{index}] {error}") from error


def _expect(value: Any, cls: type[_T], what: str) -> _T:
    if type(value) is not cls:  # a Number is a str
        raise TypeError(f"is not {what}")
    return value
