"""The conversations that there are: read page by page, renamed, pinned, written to files, deleted and taken back."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from textual.timer import Timer

from tektra_cli import new_file
from tektra_cli.errors import CliError
from tektra_cli.transcript import form_of, written
from tektra_cli.tui import paths
from tektra_cli.tui.gateway import address
from tektra_cli.tui.screens.chat_side import Item
from tektra_cli.tui.widgets.prompt import Line, Prompt, something

if TYPE_CHECKING:
    from tektra_cli.tui.screens.chat import Chat

PAGE = 50
"""Conversations that are asked for at once."""
MOST = 1000
"""The same where a list of any length is read anew."""
UNDO_S = 6.0
"""In which a deleted conversation can be taken back."""


class Conversations:
    """As far as they are known, in the daemon's order; whoever changes one asks the daemon, and reads the list anew."""

    def __init__(self, chat: Chat) -> None:
        self._chat = chat
        self._known: list[Item] = []
        self._next: str | None = None
        self._gone: dict[str, tuple[Item, Timer]] = {}

    @property
    def listed(self) -> list[Item]:
        """Those that are not deleted, or about to be."""
        return [each for each in self._known if each["id"] not in self._gone]

    @property
    def latest(self) -> Item | None:
        """The one that was used last."""
        return max(self._known, key=lambda each: str(each["updated_at"]), default=None)

    async def read(self) -> None:
        """All anew, as far as they were known."""
        limit = min(max(len(self._known), PAGE), MOST)
        page = await self._chat.gateway.get("/api/conversations", {"limit": limit})
        self._known, self._next = page["conversations"], page["next"]

    async def read_more(self) -> None:
        """The next page."""
        if self._next is None:
            return
        page = await self._chat.gateway.get("/api/conversations", {"limit": PAGE, "before": self._next})
        known = {each["id"] for each in self._known}
        self._known += [each for each in page["conversations"] if each["id"] not in known]
        self._next = page["next"]
        self._chat.tell()

    def pin(self, conversation: Item) -> None:
        """On top, or no longer."""
        self._change(conversation, {"pinned": not conversation["pinned"]})

    def rename(self, conversation: Item) -> None:
        """Ask for another title."""

        def named(said: Mapping[str, str] | None) -> None:
            if said is not None:
                self._change(conversation, said)

        line = Line("title", value=conversation["title"], check=something)
        self._chat.app.push_screen(Prompt("What is it called?", "", (line,), "rename"), named)

    def export(self, conversation: Item) -> None:
        """Ask where to."""

        def named(said: Mapping[str, str] | None) -> None:
            if said is not None:
                self._chat.attempt(partial(self._write, conversation["id"], said["file"]), group="export")

        line = Line("file", value=f"{conversation['id']}.md", check=paths.new)
        why = "Markdown; .json and .txt are written as what they say."
        self._chat.app.push_screen(Prompt("Where to?", why, (line,), "export"), named)

    def delete(self, conversation: Item) -> None:
        """It is out of sight at once, and gone when nobody took it back in time."""
        identity = conversation["id"]
        timer = self._chat.set_timer(UNDO_S, partial(self._delete_now, identity))
        self._gone[identity] = conversation, timer
        self._tell_gone()
        if self._chat.talk.key == identity:
            self._chat.attempt(self._leave_deleted, group="open", exclusive=True)

    def take_back(self) -> str | None:
        """What was deleted last is there again; which one that is."""
        if not self._gone:
            return None
        identity = list(self._gone)[-1]
        _, timer = self._gone.pop(identity)
        timer.stop()
        self._tell_gone()
        return identity

    async def end(self) -> None:
        """What was deleted a moment ago is deleted now: nobody can take it back any more."""
        gone, self._gone = self._gone, {}
        for conversation, timer in gone.values():
            timer.stop()
            with contextlib.suppress(CliError):  # it is there again the next time somebody looks
                await self._chat.gateway.delete(address("conversations", conversation["id"]))

    def _change(self, conversation: Item, change: Mapping[str, Any]) -> None:
        async def changed() -> None:
            await self._chat.gateway.post(address("conversations", conversation["id"]), change)
            await self._chat.read_list()

        self._chat.attempt(changed, group="change")

    async def _write(self, identity: str, name: str) -> None:
        path = paths.path(name)
        document = await self._chat.gateway.get(address("conversations", identity))
        await asyncio.to_thread(new_file.write, path, written(document, form_of(path.name)))
        self._chat.notify(f"saved {path}", markup=False)

    async def _leave_deleted(self) -> None:
        await self._chat.talk.begin_new()
        self._chat.to_list()

    def _delete_now(self, identity: str) -> None:
        self._gone[identity][1].stop()

        async def deleted() -> None:
            try:
                await self._chat.gateway.delete(address("conversations", identity))
            finally:
                self._gone.pop(identity, None)
                self._tell_gone()
            await self._chat.read_list()

        self._chat.attempt(deleted, group="delete")

    def _tell_gone(self) -> None:
        last = list(self._gone.values())[-1][0] if self._gone else None
        self._chat.side.say_gone(last, max(len(self._gone) - 1, 0))
        self._chat.tell()
