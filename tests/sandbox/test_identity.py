"""Which Python confined programs find, where the daemon's own lies out of their reach."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

import tektrad
from tektrad.sandbox.identity import SYSTEM_PYTHON

ASK = "from tektrad.sandbox import identity; print(identity.interpreter(), *identity.prefixes())"


@pytest.mark.skipif(os.getuid() != 0, reason="an ordinary user's programs reach what the user reaches")
def test_a_virtual_environment_that_only_root_may_enter_gives_way_to_the_system_s_python(tmp_path: Path) -> None:
    """Its Python is a link to the system's, which everybody may reach: the link is not."""
    closed = tmp_path / "closed"
    subprocess.run([SYSTEM_PYTHON, "-m", "venv", "--without-pip", str(closed / "venv")], check=True)
    closed.chmod(0o700)
    package = Path(tektrad.__file__).parents[1]
    line = [str(closed / "venv" / "bin" / "python"), "-c", f"import sys; sys.path.append({str(package)!r}); {ASK}"]
    said = subprocess.run(line, capture_output=True, text=True, check=True, cwd="/").stdout
    assert said.split() == [SYSTEM_PYTHON]
