"""Which names a request is for, by whose token it comes with."""

import json
from base64 import b64encode
from typing import Any

import pytest

from domain.enroll.given_token import find_ca_url, find_root_fingerprint
from domain.enroll.names import choose_names, names_itself
from domain.errors import InputError, UsageError

OWN = {"sub": "web.test", "sha": "a" * 64, "iss": "me", "aud": "https://ca.test/1.0/sign"}
KUBERNETES = {"iss": "kubernetes/serviceaccount", "sub": "system:serviceaccount:default:web"}
GOOGLE = {"google": {"compute_engine": {"instance_name": "vm", "project_id": "p", "zone": "z"}}, "sub": "1"}
AZURE = {
    "iss": "https://sts.windows.net/t/",
    "xms_mirid": "/subscriptions/a/resourceGroups/b/providers/Microsoft.Compute/virtualMachines/vm-1",
}
PERSON = {"iss": "https://id.test", "sub": "42", "aud": "client", "exp": 2, "iat": 1, "email": "Me@a.test"}


def amazon(document: bytes) -> dict[str, Any]:
    """Return the claims of a machine at Amazon."""
    return {"amazon": {"document": b64encode(document).decode(), "signature": ""}, "sub": "web.test", "sha": "x"}


DOCUMENT = json.dumps({"privateIp": "10.0.0.7", "region": "eu"}).encode()

CASES: list[tuple[dict[str, Any], str, tuple[str, ...], tuple[str, tuple[str, ...]]]] = [
    (OWN, "web.test", (), ("web.test", ("web.test",))),
    (OWN, "WEB.test", (), ("web.test", ("web.test",))),
    (OWN | {"sans": ["a", "b", "a", ""]}, "web.test", (), ("web.test", ("a", "b"))),
    ({"sub": "web.test", "sans": ["a"]}, "web.test", (), ("web.test", ("a",))),
    (KUBERNETES, "pod.test", (), ("pod.test", ("pod.test",))),
    (KUBERNETES, "pod.test", ("a", "b", "a"), ("pod.test", ("a", "b"))),
    (GOOGLE, "web.test", (), ("web.test", ("vm.c.p.internal", "vm.z.c.p.internal", "web.test"))),
    (amazon(DOCUMENT), "web.test", (), ("web.test", ("10.0.0.7", "ip-10-0-0-7.eu.compute.internal", "web.test"))),
    (amazon(DOCUMENT), "web.test", ("a",), ("web.test", ("a",))),
    (AZURE, "web.test", (), ("web.test", ("vm-1", "web.test"))),
    (PERSON, "me@A.test", (), ("42", ("Me@a.test", "https://id.test#42"))),
    (PERSON, "host.test", (), ("host.test", ("host.test",))),
    (PERSON, "me@a.test", ("a",), ("me@a.test", ("a",))),
]


@pytest.mark.parametrize(("claims", "subject", "sans", "expected"), CASES)
def test_the_names_are_those_that_step_asks_for(
    claims: dict[str, Any], subject: str, sans: tuple[str, ...], expected: tuple[str, tuple[str, ...]]
) -> None:
    """By the type of the token, as `step ca certificate` tells it."""
    names = choose_names(claims, subject, sans)
    assert (names.common_name, names.sans) == expected


def test_a_token_of_our_own_is_for_its_subject_alone() -> None:
    """The error names both."""
    with pytest.raises(UsageError, match=r"'web\.test', and the subject is 'other\.test'"):
        choose_names(OWN, "other.test", ())


@pytest.mark.parametrize("claims", [{}, {"iss": "a"}, {**PERSON, "exp": None}, {**PERSON, "aud": 5}])
def test_a_token_of_no_known_type_is_refused(claims: dict[str, Any]) -> None:
    """It would be spent for nothing."""
    with pytest.raises(InputError, match="of no type that a certificate is got by"):
        choose_names(claims, "web.test", ())


@pytest.mark.parametrize("document", [b"", b"{", b"\xff"])
def test_a_document_that_cannot_be_read_is_an_error(document: bytes) -> None:
    with pytest.raises(InputError, match="identity document cannot be read"):
        choose_names(amazon(document), "web.test", ())


def test_who_names_itself() -> None:
    """Ours do; those of others do not, whatever else they carry."""
    assert names_itself(OWN) and names_itself({"sans": ["a"]})
    assert not any(map(names_itself, (KUBERNETES, GOOGLE, AZURE, PERSON, amazon(DOCUMENT), {"sans": [], "sha": 5})))


@pytest.mark.parametrize(
    ("audience", "url"),
    [
        ("https://ca.test/1.0/sign", "https://ca.test"),
        ("https://ca.test:9000/1.0/sign#x5c/me", "https://ca.test:9000"),
        ("https://[::1]:9000/sign", "https://[::1]:9000"),
        ("HTTPS://ca.test", "https://ca.test"),
        ("step-certificate-authority", "None"),
        ("http://ca.test/1.0/sign", "None"),
        ("https://me@ca.test/1.0/sign", "None"),
        ("https:///1.0/sign", "None"),
    ],
)
def test_the_cas_address_stands_in_the_audience(audience: str, url: str) -> None:
    """Where the token names the root as well, and the address is one."""
    assert str(find_ca_url(OWN | {"aud": [audience, "https://other.test"]})) == url
    assert find_ca_url({"aud": audience}) is None


def test_the_roots_fingerprint_stands_in_the_token() -> None:
    """64 hex digits, or there is none."""
    assert find_root_fingerprint(OWN) == "a" * 64
    assert [find_root_fingerprint({"sha": value}) for value in ("", "xyz", None, 5, ["a"])] == [None] * 5
