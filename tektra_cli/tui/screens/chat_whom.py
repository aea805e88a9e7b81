"""Whom a message is for: the model that somebody chose for a conversation, or an agent; and how much it can look at."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tektra_cli.errors import CliError
from tektra_cli.tui.gateway import address
from tektra_cli.tui.screens.chat_note import RunNote
from tektra_cli.tui.screens.chat_turn import Draft
from tektra_cli.tui.widgets.picker import Picker

if TYPE_CHECKING:
    from tektra_cli.tui.screens.chat import Chat


class Whom:
    """Answers from elsewhere than the conversation says are for this dashboard only."""

    def __init__(self, chat: Chat) -> None:
        self._chat = chat
        self._folder = Path.cwd()
        """Where the dashboard was begun: an agent that is asked from here works there."""
        self._chosen: dict[str, str] = {}
        """Which model somebody chose, by conversation; "" of the one that is not begun."""
        self.contexts: dict[str, int] = {}
        """How much models can look at."""
        self.agent: str | None = None
        self.default_model = ""

    @property
    def chosen(self) -> str | None:
        """The model that somebody chose for the conversation that is open."""
        return self._chosen.get(self._chat.talk.key)

    @property
    def model(self) -> str:
        """The one that is going to answer."""
        now = self._chat.talk.conversation
        return self.chosen or (now["model"] if now is not None else self.default_model)

    @property
    def said(self) -> str:
        """In words; empty where it is nobody."""
        return f"agent {self.agent}" if self.agent else self.model

    def begun(self, conversation: str | None) -> None:
        """What was chosen for the conversation that was not begun is chosen for this one."""
        chosen = self._chosen.pop("", None)
        if chosen is not None and conversation:
            self._chosen[conversation] = chosen

    async def measure(self) -> None:
        """How much the model can look at: of one that is loaded as it is, else as it would be."""
        model = self.model
        if not model:
            return
        try:
            loaded = (await self._chat.gateway.get("/api/ps"))["models"]
            found = next((each["context"] for each in loaded if each["name"] == model), None)
            if found is None and model not in self.contexts:
                document = await self._chat.gateway.get(address("models", model))
                found = (document["estimate"] or {}).get("context")
            if found:
                self.contexts[model] = found
        except CliError:
            return  # the figures say so by saying nothing
        self._chat.talk.tell()

    async def choose_model(self) -> None:
        """One that can answer."""
        models = (await self._chat.gateway.get("/api/models"))["models"]
        choices = [
            {"id": each["name"], "name": each["name"], "note": _told_of(each)}
            for each in models
            if not each["embedding_only"] and not each["missing"]
        ]

        def chosen(name: str | None) -> None:
            if name is not None:
                self._chosen[self._chat.talk.key], self.agent = name, None
                self._chat.tell()
                self._chat.attempt(self.measure, group="measure", exclusive=True)
            self._chat.composer.paper.focus()

        self._chat.app.push_screen(Picker("Who answers?", choices, self.model), chosen)

    async def choose_agent(self) -> None:
        """One of them, or none."""
        agents = (await self._chat.gateway.get("/api/agents"))["agents"]
        choices = [{"id": "", "name": "no agent", "note": "messages go to the model"}]
        choices += [
            {"id": each["agent"]["name"], "name": each["agent"]["name"], "note": each["agent"]["description"]}
            for each in agents
        ]

        def chosen(name: str | None) -> None:
            if name is not None:
                self.agent = name or None
                self._chat.tell()
            self._chat.composer.paper.focus()

        self._chat.app.push_screen(Picker("Who does it?", choices, self.agent or ""), chosen)

    def hand_over(self, draft: Draft) -> None:
        """Begin a run of the agent with the message as its task, in the folder that the dashboard was begun in."""
        if self.agent is not None:
            self._chat.attempt(partial(self._begin_run, self.agent, draft), group="hand over")

    async def _begin_run(self, agent: str, draft: Draft) -> None:
        try:
            body = {"agent": agent, "task": draft.content, "folder": str(self._folder)}
            run = (await self._chat.gateway.post("/api/runs", body))["run"]
        except CliError:
            self._chat.composer.give_back(draft)
            raise
        self._chat.remove_class("-nothing")
        self._chat.transcript.note(RunNote(run["id"], agent, run["state"]))
        self._chat.transcript.stick()

    async def look_at_runs(self) -> None:
        """How it stands with those that were begun from here."""
        for note in self._chat.transcript.run_notes:
            run = (await self._chat.gateway.get(address("runs", note.run)))["run"]
            note.show(run["state"])
        self._chat.transcript.lay_out()


def _told_of(model: Mapping[str, Any]) -> str:
    parts = [model["quantization"] or "", "loaded" if model["loaded"] else "", "default" if model["default"] else ""]
    return " · ".join(part for part in parts if part)
