"""How a library is installed beside step-ott, or upgraded there, however step-ott was installed."""

import os
import shlex
import sys
from importlib.util import find_spec

PIPX_MARK, UV_TOOL_MARK = "pipx_metadata.json", "uv-receipt.toml"
"""What pipx and `uv tool` write into an environment that is theirs."""


def tell_how_to_add(*libraries: str) -> str:
    """Return the command that adds libraries to the environment of this very program, as a remedy.

    It names the libraries themselves and no package of step-ott's, which is installed from a clone or from an index.
    """
    if _is_there(PIPX_MARK):
        return f"add it by: pipx inject {_name_environment()} {' '.join(libraries)}"
    return f"add it by: {_find_installer()} {' '.join(libraries)}"


def tell_how_to_upgrade(library: str) -> str:
    """Return the command that upgrades a library in the environment of this very program."""
    if _is_there(PIPX_MARK):
        return f"pipx runpip {_name_environment()} install --upgrade {library}"
    return f"{_find_installer()} --upgrade {library}"


def _find_installer() -> str:
    """Return the command that installs into an environment that pipx did not make."""
    python = shlex.quote(sys.executable)
    if _is_there(UV_TOOL_MARK) or find_spec("pip") is None:
        return f"uv pip install --python {python}"
    return f"{python} -m pip install"


def _is_there(mark: str) -> bool:
    return os.path.exists(os.path.join(sys.prefix, mark))


def _name_environment() -> str:
    """Return the name that pipx has for the environment."""
    return shlex.quote(os.path.basename(sys.prefix))
