"""Whatever step a workspace's work is killed at: gone on with, the original is as it was or as it was to be."""

from __future__ import annotations

import subprocess
import sys
import tempfile

import pytest

from tests.sandbox.trees import MEMORY


def figures(act: str) -> list[int]:
    """What the scenario counted."""
    with tempfile.TemporaryDirectory(dir=MEMORY) as room:
        line = [sys.executable, "-W", "error", "-m", "tests.crash.workspace_killed", room, act]
        done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [int(word) for word in done.stdout.split()]


def test_a_kill_at_any_step_of_applying_leaves_all_of_it_or_nothing_after_the_next_start() -> None:
    count, before, between, after, again = figures("apply")
    assert count == before + between + after
    assert min(before, after) > 0
    assert between > 20, "it was hardly killed in the middle"
    assert again > 30, "finishing it was hardly killed"


@pytest.mark.parametrize("act", ["open", "restore"])
def test_a_kill_at_any_step_of_copying_is_noticed_and_it_is_done_again(act: str) -> None:
    count, unfinished = figures(act)
    assert count > 40, "it was hardly killed"
    assert unfinished > 40, "it was hardly killed before its end"
