"""The part of the composition root that asks the metadata services of clouds."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from domain.cloud.metadata import MetadataAnswer, MetadataRequest, MetadataService
    from domain.cloud.ports import InstanceMetadata


def wire_metadata() -> InstanceMetadata:
    """Return the metadata services where the clouds have them, or where the environment says that they are."""
    return _LateMetadata()


class _LateMetadata:
    """The metadata services, whose client is loaded when one is asked."""

    def __init__(self) -> None:
        self._client: InstanceMetadata | None = None

    def ask(self, service: MetadataService, request: MetadataRequest) -> MetadataAnswer:
        if self._client is None:
            self._client = _open_metadata()
        return self._client.ask(service, request)


def _open_metadata() -> InstanceMetadata:
    from adapters.cloud_metadata import HttpMetadata, find_address  # noqa: PLC0415

    return HttpMetadata(find_address=lambda service: find_address(service, os.environ))
