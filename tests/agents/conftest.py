"""Sandboxes for tools."""

from __future__ import annotations

from pathlib import Path

import pytest

from tektrad.sandbox.sandbox import Sandbox
from tests.sandboxes import sandbox_at


@pytest.fixture(params=["A", "B"])
async def confined(request: pytest.FixtureRequest, tmp_path: Path) -> Sandbox:
    """A sandbox at each level that holds here."""
    return await sandbox_at(request.param, tmp_path / "scratch")


@pytest.fixture
async def holding(tmp_path: Path) -> Sandbox:
    """A sandbox at the best level that holds here."""
    sandbox = Sandbox(tmp_path / "scratch", [])
    footing = await sandbox.footing()
    if footing.level == "C":
        pytest.skip(f"nothing confines programs here: {footing.why}")
    return sandbox
