"""The pure rules of signing in: addresses, an identity provider's own description, and its answers."""

import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import IdentityError
from domain.sign_in.client import IdentityClient, parse_provider_url
from domain.sign_in.provider import MAX_SHOWN, read_code, read_device_grant, read_metadata, refuse

IDP = "https://id.example.com"
MICROSOFT, TENANT = "https://login.microsoftonline.com", "8d30-4f1d"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


def make_client(endpoint: str = IDP, **members: Any) -> IdentityClient:
    return IdentityClient(client_id="client", configuration_endpoint=endpoint, **members)


def describe(issuer: Any = IDP, **members: Any) -> dict[str, Any]:
    """Return a provider's description."""
    names = ("authorization_endpoint", "token_endpoint", "jwks_uri")
    return {"issuer": issuer} | {name: f"{IDP}/{name}" for name in names} | members


# -- Addresses --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("endpoint", "address"),
    [
        (IDP, f"{IDP}/.well-known/openid-configuration"),
        (f"{IDP}/", f"{IDP}/.well-known/openid-configuration"),
        (f"{IDP}/realms/a/", f"{IDP}/realms/a/.well-known/openid-configuration"),
        (f"{IDP}/.well-known/openid-configuration", f"{IDP}/.well-known/openid-configuration"),
        (f"{IDP}/a?p=b", f"{IDP}/a/.well-known/openid-configuration?p=b"),
        (f"{IDP}:8443/.well-known/openid-configuration?p=b", f"{IDP}:8443/.well-known/openid-configuration?p=b"),
    ],
)
def test_the_description_is_where_step_ca_looks_for_it(endpoint: str, address: str) -> None:
    """The well-known part is added where it is not there (step-ca, provisioner/oidc.go, Init)."""
    assert make_client(endpoint).discovery_url().text == address


@pytest.mark.parametrize(
    "text",
    ["https://id.test", "https://id.test:65535/a?b=c", "http://127.0.0.1:1/", "http://[::1]:80/a", "http://localhost",
     "http://127.8.9.10", "http://LOCALHOST/", "http://[::ffff:127.0.0.1]", "https://[2001:db8::1]/"],
)  # fmt: skip
def test_an_address_is_https_or_on_this_machine(text: str) -> None:
    """Names, IPv4 and IPv6, with a port or without."""
    assert parse_provider_url(text, "it").text == text


@pytest.mark.parametrize(
    "text",
    ["", "id.test", "//id.test", "http://id.test", "http://0.0.0.0", "http://127.1", "http://localhost.evil.test",
     "http://[::ffff:10.0.0.1]", "https://id.test:65536", "https://id.test:", "https://a@id.test", "https://a:b@id.test",
     "https://id.test/#x", "https://id.test/ x", "https://id.test/\nx", "https://", "https:///a", "HTTPS://id.test",
     "https://íd.test", "https://id.test\\@evil.test", "file:///etc/passwd", "javascript:alert(1)"],
)  # fmt: skip
def test_no_other_address_is_taken(text: str) -> None:
    """The error names what the address is of."""
    with pytest.raises(IdentityError, match=r"^whose "):
        parse_provider_url(text, "whose")


@given(st.text(alphabet=string.printable, max_size=60))
def test_whatever_is_taken_has_a_safe_scheme(text: str) -> None:
    """No text but an address of the two kinds gets through."""
    try:
        url = parse_provider_url(text, "it")
    except IdentityError:
        return
    assert url.scheme == "https" or url.is_loopback
    assert text.isprintable() and " " not in text


@pytest.mark.parametrize(
    ("listen_address", "place"),
    [
        ("", ("127.0.0.1", 0)), (":10000", ("127.0.0.1", 10000)), ("127.0.0.1:0", ("127.0.0.1", 0)),
        ("localhost:10000", ("localhost", 10000)), ("[::1]:10000", ("::1", 10000)), ("127.0.0.2:1", ("127.0.0.2", 1)),
    ],
)  # fmt: skip
def test_the_browser_comes_back_to_this_machine(listen_address: str, place: tuple[str, int]) -> None:
    """No host is 127.0.0.1, and no address any port of it."""
    assert make_client(listen_address=listen_address).listen_at() == place


HOSTS = st.sampled_from(["", "localhost", "127.0.0.1", "[::1]", "0.0.0.0", "[::]", "10.0.0.1", "127.0.0.1.evil.test"])
PLACES = st.builds("{}:{}".format, HOSTS | st.text(max_size=20), st.integers(-1, 100_000))


@given(PLACES | st.text(max_size=30))
def test_no_listen_address_leads_elsewhere(text: str) -> None:
    """Whatever the CA says, the listener is on the loopback interface, or there is none."""
    try:
        host, port = make_client(listen_address=text).listen_at()
    except IdentityError:
        return
    assert host in ("localhost", "::1") or host.startswith("127.")
    assert 0 <= port <= 65535


# -- The provider's description ---------------------------------------------------------------------


def test_a_description_is_read() -> None:
    """What is not there has its usual meaning."""
    metadata = read_metadata(describe(), make_client())
    assert (metadata.issuer, metadata.token_endpoint) == (IDP, f"{IDP}/token_endpoint")
    assert (metadata.device_authorization_endpoint, metadata.auth_method, metadata.names_issuer) == ("", "none", False)


@pytest.mark.parametrize(
    ("endpoint", "issuer", "tenant", "known_as"),
    [
        (f"{IDP}/", IDP, "", IDP),
        (IDP, f"{IDP}/", "", f"{IDP}/"),
        (f"{IDP}/a/.well-known/openid-configuration?p=b", f"{IDP}/a", "", f"{IDP}/a"),
        (f"{MICROSOFT}/common/v2.0", f"{MICROSOFT}/{{tenantid}}/v2.0", TENANT, f"{MICROSOFT}/{TENANT}/v2.0"),
        (f"{MICROSOFT}/{TENANT}/v2.0", f"{MICROSOFT}/{TENANT}/v2.0", TENANT, f"{MICROSOFT}/{TENANT}/v2.0"),
    ],
)
def test_an_issuer_is_who_was_asked(endpoint: str, issuer: str, tenant: str, known_as: str) -> None:
    """But for a slash at its end, and for the tenant that Microsoft leaves open."""
    assert read_metadata(describe(issuer), make_client(endpoint, tenant_id=tenant)).issuer == known_as


@pytest.mark.parametrize(
    ("endpoint", "issuer", "tenant"),
    [
        (IDP, "https://evil.test", ""),
        (IDP, f"{IDP}/a", ""),
        (f"{IDP}/a", IDP, ""),
        (IDP, "http://id.example.com", ""),
        (f"{MICROSOFT}/common/v2.0", f"{MICROSOFT}/{{tenantid}}/v2.0", ""),
        (f"{MICROSOFT}/a", "{tenantid}", "a"),
        (f"{MICROSOFT}/a", "https://{tenantid}/a", "evil.test"),
        (f"{MICROSOFT}/a", "https://evil.test/{tenantid}", "a"),
        (f"{MICROSOFT}/a/v1", f"{MICROSOFT}/{{tenantid}}/v2", "a"),
    ],
)  # fmt: skip
def test_another_issuer_is_refused(endpoint: str, issuer: str, tenant: str) -> None:
    """OpenID Connect Discovery 1.0, section 4.3."""
    with pytest.raises(IdentityError, match="says that it is"):
        read_metadata(describe(issuer), make_client(endpoint, tenant_id=tenant))


@pytest.mark.parametrize(
    ("secret", "supported", "method"),
    [
        ("", ["client_secret_post"], "none"),
        ("s", ["client_secret_basic", "client_secret_post"], "client_secret_post"),
        ("s", ["client_secret_basic"], "client_secret_basic"), ("s", None, "client_secret_basic"),
        ("s", "client_secret_post", "client_secret_basic"), ("s", ["private_key_jwt"], "client_secret_basic"),
    ],
)  # fmt: skip
def test_the_secret_goes_where_step_sends_it_if_it_may(secret: str, supported: Any, method: str) -> None:
    """In the body where the provider says so, else in the header, its usual place."""
    document = describe(token_endpoint_auth_methods_supported=supported)
    assert read_metadata(document, make_client(client_secret=secret)).auth_method == method


@given(JSON | st.builds(lambda wild: describe() | wild, st.dictionaries(st.sampled_from(sorted(describe())), JSON)))
def test_whatever_a_provider_says_is_read_or_refused(document: Any) -> None:
    """No JSON is too strange, and every address that is read is https."""
    try:
        metadata = read_metadata(document, make_client())
    except IdentityError:
        return
    assert metadata.token_endpoint.startswith("https://") and metadata.issuer == IDP


# -- Its answers ------------------------------------------------------------------------------------


ANSWER_PAIRS = st.lists(
    st.tuples(st.sampled_from(["code", "state", "iss", "error", "error_description"]), st.text() | st.just("state"))
    | st.just(("state", "state"))
)


@given(ANSWER_PAIRS, st.booleans())
def test_a_code_is_taken_for_its_own_request_alone(pairs: list[tuple[str, str]], names_issuer: bool) -> None:
    """State and issuer are those of the request, and nothing says that it failed; another state says nothing."""
    states = [value for name, value in pairs if name == "state"]
    try:
        code = read_code(pairs, "state", IDP, names_issuer)
    except IdentityError:
        assert states == ["state"]
        return
    assert (code is None) is (states != ["state"])
    if code is not None:
        parameters = dict(pairs)
        assert code and len(parameters) == len(pairs) and "error" not in parameters
        assert parameters.get("iss", None if not names_issuer else "") in (None, IDP)


def test_a_sound_answer_has_its_code() -> None:
    """With the issuer or, where the provider does not promise it, without."""
    assert read_code([("code", "c"), ("state", "s")], "s", IDP, False) == "c"
    assert read_code([("code", "c"), ("state", "s"), ("iss", IDP)], "s", IDP, True) == "c"


GRANT = {"device_code": "kept-to-itself", "user_code": "u", "verification_uri": f"{IDP}/device", "expires_in": 600}


@given(
    st.builds(lambda wild: GRANT | wild, st.dictionaries(st.sampled_from([*GRANT, "interval", "error"]), JSON)) | JSON
)
def test_whatever_the_device_flow_begins_with_is_read_or_refused(document: Any) -> None:
    """Times are sensible, and the person is sent to https alone."""
    try:
        grant = read_device_grant(document, False)
    except IdentityError:
        return
    assert grant.address.startswith("https://") and grant.device_code and grant.user_code
    assert 0 <= grant.expires_in <= 3600 and 1 <= grant.interval <= 3600


def test_the_device_code_shows_in_no_repr() -> None:
    """Whoever has it gets the token."""
    assert "kept-to-itself" not in repr(read_device_grant(GRANT, False))


@given(st.text(), JSON)
def test_a_providers_error_is_bounded(error: str, description: Any) -> None:
    """However long it is."""
    assert len(refuse(error * 1_000, description).what) < 3 * MAX_SHOWN
