"""How a missing library is to be added, in each kind of environment that step-ott may be installed into."""

import sys
from pathlib import Path

import pytest

from adapters.process import extras


@pytest.mark.parametrize(
    ("mark", "has_pip", "command"),
    [
        ("pipx_metadata.json", True, "pipx inject step-ott pynacl"),
        ("uv-receipt.toml", False, "uv pip install --python {python} pynacl"),
        ("pyvenv.cfg", False, "uv pip install --python {python} pynacl"),
        ("pyvenv.cfg", True, "{python} -m pip install pynacl"),
    ],
    ids=["pipx", "uv tool", "uv venv", "venv"],
)
def test_the_command_is_that_of_whatever_made_the_environment(
    mark: str, has_pip: bool, command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where uv made it there may be no pip, and what pipx made it is to know of."""
    prefix = tmp_path / "step-ott"
    prefix.mkdir()
    (prefix / mark).write_text("")
    monkeypatch.setattr(sys, "prefix", str(prefix))
    monkeypatch.setattr(sys, "executable", f"{prefix}/bin/my python")
    monkeypatch.setattr(extras, "find_spec", lambda _: object() if has_pip else None)
    upgrade = extras.tell_how_to_upgrade("urllib3")
    python = f"'{prefix}/bin/my python'"
    assert upgrade in (
        "pipx runpip step-ott install --upgrade urllib3",
        f"uv pip install --python {python} --upgrade urllib3",
        f"{python} -m pip install --upgrade urllib3",
    )
    assert upgrade.split()[0] == command.format(python=python).split()[0]
    assert extras.tell_how_to_add("pynacl") == "add it by: " + command.format(python=f"'{prefix}/bin/my python'")
