"""The OIDC provisioner: the token of the person who signs in at a real identity provider, shown to a real step-ca."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from unittest import mock
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from cryptography import x509

from entrypoints.command_line.options import TOKEN_OPTIONS, Option, ValueKind
from tests.support.browsing_person import COMMAND as PERSON
from tests.support.browsing_person import NAME, browse
from tests.support.ca_client import CaClient, connect, general_name, make_csr, make_ssh_key, names_of
from tests.support.headless_browser import COMMAND as CHROMIUM
from tests.support.headless_browser import PROGRAM
from tests.support.identity_provider import (
    BASIC,
    HOME,
    POSTING,
    PUBLIC,
    SECRET,
    RunningProvider,
    require_identity_provider,
    serve_identity_provider,
)
from tests.support.peer_programs import REPOSITORY, choose_port
from tests.support.provisioned_ca import ProvisionedCa, serve_provisioned
from tests.support.running import PROCESS_SECONDS, Result, invoke

EMAIL = f"{NAME}@example.test"
UNAUTHORISED, FORBIDDEN = 401, 403


@pytest.fixture(scope="module")
def provider() -> Iterator[RunningProvider]:
    """A real identity provider."""
    require_identity_provider()
    with serve_identity_provider() as provider:
        yield provider


@pytest.fixture(scope="module")
def oidc_ca(
    provider: RunningProvider, step_ca_program: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ProvisionedCa]:
    """A real step-ca whose users sign in there, beside all its other provisioners."""

    def adjust(config: dict[str, dict[str, list[object]]]) -> None:
        config["authority"]["provisioners"] += [
            *(provider.members(client) for client in (PUBLIC, POSTING)),
            provider.members(BASIC, admins=[EMAIL]),
            provider.members(HOME, listenAddress=f"localhost:{choose_port()}"),
        ]

    with serve_provisioned(step_ca_program, tmp_path_factory.mktemp("oidc") / "step", adjust) as ca:
        yield ca


@pytest.fixture(scope="module")
def client(oidc_ca: ProvisionedCa) -> CaClient:
    """A client of the CA."""
    return connect(oidc_ca.ca)


def ask(ca: ProvisionedCa, *words: str, subject: str = EMAIL, **environment: str) -> Result:
    """Run `token` with a person at the browser."""
    surroundings = {**ca.environment, "BROWSER": PERSON, **environment}
    return invoke("token", subject, *words, environment=surroundings)


def read_address(err: str) -> str:
    """Return the address to sign in at on stderr."""
    [address] = re.findall(r"^(http://127\.0\.0\.1:[0-9]+/auth\?\S+)$", err, flags=re.MULTILINE)
    return str(address)


def check_x509(client: CaClient, token: str) -> None:
    """Check that the CA signs an X.509 certificate for the person by the token."""
    certificate = client.sign(make_csr("any", [general_name("any.test")]), token).certificate
    assert x509.RFC822Name(EMAIL) in names_of(certificate)


def check_ssh(client: CaClient, token: str) -> None:
    """Check that the CA signs an SSH certificate for the person by the token."""
    signed = client.sign_ssh(make_ssh_key(), token, certType="user").ssh_certificate
    assert signed.key_id == EMAIL.encode()
    assert NAME.encode() in signed.valid_principals


@pytest.mark.parametrize("name", [PUBLIC, POSTING, HOME])
def test_the_ca_signs_for_who_signs_in(oidc_ca: ProvisionedCa, client: CaClient, name: str) -> None:
    """With a secret or without: the ID token gets an X.509 certificate, and another one an SSH certificate."""
    first, second = (ask(oidc_ca, "--provisioner", f"oidc-{name}") for _ in range(2))
    assert first.claims["email"] == EMAIL and first.claims["aud"] == name
    check_x509(client, first.token)
    check_ssh(client, second.token)
    assert SECRET not in first.err


def enroll(ca: ProvisionedCa, folder: Path, subject: str, name: str, *words: str) -> Result:
    """Run `ca certificate` with a person at the browser."""
    files = [str(folder / "web.crt"), str(folder / "web.key")]
    line = ["ca", "certificate", subject, *files, "--provisioner", f"oidc-{name}", *words]
    return invoke(*line, environment={**ca.environment, "BROWSER": PERSON})


def test_who_signs_in_gets_a_certificate(oidc_ca: ProvisionedCa, tmp_path: Path) -> None:
    """For the email address and what the CA makes of the account; with names that are not theirs, none."""
    got = enroll(oidc_ca, tmp_path, EMAIL, PUBLIC)
    assert got.status == 0, got.err
    leaf = x509.load_pem_x509_certificates((tmp_path / "web.crt").read_bytes())[0]
    assert x509.RFC822Name(EMAIL) in names_of(leaf)
    other = enroll(oidc_ca, tmp_path, "host.test", PUBLIC, "--force")
    assert other.status == 1 and "is not for host.test" in other.err, other.err
    assert x509.load_pem_x509_certificates((tmp_path / "web.crt").read_bytes())[0] == leaf


def test_an_admin_gets_a_certificate_for_any_name(oidc_ca: ProvisionedCa, tmp_path: Path) -> None:
    """Whom the provisioner's admins name gets what is asked for, by the subject or by --san."""
    for words, name in (((), "host.test"), (("--san", "a.test", "--force"), "a.test")):
        got = enroll(oidc_ca, tmp_path, "host.test", BASIC, *words)
        assert got.status == 0, got.err
        leaf = x509.load_pem_x509_certificates((tmp_path / "web.crt").read_bytes())[0]
        assert names_of(leaf) == [x509.DNSName(name)]


def test_an_admin_may_have_host_certificates(oidc_ca: ProvisionedCa, client: CaClient) -> None:
    """Whom the provisioner's admins name gets what is asked for; but nobody's `sub` is the serial to revoke."""
    first, second, third = (ask(oidc_ca, "--provisioner", f"oidc-{BASIC}").token for _ in range(3))
    certificate = client.sign(make_csr("host.test", [general_name("host.test")]), first).certificate
    assert names_of(certificate) == [x509.DNSName("host.test")]
    wishes = {"certType": "host", "keyID": "host.test", "principals": ["host.test"]}
    assert client.sign_ssh(make_ssh_key(), second, **wishes).ssh_certificate
    assert client.revoke(certificate.serial_number, third).status == FORBIDDEN


def test_a_token_is_taken_once(oidc_ca: ProvisionedCa, client: CaClient) -> None:
    """The CA remembers the nonce."""
    token = ask(oidc_ca, "--provisioner", f"oidc-{PUBLIC}").token
    check_x509(client, token)
    assert client.sign(make_csr("any", [general_name("any.test")]), token).status == UNAUTHORISED


def test_stderr_has_the_address_and_the_provisioner_and_nothing_else(oidc_ca: ProvisionedCa) -> None:
    """The address is shown though the browser opens; a subject that is not the person's own is warned of."""
    own = ask(oidc_ca, "--provisioner", f"oidc-{PUBLIC}")
    address = read_address(own.err)
    issuer = own.claims["iss"]
    assert own.err == (
        f"Sign in at {issuer} in the browser, which has been opened; the address is\n{address}\n"
        f"✔ Provisioner: oidc-{PUBLIC} (OIDC) [client: {PUBLIC}]\n"
    )
    other = ask(oidc_ca, "--provisioner", f"oidc-{PUBLIC}", subject="web.test")
    assert other.err.splitlines()[-1] == (f"warning: the token is as it was issued to {EMAIL}; 'web.test' is not in it")


def test_kid_selects_by_the_clients_identifier(oidc_ca: ProvisionedCa) -> None:
    """As with step."""
    assert ask(oidc_ca, "--kid", POSTING).claims["aud"] == POSTING


def test_it_is_not_chosen_where_another_needs_nobody_to_sign_in(oidc_ca: ProvisionedCa) -> None:
    """A script does not end up before a browser."""
    password = str(oidc_ca.ca.path / "secrets" / "password")
    result = ask(oidc_ca, "--password-file", password)
    assert result.token and "(JWK)" in result.err


def test_the_listen_address_is_where_the_browser_comes_back(oidc_ca: ProvisionedCa) -> None:
    """The provisioner's listenAddress names host and port, which the provider was told beforehand."""
    config = json.loads((oidc_ca.ca.path / "config" / "ca.json").read_text())
    [listed] = [one for one in config["authority"]["provisioners"] if one["name"] == f"oidc-{HOME}"]
    result = ask(oidc_ca, "--provisioner", f"oidc-{HOME}")
    assert result.token
    asked = parse_qs(urlsplit(read_address(result.err)).query)
    assert asked["redirect_uri"] == [f"http://{listed['listenAddress']}"]


def turn_back(address: str) -> bool:
    """Stand where a browser would, with a person who changes their mind."""
    with pytest.raises(urllib.error.HTTPError, match="400"):
        browse(address, agrees=False)
    return True


def test_a_person_who_turns_back_gets_no_token(oidc_ca: ProvisionedCa) -> None:
    """The provider's refusal is told, and what to do."""
    with mock.patch("adapters.sign_in.oidc.open_browser", turn_back):
        result = ask(oidc_ca, "--provisioner", f"oidc-{PUBLIC}")
    assert (result.status, result.out) == (1, "")
    assert "step-ott: the identity provider refuses: access_denied: " in result.err


# -- In a process of its own ------------------------------------------------------------------------


@contextmanager
def run_process(ca: ProvisionedCa, *words: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """Run `token` in a process of its own until the block ends."""
    command = [sys.executable, "-m", "entrypoints.cli", "token", EMAIL, *words]
    surroundings = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", **ca.environment, **environment}
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=REPOSITORY, env=surroundings, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_for_address(process: subprocess.Popen[str], pattern: str) -> str:
    """Return what the pattern's group finds on stderr."""
    assert process.stderr is not None
    for line in process.stderr:
        match = re.search(pattern, line)
        if match:
            return match[1]
    raise AssertionError(pattern)


ADDRESS = r"^(http://\S+)$"


def test_without_a_browser_the_address_is_enough(oidc_ca: ProvisionedCa) -> None:
    """STEP_OPEN_BROWSER=0 opens none; the person goes to the address that stderr shows."""
    with run_process(oidc_ca, "--provisioner", f"oidc-{PUBLIC}", STEP_OPEN_BROWSER="0") as process:
        page = browse(wait_for_address(process, ADDRESS))
        out, _ = process.communicate(timeout=PROCESS_SECONDS)
    assert process.returncode == 0 and out.count(".") == 2
    assert "You can close this window" in page


@pytest.mark.parametrize(
    ("words", "address"), [([], ADDRESS), (["--console"], r"^or at (http://\S+)$")], ids=["browser", "console"]
)
def test_ctrl_c_ends_the_wait(words: Sequence[str], address: str, oidc_ca: ProvisionedCa) -> None:
    """Whoever changes their mind is not kept."""
    with run_process(oidc_ca, "--provisioner", f"oidc-{PUBLIC}", *words, STEP_OPEN_BROWSER="0") as process:
        wait_for_address(process, address)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PROCESS_SECONDS)
    assert (process.returncode, out, err) == (130, "", "step-ott: interrupted\n")


def test_what_a_browser_prints_does_not_reach_stdout(oidc_ca: ProvisionedCa, tmp_path: Path) -> None:
    """The token stands there alone, and no secret in what the browser is started with."""
    program = tmp_path / "browser"
    program.write_text(
        f'#!/bin/sh\necho noise\necho noise >&2\nprintf "%s\\n" "$@" > {tmp_path}/argv\nexec {PERSON[:-3]} "$1"\n'
    )
    program.chmod(0o755)
    with run_process(oidc_ca, "--provisioner", f"oidc-{POSTING}", BROWSER=f"{program} %s") as process:
        out, err = process.communicate(timeout=PROCESS_SECONDS)
    assert process.returncode == 0, err
    assert out.count("\n") == 1 and "noise" not in out + err
    assert SECRET not in (tmp_path / "argv").read_text() + err


def test_a_headless_chromium_signs_in(oidc_ca: ProvisionedCa, client: CaClient, tmp_path: Path) -> None:
    """A real browser goes through the provider's pages and comes back, and shows that it can be closed."""
    if shutil.which(PROGRAM) is None:
        pytest.skip(f"no {PROGRAM} here: install Debian's package")
    page = tmp_path / "page"
    words = ["--provisioner", f"oidc-{PUBLIC}"]
    check_x509(client, ask(oidc_ca, *words, BROWSER=CHROMIUM, LAST_PAGE=str(page)).token)
    deadline = time.monotonic() + PROCESS_SECONDS
    while not page.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert "You have signed in." in page.read_text()


# -- The device flow --------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "check"), [(PUBLIC, check_x509), (POSTING, check_ssh)])
def test_a_device_code_gets_a_token(
    oidc_ca: ProvisionedCa,
    client: CaClient,
    name: str,
    check: Callable[[CaClient, str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing is opened here: the person signs in elsewhere while the command waits, and the CA signs."""
    pauses = []

    def go_elsewhere(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 2:
            shown = sys.stderr.getvalue()  # type: ignore[attr-defined]
            browse(re.findall(r"^or at (http://\S+)$", shown, flags=re.MULTILINE)[-1])

    monkeypatch.setattr("adapters.sign_in.oidc.sleep", go_elsewhere)
    monkeypatch.setattr("adapters.sign_in.oidc.open_browser", lambda _: pytest.fail("a browser was opened"))
    result = ask(oidc_ca, "--console", "--kid", name)
    check(client, result.token)
    assert re.match(r"Sign in with any browser at http://\S+/device and enter the code \S+\n", result.err)
    assert pauses == [5, 5]


# -- What the provisioner says ----------------------------------------------------------------------


@pytest.fixture
def place(provider: RunningProvider, oidc_ca: ProvisionedCa, tmp_path: Path) -> Callable[..., Result]:
    """Runs `token` for a provisioner with other members than the CA's, which a stand-in lists."""
    from tests.support.hostile_ca import answer, root, serve

    (tmp_path / "root.crt").write_bytes(root().pem)

    def run(*words: str, **members: object) -> Result:
        listed = [provider.members(**members)]  # type: ignore[arg-type]
        with serve(lambda _: answer({"provisioners": listed})) as ca:
            where = ["--ca-url", ca.url, "--root", str(tmp_path / "root.crt")]
            return invoke("token", EMAIL, *where, *words, environment={"STEPPATH": str(tmp_path), "BROWSER": PERSON})

    return run


def test_the_scopes_are_what_is_asked_for(place: Callable[..., Result]) -> None:
    """Without the scope email the token has none, and a warning says what that means."""
    result = place(scopes=["openid"])
    assert "email" not in result.claims
    assert "warning: the token has no email, so the certificate gets none" in result.err


def test_the_auth_params_stand_in_the_address(place: Callable[..., Result]) -> None:
    """As they are, as often as they are, with whatever characters."""
    result = place(authParams=["login_hint=a&b=c", "ui_locales=de", "ui_locales", "hd=é"])
    asked = parse_qsl(urlsplit(read_address(result.err)).query, keep_blank_values=True)
    assert asked[-4:] == [("login_hint", "a&b=c"), ("ui_locales", "de"), ("ui_locales", ""), ("hd", "é")]


def test_a_port_alone_is_one_of_this_machine(place: Callable[..., Result]) -> None:
    """`:port` is 127.0.0.1, as with step."""
    port = choose_port()
    result = place(listenAddress=f":{port}")
    assert result.token
    assert parse_qs(urlsplit(read_address(result.err)).query)["redirect_uri"] == [f"http://127.0.0.1:{port}"]


def test_the_whole_configuration_endpoint_will_do(place: Callable[..., Result], provider: RunningProvider) -> None:
    """With the well-known part or without, with a slash at its end or without."""
    for end in ("/", "/.well-known/openid-configuration"):
        assert place(configurationEndpoint=provider.url + end).token


# -- What cannot be asked for -----------------------------------------------------------------------

TAKEN = {
    "console", "provisioner", "kid", "ca-url", "root", "ca-config", "context", "request-timeout", "timeout",
    "output-file", "force",
}  # fmt: skip
"""Flags that say where the provisioner and the CA are, how to sign in, and where the token goes."""
NEEDS = {"principal": "ssh", "host": "ssh", "cert-not-before": "ssh", "cert-not-after": "ssh"}
VALUES = {"cnf": "A" * 43, "set": "a=b", "not-before": "1m", "not-after": "10m",
          "cert-not-before": "1m", "cert-not-after": "1h", "kms": "pkcs11:token=any"}  # fmt: skip
WITHOUT_EFFECT = [option for option in TOKEN_OPTIONS if option.name not in TAKEN]


@pytest.fixture
def offline_place(tmp_path: Path, sandbox_path: Path) -> dict[str, str]:
    """The environment of a step path with an OIDC provisioner in its ca.json, whose provider is not there."""
    config = json.loads((sandbox_path / "config" / "ca.json").read_text())
    config["root"] = str(sandbox_path / "certs" / "root_ca.crt")
    config["authority"]["provisioners"] += [
        {"type": "oidc", "name": "corp", "clientID": "id", "configurationEndpoint": "https://idp.test"}
    ]
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "ca.json").write_text(json.dumps(config))
    return {"STEPPATH": str(tmp_path)}


@pytest.mark.parametrize("option", WITHOUT_EFFECT, ids=[option.name for option in WITHOUT_EFFECT])
def test_a_flag_that_cannot_apply_is_refused(option: Option) -> None:
    """Every flag that says what would have to stand in the token is refused beside --console, before anything."""
    value = [] if option.kind is ValueKind.SWITCH else [VALUES.get(option.name, "/nonexistent")]
    needed = [f"--{NEEDS[option.name]}"] if option.name in NEEDS else []
    result = invoke("token", "1", "--console", f"--{option.name}", *value, *needed)
    assert (result.status, result.out, result.err.count("\n")) == (2, "", 1), result
    named = {other.name for other in TOKEN_OPTIONS if f"--{other.name} " in result.err.replace(":", " ")}
    assert len(named) >= 2, result.err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            ["--provisioner", "corp"],
            "--offline cannot be used with an OIDC provisioner, at which somebody must sign in",
        ),
        (["--kid", "id"], "--offline cannot be used with an OIDC provisioner, at which somebody must sign in"),
        (["--console"], "--console and --offline cannot be used together"),
        (["--provisioner", "corp", "--ssh"], "--offline cannot be used with an OIDC provisioner"),
    ],
)
def test_nobody_signs_in_offline(offline_place: dict[str, str], words: list[str], told: str) -> None:
    """Offline no socket is opened, and an OIDC token comes over one."""
    with mock.patch("socket.socket", side_effect=AssertionError("a socket was opened")):
        result = invoke("token", EMAIL, "--offline", *words, environment=offline_place)
    assert (result.status, result.out) == (2, "")
    assert result.err.startswith(f"step-ott: {told}")


def test_without_the_extra_the_error_says_how_to_get_it(oidc_ca: ProvisionedCa) -> None:
    """The core does without Authlib."""
    with mock.patch.dict(
        sys.modules, {"authlib": None, "adapters.sign_in.oidc": None, "adapters.sign_in.id_tokens": None}
    ):
        result = ask(oidc_ca, "--provisioner", f"oidc-{PUBLIC}")
    assert (result.status, result.out) == (2, "")
    assert result.err.endswith(f"which is not installed: add it by: {sys.executable} -m pip install authlib joserfc\n")


def test_doctor_opens_no_browser(oidc_ca: ProvisionedCa) -> None:
    """It says that somebody would have to sign in, and finds no fault."""
    with mock.patch("adapters.sign_in.oidc.open_browser", side_effect=AssertionError("a browser was opened")):
        result = invoke("doctor", "--provisioner", f"oidc-{PUBLIC}", environment=oidc_ca.environment)
    assert "not checkable  key: token would have you sign in at the identity provider" in result.out, result.out


def test_inspect_knows_an_id_token(oidc_ca: ProvisionedCa) -> None:
    """What is normal for it is not warned of."""
    token = ask(oidc_ca, "--provisioner", f"oidc-{PUBLIC}").token
    result = invoke("inspect", "-", stdin=token.encode())
    assert "provisioner type: OIDC\n" in result.out
    assert "warning: " not in result.out


def test_verify_has_no_verdict(oidc_ca: ProvisionedCa) -> None:
    """The provisioner is found by the client, and the rest is the identity provider's to say."""
    token = ask(oidc_ca, "--provisioner", f"oidc-{PUBLIC}").token
    result = invoke("verify", "-", "--for", "sign", environment=oidc_ca.environment, stdin=token.encode())
    assert f"passed         provisioner: it is oidc-{PUBLIC} (OIDC) [client: {PUBLIC}]" in result.out
    assert result.out.endswith("verdict: unknown\nsummary: what the CA would say cannot be predicted from here\n")


def test_the_secret_shows_in_no_repr() -> None:
    """Neither of the client's nor of the provisioner's."""
    from adapters.ca.provisioner_json import read_provisioners

    members = {
        "type": "OIDC",
        "name": "n",
        "clientID": "c",
        "configurationEndpoint": "https://x",
        "clientSecret": SECRET,
    }
    [provisioner] = read_provisioners([members])
    assert SECRET not in repr(provisioner) + str(provisioner) + provisioner.label()


def test_the_person_gets_an_ssh_certificate_for_their_own_names(oidc_ca: ProvisionedCa, tmp_path: Path) -> None:
    """`ssh certificate` by who signs in: the CA decides on the names, and where others were asked for, that is told."""
    surroundings = {**oidc_ca.environment, "BROWSER": PERSON}
    words = ("--no-agent", "--no-password", "--insecure", "--provisioner", f"oidc-{PUBLIC}")
    own = invoke("ssh", "certificate", EMAIL, str(tmp_path / "own"), *words, environment=surroundings)
    assert own.status == 0 and "the CA decides otherwise" not in own.err, own.err
    other = invoke("ssh", "certificate", "root", str(tmp_path / "other"), *words, environment=surroundings)
    assert other.status == 0, other.err
    assert f"warning: the CA decides otherwise: its key identifier is '{EMAIL}', not 'root'" in other.err
    assert "warning: the CA decides otherwise: it is for" in other.err and ", not for root" in other.err
    refused = invoke(
        "ssh", "certificate", "--host", "h.test", str(tmp_path / "no"), *words[1:], environment=surroundings
    )
    assert refused.status == 1 and not (tmp_path / "no").exists()
