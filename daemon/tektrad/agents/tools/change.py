"""Tools that change files: write, edit. They are seen as a diff before they are done."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from tektrad.agents import beneath
from tektrad.agents.knocks import Tool as Declared
from tektrad.agents.tool import Here, Result, ToolFailed, Wish, parameter, parsed
from tektrad.agents.tools.look import NotThere, data_of
from tektrad.sandbox.diffs import Differ
from tektrad.trust import resource
from tektrad.trust.ask import MOST_PREVIEW

MOST_CHARACTERS = 1 << 20
"""Of what is written at once."""


class _Write(msgspec.Struct, forbid_unknown_fields=True):
    path: str
    content: str


class _Edit(msgspec.Struct, forbid_unknown_fields=True):
    path: str
    old: str
    new: str
    everywhere: bool = False


@dataclass(frozen=True, slots=True)
class Changing:
    """A tool that gives one file another content, which a function makes of what is there (None: nothing is)."""

    declared: Declared
    arguments: type[Any]
    made: Callable[[str | None, Any], str]
    writes: bool = True
    is_repeatable: bool = True

    def wish(self, here: Here, arguments: Mapping[str, Any]) -> Wish:
        """To write that path; the preview is the diff."""
        said = parsed(self.declared.name, self.arguments, arguments)
        meant = here.meant(said.path)
        if not resource.beneath(meant, str(here.folder)):
            return Wish(said, "write", meant, "outside")  # there is nothing to be looked at before it is denied
        before = _before(here.root, said.path)
        after = self.made(before, said)
        if len(after) > MOST_CHARACTERS:
            raise ToolFailed(f"{said.path} would have {len(after)} characters, and {MOST_CHARACTERS} are allowed")
        diff = Differ().diff(said.path, before, after).text
        preview = diff.encode("utf-8", "replace")[: MOST_PREVIEW - 100].decode("utf-8", "ignore")
        more = "\n… the diff goes on\n" if len(preview) < len(diff) else ""
        return Wish(said, "write", meant, "inside", preview + more)

    async def work(self, here: Here, said: Any) -> Result:
        """Write it."""
        return Result(await asyncio.to_thread(self._written, here.root, said))

    def _written(self, root: Path, said: Any) -> str:
        before = _before(root, said.path)
        after = self.made(before, said)
        try:
            beneath.replace(root, said.path, after.encode("utf-8", "surrogatepass"))
        except OSError as error:
            raise ToolFailed(f"{said.path}: {error.strerror}") from error
        found = Differ().diff(said.path, before, after)
        done = "made" if before is None else "changed" if before != after else "it was so already:"
        added = "1 line" if found.lines_added == 1 else f"{found.lines_added} lines"
        return f"{done} {said.path}: {added} added, {found.lines_removed} removed"


def _before(root: Path, path: str) -> str | None:
    try:
        return data_of(root, path).decode()
    except UnicodeDecodeError as error:
        raise ToolFailed(f"{path} is no UTF-8 text, and is not changed") from error
    except NotThere:
        return None


def _write(before: str | None, said: _Write) -> str:
    return said.content


def _edit(before: str | None, said: _Edit) -> str:
    if before is None:
        raise ToolFailed(f"{said.path}: there is no such file; write makes one")
    if not said.old:
        raise ToolFailed("edit: old is empty; say which text is to be replaced")
    count = before.count(said.old)
    if not count:
        raise ToolFailed(f"{said.path} does not hold that text; read it, and give old exactly as it stands there")
    if count > 1 and not said.everywhere:
        raise ToolFailed(f"{said.path} holds that text {count} times; give more of what is around it, or everywhere")
    return before.replace(said.old, said.new)


_PATH = parameter("string", "A path in the folder")
TOOLS = (
    Changing(
        Declared(
            name="write",
            description="Write a text file, new or in the place of what it held",
            inputs={"path": _PATH, "content": parameter("string", "All that it is to hold")},
            output_type="string",
        ),
        _Write,
        _write,
    ),
    Changing(
        Declared(
            name="edit",
            description="Replace a text in a file",
            inputs={
                "path": _PATH,
                "old": parameter("string", "The text as it stands there, once"),
                "new": parameter("string", "What takes its place"),
                "everywhere": parameter("boolean", "Replace it wherever it stands", optional=True),
            },
            output_type="string",
        ),
        _Edit,
        _edit,
    ),
)
