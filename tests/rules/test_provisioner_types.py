"""The table of types: each row says what its class says, and loads nothing before it is asked."""

import subprocess
import sys

import pytest

from domain.provisioners.types import TYPES, claim_options, find_type, list_types
from entrypoints.command_line.options import TOKEN_OPTIONS
from tests.support.peer_programs import REPOSITORY


@pytest.mark.parametrize("name", TYPES)
def test_a_row_fits_its_class(name: str) -> None:
    """Name and options are those of the class; what it needs, reads and keeps secret are options of its own."""
    options, load = TYPES[name]
    cls = load()
    assert cls.type_name == name
    assert options <= {option.name for option in TOKEN_OPTIONS}
    assert options.issuperset({*cls.needs, *cls.needs_undeclared, *cls.files})
    assert set(cls.secrets) <= set(cls.files)


def test_no_option_belongs_to_two_types() -> None:
    """An option of its own keeps one type."""
    options = [option for own, _ in TYPES.values() for option in own]
    assert len(options) == len(set(options))


@pytest.mark.parametrize("name", TYPES)
def test_a_type_is_found_in_whatever_case(name: str) -> None:
    """A CA's configuration may spell it as it likes."""
    assert find_type(name.upper()) is find_type(name.lower()) is TYPES[name][1]()


def test_what_is_not_in_the_table_is_not_found() -> None:
    """A type without tokens, and one that nobody knows."""
    assert find_type("ACME") is find_type("") is None


def test_options_claim_their_types_in_the_tables_order() -> None:
    """Each type with its own options, sorted; what belongs to none claims none."""
    claimed = claim_options(["nebula-key", "x5c-key", "x5c-cert", "root"])
    assert [(cls.type_name, own) for cls, own in claimed] == [
        ("X5C", ["x5c-cert", "x5c-key"]),
        ("Nebula", ["nebula-key"]),
    ]


def test_all_types_are_told_as_a_phrase() -> None:
    """What a remedy says."""
    assert list_types().startswith("JWK, X5C, ") and list_types().count(" or ") == 1
    assert list_types().replace(" or ", ", ").split(", ") == list(TYPES)


def test_the_table_loads_no_type() -> None:
    """Each is loaded by what asks for it."""
    script = "import sys; import domain.provisioners.types; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, cwd=REPOSITORY, timeout=60, check=True)
    loaded = {name for name in done.stdout.decode().split() if name.startswith("domain.provisioners.")}
    assert loaded == {"domain.provisioners.types"}
