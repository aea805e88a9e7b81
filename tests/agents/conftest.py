"""Sandboxes for tools."""

from __future__ import annotations

from pathlib import Path

import pytest

from tektrad.sandbox.sandbox import Sandbox


@pytest.fixture(params=["A", "B"])
async def confined(request: pytest.FixtureRequest, tmp_path: Path) -> Sandbox:
    """A sandbox at each level that holds here."""
    sandbox = Sandbox(tmp_path / "scratch", [], at_most=request.param)
    footing = await sandbox.footing()
    if footing.level != request.param:
        pytest.skip(f"level {request.param} does not hold here: {footing.why}")
    return sandbox


@pytest.fixture
async def holding(tmp_path: Path) -> Sandbox:
    """A sandbox at the best level that holds here."""
    sandbox = Sandbox(tmp_path / "scratch", [])
    footing = await sandbox.footing()
    if footing.level == "C":
        pytest.skip(f"nothing confines programs here: {footing.why}")
    return sandbox
