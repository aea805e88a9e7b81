"""`tektra tools check` as people use it."""

from __future__ import annotations

import re

from tests.harness import Tektra


def test_a_tool_is_looked_at_before_it_is_used(shared: Tektra) -> None:
    path = shared.home / "tool.py"
    path.write_text("import subprocess\nopen('/etc/shadow')\n")
    read = shared.run("tools", "check", str(path), "--no-dry-run")
    assert (read.returncode, "40 of 100" in read.stdout) == (0, True)
    assert "import subprocess" in read.stdout
    assert shared.run("tools", "check", str(shared.home / "nothing.py")).returncode == 4
    if shared.json("sandbox", "probe")["level"] == "C":
        return
    run = shared.run("tools", "check", str(path))
    assert "/etc/shadow" in run.stdout
    assert "denied" in run.stdout
    if not shared.json("sandbox", "probe")["unseen"]:
        hostile = shared.run("tools", "check", "-", stdin="import os\nos.chroot('/')\n")
        assert ["system call", "chroot", "denied"] in [re.split(r"  +", line) for line in hostile.stdout.splitlines()]
    harmless = shared.run("tools", "check", "-", stdin="def add(a, b): return a + b\n")
    assert (harmless.returncode, "0 of 100" in harmless.stdout) == (0, True)
    assert "which proves nothing" in harmless.stderr
