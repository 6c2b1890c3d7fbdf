"""A Salt ext_pillar that gives each minion the token for its own certificate, in the pillar `step_ca:token`.

Put it into the folder `pillar` of the master's `extension_modules`, and into the master's configuration:

    ext_pillar:
      - salt_pillar:
          url: https://ca.example.com
          root: /etc/step/root_ca.crt
          provisioner: salt@example.com
          password_file: /etc/step/password
"""

from functools import lru_cache
from pathlib import Path
from typing import Any

import step_ott


def ext_pillar(minion_id: str, pillar: dict[str, Any], **where: str) -> dict[str, Any]:
    return {"step_ca": {"token": str(_open_issuer(**where).token(minion_id))}}


@lru_cache
def _open_issuer(url: str, root: str, provisioner: str, password_file: str) -> step_ott.JwkIssuer:
    """Open the key once for each worker of the master."""
    return step_ott.CA(url, root=root).issuer(provisioner, password=Path(password_file))
