"""The ways in which the same token is minted: by asking the CA, beside its ca.json, or by flags alone."""

from pathlib import Path

import attrs

from tests.support.provisioned_ca import ProvisionedCa
from tests.support.running import Result, invoke

WAYS = ("online", "offline", "declared")


@attrs.frozen
class Mint:
    """Mints at a CA in one of the ways."""

    ca: ProvisionedCa
    environment: dict[str, str]
    flags: tuple[str, ...] = ()

    def __call__(self, *words: str) -> Result:
        """Run `token` with the way's flags and these words."""
        return invoke("token", *self.flags, *words, environment=self.environment)


def open_way(way: str, ca: ProvisionedCa, provisioner: str, folder: Path) -> Mint:
    """Return one of the `WAYS`; by flags alone, for the provisioner, with a step path in `folder` that is not there."""
    if way != "declared":
        return Mint(ca, ca.environment, ("--offline",) if way == "offline" else ())
    root = str(ca.ca.path / "certs" / "root_ca.crt")
    flags = ("--offline", "--issuer", provisioner, "--ca-url", ca.ca.url, "--root", root)
    return Mint(ca, {"STEPPATH": str(folder / "nothing")}, flags)
