"""Fixtures: sandboxes, and the real programs that tests put questions to."""

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from adapters.ca.https_client import PAUSES
from tests.support.cloud_identities import serve_clouds
from tests.support.nebula_mesh import Mesh, open_mesh, serve_mesh
from tests.support.peer_programs import RunningCa, choose_port, leave_out, require_program, serve_ca
from tests.support.provisioned_ca import ProvisionedCa, serve_provisioned
from tests.support.running import invoke
from tests.support.softhsm import SoftHsm, create_device, find_module, find_tool
from tests.support.ssh_scene import SshScene

settings.register_profile(
    "any speed",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=os.environ.get("SAME_EXAMPLES") == "1",
)
settings.load_profile("any speed")
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # nohup has it ignored, which the programs under test would inherit


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse names that another process would give otherwise, since tests are shared out by their names."""
    if changing := [item.nodeid for item in items if " object at 0x" in item.nodeid]:
        raise pytest.UsageError(f"give these tests ids that are the same in every process: {changing}")


@pytest.fixture(scope="session")
def step_ca_program() -> str:
    """The real step-ca."""
    return require_program("step-ca")


@pytest.fixture(scope="session")
def step_program() -> str:
    """The real step CLI."""
    return require_program("step")


@pytest.fixture(scope="session")
def sandbox_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sandbox as the command writes it, whose CA would listen on a free port; nothing serves it."""
    path = tmp_path_factory.mktemp("sandbox") / "step"
    result = invoke("sandbox", str(path), "--address", f"127.0.0.1:{choose_port()}")
    assert result.status == 0, result.err
    return path


@pytest.fixture(scope="session")
def sandbox(sandbox_path: Path) -> dict[str, str]:
    """The environment in which the sandbox is the step path."""
    return {"STEPPATH": str(sandbox_path)}


@pytest.fixture(scope="session")
def running_ca(step_ca_program: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCa]:
    """A real step-ca that serves a sandbox of its own."""
    path, port = tmp_path_factory.mktemp("ca") / "step", choose_port()
    result = invoke("sandbox", str(path), "--address", f"127.0.0.1:{port}")
    assert result.status == 0, result.err
    with serve_ca(step_ca_program, path, f"https://127.0.0.1:{port}") as ca:
        yield ca


@pytest.fixture(scope="session")
def provisioned_ca(step_ca_program: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProvisionedCa]:
    """A real step-ca with a provisioner of each type that makes tokens."""
    with serve_provisioned(step_ca_program, tmp_path_factory.mktemp("provisioned") / "step") as ca:
        yield ca


@pytest.fixture(scope="session")
def softhsm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SoftHsm]:
    """SoftHSM with a token; where neither it nor apt-get is at hand, its tests are left out."""
    module, tool = find_module(), find_tool()
    if module is None or tool is None:
        pytest.skip("no SoftHSM here: install softhsm2, or run 'make peers' where apt-get is at hand")
    yield create_device(tmp_path_factory.mktemp("softhsm"), module, tool)
    os.environ.pop("SOFTHSM2_CONF", None)


@pytest.fixture(scope="session")
def cloud_ca(step_ca_program: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCa]:
    """A real step-ca with provisioners for machines in clouds."""
    with serve_clouds(step_ca_program, tmp_path_factory.mktemp("clouds")) as ca:
        yield ca


@pytest.fixture(scope="session")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Mesh:
    """Nebula CAs of both versions on both curves, by the real nebula-cert."""
    return open_mesh(require_program("nebula-cert"), tmp_path_factory.mktemp("mesh") / "authorities")


@pytest.fixture(scope="session")
def mesh_ca(mesh: Mesh, step_ca_program: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProvisionedCa]:
    """A real step-ca with a Nebula provisioner that trusts the mesh."""
    with serve_mesh(step_ca_program, tmp_path_factory.mktemp("mesh-ca") / "step", mesh) as ca:
        yield ca


@pytest.fixture
def no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the terminal from this process, wherever the tests are run."""
    really = os.open

    def open_file(path: Any, *arguments: Any, **keywords: Any) -> int:
        if path == "/dev/tty":
            raise OSError(6, "No such device or address")
        return really(path, *arguments, **keywords)

    monkeypatch.setattr(os, "open", open_file)


@pytest.fixture
def threads_are_no_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fork workers at once, since threads of the tests' own process, such as those of xdist, do not end."""
    monkeypatch.setattr("adapters.batch.worker._THREADS_SECONDS", 0.0)


@pytest.fixture
def undisturbed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the machine's own proxy out of the tests, and waiting between attempts."""
    monkeypatch.setattr("adapters.ca.https_client.PAUSES", (0.0,) * len(PAUSES))
    for name in ("HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def ssh_scene(provisioned_ca: ProvisionedCa, tmp_path: Path) -> SshScene:
    """The commands for SSH certificates, where OpenSSH can read what they write."""
    ssh_keygen = shutil.which("ssh-keygen") or leave_out("no ssh-keygen here: install OpenSSH")
    folder = tmp_path / "ssh"
    folder.mkdir()
    return SshScene(provisioned_ca, folder, ssh_keygen)
