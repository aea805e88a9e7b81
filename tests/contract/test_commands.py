"""Commands that documents, the built-in model's data and the reference name are commands that exist."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tektra_cli.chat.slash import COMMANDS
from tektra_cli.completion import nodes
from tektra_cli.reference import reference, tree
from tektra_models.starter.corpus.command_check import named_commands
from tektra_models.starter.corpus.help_facts import BACKGROUND, FACTS, TREE_PATH, tree_flags
from tektra_models.starter.corpus.small_talk import TALK

ROOT = Path(__file__).parents[2]
NODES = {node.words: node for node in nodes()}
ALIASES = {("tektra", "ps"): ("tektra", "models", "ps")}
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
    words = words[: words.index("--")] if "--" in words else words  # what follows is another program's
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


def test_the_built_in_model_s_answers_name_only_commands_and_flags_that_exist() -> None:
    answers = [*(a for about in BACKGROUND for a in about.answers), *(a for talk in TALK for a in talk.answers)]
    found = {command for answer in answers for command in named_commands(answer)}
    assert len(found) > 10
    assert {command: complaint(command) for command in found if complaint(command)} == {}


def test_the_built_in_model_knows_every_command() -> None:
    told = [tuple(fact.command.split()) for fact in FACTS]
    leaves = [("tektra", *words) for words, node in NODES.items() if not node.commands]
    unknown = [leaf for leaf in leaves if not any(words[: len(leaf)] == leaf for words in told)]
    assert {leaf: ALIASES.get(leaf) for leaf in unknown if ALIASES.get(leaf) not in told} == {}
    slash = {fact.command for fact in FACTS if fact.command.startswith("/")}
    assert slash == {f"/{name}" for name in COMMANDS}


def test_what_the_built_in_model_calls_missing_is_missing() -> None:
    present = {word for words in NODES for word in words}
    assert {word for about in BACKGROUND for word in about.absent} & present == set()


def test_every_answer_about_tektra_holds_what_it_is_judged_by() -> None:
    assert [a for about in BACKGROUND for a in about.answers if not all(fact in a for fact in about.facts)] == []


def test_no_answer_of_small_talk_stands_under_two_names() -> None:
    answers = [answer for talk in TALK for answer in talk.answers]
    assert len(answers) == len(set(answers))


def test_the_built_in_model_s_tree_is_fresh() -> None:
    command = "python -m tektra_cli.reference --json models/tektra_models/starter/corpus/commands.json"
    assert TREE_PATH.read_text(encoding="utf-8") == tree(), f"run: {command}"


def test_the_built_in_model_s_tree_holds_the_real_flags() -> None:
    for words, flags in tree_flags().items():
        real = {name for flag in NODES[words[1:]].flags for name in flag.names if name.startswith("--")}
        assert flags - {"--version"} == real - {"--version"}, words


@pytest.mark.parametrize("wrong", ["tektra model list", "tektra models burn x", "tektra chat --loud"])
def test_a_command_that_does_not_exist_is_noticed(wrong: str) -> None:
    assert complaint(wrong)


def test_the_reference_is_fresh() -> None:
    page = (ROOT / "docs/cli.md").read_text()
    assert page == reference(), "run: python -m tektra_cli.reference docs/cli.md"
