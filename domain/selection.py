"""Choosing the provisioner that a token is made by (step CLI, utils/cautils/token_flow.go)."""

from collections.abc import Sequence

from domain.errors import UsageError
from domain.provisioners.base import OtherProvisioner, Provisioner
from domain.token_options import TokenOptions


def select_provisioners(provisioners: Sequence[Provisioner], options: TokenOptions) -> list[Provisioner]:
    """Return the provisioners that the options leave to choose from; never none.

    Options that belong to one type alone keep that type; then `--kid`, then the name. A type that no
    token can be made for is kept only where the user names it, so that the error can name it.

    Raises:
        UsageError: none is left, naming the option that ruled out the last.
    """
    left = [p for p in provisioners if not isinstance(p, OtherProvisioner)]
    if options.kid or options.provisioner:
        left = list(provisioners)
    for option in sorted({name for p in provisioners for name in p.options}):
        if option in options.settings:
            left = _keep([p for p in left if option in p.options], provisioners, option, options)
    if options.kid:
        left = _keep([p for p in left if p.key_id == options.kid], provisioners, "kid", options)
    if options.provisioner:
        left = _keep([p for p in left if p.name == options.provisioner], provisioners, "provisioner", options)
    return _keep(left, provisioners, "", options)


def _keep(
    left: list[Provisioner], provisioners: Sequence[Provisioner], option: str, options: TokenOptions
) -> list[Provisioner]:
    """Return `left`, or explain which provisioners there are where it is empty."""
    if left:
        return left
    listed = ", ".join(p.label() for p in provisioners)
    if not listed:
        raise UsageError("the CA has no provisioner", "add one to the CA's configuration")
    if not option:
        raise UsageError("the CA has no provisioner that a token can be made for", f"it has {listed}")
    setting = options.settings[option]
    shown = (
        options.spell(option) if option not in ("kid", "provisioner") else f"{options.spell(option)} {setting.value!r}"
    )
    raise UsageError(f"no provisioner matches {shown}", f"the CA has {listed}")
