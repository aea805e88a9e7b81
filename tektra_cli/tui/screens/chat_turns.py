"""Turns that are under way: asked, drawn while they are written, stopped, and what came of them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from textual.timer import Timer
from textual.worker import Worker

from tektra_cli.errors import CliError
from tektra_cli.tui.gateway import address
from tektra_cli.tui.screens.chat_note import Note
from tektra_cli.tui.screens.chat_turn import UNREACHED, Draft, Turn

if TYPE_CHECKING:
    from tektra_cli.tui.screens.chat import Chat

FRAME_S = 0.05
REST = 3
"""So many times as long as drawing took nothing is drawn, so that keys are answered."""


class Turns:
    """All that are under way, one of which may be that whose answer is shown."""

    def __init__(self, chat: Chat) -> None:
        self._chat = chat
        self._running: list[tuple[Turn, Worker[None]]] = []
        self._frame: Timer | None = None
        self._is_drawing = False
        self.shown: Turn | None = None
        self.asked = 0
        """How often something was asked."""

    def __bool__(self) -> bool:
        return bool(self._running)

    @property
    def conversations(self) -> set[str]:
        """Those that are being answered."""
        return {turn.conversation for turn, _ in self._running if turn.conversation}

    def show(self, conversation: str) -> Turn | None:
        """From now on that of this conversation is shown, if there is one."""
        self.shown = next((turn for turn, _ in self._running if turn.conversation == conversation), None)
        return self.shown

    def ask(self, turn: Turn) -> None:
        """Begin."""
        self.shown = turn
        self.asked += 1
        self._chat.remove_class("-nothing")
        self._running.append((turn, self._chat.run_worker(self._converse(turn), group="turns")))
        self._chat.tell()

    def stop(self) -> bool:
        """Leave the stream of the one that is shown, which ends the answer; what came of it is kept. Whether it was."""
        running = next((worker for turn, worker in self._running if turn is self.shown), None)
        if running is None:
            return False
        running.cancel()
        return True

    async def _converse(self, turn: Turn) -> None:
        """One turn from the question to what came of it; nothing of it gets lost."""
        try:
            await self._prepare(turn)
            async for batch in self._chat.gateway.stream("/api/chat", turn.body()):
                was_taken = turn.is_taken
                for event in batch:
                    turn.take(event)
                if turn.is_taken and not was_taken:
                    self._taken(turn)
                self._draw_soon()
        except CliError as error:
            turn.failed(error)
        finally:
            turn.is_over = True
            self._running = [each for each in self._running if each[0] is not turn]
            if self._chat.is_running:
                self._chat.attempt(partial(self._ended, turn), group="ended")

    async def _prepare(self, turn: Turn) -> None:
        """Make the branch where there is to be one, and show the question."""
        chat = self._chat
        if turn.draft.edits is not None and turn.conversation is not None:
            body = {"message_id": turn.draft.edits, "before": True}
            made = await chat.gateway.post(address("conversations", turn.conversation, "branch"), body)
            turn.conversation, turn.draft = made["conversation"]["id"], Draft(turn.draft.text, turn.draft.files)
            if self.shown is turn:
                await chat.talk.enter(made["conversation"]["id"])
                self.shown = turn
        if self.shown is turn:
            asked = None if turn.regenerate else _unsaid("user", turn.draft.content, turn.asked_at)
            await chat.talk.to_newest()
            chat.transcript.begin(turn, asked, _unsaid("assistant", "", "", turn.model or chat.whom.model))

    def _taken(self, turn: Turn) -> None:
        """The daemon has it: a new conversation has an id from now on."""
        if self.shown is turn and self._chat.talk.conversation is None:
            self._chat.whom.begun(turn.conversation)
            title = turn.draft.text.strip().split("\n")[0]
            now = self._chat.dashboard.now().isoformat()
            self._chat.talk.conversation = {
                "id": turn.conversation, "title": title, "model": turn.model, "updated_at": now, "pinned": False,
                "messages": 2,
            }  # fmt: skip
        self._chat.attempt(self._chat.read_list, group="list", exclusive=True)

    def _draw_soon(self) -> None:
        if self._frame is None and not self._is_drawing:
            self._frame = self._chat.set_timer(FRAME_S, self._draw)

    def _draw(self) -> None:
        """What has come since the last frame."""
        self._frame = None
        turn, answer = self.shown, self._chat.transcript.answer
        if turn is None or answer is None:
            return
        self._chat.transcript.grow(turn)
        self._chat.talk.tell()
        if not turn.is_over:
            self._is_drawing = True
            drawn = partial(self._drawn, time.monotonic())
            if self._chat.is_current:
                self._chat.call_after_refresh(drawn)
            else:
                drawn()

    def _drawn(self, began: float) -> None:
        """It is on the screen, if that is looked at: the slower that was, the longer it is to the next frame."""
        self._is_drawing = False
        if self._frame is None:
            rest = max(FRAME_S, REST * (time.monotonic() - began))
            self._frame = self._chat.set_timer(rest, self._redraw)

    def _redraw(self) -> None:
        """The next frame, where there is something new in it."""
        self._frame = None
        turn, answer = self.shown, self._chat.transcript.answer
        if turn is not None and answer is not None and answer.is_behind(turn):
            self._draw()

    async def _ended(self, turn: Turn) -> None:
        """An answer is whole, was stopped, or went wrong."""
        chat = self._chat
        if not chat.is_attached:
            return
        if self.shown is turn:
            chat.transcript.grow(turn)
            await self._show_end(turn)
            chat.talk.answered(turn)
        elif turn.error is not None or not turn.is_taken:
            chat.talk.give_back(turn)
        if turn.model and turn.context:
            chat.whom.contexts[turn.model] = turn.context
        chat.tell()
        if not _is_unreached(turn):
            await chat.read_list()

    async def _show_end(self, turn: Turn) -> None:
        transcript, answer = self._chat.transcript, self._chat.transcript.answer
        self.shown, transcript.answer = None, None
        for words in turn.notes:
            transcript.note(Note(words))
        if not turn.is_taken:
            transcript.forget()
            if not turn.regenerate:
                self._chat.composer.give_back(turn.draft)
        elif answer is not None:
            if turn.finish is not None:
                answer.speed = turn.finish["timings"].get("tokens_per_s")
            status = "complete" if turn.finish is not None else "interrupted"
            message = {**answer.message, "id": turn.message, "content": answer.source, "status": status}
            answer.show({**message, "usage": (turn.finish or {}).get("usage")}, self._chat.dashboard.now())
        if turn.error is not None:
            again = "^r tries again" if turn.is_taken else "what you wrote is below again: enter tries again"
            said = " · ".join(part for part in (turn.error.message, turn.error.hint, again) if part)
            transcript.note(Note(f"✗ {said}", is_bad=True))
        transcript.stick()
        if turn.is_taken and not _is_unreached(turn):
            await self._chat.talk.catch_up()


def _is_unreached(turn: Turn) -> bool:
    return turn.error is not None and turn.error.code in UNREACHED


def _unsaid(role: str, content: str, asked_at: str, model: str | None = None) -> Mapping[str, Any]:
    """A message that the daemon has not told of yet."""
    status = "complete" if role == "user" else "generating"
    return {
        "id": "", "role": role, "content": content, "status": status, "model": model, "created_at": asked_at,
        "usage": None, "finish_reason": None,
    }  # fmt: skip
