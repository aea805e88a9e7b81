"""`tektra tools` as people use it."""

from __future__ import annotations

import re
from pathlib import Path

from tests.cli.screen import Terminal
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


OWN = '''from tektra import tool


@tool(timeout=30, retries=1)
def brew(kind: str, cups: int = 1) -> str:
    """Brew tea.

    Args:
        kind: Which tea.
        cups: How many cups.
    """
    return kind * cups
'''


def written(tektra: Tektra, source: str = OWN) -> Path:
    path = tektra.home / "tea.py"
    path.write_text(source)
    return path


def test_a_tool_of_one_s_own_is_added_after_a_look_and_goes_again(shared: Tektra) -> None:
    path = str(written(shared))
    refused = shared.run("tools", "add", path, "--no-dry-run")
    assert (refused.returncode, "--yes" in refused.stderr, "0 of 100" in refused.stdout) == (2, True, True)
    assert shared.run("tools", "add", "-", stdin=OWN).returncode == 2
    with Terminal(shared, "tools", "add", path, "--no-dry-run", columns=100) as terminal:
        terminal.until("Add brew?")
        terminal.type("n\r")
        assert terminal.end() == 1
    assert shared.json("tools", "list")["tools"] == []
    added = shared.run("tools", "add", path, "--no-dry-run", "--yes")
    assert (added.returncode, added.stdout[:16]) == (0, "added file:brew ")
    listed = shared.run("tools", "list").stdout.splitlines()
    assert re.split("  +", listed[1]) == ["file:brew", "kind, cups?", "on", "Brew tea."]
    assert ["now", "-", "built in"] in [re.split("  +", line)[:3] for line in listed]
    shown = shared.run("tools", "show", "brew").stdout
    assert ("return kind * cups" in shown, "integer, optional" in shown, "30 s" in shown) == (True, True, True)
    assert shared.run("tools", "disable", "brew").stdout == "disabled file:brew\n"
    assert "off" in shared.run("tools", "list").stdout.splitlines()[1]
    assert shared.run("tools", "enable", "brew").stdout == "enabled file:brew\n"
    written(shared, OWN.replace("kind * cups", "kind + 'tea'"))
    with Terminal(shared, "tools", "add", path, "--no-dry-run", columns=100) as terminal:
        terminal.until("brew is there already and will be another").type("y\r")
        terminal.until("added file:brew")
        assert terminal.end() == 0
    assert shared.run("tools", "rm", "brew").returncode == 2
    assert shared.json("tools", "rm", "brew", "--yes")["name"] == "brew"
    assert shared.run("tools", "show", "brew").returncode == 4


def test_a_file_that_holds_no_tool_is_refused_with_the_line(shared: Tektra) -> None:
    path = str(written(shared, OWN.replace("kind: str, ", "kind, ")))
    done = shared.run("tools", "add", path, "--no-dry-run", "--yes")
    assert (done.returncode, "line 5: kind has no type hint" in done.stderr) == (2, True)
    checked = shared.run("tools", "check", path, "--no-dry-run")
    assert "none: line 5" in checked.stdout
