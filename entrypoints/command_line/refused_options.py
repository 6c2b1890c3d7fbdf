"""Options of step's that step-ott does not take, so that their refusal says what to do instead."""

from collections.abc import Mapping

_TEAM = ("it asks Smallstep's own servers for the CA", "give the CA's --ca-url and --fingerprint")

_OFFLINE = (
    "it changes the CA's own database beside the CA",
    "leave it out: the CA that runs does it",
)

REFUSED: Mapping[str, Mapping[str, tuple[str, str]]] = {
    **{name: {"offline": _OFFLINE, "ca-config": _OFFLINE} for name in ("ca renew", "ca rekey", "ca revoke")},
    "ca bootstrap": {"team": _TEAM, "team-authority": _TEAM, "team-url": _TEAM},
}
"""By command: each option with what it is for in step, and what to do instead."""
