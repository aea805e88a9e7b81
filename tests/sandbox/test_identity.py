"""Which Python confined programs find, where the daemon's own lies out of their reach."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

import tektrad
from tektrad.sandbox.identity import SYSTEM_PYTHON
from tests.sandbox.conftest import Confined

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


RUN = """
import asyncio, sys
from pathlib import Path
from tektrad.sandbox.confinement import Limits, Program
from tektrad.sandbox.identity import interpreter
from tektrad.sandbox.sandbox import Sandbox

async def main():
    sandbox, said = Sandbox(Path(sys.argv[1]) / "scratch", []), []
    with sandbox.fresh_folder() as folder:
        code = "import sys; print(sys.prefix)"
        program = Program((interpreter(), "-c", code), folder)
        outcome = await sandbox.run(program, Limits(), lambda _, data: said.append(data))
    print(outcome.code, b"".join(said).decode().strip())

asyncio.run(main())
"""


def test_a_virtual_environment_that_lies_in_tmp_is_there_in_confinement_too(confined: Confined) -> None:
    """Which has a /tmp of its own."""
    place = Path(tempfile.mkdtemp(dir="/tmp"))
    try:
        place.chmod(0o755)
        subprocess.run([SYSTEM_PYTHON, "-m", "venv", "--without-pip", str(place / "venv")], check=True)
        python = str(place / "venv" / "bin" / "python")
        version = [python, "-c", "import sys; print(sys.version_info[:2])"]
        if subprocess.run(version, capture_output=True, text=True, check=True).stdout.strip() != str(
            sys.version_info[:2]
        ):
            pytest.skip("the system's Python is of another version than the one that has our libraries")
        libraries = [path for path in sys.path if path.endswith("site-packages")]
        start = f"import sys; sys.path[:0] = {[str(Path(tektrad.__file__).parents[1]), *libraries]!r}\n"
        done = subprocess.run([python, "-c", start + RUN, str(place)], capture_output=True, text=True, check=False)
        assert done.stdout.split() == ["0", str(place / "venv")], done.stderr
    finally:
        shutil.rmtree(place)
