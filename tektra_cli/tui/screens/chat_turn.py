"""An answer that is being written: what was asked, and what has come of it so far. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tektra_cli.chat.views import waiting, why_cut
from tektra_cli.errors import CliError

Event = Mapping[str, Any]
READING = "reading the prompt…"
UNREACHED = ("connection_lost", "daemon_unreachable")


@dataclass(frozen=True)
class Attachment:
    """A file's text as it goes into a message."""

    name: str
    text: str


@dataclass
class Draft:
    """What somebody has typed and not sent, or sent and not got taken."""

    text: str = ""
    files: tuple[Attachment, ...] = ()
    edits: str | None = None
    """The message in whose place it is meant; sending it begins a branch there."""

    @property
    def content(self) -> str:
        """As it is sent."""
        return "\n\n".join([*(file.text for file in self.files), self.text])

    def before(self, typed: Draft) -> Draft:
        """What was not taken, and behind it what was typed since."""
        text = "\n\n".join(part for part in (self.text, typed.text) if part.strip())
        return Draft(text, (*self.files, *typed.files), self.edits or typed.edits)

    @property
    def is_empty(self) -> bool:
        """Nothing would be lost."""
        return not self.text.strip() and not self.files


@dataclass
class Turn:
    """One question and its answer, whoever looks."""

    draft: Draft
    conversation: str | None
    model: str | None = None
    regenerate: bool = False
    asked_at: str = ""
    message: str | None = None
    """The answer's id, once the question was taken."""
    context: int = 0
    waits: str = "asking…"
    """What it waits for; empty as soon as it is written."""
    notes: list[str] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    reasoning: list[str] = field(default_factory=list)
    finish: Event | None = None
    error: CliError | None = None
    is_over: bool = False

    @property
    def is_taken(self) -> bool:
        """The daemon has the question, and will keep what comes."""
        return self.message is not None

    def body(self) -> dict[str, Any]:
        """What is asked of the daemon."""
        optional = {"conversation_id": self.conversation, "model": self.model}
        given = {name: value for name, value in optional.items() if value is not None}
        return {"content": "" if self.regenerate else self.draft.content, "regenerate": self.regenerate, **given}

    def take(self, event: Event) -> None:
        """One more event of it."""
        match event["type"]:
            case "start":
                self.conversation, self.message = event["conversation_id"], event["message_id"]
                self.model, self.context, self.waits = event["model"], event["context"], READING
            case "status" if event["state"] == "shortened":
                self.notes.append(event["detail"])
            case "status":
                self.waits = waiting(event)
            case "reasoning":
                self.reasoning.append(event["text"])
                self.waits = "thinking…"
            case "delta":
                self.text.append(event["text"])
                self.waits = ""
            case "finish":
                self.finish = event
                if event["reason"] == "length":
                    self.notes.append(why_cut(event["usage"]))

    def failed(self, error: CliError) -> None:
        """It went wrong; where the line is gone, what came of the answer is still there."""
        if self.text and error.code in UNREACHED:
            message = f"{error.message}; what it had written is kept, marked as interrupted"
            error = CliError(error.code, message, error.hint)
        self.error = error
