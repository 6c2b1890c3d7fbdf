"""`ssh certificate` by each type of provisioner that has SSH certificates, and by a token that is there."""

import json
from pathlib import Path
from typing import Any

import attrs
import pytest

from tests.support.nebula_mesh import NAME, Mesh
from tests.support.provisioned_ca import K8SSA, X5C, ProvisionedCa, serve_provisioned
from tests.support.running import invoke
from tests.support.ssh_scene import JWK, PLAIN, SshScene

USER, HOST = ("--no-agent",), ("--host",)


@pytest.mark.parametrize("kind", [USER, HOST], ids=["user", "host"])
def test_a_certificate_of_its_own_signs(ssh_scene: SshScene, tmp_path: Path, kind: tuple[str, ...]) -> None:
    """An X5C provisioner takes the key of an X.509 certificate, which the SSH one does not outlast."""
    held = ssh_scene.ca.hold(tmp_path)
    ssh_scene.get("certificate", *kind, "machine.test", "@key", "--provisioner", X5C, *held.flags, *PLAIN)
    shown = ssh_scene.read("key-cert.pub")
    assert shown["Key ID"] == '"machine.test"'
    assert "machine.test" in shown["Principals"].split()


@pytest.mark.parametrize("kind", [USER, HOST], ids=["user", "host"])
def test_kubernetes_vouches(ssh_scene: SshScene, tmp_path: Path, kind: tuple[str, ...]) -> None:
    """Its token says nothing of SSH: what is asked for is in the request, and comes."""
    token = tmp_path / "token"
    token.write_text(ssh_scene.ca.kubernetes_token())
    words = ("pod.test", "@key", "-n", "pod", "-n", "web", "--not-after", "1h", "--provisioner", K8SSA)
    ssh_scene.get("certificate", *kind, *words, "--k8ssa-token-path", str(token), *PLAIN)
    shown = ssh_scene.read("key-cert.pub")
    assert (shown["Key ID"], shown["Principals"]) == ('"pod.test"', "pod web")
    assert shown["Type"].endswith(f"{'host' if kind == HOST else 'user'} certificate")


def test_a_nebula_host_gets_a_host_certificate(
    ssh_scene: SshScene, mesh_ca: ProvisionedCa, mesh: Mesh, tmp_path: Path
) -> None:
    """For its own name; no user's, which is said before anything is asked of the CA."""
    scene = attrs.evolve(ssh_scene, ca=mesh_ca)
    held = mesh.host(tmp_path)
    scene.get("certificate", "--host", NAME, "@key", *held.flags, *PLAIN)
    assert scene.read("key-cert.pub")["Principals"] == NAME
    refused = scene.run("certificate", NAME, "@user", *held.flags, *PLAIN)
    assert refused.status == 2 and "step-ca signs only SSH host certificates for Nebula" in refused.err
    assert sorted(scene.modes()) == ["key", "key-cert.pub", "key.pub"]


def test_a_token_that_is_there_is_spent(ssh_scene: SshScene, tmp_path: Path) -> None:
    """The names are those in it; given as it is or in a file; and what it does not allow is not asked for."""
    mint = ("token", "max@ex.test", "--ssh", "-n", "root", "--cert-not-after", "1h", *JWK)
    for number, in_file in enumerate((True, False)):
        token = invoke(*mint, environment=ssh_scene.ca.environment).token
        (tmp_path / "token").write_text(token)
        given = str(tmp_path / "token") if in_file else token
        ssh_scene.get("certificate", "max@ex.test", f"@key{number}", "--token", given, "--no-agent", *PLAIN)
        assert ssh_scene.read(f"key{number}-cert.pub")["Principals"] == "root"
    token = invoke(*mint, environment=ssh_scene.ca.environment).token
    for words, reason in (
        (["--host"], "a host certificate is asked for, and the token is for a user certificate"),
        (["-n", "toor"], "toor asked for, and the token is for root"),
    ):
        refused = ssh_scene.run("certificate", "max@ex.test", "@no", "--token", token, *words, *PLAIN)
        assert (refused.status, refused.out) == (1, "") and reason in refused.err
        assert "so it was not sent" in refused.err and not (ssh_scene.folder / "no").exists()
    ssh_scene.get("certificate", "max@ex.test", "@kept", "--token", token, "--no-agent", *PLAIN)


def test_a_bound_token_is_for_one_key(ssh_scene: SshScene, tmp_path: Path) -> None:
    """A token that is bound to another key is kept, though step-ca would not mind."""
    ssh_scene.get("certificate", "--host", "host.test", "@one", *PLAIN, *JWK)
    words = ("token", "host.test", "--ssh", "--host", "--cnf-file", ssh_scene.place("@one.pub"), *JWK)
    token = invoke(*words, environment=ssh_scene.ca.environment).token
    (ssh_scene.folder / "one-cert.pub").unlink()
    refused = ssh_scene.run("certificate", "--host", "host.test", "@two", "--token", token, *PLAIN)
    assert refused.status == 1 and "the token is bound to another key, so it was not sent" in refused.err
    assert not (ssh_scene.folder / "two").exists()
    ssh_scene.get("certificate", "--host", "--sign", "host.test", "@one.pub", "--token", token)


def test_a_template_of_the_ca_goes_before_what_was_asked_for(
    ssh_scene: SshScene, step_ca_program: str, tmp_path: Path
) -> None:
    """The provisioner's own template may choose other names: they are written, and stderr says which."""
    template = {
        "type": "{{ toJson .Type }}", "keyId": "chosen", "principals": ["chosen"],
        "extensions": "{{ toJson .Extensions }}", "criticalOptions": "{{ toJson .CriticalOptions }}",
    }  # fmt: skip
    text = json.dumps(template).replace('"{{', "{{").replace('}}"', "}}")

    def adjust(config: dict[str, Any]) -> None:
        config["authority"]["provisioners"][0]["options"] = {"ssh": {"template": text}}

    with serve_provisioned(step_ca_program, tmp_path / "ca", adjust) as ca:
        scene = attrs.evolve(ssh_scene, ca=ca)
        told = scene.get("certificate", "max", "@key", "--no-agent", *PLAIN, *JWK).err.splitlines()
    assert told[-2:] == [
        "warning: the CA decides otherwise: its key identifier is 'chosen', not 'max'",
        "warning: the CA decides otherwise: it is for chosen, not for max",
    ]
    assert scene.read("key-cert.pub")["Principals"] == "chosen"
