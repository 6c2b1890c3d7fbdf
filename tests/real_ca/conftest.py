"""What a real step-ca has given, for tests to change."""

from pathlib import Path

import pytest

from tests.support.enrolled import Enrolled, enroll
from tests.support.peer_programs import RunningCa


@pytest.fixture
def enrolled(running_ca: RunningCa, tmp_path: Path) -> Enrolled:
    """A certificate of the running CA."""
    return enroll(running_ca.path, tmp_path / "held")
