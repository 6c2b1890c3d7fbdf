"""Commands of step's that step-ott does not have, so that their refusal says what to do instead."""

from collections.abc import Mapping

_ADMIN = (
    "it changes the CA by its admin API",
    "use step itself, or change ca.json where the CA is not managed remotely",
)

REFUSED_COMMANDS: Mapping[str, tuple[str, str]] = {
    "ca acme": _ADMIN,
    "ca admin": _ADMIN,
    "ca policy": _ADMIN,
    "ca provisioner add": _ADMIN,
    "ca provisioner remove": _ADMIN,
    "ca provisioner update": _ADMIN,
    "ca provisioner webhook": _ADMIN,
    "ca init": ("it makes a CA", "use step itself, or 'step-ott sandbox' for a CA to try things on"),
}
"""By the words that a command begins with: what it is for in step, and what to do instead."""
