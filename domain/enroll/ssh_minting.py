"""How a token for SSH is minted that is spent at once: by the settings, but for those that only the CA is told."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from domain.mint.judge_options import judge_signing, list_input_files
from domain.settings.authority import check_texts, judge_pairs, judge_standard_input, read_authority_options
from domain.settings.setting import Origin, Setting, Settings
from domain.token.claims import TokenRequest
from domain.token.options import TokenOptions

NEEDS = {"no-password": "insecure", "insecure": "no-password", "host-id": "host"}
"""Options that mean nothing without another one."""

OF_NEW_KEY = ("kty", "curve", "size")
_OF_MINTING = (
    "provisioner", "kid", "key", "kms", "x5c-cert", "x5c-key", "x5c-chain", "x5c-insecure", "nebula-cert", "nebula-key",
    "k8ssa-token-path", "provisioner-password-file", "console", "sshpop-cert", "sshpop-key",
)  # fmt: skip
"""Options by which a token is minted, which one that is there needs none of."""

EXCLUDES = (
    ("no-password", "password-file"),
    ("host", "add-user"),
    ("sign", "add-user"),
    *(("sign", name) for name in OF_NEW_KEY),
    *(("token", name) for name in _OF_MINTING),
)

NOT_OF_TOKEN = frozenset(
    {
        "add-user", "comment", "force", "host", "host-id", "insecure", "no-agent", "no-password", "not-after",
        "not-before", "out", "principal", "reason", "reason-code", "set", "set-file", "sign", "token", *OF_NEW_KEY,
    }
)  # fmt: skip
"""Options that say nothing of how the token is signed that is minted on the way."""


def judge_together(given: Settings) -> None:
    """Check that the settings, as `drop_absent` leaves them, go together, but for how the token is minted.

    Raises:
        UsageError: naming both of those that do not.
    """
    check_texts(given)
    judge_pairs(given, NEEDS, EXCLUDES)
    judge_standard_input(given, {*list_input_files(given), "token"})


def read_minting(
    request: TokenRequest, given: Settings, *, seals: bool = False, more: Mapping[str, Setting] | None = None
) -> TokenOptions:
    """Return how a token for the request is minted.

    Args:
        request: What it is to authorise.
        given: The settings, with those of the command that say nothing of that.
        seals: Whether a new key is encrypted by the password in --password-file.
        more: Settings that the command's words stand for.

    Raises:
        UsageError: the settings do not go together, or a value is malformed.
    """
    signing = {name: given[name] for name in given.keys() - NOT_OF_TOKEN} | {**(more or {})}
    if seals and "password-file" in signing:
        if "provisioner-password-file" in signing:
            del signing["password-file"]
        else:  # it opens the signing key where that wants a password, as in step, and has its use where not
            signing["password-file"] = attrs.evolve(signing["password-file"], origin=Origin.CONFIGURATION)
    judge_signing(signing, request.kind)
    authority = read_authority_options(signing)
    return TokenOptions(
        request=request,
        ca_url=authority.ca_url,
        timeout=authority.timeout,
        request_timeout=authority.request_timeout,
        settings=signing,
    )
