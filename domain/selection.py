"""Choosing the provisioner that a token is made by (step CLI, utils/cautils/token_flow.go)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain.errors import UsageError
from domain.provisioners.base import OtherProvisioner, Provisioner
from domain.provisioners.types import TYPES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from domain.token_options import TokenOptions


def select_provisioners(provisioners: Sequence[Provisioner], options: TokenOptions) -> list[Provisioner]:
    """Return the provisioners that the options leave to choose from; never none.

    A kind of request that asks for a type by itself has it. Options that belong to one type alone keep that
    type; then `--kid`, then the name. Of what is left, those go first that step-ott can make a token by, that
    the CA lets authorise this kind of request, and that need no options of their own. A kid from environment
    or configuration rules out no type without kids that the user asks for.

    Raises:
        UsageError: none is left, naming the options up to that which ruled out the last.
    """
    kid, name = options.text("kid"), options.text("provisioner")
    left = [provisioner for provisioner in provisioners if options.request.kind in provisioner.own_kinds]
    if left:
        return left
    left = list(provisioners)
    own = sorted(frozenset().union(*(cls.options for cls in TYPES)).intersection(options.settings))
    sought: list[str] = []
    for option in own:
        left = [provisioner for provisioner in left if option in provisioner.options]
        sought.append(options.spell(option))
        _check_left(left, provisioners, sought)
    if kid is not None:
        is_habit = not options.is_flag("kid") and (own or options.is_flag("provisioner"))
        left = [one for one in left if one.key_id == kid or (is_habit and not one.key_id)]
        sought.append(f"{options.spell('kid')} {kid!r}")
        _check_left(left, provisioners, sought)
    if name is not None:
        left = [provisioner for provisioner in left if provisioner.name == name]
        sought.append(f"{options.spell('provisioner')} {name!r}")
        _check_left(left, provisioners, sought)
    able = [provisioner for provisioner in left if not isinstance(provisioner, OtherProvisioner)]
    if kid is None and name is None:
        _check_left(able, provisioners)
    left = able or left
    left = [provisioner for provisioner in left if options.request.kind in provisioner.kinds] or left
    return [provisioner for provisioner in left if own or provisioner.by_itself] or left


def _check_left(left: Sequence[Provisioner], provisioners: Sequence[Provisioner], sought: Sequence[str] = ()) -> None:
    """Explain which provisioners there are where none is left."""
    if left:
        return
    if not provisioners:
        raise UsageError("the CA has no provisioner", "add one to the CA's configuration")
    listed = ", ".join(provisioner.label() for provisioner in provisioners)
    if sought:
        raise UsageError(f"no provisioner matches {' and '.join(sought)}", f"the CA has {listed}")
    raise UsageError("the CA has no provisioner that a token can be made for", f"it has {listed}")
