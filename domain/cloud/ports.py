"""The port to the metadata services of clouds."""

from typing import Protocol

from domain.cloud.metadata import MetadataAnswer, MetadataRequest, MetadataService


class InstanceMetadata(Protocol):
    """Asks the metadata services of the clouds that this machine may be in."""

    def ask(self, service: MetadataService, request: MetadataRequest) -> MetadataAnswer:
        """Return the answer, whatever its status; the time for all of them together is short, and wall-clock.

        Raises:
            UsageError: a setting of the environment's names no address.
            NetworkError: no answer, or not in time: this is not such a machine.
            InputError: the body is too long.
        """
        ...
