"""How to install the library of an extra beside step-ott, however step-ott was installed."""

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
    python = shlex.quote(sys.executable)
    if os.path.exists(os.path.join(sys.prefix, PIPX_MARK)):
        installer = f"pipx inject {shlex.quote(os.path.basename(sys.prefix))}"
    elif os.path.exists(os.path.join(sys.prefix, UV_TOOL_MARK)) or find_spec("pip") is None:
        installer = f"uv pip install --python {python}"
    else:
        installer = f"{python} -m pip install"
    return f"add it by: {installer} {' '.join(libraries)}"
