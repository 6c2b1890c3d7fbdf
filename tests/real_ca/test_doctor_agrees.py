"""`doctor` and `token` never disagree: the same settings are put to both, and the token to the real step-ca.

A setting is a change to a place where all is well. Each is tried alone and beside each that is about another
thing, without a terminal in this process; what a terminal changes is tried on one.
"""

import json
import secrets
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import attrs
import pytest

from adapters.jose.jwe import seal_jwk
from adapters.jose.key_objects import generate_jwk
from domain.formats.duration import NANOSECONDS
from tests.support.ca_client import connect, general_name, make_csr, make_ssh_key
from tests.support.hostile_ca import root
from tests.support.peer_programs import choose_port
from tests.support.provisioned_ca import K8SSA, X5C, ProvisionedCa, serve_provisioned
from tests.support.pseudo_terminal import ENTER, run_cli_on_terminal
from tests.support.running import Result, invoke

SUBJECT, PASSWORD = "web.test", "correct horse"
HOUR = timedelta(hours=1)
SIGNED = 201


@pytest.fixture(scope="module")
def alike_ca(step_ca_program: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProvisionedCa]:
    """A real step-ca with two JWK provisioners whose keys open fast, and with one whose key it does not keep."""

    def adjust(config: dict[str, Any]) -> None:
        listed = config["authority"]["provisioners"]
        private = [generate_jwk() for _ in range(3)]
        public = [{name: value for name, value in jwk.items() if name != "d"} for jwk in private]
        sealed, other = (seal_jwk(json.dumps(jwk), PASSWORD.encode(), 1000) for jwk in private[::2])
        listed[0] |= {"name": "jwk", "key": public[0], "encryptedKey": sealed}
        listed.append({"type": "JWK", "name": "bare", "key": public[1]})
        listed.append({"type": "JWK", "name": "other", "key": public[2], "encryptedKey": other})
        config["authority"]["disableIssuedAtCheck"] = True  # or it refuses all that is older than itself

    with serve_provisioned(step_ca_program, tmp_path_factory.mktemp("alike") / "step", adjust) as ca:
        yield ca


@attrs.define
class Scene:
    """A step path for the CA, and what is said there by flags and by the environment.

    Attributes:
        is_asked: Whether the real CA is shown the token: where nothing is known of it, it need not take one.
    """

    path: Path
    folder: Path
    ca: ProvisionedCa
    monkeypatch: pytest.MonkeyPatch
    flags: dict[str, str] = attrs.field(factory=dict)
    environment: dict[str, str] = attrs.field(factory=dict)
    subject: tuple[str, ...] = (SUBJECT,)
    path_given: bool = True
    is_asked: bool = True

    @property
    def password(self) -> Path:
        return self.path / "secrets" / "password"

    @property
    def root(self) -> Path:
        return self.path / "certs" / "root_ca.crt"

    @property
    def port(self) -> int:
        return int(urlsplit(self.ca.ca.url).port or 0)

    def configure(self, **settings: object) -> None:
        """Change settings in defaults.json; underscores in names are dashes, and None takes one out."""
        file = self.path / "config" / "defaults.json"
        values = json.loads(file.read_text()) | {k.replace("_", "-"): v for k, v in settings.items()}
        file.write_text(json.dumps({name: value for name, value in values.items() if value is not None}))

    def change_config(self, change: Callable[[dict[str, Any]], object]) -> None:
        """Change ca.json here, where the CA does not see it."""
        file = self.path / "config" / "ca.json"
        config = json.loads(file.read_text())
        change(config)
        file.write_text(json.dumps(config))

    def words(self, *words: str) -> list[str]:
        """Return the command line."""
        named = [f"--{name}" if value is None else f"--{name}={value}" for name, value in self.flags.items()]
        return [*words, *named]

    def surroundings(self) -> Mapping[str, str]:
        """Return the environment."""
        return ({"STEPPATH": str(self.path)} if self.path_given else {}) | self.environment

    def run(self, *words: str) -> Result:
        """Run a command line here."""
        return invoke(*self.words(*words), environment=self.surroundings())

    def is_taken(self, token: str) -> bool:
        """Return whether the real step-ca takes the token for what the environment asks for."""
        if not self.is_asked:
            return True
        client = connect(self.ca.ca)
        if "STEP_REVOKE" in self.environment:
            return client.revoke(int(self.subject[0]), token).status == 200
        if "STEP_RENEW" in self.environment:
            return client.post("/1.0/renew", token).status == SIGNED
        if "STEP_SSH" in self.environment or "STEP_HOST" in self.environment:
            return client.sign_ssh(make_ssh_key(), token).status == SIGNED
        name = self.environment.get("STEP_SAN", self.subject[0])
        return client.sign(make_csr("", [general_name(name)] if name.isascii() else []), token).status == SIGNED


@pytest.fixture
def scene(
    alike_ca: ProvisionedCa,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    no_terminal: None,
) -> Scene:
    """A copy of the CA's step path whose settings are enough for a token, and no terminal."""
    path = tmp_path / "step"
    for folder in ("certs", "config", "secrets"):
        shutil.copytree(alike_ca.ca.path / folder, path / folder)
    (path / "secrets" / "password").write_text(PASSWORD)
    for file in ("defaults.json", "ca.json"):
        text = (path / "config" / file).read_text()
        (path / "config" / file).write_text(text.replace(str(alike_ca.ca.path), str(path)))
    settings = json.loads((path / "config" / "defaults.json").read_text())
    (path / "config" / "defaults.json").write_text(json.dumps(settings | settings.pop("step-ott")))
    made = Scene(path, tmp_path, alike_ca, monkeypatch)
    made.configure(provisioner="jwk")
    return made


# -- What may be so ---------------------------------------------------------------------------------

Change = Callable[[Scene], object]


def hold(scene: Scene, **wishes: Any) -> None:
    """Sign by an X.509 certificate."""
    held = scene.ca.hold(scene.folder, **wishes)
    held.key.chmod(0o600)
    scene.flags |= {"x5c-cert": str(held.certificate), "x5c-key": str(held.key), "provisioner": X5C}
    scene.configure(provisioner_password_file=None)


def take_kubernetes_token(scene: Scene, **claims: Any) -> None:
    """Use a service account's token."""
    file = scene.folder / "token"
    file.write_text(scene.ca.kubernetes_token(**claims))
    scene.flags |= {"k8ssa-token-path": str(file), "provisioner": K8SSA}
    scene.configure(provisioner_password_file=None)


def write_other_key(scene: Scene) -> str:
    file = scene.folder / "other.jwk"
    file.write_text(json.dumps(generate_jwk()))
    return str(file)


def write_root(scene: Scene, content: bytes) -> str:
    file = scene.folder / "root.crt"
    file.write_bytes(content)
    return str(file)


def use_context(scene: Scene, name: str) -> None:
    """Move the step path into a context, and ask for the one of that name."""
    base = scene.folder / "base"
    (base / "authorities").mkdir(parents=True)
    inner = base / "authorities" / "ours"
    scene.path.rename(inner)
    for file in (inner / "config").iterdir():
        file.write_text(file.read_text().replace(str(scene.path), str(inner)))
    (base / "contexts.json").write_text(json.dumps({"work": {"authority": "ours", "profile": "nobody"}}))
    scene.path = base
    if name:
        scene.environment["STEP_CONTEXT"] = name


def move_clock(scene: Scene, seconds: int) -> None:
    moved = lambda _: time.time_ns() + seconds * NANOSECONDS  # noqa: E731
    scene.monkeypatch.setattr("adapters.machine.clock.SystemClock.now", moved)


def spell_address(scene: Scene, host: str) -> None:
    scene.flags["ca-url"] = f"{host}:{scene.port}"


def go_offline(scene: Scene, damage: Callable[[Path], object] = lambda _: None) -> None:
    """Ask no CA, and do something to the ca.json here, which is not the one that the CA goes by."""
    scene.environment["STEP_OFFLINE"] = "true"
    damage(scene.path / "config" / "ca.json")
    scene.configure(ca_config=None)
    scene.is_asked = False


def rewrite_root(scene: Scene) -> None:
    (scene.path / "certs" / "root_ca.crt").write_text("garbage")


def set_up_renewal(scene: Scene, **wishes: Any) -> None:
    """Renew a certificate of the CA's by its own key."""
    hold(scene, extension=scene.ca.provisioner_extension("jwk"), **wishes)
    del scene.flags["provisioner"]
    chain = Path(scene.flags["x5c-cert"])
    chain.write_bytes(chain.read_bytes() + (scene.path / "certs" / "intermediate_ca.crt").read_bytes())
    scene.configure(provisioner=None)
    scene.environment["STEP_RENEW"] = "true"
    scene.subject = ()


def set_up_revocation(scene: Scene) -> None:
    """Revoke a certificate that nobody has revoked before."""
    scene.environment["STEP_REVOKE"] = "true"
    scene.subject = (str(secrets.randbits(63)),)


ASPECTS: dict[str, dict[str, Change]] = {
    "provisioner": {
        "several": lambda s: s.configure(provisioner=None),
        "nobody": lambda s: s.configure(provisioner="nobody"),
        "bare": lambda s: s.configure(provisioner="bare"),
        "acme": lambda s: s.configure(provisioner="acme"),
        "sshpop": lambda s: s.configure(provisioner="sshpop"),
        "x5c without options": lambda s: s.configure(provisioner=X5C),
        "x5c": hold,
        "x5c half given": lambda s: s.environment.update({"STEP_X5C_CERT": "/nowhere"}),
        "x5c insecure": lambda s: (hold(s), s.environment.update({"STEP_X5C_INSECURE": "true"})),
        "x5c late": lambda s: hold(s, begin=-2 * HOUR, end=-HOUR),
        "x5c of a stranger": lambda s: (hold(s), s.flags.update({"x5c-key": write_other_key(s)})),
        "kubernetes": take_kubernetes_token,
        "kubernetes late": lambda s: take_kubernetes_token(s, exp=1),
        "kubernetes of another issuer": lambda s: take_kubernetes_token(s, iss="https://kubernetes.default.svc"),
        "kubernetes without a token": lambda s: s.configure(provisioner=K8SSA),
        "nebula half given": lambda s: s.environment.update({"STEP_NEBULA_KEY": "/nowhere"}),
        "sshpop half given": lambda s: s.environment.update({"STEP_SSHPOP_KEY": "/nowhere"}),
        "unknown kid": lambda s: s.environment.update({"STEP_KID": "nothing"}),
        "a device that is nowhere": lambda s: s.flags.update({"key": "pkcs11:object=x"}),
    },
    "password": {
        "none": lambda s: s.configure(provisioner_password_file=None),
        "wrong": lambda s: s.password.write_text("wrong"),
        "empty": lambda s: s.password.write_text(" \n"),
        "gone": lambda s: s.password.unlink(),
        "a folder": lambda s: (s.password.unlink(), s.password.mkdir()),
        "common": lambda s: s.configure(provisioner_password_file=None, password_file=str(s.password)),
        "another key": lambda s: s.flags.update({"key": write_other_key(s)}),
    },
    "root": {
        "gone": lambda s: (s.path / "certs" / "root_ca.crt").unlink(),
        "garbage": rewrite_root,
        "of another": lambda s: s.flags.update({"root": write_root(s, root().pem)}),
        "empty": lambda s: s.flags.update({"root": write_root(s, b"")}),
        "by default": lambda s: s.configure(root=None),
        "another fingerprint": lambda s: s.configure(fingerprint="ab" * 32),
    },
    "address": {
        "none": lambda s: s.configure(ca_url=None),
        "in capitals": lambda s: spell_address(s, "LOCALHOST"),
        "small": lambda s: spell_address(s, "localhost"),
        "with a dot": lambda s: spell_address(s, "localhost."),
        "of another name": lambda s: spell_address(s, "127.1"),
        "of another IP": lambda s: spell_address(s, "127.0.0.2"),
        "in IPv6": lambda s: spell_address(s, "[::1]"),
        "with nobody there": lambda s: s.flags.update({"ca-url": f"127.0.0.1:{choose_port()}"}),
        "malformed": lambda s: s.configure(ca_url="http://127.0.0.1"),
    },
    "ca.json": {
        "offline": lambda s: s.environment.update({"STEP_OFFLINE": "true"}),
        "offline, unreadable": lambda s: go_offline(s, lambda file: file.write_text("{")),
        "offline, without one": lambda s: go_offline(s, Path.unlink),
        "offline, nameless": lambda s: (go_offline(s), s.change_config(lambda config: config.update(dnsNames=[]))),
        "offline, of another name": lambda s: (
            go_offline(s),
            s.change_config(lambda config: config["dnsNames"].insert(0, "elsewhere.test")),
        ),
        "offline, declared": lambda s: (go_offline(s, Path.unlink), s.flags.update({"key": write_other_key(s)})),
    },
    "request": {
        "half": lambda s: s.environment.update({"STEP_HOST": "true"}),
        "ssh": lambda s: s.environment.update({"STEP_SSH": "true"}),
        "revoke": lambda s: (
            s.environment.update({"STEP_REVOKE": "true"}),
            setattr(s, "subject", (str(secrets.randbits(63)),)),
        ),
        "rekey": lambda s: s.environment.update({"STEP_REKEY": "true"}),
        "renew": set_up_renewal,
        "renew a stranger's": lambda s: (hold(s), s.environment.update({"STEP_RENEW": "true"})),
        "a bad duration": lambda s: s.environment.update({"STEP_NOT_AFTER": "5 minutes"}),
        "too long": lambda s: s.environment.update({"STEP_NOT_AFTER": "2h"}),
        "short": lambda s: s.environment.update({"STEP_NOT_AFTER": "1m"}),
        "later": lambda s: (
            s.environment.update({"STEP_NOT_BEFORE": "30m", "STEP_NOT_AFTER": "35m"}),
            setattr(s, "is_asked", False),  # it would take the token in half an hour
        ),
        "for a name": lambda s: s.environment.update({"STEP_SAN": "other.test"}),
        "for no name": lambda s: s.environment.update({"STEP_SAN": "ä.test"}),
        "data that is nowhere": lambda s: s.environment.update({"STEP_SET_FILE": "/nowhere"}),
        "data that is none": lambda s: s.environment.update({"STEP_SET_FILE": str(s.password)}),
        "bound to nothing": lambda s: s.environment.update({"STEP_CNF_FILE": "/nowhere"}),
        "written where there is something": lambda s: s.environment.update({"STEP_OUTPUT_FILE": str(s.password)}),
        "written into nothing": lambda s: s.environment.update({"STEP_OUTPUT_FILE": "/nowhere/token"}),
        "written over": lambda s: s.environment.update({"STEP_FORCE": "true"}),
    },
    "place": {
        "unknown context": lambda s: use_context(s, "nowhere"),
        "a context": lambda s: use_context(s, "work"),
        "no context chosen": lambda s: use_context(s, ""),
        "broken defaults.json": lambda s: (s.path / "config" / "defaults.json").write_text("{"),
        "a setting of the wrong kind": lambda s: s.configure(san=5),
        "a request for a host": lambda s: (s.configure(ssh=True), s.environment.update({"STEP_HOST": "true"})),
        "a setting that is outranked": lambda s: (s.configure(root=5), s.flags.update({"root": str(s.root)})),
        "a timeout that is none": lambda s: s.configure(timeout="soon"),
        "no step path": lambda s: shutil.rmtree(s.path),
        "nothing says where": lambda s: setattr(s, "path_given", False),
    },
    "clock": {
        "ahead": lambda s: move_clock(s, 90),
        "a little ahead": lambda s: move_clock(s, 45),
        "behind": lambda s: move_clock(s, -150),
        "far behind": lambda s: move_clock(s, -600),
    },
}
"""What may be otherwise, by what it is about; the order within a pair is that of the aspects."""

ALONE = [((aspect, name),) for aspect, changes in ASPECTS.items() for name in changes]
TELLING = {
    "provisioner": ("several", "x5c", "kubernetes"),
    "password": ("none", "wrong", "common"),
    "root": ("garbage", "of another"),
    "address": ("none", "in capitals", "with nobody there"),
    "ca.json": ("offline", "offline, declared"),
    "request": ("ssh", "revoke", "renew", "short", "rekey"),
    "place": ("a context",),
    "clock": ("behind",),
}
PAIRS = [
    ((one, first), (other, second))
    for one, firsts in TELLING.items()
    for other, seconds in TELLING.items()
    if list(ASPECTS).index(one) < list(ASPECTS).index(other)
    for first in firsts
    for second in seconds
]


def name_settings(settings: tuple[tuple[str, str], ...]) -> str:
    return " and ".join(f"{aspect} {name}" for aspect, name in settings) or "nothing"


@pytest.mark.parametrize("settings", [(), *ALONE, *PAIRS], ids=name_settings)
def test_doctor_says_what_token_and_the_ca_do(settings: tuple[tuple[str, str], ...], scene: Scene) -> None:
    """It exits 0 where token does and the real step-ca takes the token, and nowhere else."""
    for aspect, name in settings:
        ASPECTS[aspect][name](scene)
    written = scene.environment.get("STEP_OUTPUT_FILE")
    before = sorted(str(path) for path in scene.folder.rglob("*"))
    examined = scene.run("doctor")
    assert before == sorted(str(path) for path in scene.folder.rglob("*")), "doctor leaves things as they are"
    minted = scene.run("token", *scene.subject)
    token = Path(written).read_text() if written and minted.status == 0 else minted.out.strip()
    is_well = minted.status == 0 and scene.is_taken(token)
    assert (examined.status == 0) is is_well, f"{examined.out}{examined.err}\n{minted}"


@pytest.mark.parametrize(
    ("aspect", "name", "question", "answer"),
    [
        ("provisioner", "several", "beginning of the name: ", b"jwk (JWK)" + ENTER),
        ("password", "none", "Please enter", PASSWORD.encode() + b"\n"),
    ],
)
def test_with_a_terminal_a_person_may_answer(
    aspect: str, name: str, question: str, answer: bytes, scene: Scene
) -> None:
    """What `token` would ask a person is not a failure where there is a terminal, and doctor asks nothing."""
    ASPECTS[aspect][name](scene)
    with run_cli_on_terminal(*scene.words("doctor"), environment=scene.surroundings()) as session:
        done = session.finish()
        assert (done.status, session.shown) == (0, ""), done
        assert "token would ask" in done.out
    with run_cli_on_terminal(*scene.words("token", SUBJECT), environment=scene.surroundings()) as session:
        session.wait_for(question)
        session.type(answer)
        assert session.finish().status == 0
