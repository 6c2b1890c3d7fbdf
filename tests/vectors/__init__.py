"""Published test vectors; README.md beside this file says where each is from."""

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent


def load_vector(name: str) -> Any:
    """Return what the vector file `name` holds."""
    return json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
