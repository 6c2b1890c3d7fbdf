"""Options of step's that step-ott does not take, so that their refusal says what to do instead."""

from collections.abc import Mapping

_TEAM = ("it asks Smallstep's own servers for the CA", "give the CA's --ca-url and --fingerprint")

_OFFLINE = ("it opens the CA's own keys and database", "ask the running CA")
_OWN_FILES = ("the two files before it say the same", "leave it out")
_OF_SSH_RENEWAL = {
    "offline": _OFFLINE, "ca-config": _OFFLINE, "sshpop-cert": _OWN_FILES, "sshpop-key": _OWN_FILES,
}  # fmt: skip

REFUSED: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "ssh certificate": {
        "offline": _OFFLINE,
        "ca-config": _OFFLINE,
        "private-key": ("it is for an SSH agent, to which nothing is added here", "run ssh-add"),
        "min-password-length": ("a password is taken as it is", "leave it out"),
    },
    "ssh renew": _OF_SSH_RENEWAL,
    "ssh rekey": _OF_SSH_RENEWAL,
    "ssh revoke": {
        "offline": _OFFLINE,
        "ca-config": _OFFLINE,
        "set": ("it has no effect on a revocation", "leave it out"),
        "set-file": ("it has no effect on a revocation", "leave it out"),
    },
    "ca bootstrap": {"team": _TEAM, "team-authority": _TEAM, "team-url": _TEAM},
}
"""By command: each option with what it is for in step, and what to do instead."""
