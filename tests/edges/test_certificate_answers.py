"""What a CA may answer to a request for a certificate: kept is what was asked for, and nothing else."""

import json
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from entrypoints.use_cases import spending
from tests.support.hostile_ca import answer, issue, root
from tests.support.signing_ca import (
    NAME,
    Asked,
    Signing,
    SigningCa,
    new_key,
    pem,
    refuse,
    serve_signing_ca,
    sign_as_asked,
)


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for a second attempt."""
    monkeypatch.setattr(spending.BRIEF, "pauses", (0.0, 0.0))


def changed(**changes: Any) -> Signing:
    """Sign something else than was asked for."""
    return lambda ca, asked: sign_as_asked(ca, asked, **changes)


def without_chain(ca: SigningCa, asked: Asked) -> bytes:
    """Answer as a CA of old."""
    return answer({"crt": pem(ca.certify(asked)), "ca": pem(ca.issuer.certificate)}, 201)


def with_garbage(ca: SigningCa, asked: Asked) -> bytes:
    """Answer with more than certificates in their places."""
    chain = [f"before\n{pem(ca.certify(asked))}behind\n", pem(ca.issuer.certificate)]
    return answer({"certChain": chain}, 200)


def by_root(ca: SigningCa, asked: Asked) -> bytes:
    """Sign by the root, and send that too."""
    return ca.grant(ca.certify(asked, issuer=root()), root().certificate)


def below_another(ca: SigningCa, asked: Asked) -> bytes:
    """Sign by an intermediate below one that allows that."""
    return _below(path_length=1)(ca, asked)


@pytest.mark.parametrize("sign", [sign_as_asked, without_chain, with_garbage, by_root, below_another])
def test_what_was_asked_for_is_kept(sign: Signing, tmp_path: Path) -> None:
    """Certificates alone, the leaf first, each in the form that step writes."""
    with serve_signing_ca(tmp_path, sign) as ca:
        result = ca.run()
    assert (result.status, result.out) == (0, ""), result.err
    written = (tmp_path / "web.crt").read_text()
    assert written == "".join(map(pem, x509.load_pem_x509_certificates(written.encode())))
    assert "warning" not in result.err and (tmp_path / "web.key").exists()


def _members(**members: Any) -> Signing:
    return lambda *_: answer(members, 201)


def _chain(change: Any) -> Signing:
    def sign(ca: SigningCa, asked: Asked) -> bytes:
        return answer({"certChain": change(pem(ca.certify(asked)), pem(ca.issuer.certificate))}, 201)

    return sign


def _other_issuer(ca: SigningCa, asked: Asked) -> bytes:
    other = issue("Other", is_authority=True)
    return ca.grant(ca.certify(asked, issuer=other), other.certificate)


def _by_a_leaf(ca: SigningCa, asked: Asked) -> bytes:
    between = issue("No CA", ca.issuer)
    return ca.grant(ca.certify(asked, issuer=between), between.certificate, ca.issuer.certificate)


def _expired_issuer(ca: SigningCa, asked: Asked) -> bytes:
    old = issue("Old", root(), is_authority=True, begin=-9, days=-1)
    return ca.grant(ca.certify(asked, issuer=old), old.certificate)


def _below(**limits: Any) -> Signing:
    """Sign by an intermediate below another one that has these limits."""

    def sign(ca: SigningCa, asked: Asked) -> bytes:
        upper = issue("Upper", root(), is_authority=True, **limits)
        lower = issue("Lower", upper, is_authority=True)
        return ca.grant(ca.certify(asked, issuer=lower), lower.certificate, upper.certificate)

    return sign


_UNKNOWN = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
_NO_SIGNING = x509.KeyUsage(True, *[False] * 8)


def _broken(ca: SigningCa, asked: Asked) -> bytes:
    whole = answer({"certChain": [pem(ca.certify(asked)), pem(ca.issuer.certificate)]}, 201, Connection="close")
    return whole[: len(whole) // 2]


_DNS = x509.DNSName

BAD: dict[str, tuple[Signing, str]] = {
    "another key": (lambda ca, asked: sign_as_asked(ca, asked, key=new_key()), "is for another key"),
    "another name": (changed(names=[_DNS("other.test")]), f"is not for {NAME}"),
    "no name": (changed(names=[]), f"is not for {NAME}"),
    "expired": (changed(begin=timedelta(days=-2), end=timedelta(days=-1)), "has expired"),
    "of tomorrow": (changed(begin=timedelta(hours=23)), "is not valid yet"),
    "another root": (_other_issuer, "does not lead to the root"),
    "by a leaf": (_by_a_leaf, "is by one that is no CA's"),
    "by an expired CA": (_expired_issuer, "has expired"),
    "by one that allows none between": (_below(path_length=0), "allows fewer CAs below it by its path length"),
    "by one whose key usage is another": (_below(more=[_NO_SIGNING]), "may not sign certificates by its key usage"),
    "an unknown extension": (changed(more=[(_UNKNOWN, True)]), "critical extension that nobody knows: 1.2.3.4"),
    "the same of its issuer": (_below(more=[_UNKNOWN]), "critical extension that nobody knows: 1.2.3.4"),
    "the wrong way round": (_chain(lambda leaf, issuer: [issuer, leaf]), "is for another key"),
    "one missing": (_chain(lambda leaf, _: [leaf]), "does not lead to the root"),
    "a foreign one between": (
        _chain(lambda leaf, issuer: [leaf, pem(issue("x", is_authority=True).certificate), issuer]), "are no chain",
    ),
    "two in one": (_chain(lambda leaf, issuer: [leaf + issuer, issuer]), "2 certificates in the place of one"),
    "no PEM": (_chain(lambda *_: ["hello", "world"]), "something else than certificates"),
    "half a PEM": (_chain(lambda leaf, issuer: [leaf[:-40], issuer]), "something else than certificates"),
    "a surrogate": (_chain(lambda *_: ["\ud800", "a"]), "with no chain of certificates"),
    "too many": (_chain(lambda leaf, issuer: [leaf, *[issuer] * 20]), "with no chain of certificates"),
    "an empty list": (_members(certChain=[]), "with no chain of certificates"),
    "numbers": (_members(certChain=[1, 2]), "with no chain of certificates"),
    "an object": (_members(certChain={"a": 1}, crt=5), "with no chain of certificates"),
    "nothing": (_members(), "with no chain of certificates"),
    "no object": (lambda *_: answer(["a"], 201), "with no chain of certificates"),
    "no JSON": (lambda *_: answer(b"<html>", 201), "with no chain of certificates"),
    "JSON and more": (
        lambda ca, asked: answer(
            json.dumps({"certChain": [pem(ca.certify(asked)), pem(ca.issuer.certificate)]}).encode() + b"{}", 201
        ),
        "with no chain of certificates",
    ),
    "too much": (lambda *_: answer(b" " * (2 << 20), 201), "its answer to /1.0/sign is over"),
    "a redirection": (lambda *_: answer({}, 302, Location="https://example.com/"), "redirects the request"),
}  # fmt: skip


@pytest.mark.parametrize("fault", BAD)
def test_anything_else_is_refused_and_nothing_written(fault: str, tmp_path: Path) -> None:
    """One line says what it is not; no file is there, and the request was put once."""
    sign, said = BAD[fault]
    with serve_signing_ca(tmp_path, sign) as ca:
        result = ca.run()
        assert len(ca.asked) == 1
    assert (result.status, result.out) == (1, "") and said in result.err, result.err
    assert "Traceback" not in result.err
    assert not {"web.crt", "web.key"} & set(os.listdir(tmp_path))


def test_an_old_pair_stays_where_the_new_certificate_is_none(tmp_path: Path) -> None:
    """A key is never replaced by a run whose certificate failed."""
    with serve_signing_ca(tmp_path, sign_as_asked, refuse(403)) as ca:
        assert ca.run().status == 0
        before = [(tmp_path / name).read_bytes() for name in ("web.crt", "web.key")]
        assert ca.run("--force").status == 1
    assert [(tmp_path / name).read_bytes() for name in ("web.crt", "web.key")] == before


CAUTIONS: dict[str, tuple[Signing, tuple[str, ...], str]] = {
    "more names": (
        changed(names=[_DNS(NAME), _DNS("more.test"), x509.RFC822Name("a@b.test")]), (),
        "the certificate is also for a@b.test, more.test, which was not asked for",
    ),
    "another common name": (
        changed(subject=x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "evil.com")])), (),
        f"the certificate's common name is 'evil.com', not '{NAME}'",
    ),
    "for code": (
        changed(more=[(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), False)]), (),
        "the certificate is for neither servers nor clients",
    ),
    "a CA": (changed(is_ca=True), (), "the certificate is that of a CA"),
    "a shorter time": (changed(end=timedelta(hours=1)), ("--not-after", "9h"), "earlier than was asked for"),
}  # fmt: skip


@pytest.mark.parametrize("difference", CAUTIONS)
def test_what_a_template_may_change_is_a_warning(difference: str, tmp_path: Path) -> None:
    """The certificate is kept, and what is not as asked for is said."""
    sign, words, said = CAUTIONS[difference]
    with serve_signing_ca(tmp_path, sign) as ca:
        result = ca.run(*words)
    assert result.status == 0 and said in result.err and "warning: the certificate" in result.err, result.err
    assert (tmp_path / "web.crt").exists()


@pytest.mark.parametrize("asked", ["1h", "2099"])
def test_a_certificate_that_lasts_longer_than_was_asked_for_is_refused(asked: str, tmp_path: Path) -> None:
    """By a duration, and by a time."""
    words = ["--not-after", "1h"] if asked == "1h" else ["--not-after", "2099-01-01T00:00:00Z", "--not-before", "1h"]
    claims = {"maxTLSCertDuration": "999999h"}
    end = timedelta(hours=2) if asked == "1h" else timedelta(days=40000)
    with serve_signing_ca(tmp_path, changed(end=end), claims=claims) as ca:
        result = ca.run(*words)
    assert result.status == 1 and "ends later than was asked for" in result.err, result.err


# -- Refusals, and what is tried again ---------------------------------------------------------------


SEE_LOGS = "Please see the certificate authority logs for more info."


@pytest.mark.parametrize(
    ("status", "phrase"),
    [
        (400, f"The request could not be completed; malformed or missing data. {SEE_LOGS}"),
        (401, f"The request lacked necessary authorization to be completed. {SEE_LOGS}"),
        (403, f"The request was forbidden by the certificate authority. {SEE_LOGS}"),
        (401, "Unauthorized"),
        (403, ""),
    ],
)
def test_a_refusal_says_what_cannot_be_seen_from_here(status: int, phrase: str, tmp_path: Path) -> None:
    """No rule fails by our own, so what is left is listed where the CA says no reason; nothing is tried again."""
    with serve_signing_ca(tmp_path, refuse(status, phrase)) as ca:
        result = ca.run()
        assert len(ca.asked) == 1
    assert result.status == 1 and f"with status {status} without a reason" in result.err
    assert "no rule that can be judged from here fails" in result.err and "was used already" in result.err


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_reason_is_told_in_the_words_of_the_ca(status: int, tmp_path: Path) -> None:
    """Escaped, with one piece of advice and no guesses; nothing is tried again."""
    said = "The request was forbidden by the certificate authority: no\x1b[31m\u202eway."
    with serve_signing_ca(tmp_path, refuse(status, said)) as ca:
        result = ca.run()
        assert len(ca.asked) == 1
    assert result.status == 1 and f"with status {status}: no" in result.err
    assert "way: ask for what the CA allows, or ask whoever runs it\n" in result.err
    assert "was used already" not in result.err and "no rule" not in result.err
    assert "\x1b" not in result.err and "\u202e" not in result.err


@pytest.mark.parametrize("before", ["", "x" * 290, "token="])
@pytest.mark.parametrize("status", [401, 503])
def test_a_token_in_the_words_of_the_ca_is_not_shown(before: str, status: int, tmp_path: Path) -> None:
    """Nor its beginning, where the words are cut."""

    def echo(ca: SigningCa, asked: Asked) -> bytes:
        return refuse(status, f"{before}{asked.members['ott']} is bad")(ca, asked)

    with serve_signing_ca(tmp_path, echo) as ca:
        result = ca.run()
    assert result.status == 1 and "[a tok" in result.err and "eyJ" not in result.err


@pytest.mark.parametrize("fault", [refuse(503), refuse(429), refuse(500), lambda *_: b"", _broken], ids=range(5))
def test_a_busy_ca_is_asked_again_by_another_token(fault: Signing, tmp_path: Path) -> None:
    """Twice at the most, each time by a new token that is bound to the same request."""
    with serve_signing_ca(tmp_path, fault, fault, sign_as_asked) as ca:
        result = ca.run()
        assert result.status == 0, result.err
        assert len({asked.members["ott"] for asked in ca.asked}) == len(ca.asked) == 3
        assert len({asked.members["csr"] for asked in ca.asked}) == 1
    assert result.err.count("trying again with a new token") == 2


@pytest.mark.parametrize("fault", [refuse(503), lambda *_: b""], ids=["busy", "broken"])
def test_a_ca_that_stays_busy_is_given_up(fault: Signing, tmp_path: Path) -> None:
    """After the third attempt, with the last reason."""
    with serve_signing_ca(tmp_path, fault) as ca:
        result = ca.run()
        assert len(ca.asked) == 3
    assert result.status == 1 and ("fails with status 503: no" in result.err or "gives no valid answer" in result.err)
    assert not (tmp_path / "web.key").exists()


@pytest.mark.parametrize("fault", [refuse(503), lambda *_: b"", _broken], ids=["busy", "lost", "broken"])
def test_a_token_that_was_given_is_spent_once(fault: Signing, tmp_path: Path) -> None:
    """There is no other one: it is not shown again, and that it may be spent is said."""
    with serve_signing_ca(tmp_path, fault, sign_as_asked) as ca:
        (tmp_path / "token").write_text(ca.mint())
        result = ca.run("--token", str(tmp_path / "token"))
        assert len(ca.asked) == 1
    assert result.status == 1
    assert "the token may have been used" in result.err or "the token counts as used" in result.err, result.err


def test_the_pauses_count_as_time_of_the_requests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """--timeout bounds all attempts together."""
    monkeypatch.setattr(spending.BRIEF, "pauses", (2.0, 2.0))
    with serve_signing_ca(tmp_path, refuse(503)) as ca:
        result = ca.run("--timeout", "1500ms")
        assert len(ca.asked) == 1
    assert result.status == 1 and "within 1.5s" in result.err, result.err


FORESEEN: dict[str, tuple[tuple[str, ...], str]] = {
    "too long": (("--not-after", "48h"), "duration: it would last for 48h1m0s, and the limit"),
    "too short": (("--not-after", "1m"), "duration: it would last for 2m0s, and the limit"),
    "past": (("--not-before", "-3h", "--not-after", "1h"), "validity: the certificate would have expired already"),
    "backwards": (("--not-before", "2h", "--not-after", "-1h"), "validity: the certificate would end before it begins"),
}


@pytest.mark.parametrize("fault", FORESEEN)
def test_what_the_ca_would_refuse_is_not_sent(fault: str, tmp_path: Path) -> None:
    """The rule is named, and the CA gets no request that would cost a token."""
    words, said = FORESEEN[fault]
    claims = {"minTLSCertDuration": "5m", "maxTLSCertDuration": "24h", "defaultTLSCertDuration": "24h"}
    with serve_signing_ca(tmp_path, claims=claims) as ca:
        result = ca.run(*words)
        assert ca.asked == []
    assert result.status == 1 and f"so it was not sent: {said}" in result.err, result.err
    assert (result.out, result.err.count(".eyJ")) == ("", 0)


def test_a_given_token_that_would_be_refused_is_kept(tmp_path: Path) -> None:
    """One that is bound to another request is not spent on this one, and that it can be used is said."""
    with serve_signing_ca(tmp_path) as ca:
        (tmp_path / "token").write_text(ca.mint("--cnf", "A" * 43))
        result = ca.run("--token", str(tmp_path / "token"))
        assert ca.asked == []
    assert result.status == 1
    assert "not sent, and the token can still be used: csr binding: the token is bound to another CSR" in result.err


def test_a_limit_that_is_not_public_is_left_to_the_ca(tmp_path: Path) -> None:
    """Where the provisioner says nothing of durations, a long one is asked for."""
    with serve_signing_ca(tmp_path, changed(end=timedelta(hours=48))) as ca:
        assert ca.run("--not-after", "48h").status == 0
        assert ca.asked[0].members["notAfter"] == "48h0m0s"
