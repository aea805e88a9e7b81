"""`python -m tektra_cli.reference FILE` writes docs/cli.md: every command's help, so that it cannot lie.

With `--json FILE` it writes the tree as data instead, for the built-in model, whose package may not import this one.
Tests regenerate both and compare.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tektra_cli.app import TREE, Branch, Leaf, build

WIDTH = 100
HEAD = """# Every command

Written by `python -m tektra_cli.reference docs/cli.md`; a test keeps it fresh.
"""


def reference() -> str:
    """The whole page."""
    root = build()
    parts = [HEAD]
    for path, command in _commands(root):
        parts.append(f"## tektra {' '.join(path)}\n\n```\n{_help(root, path, command)}\n```\n")
    return "\n".join(parts)


def tree() -> str:
    """The command tree as JSON, one command a line: its words, its one-line help, its arguments and long flags."""
    root = build()
    entries = [("tektra", root, "Run AI models on your own machine.")]
    entries += [(f"tektra {' '.join(path)}", command, _summary(path)) for path, command in _commands(root)]
    lines = ",\n".join(f"  {json.dumps(_facts(*entry), ensure_ascii=False)}" for entry in entries)
    return f'{{"schema": "tektra.commands/1", "commands": [\n{lines}\n]}}\n'


def _facts(words: str, command: Any, summary: str) -> dict[str, Any]:
    options = [option for option in command.params if option.param_type_name == "option"]
    names = {name for option in options for name in option.opts if name.startswith("--")}
    arguments = [str(entry.metavar).strip("[]{}") for entry in command.params if entry.param_type_name == "argument"]
    return {"command": words, "help": summary, "arguments": arguments, "flags": sorted({*names, "--help"})}


def _summary(path: list[str]) -> str:
    entry = TREE[path[0]]
    return entry.entries[path[1]].summary if isinstance(entry, Branch) else entry.summary


def _commands(root: Any) -> Iterator[tuple[list[str], Any]]:
    for name, entry in TREE.items():
        command = root.get_command(None, name)
        if isinstance(entry, Leaf):
            yield [name], command
        elif isinstance(entry, Branch):
            for below in entry.entries:
                yield [name, below], command.get_command(None, below)


def _help(root: Any, path: list[str], command: Any) -> str:
    context = root.context_class(root, info_name="tektra", terminal_width=WIDTH, max_content_width=WIDTH)
    for name in path[:-1]:
        context = root.context_class(root.get_command(None, name), info_name=name, parent=context)
    context = root.context_class(command, info_name=path[-1], parent=context)
    return "\n".join(line.rstrip() for line in command.get_help(context).strip().splitlines())


if __name__ == "__main__":
    written = tree() if sys.argv[1] == "--json" else reference()
    Path(sys.argv[-1]).write_text(written, encoding="utf-8")
