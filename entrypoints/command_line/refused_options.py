"""Options of step's that step-ott does not take, so that their refusal says what to do instead."""

from collections.abc import Mapping

_TEAM = ("it asks Smallstep's own servers for the CA", "give the CA's --ca-url and --fingerprint")
_ACME = (
    "it gets certificates by ACME, without a token",
    "use an ACME client such as certbot or lego with the address of the CA's ACME provisioner",
)
_ATTESTATION = (
    "it proves by ACME that a key is in a device",
    "use step for that; a key in a PKCS#11 device is named in the place of the key file",
)
_OFFLINE = (
    "it signs by the CA's own key",
    "leave it out: the CA that runs signs; a token is minted without it by 'step-ott token --offline'",
)

_BY_ACME = dict.fromkeys(("acme", "standalone", "webroot", "contact", "http-listen"), _ACME)
_BY_ATTESTATION = dict.fromkeys(
    (
        "attestation-uri",
        "attestation-ca-url",
        "attestation-ca-root",
        "attestation-ca-insecure",
        "tpm-storage-directory",
    ),
    _ATTESTATION,
)
_BY_CA_KEY = {"offline": _OFFLINE, "ca-config": _OFFLINE}

_OWN_FILES = ("the two files before it say the same", "leave it out")
_OF_SSH_RENEWAL = {
    **_BY_CA_KEY, "sshpop-cert": _OWN_FILES, "sshpop-key": _OWN_FILES,
}  # fmt: skip

REFUSED: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "ssh certificate": {
        **_BY_CA_KEY,
        "private-key": ("it is for an SSH agent, to which nothing is added here", "run ssh-add"),
        "min-password-length": ("a password is taken as it is", "leave it out"),
    },
    "ssh renew": _OF_SSH_RENEWAL,
    "ssh rekey": _OF_SSH_RENEWAL,
    "ssh revoke": {
        **_BY_CA_KEY,
        "set": ("it has no effect on a revocation", "leave it out"),
        "set-file": ("it has no effect on a revocation", "leave it out"),
    },
    "ca renew": _BY_CA_KEY,
    "ca rekey": {
        **_BY_CA_KEY,
        "kms": (
            "TLS shows the old certificate by its key, which must be in a file",
            "renew the certificate, or use step",
        ),
    },
    "ca revoke": dict.fromkeys(("offline", "ca-config"), ("it writes into the CA's own database", "leave it out")),
    "ca bootstrap": {"team": _TEAM, "team-authority": _TEAM, "team-url": _TEAM},
    "ca certificate": _BY_ACME | _BY_ATTESTATION | _BY_CA_KEY,
    "ca sign": {
        **_BY_ACME,
        **_BY_CA_KEY,
        "san": ("the names are those of the CSR", "leave it out, or make the CSR for these names"),
    },
}
"""By command: each option with what it is for in step, and what to do instead."""
