"""The metadata services of clouds, over plain HTTP: never through a proxy, and never for long."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from adapters.http.bounded import Allowance, Exchange, ExchangeError, FaultKind
from adapters.http.pool import Pool
from domain.ca.url import check_host
from domain.cloud.metadata import MetadataAnswer, MetadataRequest, MetadataService, misfit
from domain.errors import NetworkError, UsageError
from domain.formats.duration import NANOSECONDS, format_duration

ADDRESSES: Mapping[MetadataService, tuple[str, str]] = {
    MetadataService.GOOGLE: ("GCE_METADATA_HOST", "http://metadata"),
    MetadataService.AMAZON: ("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://169.254.169.254"),
    MetadataService.AZURE: ("AZURE_POD_IDENTITY_AUTHORITY_HOST", "http://169.254.169.254"),
}
"""Where each service is, behind the variable by which its cloud's own libraries let it be elsewhere."""

MAX_BODY_BYTES = 65_536
TIMEOUT = 2 * NANOSECONDS
"""For all requests of a run together."""

_MILLISECOND = NANOSECONDS // 1_000


def find_address(service: MetadataService, environment: Mapping[str, str]) -> str:
    """Return where the service is: `http://`, host, and perhaps a port.

    Raises:
        UsageError: the environment names no such address.
    """
    variable, usual = ADDRESSES[service]
    named = environment.get(variable, "")
    if not named:
        return usual
    try:
        return read_address(named if "://" in named else f"http://{named}")
    except ValueError as error:
        raise UsageError(
            f"{variable} is not an address of a metadata service", "write it as http://host:port"
        ) from error


def read_address(text: str) -> str:
    """Return an address of a service as `find_address` does.

    Raises:
        ValueError: it is something else.
    """
    url = urlsplit(text)
    host, port = check_host(url.hostname or ""), url.port
    if url.scheme != "http" or url.username is not None or url.path.strip("/") or url.query or url.fragment:
        raise ValueError("more or less than scheme, host and port")
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}" + ("" if port is None else f":{port}")


class HttpMetadata:
    """An `InstanceMetadata` (see `domain.cloud.ports`) over HTTP.

    Attributes:
        environment: Names the addresses of services that are not where they usually are (see `ADDRESSES`).
        timeout: Nanoseconds for all requests together; by default `TIMEOUT`.
    """

    def __init__(self, environment: Mapping[str, str], *, timeout: int | None = None) -> None:
        self.environment = environment
        self.timeout = TIMEOUT if timeout is None else timeout
        self._time = Allowance(self.timeout / NANOSECONDS)

    def ask(self, service: MetadataService, request: MetadataRequest) -> MetadataAnswer:
        address = find_address(service, self.environment)
        left = max(0, round(self._time.left() * NANOSECONDS))
        bound = left if request.patience is None else min(left, request.patience)
        exchange, pool = Exchange(bound / NANOSECONDS, MAX_BODY_BYTES), Pool()
        url, headers = address + request.target, request.headers
        try:
            with self._time.spending():
                answer = exchange.run(lambda: pool.ask(exchange, request.method, url, headers))
        except ExchangeError as fault:
            if fault.kind is FaultKind.OVERSIZED:
                raise misfit(service, address, f"answers {request.path} with {fault.reason}") from fault
            how = {
                FaultKind.LATE: f"did not answer within {self._describe(bound, left)}",
                FaultKind.UNREACHABLE: f"cannot be reached: {fault.reason}",
            }.get(fault.kind, "gives no valid HTTP answer")  # whose reason may hold what was answered
            raise NetworkError(
                f"this does not seem to be {service.machine}: its metadata service at {address} {how}",
                "mint on such a machine, or choose another provisioner with --provisioner",
            ) from fault
        finally:
            pool.close()
        return MetadataAnswer(address, answer.status, answer.body)

    def _describe(self, bound: int, left: int) -> str:
        """Return the time that a request had, or all of them together where nothing was left for it."""
        had, whole = format_duration(bound - bound % _MILLISECOND), format_duration(self.timeout)
        if bound < _MILLISECOND:
            return whole
        return f"{had}, all that was left of {whole}" if bound == left < self.timeout else had
