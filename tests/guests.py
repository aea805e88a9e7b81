"""Whether guests can be let in here: as root the Python of the tests may lie where the sandbox's user cannot go."""

from __future__ import annotations

import functools
import subprocess

import pytest

from tektrad.sandbox import identity


@functools.cache
def _has_smolagents() -> bool:
    done = subprocess.run([identity.python(), "-I", "-c", "import smolagents"], capture_output=True, check=False)
    return done.returncode == 0


needs_guests = pytest.mark.skipif(
    not _has_smolagents(), reason=f"programs are given {identity.python()} here, which has no smolagents"
)
