"""The rules of `verify` by themselves: audiences, names, chains, and tokens that hold anything."""

import re
from base64 import b64encode
from ipaddress import ip_address
from time import process_time
from typing import Any

import attrs
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from adapters.ca.provisioner_json import read_provisioners
from adapters.certificates.reader import CertificateReader
from adapters.jose.jws import StepCaSignatures
from adapters.jose.key_objects import generate_jwk
from domain.ca.settings import AuthoritySettings, ProvisionerClaims
from domain.ca.url import escape_fragment
from domain.ca_rules.audience import extract_fragment, matches
from domain.ca_rules.case import Case, SshWishes
from domain.ca_rules.endpoint import LEGACY_AUDIENCE, Endpoint
from domain.ca_rules.sign import judge_names, split_sans
from domain.ca_rules.x5c import ChainSearch
from domain.certificates.chain import MAX_CHECKS
from domain.certificates.x509_and_ssh import Certificate
from domain.formats.duration import NANOSECONDS
from domain.formats.go_url import has_scheme, is_plain, parse_url, read_address, rewrite_url
from domain.keys.jwk import read_public_jwk
from domain.provisioners.base import Provisioner
from domain.provisioners.jwk import JwkProvisioner
from domain.provisioners.k8ssa import K8ssaProvisioner
from domain.provisioners.nebula import NebulaProvisioner
from domain.provisioners.other import OtherProvisioner
from domain.provisioners.sshpop import SshpopProvisioner
from domain.provisioners.x5c import X5cProvisioner
from domain.report.check_result import Outcome
from domain.settings.print_form import TEXT
from domain.token.go_jws import GoJws
from domain.verify.forecast import Verdict, foretell
from entrypoints.use_cases.report import render
from entrypoints.use_cases.verify import describe_forecast
from tests.support.forged_nebula import Draft, write_pem
from tests.support.hostile_ca import root
from tests.support.processor_time import ROUNDS, spend
from tests.support.wild_tokens import OBJECTS, PARTS, TEXTS

NOW = 1_800_000_000
CA = "ca.test"
HOSTS = st.from_regex(r"[a-z0-9]([a-z0-9.-]{0,20}[a-z0-9])?", fullmatch=True)
PORTS = st.none() | st.integers(0, 99_999)
ENDPOINTS = st.sampled_from(Endpoint)


def write_audience(host: str, port: int | None, path: str, fragment: str = "") -> str:
    place = host if port is None else f"{host}:{port}"
    return f"https://{place}{path}" + (f"#{escape_fragment(fragment)}" if fragment else "")


# -- Audiences --------------------------------------------------------------------------------------


@given(HOSTS, PORTS, ENDPOINTS, st.data())
def test_a_port_never_matters(host: str, port: int | None, endpoint: Endpoint, data: st.DataObject) -> None:
    """An audience on any port is the CA's, at each path of the endpoint."""
    path = data.draw(st.sampled_from(endpoint.paths))
    assert matches([write_audience(host, port, path)], endpoint, [host])


@given(HOSTS, HOSTS, PORTS, ENDPOINTS)
def test_a_name_never_matches_another_host(name: str, other: str, port: int | None, endpoint: Endpoint) -> None:
    """Only the very name is the CA's, not one that begins or ends like it."""
    for host in {other, f"{name}.{other}", f"{other}.{name}", f"{name}x"} - {name}:
        assert not matches([write_audience(host, port, endpoint.paths[0])], endpoint, [name])


@given(st.text(min_size=1), PORTS, ENDPOINTS)
def test_every_provisioners_name_goes_into_a_fragment_and_back(name: str, port: int | None, endpoint: Endpoint) -> None:
    """Whatever a provisioner is called, its audience matches, and the CA finds the name in it."""
    fragment = f"x5c/{name}"
    audience = write_audience(CA, port, endpoint.paths[0], fragment)
    assert matches([audience], endpoint, [CA], fragment)
    assert extract_fragment([audience]) == fragment
    assert not matches([audience], endpoint, [CA], f"{fragment}x")


@given(st.lists(st.text()), ENDPOINTS, st.text())
def test_no_text_is_too_strange_for_an_audience(audiences: list[str], endpoint: Endpoint, fragment: str) -> None:
    """Any text can be asked about, and none that does not hold the CA's name is the CA's."""
    foreign = [text for text in audiences if CA not in text and LEGACY_AUDIENCE not in text]
    assert not matches(foreign, endpoint, [CA], fragment)
    assert isinstance(extract_fragment(foreign), str)


@given(st.lists(st.text() | st.sampled_from(["10.0.0.7", "::1", "a@b", "a:b", "1.2.3", "fe80::1%eth0"])))
def test_every_name_is_of_one_type(names: list[str]) -> None:
    """Each is of one, in several as alone: none is lost or counted twice."""
    split, alone = split_sans(names), {name: split_sans([name]) for name in names if name}
    for name, types in alone.items():
        (found,) = [found for found in types.values() if found]
        assert len(found) == 1
        if not types["ip"]:  # of an address there are several spellings, of a URI Go's
            assert found == {rewrite_url(name) if types["uri"] else name}
    assert split == {kind: set().union(*(types[kind] for types in alone.values())) for kind in split}


URLS = st.from_regex(
    r"([a-zA-Z][a-z0-9+.-]{0,3}:)?(/{0,3})([a-z:@%2f.~\[\]*é ]{0,5}@)?[a-zA-Z0-9.~\[\]:%*-]{0,8}"
    r"(/[a-zA-Z0-9%2Ff!&|:@\[\]*/ é-]{0,8})?(\?[a-z%? ]{0,4})?(#[a-z%2f?|\[ ]{0,4})?",
    fullmatch=True,
)


@given(URLS | st.text())
def test_a_plain_url_is_rewritten_as_any_other(text: str) -> None:
    """What one pattern tells of most URLs is what taking them apart tells."""
    if is_plain(text):
        url = parse_url(text)
        assert re.fullmatch(rb"([^.]+\.)*[^.]+|", url.host)
        assert text.isascii()
        assert rewrite_url(text) == str(url)
        assert has_scheme(text) == bool(url.scheme)


@given(st.text("0123456789abcdefF:.%", max_size=20) | st.ip_addresses().map(str) | st.text())
def test_an_address_is_what_python_takes_for_one(text: str) -> None:
    """Neither what may be an address nor what is a usual one is told wrong by its letters."""
    try:
        address = None if "%" in text else ip_address(text)
    except ValueError:
        address = None
    mapped = getattr(address, "ipv4_mapped", None)
    assert read_address(text) == (None if address is None else str(mapped or address))


# -- Chains -----------------------------------------------------------------------------------------


def make_certificate(name: str) -> Certificate:
    """Return a certificate that whichever other one is said to have issued."""
    return Certificate(
        der=name.encode(), common_name=name, not_before=0, not_after=2 * NOW * NANOSECONDS, digital_signature=True,
        client_auth=True, public=None, is_issued_by=lambda _: True, is_ca=True,
    )  # fmt: skip


def test_a_maze_of_certificates_is_left_in_time() -> None:
    """Certificates that all issued each other have more ways than can be walked: the search gives up, and shows it."""
    maze = ChainSearch([make_certificate(str(number)) for number in range(40)], roots=[])
    assert maze.find_fault(NOW * NANOSECONDS) is not None
    assert maze.checks_left == 0


def test_a_way_out_of_a_maze_is_found() -> None:
    """One way that holds is enough, however many do not."""
    root = make_certificate("root")
    maze = ChainSearch([make_certificate(str(number)) for number in range(40)], [root])
    assert maze.find_fault(NOW * NANOSECONDS) is None
    assert 0 < maze.checks_left < MAX_CHECKS


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"not_before": NOW * NANOSECONDS + 1}, "is not valid yet"),
        ({"not_after": NOW * NANOSECONDS}, "has expired"),
        ({"client_auth": False}, "is not for client authentication"),
        ({"is_ca": False}, "may not issue certificates"),
        ({"path_length": 0}, "allows fewer certificates below it"),
        ({"path_length": 1}, None),
    ],
)
def test_a_fault_of_the_root_is_told(change: dict[str, Any], fault: str | None) -> None:
    """The root is judged like every certificate on the way."""
    root = attrs.evolve(make_certificate("root"), **change)
    middle = attrs.evolve(make_certificate("middle"), is_issued_by=lambda der: der == b"root")
    leaf = attrs.evolve(make_certificate("leaf"), is_issued_by=lambda der: der == b"middle")
    told = ChainSearch([leaf, middle], [root]).find_fault(NOW * NANOSECONDS)
    assert told == (fault and f"certificate 'root' {fault}")


# -- Whatever a token holds -------------------------------------------------------------------------

JWK = read_public_jwk({name: text for name, text in generate_jwk().items() if name != "d"})
NEBULA_KEY = Ed25519PrivateKey.generate()
NEBULA_CA, NEBULA_FINGERPRINT = Draft(key=NEBULA_KEY, name="ca", networks=(), is_ca=True).issue(2, NEBULA_KEY)
NEBULA_ROOT = write_pem(NEBULA_CA, 2)
NEBULA_HOSTS = [
    b64encode(Draft(key=key, issuer=NEBULA_FINGERPRINT).issue(version, NEBULA_KEY)[0]).decode()
    for key in (X25519PrivateKey.generate(), generate_private_key(SECP256R1()))
    for version in (1, 2)
]
SETTINGS = AuthoritySettings(dns_names=[CA])
PROVISIONERS = [
    JwkProvisioner("me", kid="k", key=JWK),
    X5cProvisioner("a"),
    SshpopProvisioner("b"),
    K8ssaProvisioner("c"),
    NebulaProvisioner("e", roots=NEBULA_ROOT),
    OtherProvisioner("d", "OIDC", identifier="client"),
]
GUIDED = {
    "aud": st.sampled_from([f"https://{CA}{path}{end}" for one in Endpoint for path in one.paths
                            for end in ("", "#x5c/a", "#sshpop/b", "#x5c/z", "#nebula/e")] + ["client"]),
    "iss": st.sampled_from(["me", "a", "b", "e", "kubernetes/serviceaccount", "step-ca-client/1.0"]),
    "step": st.fixed_dictionaries({"ssh": st.dictionaries(st.sampled_from(["certType", "principals", "validAfter",
                                                                          "validBefore"]), OBJECTS)}),
    "azp": TEXTS,
    "tid": TEXTS,
    "nonce": TEXTS,
}  # fmt: skip
CLAIMS = st.builds(lambda wild, guided: wild | guided, PARTS, st.fixed_dictionaries({}, optional=GUIDED))
GUIDED_HEADER = {
    "kid": st.just("k"),
    "alg": st.sampled_from(["ES256", "RS256", "XEdDSA", "none"]),
    "nebula": st.sampled_from(NEBULA_HOSTS),
}
HEADERS = st.builds(lambda wild, guided: wild | guided, PARTS, st.fixed_dictionaries({}, optional=GUIDED_HEADER))


def make_case(header: dict[str, Any], claims: dict[str, Any], endpoint: Endpoint, **members: Any) -> Case:
    token = GoJws(header, claims, b"a.b", b"c", header, [header])
    return Case(
        token=token, endpoint=endpoint, now=NOW * NANOSECONDS,
        certificates=CertificateReader(), signatures=StepCaSignatures(),
        settings=SETTINGS, **members,
    )  # fmt: skip


@given(HEADERS, CLAIMS, ENDPOINTS, st.sampled_from(["", "user", "host"]), st.lists(TEXTS, max_size=2))
def test_whatever_a_token_holds_has_a_verdict(
    header: dict[str, Any], claims: dict[str, Any], endpoint: Endpoint, cert_type: str, principals: list[str]
) -> None:
    """No JSON is too strange to be judged; nothing that nobody signed is accepted, and every failure has a remedy."""
    wishes = SshWishes(cert_type=cert_type, principals=tuple(principals))
    forecast = foretell(make_case(header, claims, endpoint, wishes=wishes), PROVISIONERS)
    assert forecast.verdict is not Verdict.ACCEPTED
    for finding in forecast.findings:
        assert finding.rule and finding.reason
        assert bool(finding.remedy) or finding.outcome is not Outcome.FAILED
    text = render(describe_forecast(forecast, endpoint), TEXT)
    assert text.replace("\n", "").isprintable()
    assert text.count("\nverdict: ") == 1


@pytest.mark.parametrize(
    "audiences",
    [["a"] * 150_000, [f"https://{CA}/x{number}" for number in range(30_000)], [f"https://{CA}/" + "%2f" * 250_000]],
    ids=["many", "many addresses", "a long one"],
)
def test_a_token_of_a_megabyte_is_judged_in_time(audiences: list[str]) -> None:
    """However many audiences it has, and however long they are; each is read a few times, not for every rule."""
    begin = process_time()
    forecast = foretell(make_case({"alg": "ES256"}, {"aud": audiences, "iss": "a"}, Endpoint.SIGN), PROVISIONERS)
    assert forecast.verdict is Verdict.REFUSED
    assert process_time() - begin < 8


@pytest.mark.parametrize("form", ["u:%d", "U:%d", "https://a.test:1/%%2f%d", "10.0.%d.1", "a%d.test"])
def test_names_of_a_token_are_judged_in_time(form: str) -> None:
    """However many names it has, to judge them all takes about as long as to take each apart once as a URL."""
    names = [form % number for number in range(20_000)]
    case = make_case({}, {"sans": names}, Endpoint.SIGN)
    assert any(
        spend(lambda: (judge_names(case), split_sans(names))) < 1.5 * spend(lambda: list(map(parse_url, names)))
        for _ in ROUNDS
    )


@pytest.mark.parametrize(
    ("provisioner", "claims", "rule"),
    [
        (X5cProvisioner("a", roots=b"garbage"), {"aud": f"https://{CA}/1.0/sign#x5c/a", "iss": "a"}, "certificate"),
        *((NebulaProvisioner("n", roots=roots), {"aud": f"https://{CA}/1.0/sign#nebula/n", "iss": "n"}, "certificate")
          for roots in (b"", b"garbage", NEBULA_ROOT.replace(b"-----\nM", b"-----\n"))),
        (K8ssaProvisioner("c", public_keys=b"-----BEGIN PUBLIC KEY-----\n"),
         {"iss": "kubernetes/serviceaccount"}, "signature"),
    ],
)  # fmt: skip
def test_a_provisioner_whose_keys_cannot_be_read_is_not_judged(
    provisioner: Provisioner, claims: dict[str, Any], rule: str
) -> None:
    """What a CA publishes may be garbage: the rule that needs it is not checkable, and no error."""
    provisioners = [provisioner]
    header = {"alg": "ES256", "x5c": [b64encode(root().der).decode()], "nebula": NEBULA_HOSTS[-1]}
    forecast = foretell(make_case(header, claims, Endpoint.SIGN), provisioners)
    assert {one.rule: one.outcome for one in forecast.findings}[rule] is Outcome.UNCHECKED
    assert forecast.verdict is not Verdict.ACCEPTED


def test_a_setting_of_the_provisioner_goes_before_the_authoritys() -> None:
    """What a provisioner does not say is the authority's to say."""
    own = ProvisionerClaims(enable_ssh_ca=False)
    common = ProvisionerClaims(enable_ssh_ca=True, disable_renewal=True)
    assert own.over(common) == ProvisionerClaims(enable_ssh_ca=False, disable_renewal=True)


@pytest.mark.parametrize("type_name", ["ACME", "SCEP", "acme"])
@pytest.mark.parametrize("endpoint", [one for one in Endpoint if one is not Endpoint.RENEW])
def test_a_type_without_tokens_is_refused(type_name: str, endpoint: Endpoint) -> None:
    """The CA finds the provisioner, and takes no token of its."""
    provisioners = read_provisioners([{"type": type_name, "name": "n"}])
    claims = {"aud": f"https://{CA}/1.0/sign#{type_name.lower()}/n", "iss": "n"}
    forecast = foretell(make_case({"alg": "ES256"}, claims, endpoint), provisioners)
    assert forecast.verdict is Verdict.REFUSED
    assert f"n ({type_name})" in forecast.findings[-2].reason


@pytest.mark.parametrize(("type_name", "fragment"), [("AWS", "aws/n"), ("GCP", "gcp/n")])
def test_a_type_that_is_not_judged_is_unknown(type_name: str, fragment: str) -> None:
    """The provisioner is found and named, and nothing is guessed of its tokens."""
    provisioners = [OtherProvisioner("n", type_name)]
    claims = {"aud": f"https://{CA}/1.0/sign#{fragment}", "iss": "n"}
    forecast = foretell(make_case({"alg": "ES256"}, claims, Endpoint.SIGN), provisioners)
    assert forecast.verdict is Verdict.UNKNOWN
    assert f"n ({type_name})" in forecast.findings[-1].reason
