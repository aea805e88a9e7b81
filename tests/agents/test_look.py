"""The tools that look at files, called as the door calls them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tektrad.agents.agent import Agent
from tektrad.agents.tool import Here, ToolFailed
from tektrad.agents.tools import look

TOOLS = {tool.declared.name: tool for tool in look.TOOLS}


def used(folder: Path, name: str, **arguments: Any) -> str:
    here = Here(0, "run", "run/1", Agent(name="a"), folder, folder)
    wish = TOOLS[name].wish(here, arguments)
    assert wish.action == "read"
    return asyncio.run(TOOLS[name].work(here, wish.said)).text


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for path in ("a.txt", "src/b.txt", "src/deep/c.txt", "src/deep/c.py", ".git/d.txt"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("Hello\nthere\n")
    (tmp_path / "link.txt").symlink_to("/etc/passwd")
    return tmp_path


@pytest.mark.parametrize(
    ("pattern", "path", "found"),
    [
        ("*.txt", ".", ["a.txt", "src/b.txt", "src/deep/c.txt"]),
        ("src/*.txt", ".", ["src/b.txt"]),
        ("src/**/*.txt", ".", ["src/b.txt", "src/deep/c.txt"]),
        ("**/deep/**", ".", ["src/deep/c.py", "src/deep/c.txt"]),
        ("deep/*.py", "src", ["src/deep/c.py"]),
        ("*.nothing", ".", ["nothing was found"]),
    ],
)
def test_files_are_found_by_patterns_of_their_names(folder: Path, pattern: str, path: str, found: list[str]) -> None:
    assert sorted(used(folder, "glob", pattern=pattern, path=path).splitlines()) == found


def test_a_pattern_that_would_take_for_ever_elsewhere_is_matched_at_once(folder: Path) -> None:
    deep = folder / Path(*"a" * 60)
    deep.mkdir(parents=True)
    (deep / "b.txt").touch()
    assert used(folder, "glob", pattern="**/a/" * 30 + "**/x") == "nothing was found"


def test_what_is_missing_or_wrong_is_said_in_words(folder: Path) -> None:
    for name, arguments, why in (
        ("read", {}, "path"),
        ("read", {"path": "nothing"}, "No such file"),
        ("read", {"path": "src"}, "is no file"),
        ("read", {"path": "a.txt", "lines": 3}, "lines"),
        ("glob", {"pattern": "/etc/*"}, "in the folder"),
        ("search", {"text": ""}, "empty"),
    ):
        with pytest.raises(ToolFailed, match=why):
            used(folder, name, **arguments)


def test_nothing_is_like_a_word_left_out(folder: Path) -> None:
    assert used(folder, "list", path=None).splitlines()[1].startswith("a.txt")
    assert used(folder, "read", path="a.txt", first="2", count=None).splitlines() == [
        "2 lines, here 2 to 2",
        "there",
    ]
