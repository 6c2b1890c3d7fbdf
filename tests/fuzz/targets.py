"""All fuzz targets."""

from tests.fuzz import batches, certificates, formats, keys, servers, settings, tokens
from tests.fuzz.target import Target

FIELDS = (formats, keys, certificates, settings, tokens, batches, servers)
TARGETS: list[Target] = [target for field in FIELDS for target in field.TARGETS]
