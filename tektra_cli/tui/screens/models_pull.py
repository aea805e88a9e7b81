"""What to download from the hub."""

from __future__ import annotations

from typing import Any

from textual.app import ComposeResult
from textual.widgets import Input

from tektra_cli.tui.widgets.choice import Choice
from tektra_cli.tui.widgets.form import Form, labelled, note

AS_NAMED = "as named, or as usual"


class PullForm(Form[dict[str, Any]]):
    """The body of a pull."""

    TITLE = "Pull a model"
    DO = "Pull"

    def fields(self) -> ComposeResult:
        """A repository; the rest may stay empty."""
        source = Input(placeholder="OWNER/REPO, or OWNER/REPO:FILE-OR-QUANT", id="source", compact=True)
        yield labelled("From", source)
        yield labelled("Name", Input(placeholder="another name than the file's", id="name", compact=True))
        yield labelled("Revision", Input(placeholder="a branch, tag or commit", id="revision", compact=True))
        yield labelled("Type", Choice((AS_NAMED, "fastest here"), id="best"))
        yield note("It goes on in the background, and where it stopped if it was stopped.")

    def filled(self) -> dict[str, Any] | None:
        """As the daemon wants it; it knows best what a source is."""
        body: dict[str, Any] = {"best": self.query_one("#best", Choice).value != AS_NAMED}
        for field in self.query(Input):
            if said := field.value.strip():
                body[str(field.id)] = said
        if "source" not in body:
            self.complain("Name a repository: OWNER/REPO, or OWNER/REPO:Q4_K_M.")
            self.query_one("#source").focus()
            return None
        return body
