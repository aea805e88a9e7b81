"""What the built-in model knows about Tektra's commands: the only place where its training data names one.

A contract test compares every command and flag in this table with the real command tree, so a command that changes
must be changed here, and the model trained again. Upper-case words (NAME, PATH ...) are slots: a purpose that holds
the slot in braces gives its value to the command in the answer.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from random import Random

from tektra_models.starter.corpus import values
from tektra_models.starter.corpus.help_absent import NOT_YET
from tektra_models.starter.corpus.help_agents import AGENT_FACTS
from tektra_models.starter.corpus.help_approvals import APPROVAL_FACTS
from tektra_models.starter.corpus.help_audit import AUDIT_FACTS
from tektra_models.starter.corpus.help_background import ABOUT
from tektra_models.starter.corpus.help_chat import CHAT_FACTS, SLASH_FACTS
from tektra_models.starter.corpus.help_dashboard import DASHBOARD_FACTS
from tektra_models.starter.corpus.help_engine import ENGINE_FACTS
from tektra_models.starter.corpus.help_mcp import MCP_FACTS
from tektra_models.starter.corpus.help_models import MODEL_FACTS, PULL_EXAMPLE
from tektra_models.starter.corpus.help_more import MORE_FACTS
from tektra_models.starter.corpus.help_permissions import PERMISSION_FACTS
from tektra_models.starter.corpus.help_runs import RUN_FACTS
from tektra_models.starter.corpus.help_sandbox import SANDBOX_FACTS
from tektra_models.starter.corpus.help_secrets import SECRETS_FACTS
from tektra_models.starter.corpus.help_shapes import Background, Fact
from tektra_models.starter.corpus.help_tools import TOOLS_FACTS
from tektra_models.starter.corpus.help_tuning import TUNING_FACTS
from tektra_models.starter.corpus.help_users import USER_FACTS

__all__ = [
    "BACKGROUND",
    "FACTS",
    "PULL_EXAMPLE",
    "SLOTS",
    "TREE_PATH",
    "Background",
    "Fact",
    "command_words",
    "commands",
    "tree_flags",
]

SLOTS: dict[str, Callable[[Random], str]] = {
    "NAME": values.model_name,
    "REPO": values.repository,
    "PATH": values.gguf_path,
    "FILE": values.path,
    "NEW": values.word,
    "ID": values.identifier,
    "WORDS": values.word,
    "SEED": values.integer,
    "N": values.small,
}

FACTS: tuple[Fact, ...] = (
    *CHAT_FACTS,
    *SLASH_FACTS,
    *MODEL_FACTS,
    *ENGINE_FACTS,
    *MORE_FACTS,
    *SANDBOX_FACTS,
    *AUDIT_FACTS,
    *PERMISSION_FACTS,
    *APPROVAL_FACTS,
    *SECRETS_FACTS,
    *AGENT_FACTS,
    *RUN_FACTS,
    *TOOLS_FACTS,
    *MCP_FACTS,
    *DASHBOARD_FACTS,
    *TUNING_FACTS,
    *USER_FACTS,
)
BACKGROUND: tuple[Background, ...] = (*ABOUT, *NOT_YET)

# Written by `python -m tektra_cli.reference --json`, because this package may not import the command line.
TREE_PATH = Path(__file__).parent / "commands.json"


@cache
def tree_flags() -> dict[tuple[str, ...], frozenset[str]]:
    """Every command of the real tree and its long flags, by the command's words; groups have no flags of their own."""
    entries = json.loads(TREE_PATH.read_text(encoding="utf-8"))["commands"]
    flags = {tuple(entry["command"].split()): frozenset(entry["flags"]) for entry in entries}
    groups = {words[:length] for words in flags for length in range(1, len(words))}
    return {**dict.fromkeys(groups, frozenset({"--help"})), **flags}


def commands() -> list[tuple[str, ...]]:
    """The words of every command of the real tree, groups included."""
    return list(tree_flags())


def command_words(command: str) -> tuple[str, ...]:
    """The fixed words of a command: its path and flags, without the slots."""
    return tuple(part for part in command.split() if not part.strip('"').isupper())
