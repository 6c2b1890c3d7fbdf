"""The metadata services by which clouds tell a machine who it is: what is asked of them, and what an answer may be."""

from collections.abc import Mapping
from enum import Enum

import attrs

from domain.errors import InputError


class MetadataService(Enum):
    """A cloud's service: what a machine that has it is called, and what lets it answer."""

    GOOGLE = ("a Google Cloud machine", "run this on one that has a service account")
    AMAZON = ("an Amazon EC2 instance", "run this on one whose metadata service is enabled")
    AZURE = ("an Azure machine", "run this on one that has a managed identity")

    def __init__(self, machine: str, remedy: str) -> None:
        self.machine = machine
        self.remedy = remedy


@attrs.frozen(kw_only=True)
class MetadataRequest:
    """A request to a metadata service.

    Attributes:
        path: With its leading slash, without a query.
        query: Names and values, not escaped.
        headers: Header fields.
        method: HTTP's.
        patience: The longest that it may take, in nanoseconds; None for all the time that there is.
    """

    path: str
    query: Mapping[str, str] = attrs.field(factory=dict)
    headers: Mapping[str, str] = attrs.field(factory=dict, repr=False)
    method: str = "GET"
    patience: int | None = None

    @property
    def target(self) -> str:
        """Path and query, as Go writes it (Go, net/url, Values.Encode)."""
        from urllib.parse import urlencode  # noqa: PLC0415  # slow to load

        return f"{self.path}?{urlencode(sorted(self.query.items()))}" if self.query else self.path


@attrs.frozen
class MetadataAnswer:
    """What a metadata service answers.

    Attributes:
        address: The service's.
        status: HTTP's.
        body: As it came.
    """

    address: str
    status: int
    body: bytes = attrs.field(repr=False)

    @property
    def succeeds(self) -> bool:
        """Whether it is what was asked for."""
        return self.status == 200


def take_body(answer: MetadataAnswer, service: MetadataService, request: MetadataRequest) -> bytes:
    """Return the body of the answer to `request`.

    Raises:
        InputError: the service refuses, or redirects.
    """
    if answer.succeeds:
        return answer.body
    what = "with a redirect, which is refused" if 300 <= answer.status < 400 else f"with status {answer.status}"
    raise misfit(service, answer.address, f"answers {request.path} {what}")


def misfit(service: MetadataService, address: str, what: str) -> InputError:
    """Return the error for `what` the service at `address` does, and that of such a machine would not."""
    return InputError(
        f"this does not seem to be {service.machine} with an identity: its metadata service at {address} {what}",
        service.remedy,
    )
