"""Values that a member of a token may have instead of its own: of other types, at the edge, spelled otherwise."""

import json
from collections.abc import Callable, Sequence
from typing import Any

from domain.formats.json_text import Number
from tests.support.forged_tokens import NAME
from tests.support.nebula_mesh import NEBULA
from tests.support.provisioned_ca import SSHPOP, X5C
from tests.support.raw_tokens import Object, Raw

HEADER_MEMBERS = ("alg", "kid", "typ", "nonce", "crit", "b64", "jwk", "x5c", "x5cInsecure", "sshpop", "nebula", "cty",
                  "x5t", "new", "zip", "enc", "epk", "p2c")  # fmt: skip
SSH_MEMBERS = ("certType", "keyID", "principals", "validAfter", "validBefore", "templateData", "new")
CLAIMS = (
    "iss", "sub", "aud", "exp", "nbf", "iat", "jti", "sans", "email", "nonce", "cnf", "step", "sha", "azp", "tid",
    "new",
    "kubernetes.io/serviceaccount/namespace", "kubernetes.io/serviceaccount/secret.name",
    "kubernetes.io/serviceaccount/service-account.name", "kubernetes.io/serviceaccount/service-account.uid",
)  # fmt: skip
NESTED = (
    ("cnf", "x5rt#S256"), ("cnf", "new"), ("step", "ssh"), ("step", "ra"), ("step", "new"),
    *(("step", "ssh", name) for name in SSH_MEMBERS),
    *(("step", "ra", name) for name in ("authorityId", "endpointId", "provisionerType", "provisionerName", "new")),
)  # fmt: skip
VALUES: Sequence[Any] = (
    None, True, False, 0, 1, -1, Number("1e3"), Number("1.5"), Number("1e400"), Number("-1e400"), Number("1e-400"),
    Number("-0"), 2**63 - 1, -(2**63), 10**30, "", "a", "null", "1", "true", [], [None], ["a"], [1], [[]], [{}], ["a",
    None],
    ["", "a"], {}, {"a": None}, {"a": {"b": [1]}}, Object([("a", 1), ("a", 2)]), {"a": Object([("b", 1), ("b", 1)])},
    {"a": Number("1e400")}, [Object([("a", 1), ("\u0061", 1)])], Raw(b'"\xff"'), Raw(b'"\\ud800"'), Raw(b'"\\u0000"'),
)  # fmt: skip
SECONDS: Sequence[Any] = (
    0, 1, -1, 1000, -62_135_596_800, 253_402_300_800, 2**31, 2**32, 2**53, 2**62, 2**63 - 1, 2**63, 2**64, -(2**63),
    10**30,
    Number("1e3"), Number("1E+3"), Number("1.5"), Number("-0"), Number("0.0"), Number("1e18"), Number("9.2e18"),
    Number("9223371974719179007"), Number("9223371974719178000"), Number("9223371974719180000"), Number("1e19"),
    Number("-1e19"), Number("1e308"), Number("1e309"), Number("1e-9"), Number("4e9"), Number("1e9"),
)  # fmt: skip
OFFSETS = (-3600, -120, -62, -58, -1, 0, 1, 57, 63, 120, 3600, 86_400)
MOMENTS = (
    "", "0", "0s", "1s", "-1s", "1m", "3m", "5m", "6m", "1h", "2h", "-1h", "23h", "25h", "719h", "721h", "9000h",
    "-600000h",
    "1.5h", "+1h", "1d", " 1h", "1H", "1h30m", "1970-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "1960-01-01T00:00:00Z",
    "0001-01-01T00:00:00Z", "0000-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2020-01-01T00:00:00Z",
    "2026-02-30T00:00:00Z",
    "2126-12-31t23:59:59z", "2126-12-31T23:59:59", "2126-12-31", "2126-12-31T23:59:59,5Z",
    "2126-12-31T23:59:59.5+14:00",
    "2126-12-31T23:59:60Z", "2126-12-31T24:00:00Z", "never",
)  # fmt: skip
AUDIENCES: Sequence[Callable[[str], Any]] = (
    lambda aud: aud.replace("127.0.0.1", "[127.0.0.1]"), lambda aud: aud.replace("127.0.0.1", "[localhost]"),
    lambda aud: aud.replace("127.0.0.1", "[::ffff:127.0.0.1]"), lambda aud: aud.replace("127.0.0.1", "[::1]"),
    lambda aud: aud.replace("127.0.0.1", "localhost"), lambda aud: aud.replace("127.0.0.1", "LocalHost"),
    lambda aud: aud.replace("127.0.0.1", "localhost."), lambda aud: aud.replace("127.0.0.1", "l%6fcalhost"),
    lambda aud: aud.replace("127.0.0.1", "loca\u013ahost"), lambda aud: aud.replace("127.0.0.1", "loca%C4%BAhost"),
    lambda aud: aud.replace("127.0.0.1:", "localhost::"), lambda aud: aud.replace("127.0.0.1", "127.0.0.1:1"),
    lambda aud: aud.replace("https", "HtTpS"), lambda aud: aud.replace("https:", "http:"),
    lambda aud: aud.replace("https:", ""), lambda aud: aud.replace("https://", "https:/"),
    lambda aud: aud.replace("https://", "https:"), lambda aud: aud.replace("https://", "https://@"),
    lambda aud: aud.replace("https://", "https://me:p%40ss@"), lambda aud: aud.replace("1.0", "%31.0"),
    lambda aud: aud.replace("/1.0", "/1%2e0"), lambda aud: aud.replace("/1.0/", "//1.0/"),
    lambda aud: aud.replace("/1.0/", "/1.0/../1.0/"), lambda aud: aud.replace("/1.0", ""), lambda aud: aud + "?",
    lambda aud: aud.replace("/1.0", "/1.0%zz"), lambda aud: aud + " ", lambda aud: " " + aud, lambda aud: aud + "\n",
    lambda aud: aud + "%0a", lambda aud: aud + "\x7f", lambda aud: aud + "#", lambda aud: aud + "#a#b",
    lambda aud: aud + "%", lambda aud: aud.partition("#")[0], lambda aud: aud.partition("#")[0] + f"#x5c/{X5C}",
    lambda aud: aud.partition("#")[0] + f"#sshpop/{SSHPOP}", lambda aud: aud.partition("#")[0] + f"#nebula/{NEBULA}",
    lambda aud: aud.partition("#")[0] + f"#x5c%2f{X5C}", lambda aud: aud.replace("#", "#%78"[:2]),
    lambda aud: aud.replace("#x5c", "#%785c"), lambda aud: aud.replace("#", "%23"), lambda aud: aud.upper(),
    lambda _: "step-certificate-authority", lambda _: "/step-certificate-authority",
    lambda _: f"step-certificate-authority#x5c/{X5C}", lambda _: f"/step-certificate-authority#x5c/{X5C}",
    lambda _: "Step-Certificate-Authority", lambda _: "step%2Dcertificate-authority", lambda _: "",
    lambda aud: [aud, aud], lambda aud: ["", aud], lambda aud: ["https://other.test/1.0/sign#x5c/none", aud],
    lambda aud: [aud, "https://other.test/1.0/sign#x5c/none"], lambda aud: [aud, None], lambda aud: [[aud]],
    lambda aud: {"a": aud}, lambda _: [], lambda aud: Raw(json.dumps(aud).replace("/", "\\/").encode()),
    lambda aud: Raw(json.dumps(aud).replace("h", "\\u0068").encode()), lambda aud: aud.replace("sign", "rekey"),
    lambda aud: [aud.replace("127.0.0.1", "[bad]"), aud], lambda aud: "\ufeff" + aud,
)  # fmt: skip
NAMES: Sequence[Any] = (
    [None], [""], ["", NAME], [NAME, None], [NAME, "10.0.0.7"], [NAME, NAME], ["10.0.0.7", NAME], [NAME.upper()],
    ["::ffff:10.0.0.7", NAME], ["010.0.0.7", NAME], ["10.0.0.7%eth0", NAME], ["2001:DB8::1"], ["fe80::1%1"],
    ["https://a.test/x"], ["HTTPS://A.test/x"], ["https://a.test/%zz"], ["https://a.test/\u00fc"], ["urn:\u00fc"],
    ["urn:a:b"], ["https://\u00fc.test/"], ["https://a..test/"], ["https://a.test./"], ["https://a.test:80/"],
    ["https://[::1]/"], ["https://[bad]/"], ["https://a b/"], ["spiffe://a.test/b c"], ["mailto:me@a.test"],
    ["me@a.test"], ["m\u00fc@a.test"], ["b\u00fccher.test"], ["xn--bcher-kva.test"], ["*.a.test"], ["a.test:80"],
    ["a_b.test"], ["-a.test"], [" a.test"], ["a.test\u0000"], ["a:b"], [":a"], ["1a:b"], ["//a.test/"], ["/a"], ["a/b"],
    ["a%20b"], ["a#b"], ["x:#b"], ["x:?"], ["x://u@h/"], ["x:///p"], [1], "a.test", [["a.test"]], [], None,
)  # fmt: skip
PRINCIPALS: Sequence[Any] = (
    None, [], [""], ["", NAME], [None], [NAME, None], [NAME], [NAME.upper()], [NAME, NAME, "other.test"],
    ["other.test"],
    ["\u212a.test"], [NAME, "\u0130"], "a", [1], [[NAME]], {}, {"a": NAME},
)  # fmt: skip
CERT_TYPES: Sequence[Any] = (
    "host",
    "HOST",
    "Host",
    "user",
    "USER",
    "",
    "ho\u017ft",
    "robot",
    " host",
    None,
    1,
    ["host"],
)
