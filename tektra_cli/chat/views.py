"""How an answer is shown: as events for programs, as bytes in a pipe, as Markdown on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable

from tektra_cli import errors, output, terminal, wording
from tektra_cli.chat.turn import Event
from tektra_cli.errors import StatusLine

WAITING = {
    "queued": "waiting for {}…",
    "loading": "loading {}…",
    "reading": "reading the prompt…",
}
THINKING = "thinking: …"
PULL_HINT = "tektra models pull OWNER/REPO brings a larger one"


class Events:
    """Every event as it is, one JSON object a line."""

    told_error = False

    def event(self, event: Event) -> None:
        """Pass it on."""
        output.event(event)
        self.told_error = event["type"] == "error"

    def close(self) -> None:
        """Every line is ended already."""


class Talk:
    """The answer's text on stdout; what is going on, on stderr.

    `say_model`: mention that the built-in model answers, since nobody chose it.
    """

    def __init__(self, say_model: bool) -> None:
        self._writer = Writer()
        self._say_model = say_model
        self._status = StatusLine()
        self._thought = ""

    def event(self, event: Event) -> None:
        """Text to stdout; queueing and loading to the status line; what is missing is said and stays."""
        match event["type"]:
            case "start":
                self._start(event)
            case "status" if event["state"] == "shortened":
                self._status.erase()
                errors.note(event["detail"])
            case "status":
                self._status.show(waiting(event))
            case "reasoning":
                self._think(event["text"])
            case "delta":
                self._status.erase()
                self._writer.write(event["text"])
            case "finish" if event["reason"] == "length":
                self.close()
                errors.note(why_cut(event["usage"]))

    def _think(self, text: str) -> None:
        """Show on the status line what the model thinks last."""
        room = max(terminal.size()[0] - len(THINKING) - 2, 1)
        self._thought = (self._thought + text)[-2 * room :]
        self._status.show(THINKING + " ".join(self._thought.split())[-room:])

    def _start(self, event: Event) -> None:
        """The daemon is at work now: time enough to load what draws Markdown."""
        self._writer = _writer()
        if self._say_model and event["source"] == "built-in":
            self._status.erase()
            errors.note(f"{event['model']}, the small built-in model · {PULL_HINT}")
        self._status.show(WAITING["reading"])

    def close(self) -> None:
        """Clear the status line and end the text."""
        self._status.erase()
        self._writer.close()


class Writer:
    """The answer's bytes as they come, ending with exactly one newline."""

    def __init__(self, put: Callable[[str], None] = output.raw) -> None:
        self._put = put
        self._held = ""
        self._begun = False

    def write(self, text: str) -> None:
        """Pass text on at once, but for newlines that may turn out to be the last ones."""
        text = self._held + text
        shown = text.rstrip("\n")
        self._held = text[len(shown) :]
        if shown:
            self._put(shown)
            self._begun = True

    def close(self) -> None:
        """End the line that is begun."""
        if self._begun:
            self._put("\n")
        self._begun, self._held = False, ""


def waiting(event: Event) -> str:
    """What is being waited for, in words; a state that this version does not know speaks for itself."""
    words = WAITING.get(event["state"])
    if words is None:
        return f"{event['state']}…"
    return words.format(event.get("detail") or "the model") + _outlook(event)


def _outlook(event: Event) -> str:
    """The place in line and the estimate, where the daemon gave them."""
    if "position" not in event:
        return ""
    return f" number {event['position']} in line, about {wording.span(event['estimate_s'])}"


def why_cut(usage: Event) -> str:
    """Why an answer ended before its end."""
    if usage["prompt_tokens"] + usage["completion_tokens"] >= usage["context"]:
        return f"cut here: the context of {usage['context']} tokens is full"
    return f"cut here: {usage['completion_tokens']} tokens were allowed"


def _writer() -> Writer:
    if not terminal.is_live(sys.stdout):
        return Writer()
    from tektra_cli.chat.markdown import LiveMarkdown

    return LiveMarkdown()
