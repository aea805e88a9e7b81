"""What somebody takes along of a message: all of it, or one piece of code in it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from tektra_cli.tui.markdown_lines import code_blocks
from tektra_cli.tui.widgets.picker import Picker

if TYPE_CHECKING:
    from tektra_cli.tui.screens.chat import Chat
    from tektra_cli.tui.screens.chat_message import MessageView


class Clipboard:
    """The terminal's."""

    def __init__(self, chat: Chat) -> None:
        self._chat = chat

    def copy(self, view: MessageView) -> None:
        """All of it, as it was written."""
        self._put(view.source, "message")

    def copy_code(self, view: MessageView) -> None:
        """Its code; where there are several pieces, the one that is chosen."""
        blocks = code_blocks(view.source)
        if not blocks:
            self._chat.notify("There is no code in this message.", severity="warning")
        elif len(blocks) == 1:
            self._put(blocks[0], "code")
        else:
            choices = [
                {"id": str(at), "name": f"{at + 1}: {block.strip().splitlines()[0] if block.strip() else ''}"}
                for at, block in enumerate(blocks)
            ]
            self._chat.app.push_screen(Picker("Which code?", choices), partial(self._chosen, blocks))

    def _chosen(self, blocks: Sequence[str], at: str | None) -> None:
        if at is not None:
            self._put(blocks[int(at)], "code")

    def _put(self, text: str, what: str) -> None:
        self._chat.app.copy_to_clipboard(text)
        self._chat.notify(f"The {what} is in the clipboard.", title="Copied")
