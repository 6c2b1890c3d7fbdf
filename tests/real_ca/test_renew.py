"""`ca renew` before a real step-ca."""

from pathlib import Path

import pytest

from tests.support.enrolled import Enrolled, enroll
from tests.support.peer_programs import RunningCa


@pytest.fixture
def enrolled(running_ca: RunningCa, tmp_path: Path) -> Enrolled:
    """A certificate of the running CA."""
    return enroll(running_ca.path, tmp_path / "held")


@pytest.mark.parametrize("way", [(), ("--mtls=false",)], ids=["by TLS", "by token"])
def test_a_certificate_is_renewed(way: tuple[str, ...], enrolled: Enrolled) -> None:
    """The new one has the same key and names and another serial number; stderr says step's sentence, and no more."""
    old = enrolled.leaf
    got = enrolled.run("ca", "renew", *enrolled.files(), "--force", *way)
    assert (got.status, got.out) == (0, "")
    assert got.err == f"Your certificate has been saved in {enrolled.certificate}.\n"
    new = enrolled.leaf
    assert (new.subject, new.public_key()) == (old.subject, old.public_key())
    assert new.serial_number != old.serial_number
    assert enrolled.fits() and not enrolled.left_behind()
