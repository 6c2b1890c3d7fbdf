"""Every pair of flags that go with a token of a machine in a cloud, with each of the clouds: both have an effect."""

from collections.abc import Callable, Iterator
from itertools import combinations_with_replacement

import attrs
import pytest

import adapters.cloud_metadata
from domain.cloud.metadata import MetadataService
from tests.commands.test_flag_pairs import (
    EFFECTS,
    Outcome,
    check_refusal,
    complete,
    contradict,
    run_to_token,
    run_untouching,
)
from tests.commands.test_instance_identity import TAKEN
from tests.support.cloud_identities import BEHAVIOURS, NAMES, provisioners
from tests.support.flag_scene import Scene, open_scene, write_step_path
from tests.support.metadata_service import serve_metadata

SERVICES = {"GCP": MetadataService.GOOGLE, "AWS": MetadataService.AMAZON, "Azure": MetadataService.AZURE}
PAIRS = list(combinations_with_replacement(sorted(TAKEN), 2))


@attrs.frozen
class CloudScene(Scene):
    """A scene on a machine in a cloud, where `--provisioner` names one for such machines.

    Attributes:
        type_name: The type of that provisioner.
    """

    type_name: str = ""

    def value(self, flag: str, flags: frozenset[str]) -> str:
        """Return the sensible value that `flag` has among `flags`."""
        return NAMES[self.type_name] if flag == "provisioner" else super().value(flag, flags)


class CloudOutcome(Outcome):
    """A run that made a token of what the machine's cloud says."""

    @property
    def is_issued(self) -> bool:
        """Whether the CA's address does not stand in the token."""
        return self.type_name == "Azure"

    @property
    def type_name(self) -> str:
        """The type of the provisioner."""
        assert isinstance(self.scene, CloudScene)
        return self.scene.type_name


OWN_EFFECTS: dict[str, Callable[[CloudOutcome], bool]] = {
    **EFFECTS,
    "provisioner": lambda o: o.is_made_by(NAMES[o.type_name]),
    "root": lambda o: o.says_unused("root") if "offline" in o.flags else o.fails_with("root", o.scene.file("set.json")),
}


@pytest.fixture(scope="module", params=NAMES)
def scene(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CloudScene]:
    """The CA, the step path, and the cloud."""
    path = tmp_path_factory.mktemp("scene")
    with (
        open_scene(path) as (scene, listed),
        serve_metadata(BEHAVIOURS[request.param]()) as host,
        pytest.MonkeyPatch.context() as patch,
    ):
        addresses = {SERVICES[request.param]: ("NOWHERE", host.url)}
        patch.setattr(adapters.cloud_metadata, "ADDRESSES", addresses)
        listed.extend(provisioners(path))
        write_step_path(path, listed, scene.ca.url)
        yield CloudScene(path, scene.ca, scene.fingerprints, scene.bindings, {}, request.param)


@pytest.mark.parametrize("pair", PAIRS, ids="+".join)
def test_no_flag_of_a_pair_is_silently_ignored(scene: CloudScene, pair: tuple[str, str]) -> None:
    """A pair is refused, or each of the two has its effect, as they have with every other type."""
    bare = frozenset({"provisioner", *pair})
    flags = complete(bare)
    if flags != bare:
        check_refusal(run_untouching(scene, bare), bare, flags)
    if contradict(flags):
        check_refusal(run_untouching(scene, flags), bare, flags)
        return
    outcome = run_to_token(scene, flags, CloudOutcome)
    assert [flag for flag in sorted(flags) if not OWN_EFFECTS[flag](outcome)] == []
