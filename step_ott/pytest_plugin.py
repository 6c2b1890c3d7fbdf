"""The plugin for pytest: a CA for a test. It loads nothing of step-ott before a test asks for its fixture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from step_ott.sandbox import SandboxCA

INI = "step_ott_sandbox"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the setting that says what judges the tokens."""
    parser.addini(INI, "what judges tokens in step_ott_sandbox: auto, served or in-process", default="auto")


@pytest.fixture(scope="session")
def step_ott_sandbox(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Iterator[SandboxCA]:
    """Give a throw-away CA: a real step-ca where STEP_CA or PATH has one, else one that is judged in process."""
    from step_ott.sandbox import open_sandbox

    with open_sandbox(lambda: tmp_path_factory.mktemp("step-ott"), str(pytestconfig.getini(INI))) as sandbox:
        yield sandbox
