"""The completion scripts in the repository are what the command tree makes of them, and they work."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tektra_cli.completion import FILES

SCRIPTS = Path(__file__).parents[2] / "completions"


def test_the_scripts_are_fresh(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "tektra_cli.completion", str(tmp_path)], check=True)
    for name in FILES:
        assert (SCRIPTS / name).read_text() == (tmp_path / name).read_text(), (
            f"completions/{name} is old: run python -m tektra_cli.completion completions/"
        )


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("tektra mod", ["models"]),
        ("tektra models un", ["unload"]),
        ("tektra chat --no-s", ["--no-stream", "--no-save"]),
        ("tektra conversations export --format ", ["markdown", "json", "text"]),
        ("tektra daemon logs --fo", ["--follow"]),
    ],
)
def test_bash_completes_commands_flags_and_choices(line: str, expected: list[str]) -> None:
    assert completed(line) == expected


def completed(line: str) -> list[str]:
    words = line.split(" ")
    script = f"""
        source {SCRIPTS / "tektra.bash"}
        COMP_WORDS=({" ".join(repr(word) for word in words)}) COMP_CWORD={len(words) - 1}
        _tektra
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(["bash", "--norc", "-c", script], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.parametrize(("shell", "name"), [("bash", "tektra.bash"), ("zsh", "_tektra"), ("fish", "tektra.fish")])
def test_every_shell_can_read_its_script(shell: str, name: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    subprocess.run([shell, "-n", str(SCRIPTS / name)], check=True)
