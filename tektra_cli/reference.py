"""`python -m tektra_cli.reference FILE` writes docs/cli.md: every command's help, so that it cannot lie.

A test regenerates it and compares.
"""

from __future__ import annotations

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
    Path(sys.argv[1]).write_text(reference(), encoding="utf-8")
