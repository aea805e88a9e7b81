"""How a model shall be loaded, and whether that fits: reckoned anew with every choice."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Button, Input, Static

from tektra_cli import model_words, wording
from tektra_cli.errors import CliError, UsageError
from tektra_cli.tui.screens.models_memory import FREE, PROMISED, TAKEN, Part, bar
from tektra_cli.tui.widgets.choice import Choice
from tektra_cli.tui.widgets.form import Form, labelled, note

Document = Mapping[str, Any]
Ask = Callable[[Document], Awaitable[Document]]
AS_SET = "as set"
CELLS = (AS_SET, "f16", "q8_0", "q4_0")
WEIGHTS = (AS_SET, "stored", "int8", "int4")
PAUSE_S = 0.15
"""Somebody who types is not answered after every digit."""
BAR_CELLS = 56


class LoadForm(Form[dict[str, Any]]):
    """The body of a load."""

    DO = "Load"

    def __init__(self, model: Document, ask: Ask, gpus: bool) -> None:
        """`ask` estimates what such a load takes; `gpus`: whether layers can lie on some."""
        super().__init__()
        self.title = f"Load {model['name']}"
        self._model, self._ask, self._gpus = model, ask, gpus

    def fields(self) -> ComposeResult:
        """Only what this model knows of."""
        trained = self._model["context_train"]
        hint = f"tokens; as set, at most {trained:,}" if trained else "tokens; as set"
        yield labelled("Context", Input(placeholder=hint, id="context", restrict="[0-9]*", compact=True))
        if self._model["format"] == "safetensors":
            yield labelled("Weights", Choice(WEIGHTS, id="weights"))
        else:
            yield labelled("Cells", Choice(CELLS, id="kv_type"))
        if self._gpus:
            yield labelled(
                "GPU layers", Input(placeholder="auto, all, none, or a number", id="gpu_layers", compact=True)
            )
        yield labelled(
            "Keep alive", Input(placeholder="30s, 10m, 2h, 0, forever; as set", id="keep_alive", compact=True)
        )
        yield Static(id="fit")
        yield note("estimating…")

    def on_mount(self) -> None:
        """Enter loads as set."""
        self.query_one("#do", Button).focus()
        self._estimate()

    def on_input_changed(self) -> None:
        """Reckon anew."""
        self._estimate()

    def on_choice_changed(self) -> None:
        """Reckon anew."""
        self._estimate()

    def filled(self) -> dict[str, Any] | None:
        """As the daemon wants it."""
        try:
            body = self._how()
            if said := self.query_one("#keep_alive", Input).value.strip():
                body["keep_alive"] = wording.seconds(said)
        except (UsageError, ValueError) as error:
            self.complain(str(error))
            return None
        return body

    def _how(self) -> dict[str, Any]:
        """What memory depends on; raises UsageError."""
        body: dict[str, Any] = {}
        if context := self.query_one("#context", Input).value.strip():
            if not context.isdecimal() or int(context) < 1:
                raise UsageError(f'"{context}" is no number of tokens')
            body["context"] = int(context)
        for choice in self.query(Choice):
            if choice.value != AS_SET:
                body[str(choice.id)] = choice.value
        for field in self.query("#gpu_layers").results(Input):
            if said := field.value.strip():
                body["gpu_layers"] = int(said) if said.isdecimal() else said
        return body

    def _estimate(self) -> None:
        self.run_worker(self._reckon(), group="estimate", exclusive=True)

    async def _reckon(self) -> None:
        await asyncio.sleep(PAUSE_S)
        if self.is_over:
            return
        try:
            found = await self._ask(self._how())
            shown, words, fits = bar(_parts(found), BAR_CELLS), model_words.estimated(found), found["fits"]
        except CliError as error:
            shown, words, fits = Content(), error.message, False
        if not self.is_over:
            self.query_one("#fit", Static).update(shown)
            self.say(words, is_bad=not fits)


def _parts(found: Document) -> list[Part]:
    """What it needs of what is free."""
    needed, free = found["needed_bytes"], found["free_bytes"]
    if not found["fits"]:
        return [Part(free, TAKEN, "$error"), Part(needed - free, PROMISED, "$error")]
    return [Part(needed, TAKEN, "$success"), Part(free - needed, FREE, "$foreground 40%")]
