"""What the user should know beside the token: what the CA will say to it, and which flags made no difference."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain.provisioners.credential import Credential, IssuedToken
from domain.settings.devices import list_device_cautions, uses_device
from domain.settings.passwords import PASSWORD_FILES, choose_password_file, list_outranked
from domain.token.kind import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from domain.ca.url import CaUrl
    from domain.provisioners.authority import ListingAuthority
    from domain.provisioners.base import Provisioner
    from domain.token.options import TokenOptions

SHOWN_NAMES = 5


def list_cautions(
    options: TokenOptions,
    provisioner: Provisioner,
    credential: Credential | IssuedToken,
    authority: ListingAuthority,
    consulted: bool,
) -> Iterator[str]:
    """Give what the user should know beside the token: what the CA will say, which flags made no difference.

    Args:
        options: What was asked for.
        provisioner: Whose token it is.
        credential: What it is made with.
        authority: The CA.
        consulted: Whether a password was wanted.
    """
    yield from _list_flag_cautions(options, provisioner, credential, consulted)
    yield from _list_address_cautions(options, provisioner, credential, authority)


def _list_flag_cautions(
    options: TokenOptions, provisioner: Provisioner, credential: Credential | IssuedToken, consulted: bool
) -> Iterator[str]:
    request = options.request
    if request.kind not in provisioner.kinds:
        yield f"step-ca takes no {provisioner.type_name} token for {request.kind.path}; it will refuse this one"
    yield from credential.cautions
    yield from list_device_cautions(options)
    if isinstance(credential, IssuedToken):
        if not credential.names_subject and request.subject not in ("", credential.holder):
            yield f"the token is as it was issued to {credential.holder}; {request.subject!r} is not in it"
        if options.flag("offline"):
            unused = ("root",) if credential.names_ca else ("ca-url", "root")
            yield from _list_unused(options, unused, "the token is as it was issued")
        return
    if request.kind is Kind.RENEW:
        asking_nobody = "a renewal token is made without asking the CA"
        yield from _list_unused(options, ("root", "timeout", "request-timeout"), asking_nobody)
    chosen = choose_password_file(options)
    if consulted and chosen is not None:
        before = options.spell(chosen)
        yield from (f"{options.spell(name)} is not used: {before} takes precedence" for name in list_outranked(options))
    elif not consulted:
        needless = "the PIN does not come from it" if uses_device(options) else "the key is not encrypted"
        yield from _list_unused(options, PASSWORD_FILES, needless)


def _list_address_cautions(
    options: TokenOptions, provisioner: Provisioner, credential: Credential | IssuedToken, authority: ListingAuthority
) -> Iterator[str]:
    """Give what the user should know of the address, where the CA looks at it and takes such tokens at all."""
    kind = options.request.kind
    names_ca = credential.names_ca if isinstance(credential, IssuedToken) else provisioner.has_audiences
    if names_ca and kind in provisioner.kinds:
        yield from _compare_address(authority.url(), authority.names(), kind)


def _list_unused(options: TokenOptions, names: Sequence[str], reason: str) -> Iterator[str]:
    """Give a caution for each of the options that stands on the command line."""
    return (f"{options.spell(name)} is not used: {reason}" for name in names if options.is_flag(name))


def _compare_address(ca_url: CaUrl, names: Sequence[str], kind: Kind) -> Iterator[str]:
    """Give a caution where the CA has names and the address is none of them, as step-ca compares audiences.

    Args:
        names: The CA's names, none where they are not known.
        kind: What the token asks for.
    """
    if not names or ca_url.host in names:  # the rule itself is slow to load
        return
    from domain.ca_rules.audience import matches  # noqa: PLC0415
    from domain.ca_rules.endpoint import find_endpoint  # noqa: PLC0415

    endpoint = find_endpoint(kind)
    if endpoint is None or matches([f"{ca_url}{kind.path}"], endpoint, names):
        return
    more = ", …" if len(names) > SHOWN_NAMES else ""
    shown = ", ".join(names[:SHOWN_NAMES])
    yield (
        f"the CA calls itself {shown}{more} and not {ca_url.host}: it will refuse this token; "
        "use one of its own names in --ca-url"
    )
