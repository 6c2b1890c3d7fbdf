"""All fuzz targets."""

from tests.fuzz import formats
from tests.fuzz.target import Target

TARGETS: list[Target] = [*formats.TARGETS]
