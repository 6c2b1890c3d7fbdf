"""Options of step's that step-ott does not take, so that their refusal says what to do instead."""

from collections.abc import Mapping

_TEAM = ("it asks Smallstep's own servers for the CA", "give the CA's --ca-url and --fingerprint")

REFUSED: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "ca bootstrap": {"team": _TEAM, "team-authority": _TEAM, "team-url": _TEAM},
}
"""By command: each option with what it is for in step, and what to do instead."""
