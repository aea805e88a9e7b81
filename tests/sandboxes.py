"""Sandboxes at a level that a test wants."""

from __future__ import annotations

from pathlib import Path

import pytest

from tektrad.sandbox.confinement import Level
from tektrad.sandbox.sandbox import Sandbox


async def sandbox_at(level: Level, scratch: Path) -> Sandbox:
    """A sandbox at exactly this level; where that does not hold the test is skipped, and says why."""
    found = Sandbox(scratch, [], at_most=level)
    footing = await found.footing()
    if footing.level != level:
        pytest.skip(f"level {level} does not hold here: {footing.why}")
    return found
