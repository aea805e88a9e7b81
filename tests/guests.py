"""Guests in tests. As root the Python of the tests may lie where the sandbox's user cannot go; then there are none."""

from __future__ import annotations

import functools
import subprocess

import psutil
import pytest

from tektrad.sandbox import identity
from tests.harness import Tektra


@functools.cache
def _has_smolagents() -> bool:
    done = subprocess.run([identity.python(), "-I", "-c", "import smolagents"], capture_output=True, check=False)
    return done.returncode == 0


needs_guests = pytest.mark.skipif(
    not _has_smolagents(), reason=f"programs are given {identity.python()} here, which has no smolagents"
)


def guest_of(tektra: Tektra) -> psutil.Process:
    """The process in which smolagents runs: the one that loaded most."""
    below = psutil.Process(tektra.pid()).children(recursive=True)
    return max(
        (each for each in below if "smolagents" in " ".join(each.cmdline())), key=lambda each: each.memory_info().rss
    )
