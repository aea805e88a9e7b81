"""The conversation that is open: its messages, what is typed for it, what its last answer took."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tektra_cli.errors import CliError
from tektra_cli.tui.gateway import address
from tektra_cli.tui.screens.chat_gauge import Figures
from tektra_cli.tui.screens.chat_side import Item
from tektra_cli.tui.screens.chat_turn import Draft, Turn
from tektra_cli.tui.screens.chat_words import used_by

if TYPE_CHECKING:
    from tektra_cli.tui.screens.chat import Chat

PIECE = 16
"""Messages that are asked for at once."""


class Talk:
    """One at a time; what is typed for the others waits for them."""

    def __init__(self, chat: Chat) -> None:
        self._chat = chat
        self.conversation: Item | None = None
        """None: a new one, that begins with its first message."""
        self._drafts: dict[str, Draft] = {}
        self._figures = Figures()
        self._timings: Mapping[str, float] = {}
        """Of the last answer."""

    @property
    def key(self) -> str:
        """The id of the conversation that is open; empty where it is not begun."""
        return self.conversation["id"] if self.conversation is not None else ""

    def tell(self) -> None:
        """How far an answer is, who gives it, and how much was looked at."""
        turn, doing = self._chat.turns.shown, ""
        if turn is not None:
            doing = (turn.waits or "writing…") + " esc stops it"
        model = turn.model if turn is not None and turn.model else self._chat.whom.model
        context = turn.context if turn is not None and turn.context else self._chat.whom.contexts.get(model, 0)
        self._figures = Figures(
            model=model,
            agent=self._chat.whom.agent or "",
            used=self._figures.used,
            context=context or self._figures.context,
            speed=self._figures.speed,
            doing=doing,
        )
        self._chat.gauge.show(self._figures)
        self._chat.facts.show(self.conversation, self._figures, self._timings, self._chat.dashboard.now())

    async def enter(self, identity: str, at: str | None = None) -> None:
        """Show another conversation, at its end or at a message; what was typed for the one before stays with that."""
        await self._show(await self._piece(identity, **({"around": at} if at else {})), at)

    async def begin_with(self, identity: str) -> None:
        """Show a conversation, unless somebody writes already: whoever is that quick means a new one."""
        document = await self._piece(identity)
        if not self._chat.turns.asked and self._chat.composer.draft.is_empty:
            await self._show(document)

    async def _show(self, document: Mapping[str, Any], at: str | None = None) -> None:
        identity = document["conversation"]["id"]
        self._go_to(document["conversation"])
        turn = self._chat.turns.show(identity)
        self._chat.transcript.open(document, at)
        if turn is not None:
            self._chat.transcript.attach(turn)
        self._figures, self._timings = Figures(used=used_by(document["messages"])), {}
        self._chat.tell()
        self._chat.side.conversations.go(identity)
        self._chat.call_after_refresh(self._chat.transcript.want_more)
        await self._chat.whom.measure()

    async def begin_new(self) -> None:
        """Show one that has no message yet."""
        self._go_to(None)
        self._chat.turns.shown = None
        self._figures, self._timings = Figures(), {}
        self._chat.transcript.open(None)
        self._chat.tell()
        self._chat.composer.paper.focus()
        await self._chat.whom.measure()

    async def catch_up(self) -> None:
        """What has come to the open conversation meanwhile."""
        identity, asked = self.key, self._chat.turns.asked
        try:
            document = await self._piece(identity)
        except CliError as error:
            if error.code != "conversation_not_found":
                raise
            await self.begin_new()
            return
        if self.key != identity or self._chat.turns.asked != asked:
            return  # more was asked meanwhile: whoever ends that looks again
        self.conversation = document["conversation"]
        if not self._chat.transcript.take_over(document):
            self._chat.transcript.open(document)
        self._figures = Figures(used=used_by(document["messages"]), speed=self._figures.speed)

    async def to_newest(self) -> None:
        """Its last messages, where earlier ones are looked at."""
        if self._chat.transcript.later is not None and self.conversation is not None:
            self._chat.transcript.open(await self._piece(self.key))

    async def read_piece(self, side: str, of: str) -> None:
        """More messages, before or behind one."""
        identity = self.key
        try:
            document = await self._piece(identity, **{side: of})
        except CliError:
            self._chat.transcript.asked_in_vain()
            raise
        if self.key == identity:
            self._chat.transcript.put(document, side)

    def answered(self, turn: Turn) -> None:
        """What the answer that is shown took."""
        if turn.finish is not None:
            usage, self._timings = turn.finish["usage"], turn.finish["timings"]
            used = usage["prompt_tokens"] + usage["completion_tokens"]
            self._figures = Figures(used=used, context=usage["context"], speed=self._timings.get("tokens_per_s"))

    def give_back(self, turn: Turn) -> None:
        """What was not taken for a conversation that is not open any more waits there."""
        if not turn.is_taken and not turn.regenerate:
            key = turn.conversation or ""
            self._drafts[key] = turn.draft.before(self._drafts.get(key, Draft()))
        if turn.error is not None:
            self._chat.dashboard.say(turn.error)

    def _go_to(self, conversation: Item | None) -> None:
        """What is typed from now on is for this one, also while its messages are not there yet."""
        draft = self._chat.composer.draft
        if draft.is_empty:
            self._drafts.pop(self.key, None)
        else:
            self._drafts[self.key] = draft
        self.conversation = conversation
        self._chat.composer.write(self._drafts.pop(self.key, Draft()))

    async def _piece(self, identity: str, **which: str) -> Mapping[str, Any]:
        return await self._chat.gateway.get(address("conversations", identity), {"limit": PIECE, **which})
