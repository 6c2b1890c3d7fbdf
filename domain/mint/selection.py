"""Choosing the provisioner that a token is made by (step CLI, utils/cautils/token_flow.go)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain.errors import UsageError
from domain.provisioners.base import list_labels
from domain.provisioners.types import claim_options, list_own_options
from domain.token.kind import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from domain.provisioners.base import Provisioner
    from domain.token.options import TokenOptions


def select_provisioners(
    provisioners: Sequence[Provisioner], options: TokenOptions, source: tuple[str, str] = ("", "")
) -> list[Provisioner]:
    """Return the provisioners that the options leave to choose from; never none.

    Options that belong to one type alone keep that
    type; then `--kid`, then the name. Of what is left, those go first that step-ott can make a token by, that
    the CA lets authorise this kind of request, that have a key, and that need no options of their own. A kid from
    environment or configuration rules out no type without kids that the user asks for.

    Args:
        source: Where the list is from, for errors (see `domain.ca.ports.Authority.source`).

    Raises:
        UsageError: none is left, naming the options up to that which ruled out the last.
    """
    if options.request.kind is Kind.RENEW:  # there is nothing to choose among
        return list(provisioners)
    left, sought = list(provisioners), []
    for spelled, keeps in _list_filters(options):
        left = [provisioner for provisioner in left if keeps(provisioner)]
        sought.append(spelled)
        _check_left(left, provisioners, source, sought)
    able = [provisioner for provisioner in left if provisioner.makes_tokens]
    if "kid" not in options.settings and "provisioner" not in options.settings:
        _check_left(able, provisioners, source)
    left = able or left
    left = [provisioner for provisioner in left if options.request.kind in provisioner.kinds] or left
    left = _keep_signing(left, options, source)
    return [one for one in left if one.by_itself or list_own_options(one, options.settings)] or left


def _list_filters(options: TokenOptions) -> Iterator[tuple[str, Callable[[Provisioner], bool]]]:
    """Give what the options select by, as the user wrote it, each with what it keeps."""
    own = sorted(option for _, claimed in claim_options(options.settings) for option in claimed)
    for option in own:
        yield options.spell(option), lambda one, option=option: bool(list_own_options(one, [option]))  # type: ignore[misc]
    kid, name = options.text("kid"), options.text("provisioner")
    if kid is not None:
        is_habit = not options.is_flag("kid") and (own or options.is_flag("provisioner"))
        yield f"{options.spell('kid')} {kid!r}", lambda one: one.key_id == kid or bool(is_habit and not one.key_id)
    if name is not None:
        yield f"{options.spell('provisioner')} {name!r}", lambda one: one.name == name


def _keep_signing(left: list[Provisioner], options: TokenOptions, source: tuple[str, str]) -> list[Provisioner]:
    """Return those that have a key, from the CA or the user; one that is left alone says itself what it lacks."""
    signing = left if options.flag("key") else [one for one in left if not one.lacks_key]
    if not signing and len(left) > 1:
        what = f"{source[0] or 'the CA'} keeps no key of {list_labels(left)}"
        raise UsageError(what, "give the private key of one of them with --key")
    return signing or left


def _check_left(
    left: Sequence[Provisioner],
    provisioners: Sequence[Provisioner],
    source: tuple[str, str],
    sought: Sequence[str] = (),
) -> None:
    """Explain which provisioners there are where none is left."""
    if left:
        return
    file, hint = source
    lister = file or "the CA"
    if not provisioners:
        raise UsageError(f"{lister} has no provisioner", hint or "add one to the CA's configuration")
    listed = list_labels(provisioners) + (hint and f"; {hint}")
    if sought:
        raise UsageError(f"no provisioner matches {' and '.join(sought)}", f"{lister} has {listed}")
    raise UsageError(f"{lister} has no provisioner that a token can be made for", f"it has {listed}")
