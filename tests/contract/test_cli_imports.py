"""What the command line imports, measured: quick commands stay quick because heavy modules stay out."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import tektra_cli
from tests.harness import Tektra

ROOT = Path(tektra_cli.__file__).parent
HEAVY = {"pydantic", "rich", "httpx", "httpx2", "asyncio", "prompt_toolkit", "fastapi", "llama_cpp", "msgspec"}


def imported(tektra: Tektra, *arguments: str) -> set[str]:
    """The top-level modules that a command has imported when it ends."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "tektra_cli", *arguments],
        env=tektra.env,
        capture_output=True,
        text=True,
        check=True,
    )
    lines = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    return {line.rpartition("|")[2].strip().split(".")[0] for line in lines}


def test_the_version_is_told_without_the_command_tree(tektra: Tektra) -> None:
    assert not imported(tektra, "--version") & (HEAVY | {"typer", "http", "json", "tektrad"})


@pytest.mark.parametrize("arguments", [("models", "ps", "--json"), ("paths", "--json"), ("--help",)])
def test_quick_commands_import_nothing_heavy(tektra: Tektra, arguments: tuple[str, ...]) -> None:
    assert not imported(tektra, *arguments) & HEAVY


def test_an_answer_in_a_pipe_imports_nothing_heavy(shared: Tektra) -> None:
    assert not imported(shared, "chat", "hi") & HEAVY


def test_only_paths_of_the_daemon_and_nothing_of_the_engines_is_imported() -> None:
    for file in ROOT.rglob("*.py"):
        for name in modules_named_in(file):
            top = name.split(".")[0]
            assert top != "tektra_models", f"{file} imports {name}"
            assert top != "tektrad" or name == "tektrad.paths", f"{file} imports {name}"


def test_each_stream_has_one_writer() -> None:
    for file in ROOT.rglob("*.py"):
        text = file.read_text()
        if file.name not in ("output.py", "__main__.py", "suggest.py"):
            assert "stdout.write" not in text, file
            assert "stdout.buffer" not in text, file
        if file.name != "errors.py":
            assert "stderr.write" not in text, file
            assert "stderr.buffer" not in text, file


def test_only_the_client_speaks_http() -> None:
    for file in ROOT.rglob("*.py"):
        if file.name != "client.py":
            assert "http.client" not in modules_named_in(file), file


def modules_named_in(file: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names
