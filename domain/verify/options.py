"""What the user asks `verify`, judged before any file or network is touched."""

import attrs

from domain.ca.cert_types import CERT_TYPES
from domain.ca_rules.endpoint import Endpoint
from domain.errors import MissingSettingError, UsageError
from domain.settings import authority as authority_options
from domain.settings.authority import AuthorityOptions, judge_standard_input, read_authority_options
from domain.settings.setting import Origin, Settings, drop_absent, spell

ENDPOINT_OF_OPTION = {
    "csr": Endpoint.SIGN,
    "cert-type": Endpoint.SSH_SIGN,
    "key-id": Endpoint.SSH_SIGN,
    "principal": Endpoint.SSH_SIGN,
}
"""The options that describe the request to be made, with the endpoint where there is such a thing.

They say nothing of other requests, and are refused there; configuration may have them for other commands.
"""


@attrs.frozen(eq=False, kw_only=True)
class VerifyOptions(AuthorityOptions):
    """One question to foretell.

    Attributes:
        endpoint: Where the token will be shown.
        csr: The file of the CSR that it will be shown with, None where it is not named.
    """

    endpoint: Endpoint
    csr: str | None


def read_verify_options(source: str, settings: Settings) -> VerifyOptions:
    """Return the question that the settings ask of the token in `source`.

    Raises:
        UsageError: the settings do not go together, or a value is malformed.
    """
    given = drop_absent(settings)
    authority = read_authority_options(given)
    endpoint = _read_endpoint(given)
    for option, its_own in ENDPOINT_OF_OPTION.items():
        is_asked = option in given and given[option].origin is not Origin.CONFIGURATION
        if is_asked and endpoint is not its_own:
            fix = f"use it with --for {its_own.value}"
            raise UsageError(f"{spell(given, option)} does not apply to {endpoint.value}", fix)
    cert_type = authority.text("cert-type")
    if cert_type not in (None, *CERT_TYPES):
        raise UsageError(f"{spell(given, 'cert-type')} {cert_type!r} is not known", "write user or host")
    judge_standard_input(given, {*authority_options.INPUT_FILES, "csr"})
    if source == "-" and "-" in (authority.text(name) for name in (*authority_options.INPUT_FILES, "csr")):
        raise UsageError("the token and another input both read standard input", "give one of them a file")
    return VerifyOptions(
        endpoint=endpoint,
        csr=authority.text("csr"),
        ca_url=authority.ca_url,
        timeout=authority.timeout,
        request_timeout=authority.request_timeout,
        settings=given,
    )


def _read_endpoint(given: Settings) -> Endpoint:
    names = [endpoint.value for endpoint in Endpoint]
    if "for" not in given:
        wish = f"say what the token will be used for: {', '.join(names)}"
        raise MissingSettingError("--for is missing", wish)
    name = str(given["for"].value)
    if name not in names:
        raise UsageError(f"{spell(given, 'for')} {name!r} is not known", f"choose one of {', '.join(names)}")
    return Endpoint(name)
