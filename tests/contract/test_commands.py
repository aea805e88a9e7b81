"""Commands that documents, the built-in model's data and the reference name are commands that exist."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tektra_cli.completion import nodes
from tektra_cli.reference import reference
from tektra_models.starter.corpus.help_facts import FACTS

ROOT = Path(__file__).parents[2]
NODES = {node.words: node for node in nodes()}
PAGES = [ROOT / "README.md", *sorted(p for p in (ROOT / "docs").rglob("*.md") if p.name != "cli.md")]


def commands_in(text: str) -> list[str]:
    """Command lines in code: whole lines of sh blocks, and `tektra …` between backticks."""
    blocks = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    lines = [part for block in blocks for line in block.splitlines() for part in re.split(r"&&|\||#", line)]
    inline = re.findall(r"`(tektra [^`]*)`", text)
    return [line.strip() for line in [*lines, *inline] if line.strip().startswith("tektra ")]


def complaint(command: str) -> str | None:
    """What is wrong with a command line; None when its path and flags exist."""
    words = shlex.split(command.replace("…", "").replace("<", " "))[1:]
    path: tuple[str, ...] = ()
    while words and (*path, words[0]) in NODES:
        path = (*path, words.pop(0))
    if not path and words and not words[0].startswith("-"):
        return f"no command {words[0]}"
    if words and NODES[path].commands and not words[0].startswith("-"):
        return f"no command {' '.join(path)} {words[0]}"
    known = {name for flag in NODES[path].flags for name in flag.names} | {"--help", "--version"}
    unknown = [word for word in words if word.startswith("-") and len(word) > 1 and word.split("=")[0] not in known]
    return f"no flag {unknown[0]} of {' '.join(path)}" if unknown else None


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_documents_name_only_commands_and_flags_that_exist(page: Path) -> None:
    found = commands_in(page.read_text())
    assert {command: complaint(command) for command in found if complaint(command)} == {}


def test_the_built_in_model_learns_only_commands_and_flags_that_exist() -> None:
    found = {fact.command for fact in FACTS} | {c for fact in FACTS for a in fact.also for c in commands_in(a)}
    assert len(found) > 20
    assert {command: complaint(command) for command in found if complaint(command)} == {}


@pytest.mark.parametrize("wrong", ["tektra model list", "tektra models burn x", "tektra chat --loud"])
def test_a_command_that_does_not_exist_is_noticed(wrong: str) -> None:
    assert complaint(wrong)


def test_the_reference_is_fresh() -> None:
    page = (ROOT / "docs/cli.md").read_text()
    assert page == reference(), "run: python -m tektra_cli.reference docs/cli.md"
