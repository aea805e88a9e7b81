"""Which file or folder of this machine becomes a model; its path is completed while it is typed."""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from tektra_cli.errors import UsageError
from tektra_cli.terminal import clean_line
from tektra_cli.tui import paths
from tektra_cli.tui.widgets.choice import Choice
from tektra_cli.tui.widgets.form import Form, labelled, note

LINKED = "used where it is"
FILES = (".gguf", ".json")


class ImportForm(Form[dict[str, Any]]):
    """The body of an import."""

    DEFAULT_CSS = """
    ImportForm OptionList { height: auto; max-height: 8; margin: 0 0 1 14; border: none; background: $surface; }
    """
    TITLE = "Import a model"
    DO = "Import"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("tab", "complete", "Complete the path", show=False, priority=True)]

    def __init__(self) -> None:
        super().__init__()
        self._found: list[str] = []

    def fields(self) -> ComposeResult:
        """The path, what it may become, a name."""
        yield labelled("Path", Input(placeholder="a GGUF file, or the folder of a model", id="path", compact=True))
        yield OptionList(id="found", compact=True)
        yield labelled("Name", Input(placeholder="another name than the file's", id="name", compact=True))
        yield labelled("File", Choice((LINKED, "copied"), id="copy"))
        yield note("tab completes; ↓ goes to what is found.")

    def on_mount(self) -> None:
        """Begin at home."""
        path = self.query_one("#path", Input)
        path.value = "~/"
        path.focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Look what it may become."""
        if event.input.id == "path":
            self.run_worker(self._look(event.value), group="look", exclusive=True)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Take what was found."""
        self._take(self._found[event.option_index])

    def action_complete(self) -> None:
        """As far as it is certain; from any other field to the next."""
        path = self.query_one("#path", Input)
        longer = paths.common(path.value, _found(path.value)) if path.has_focus else path.value
        if longer == path.value:
            self.focus_next()
        else:
            self._take(longer)

    def filled(self) -> dict[str, Any] | None:
        """As the daemon wants it."""
        said = self.query_one("#path", Input).value.strip()
        if not said:
            self.complain("Name a file, or the folder of a model.")
            return None
        try:
            body: dict[str, Any] = {"path": str(paths.path(said))}
        except UsageError as error:
            self.complain(error.message)
            return None
        body["copy"] = self.query_one("#copy", Choice).value != LINKED
        name = self.query_one("#name", Input).value.strip()
        return body | ({"name": name} if name else {})

    def _take(self, path: str) -> None:
        field = self.query_one("#path", Input)
        field.value = path
        field.cursor_position = len(path)
        field.focus()

    async def _look(self, said: str) -> None:
        found = await asyncio.to_thread(_found, said)
        if self.is_over:
            return
        options = self.query_one("#found", OptionList)
        options.clear_options()
        shown = [path for path in found if path != said]
        options.add_options(Option(Content(clean_line(path))) for path in shown)
        self._found = shown
        options.display = bool(shown)


def _found(said: str) -> list[str]:
    return paths.completions(said, FILES)
