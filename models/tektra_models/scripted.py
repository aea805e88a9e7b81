"""A backend without weights: it says what a script tells it, as slowly as it is told. For tests, yours and ours.

A script is a file `*.scripted.json`:

    {"schema": "tektra.scripted/1", "context": 4096,
     "replies": [{"when": "weather", "say": "It rains.", "pace_s": 0.01},
                 {"say": "Hello.", "forever": true}]}

The first reply whose regular expression `when` is found in the rendered prompt (none given: always) is said. With
`"in_turn": true` the replies are a transcript: each stands for one answer of a dialogue, the first for its first, and
the last for all behind it; a prompt holds as many answers as lines that begin with "assistant: ".

A token is one byte, so counts are easy to foretell. `forever` repeats the text until somebody stops it. `first_s`
passes before the first token, `pace_s` before every other one; `abort` kills the process (SIGABRT) after that many
tokens.
"""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from tektra_models.backend import Feed, drawn
from tektra_models.errors import BadModelFile, ContextExceeded, Unsupported
from tektra_models.generation import Pooling, Sampling
from tektra_models.spec import IDLE_HOLDERS, Spec

if TYPE_CHECKING:
    from tektra_models.forms import Follower

SCHEMA = "tektra.scripted/1"
END = 256
ANSWERED = re.compile(r"^assistant: ", re.MULTILINE)
TEMPLATE = "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}assistant:"


class Reply(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to say when `when` is found in the prompt, and how slowly."""

    say: str
    when: str = ""
    pace_s: float = 0.0
    first_s: float = 0.0
    forever: bool = False
    abort: int | None = None


class Script(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A whole script; `load_s` is how long loading takes, `load_abort` crashes instead."""

    schema: str
    replies: list[Reply]
    context: int = 4096
    in_turn: bool = False
    load_s: float = 0.0
    load_abort: bool = False


def read_script(path: Path) -> Script:
    """Parse a script file; raises BadModelFile."""
    try:
        script = msgspec.json.decode(path.read_bytes(), type=Script)
        for reply in script.replies:
            re.compile(reply.when)
    except (OSError, msgspec.MsgspecError, re.error) as error:
        raise BadModelFile(f"{path} is no script for the scripted backend: {error}") from error
    if script.schema != SCHEMA or not script.replies:
        raise BadModelFile(f'{path} is no script for the scripted backend: it needs "schema": "{SCHEMA}" and replies')
    return script


@dataclass(slots=True)
class _Speaker:
    """The sampler of one sequence: what it answers, and how far it has come in its reply."""

    prompt: list[int]
    reply: Reply
    data: bytes
    said: int = field(default=0)

    def next(self) -> int:
        time.sleep(self.reply.pace_s if self.said else self.reply.first_s)
        if self.reply.abort is not None and self.said >= self.reply.abort:
            os.kill(os.getpid(), signal.SIGABRT)
        self.said += 1
        if self.said > len(self.data) and not self.reply.forever:
            return END
        return self.data[(self.said - 1) % len(self.data)]


def _say(feed: Feed, row: int) -> int:
    assert feed.sampler is not None
    said: int = feed.sampler.next()
    return said


class ScriptedBackend:
    """Says the replies of a script; the same Backend interface as real models."""

    vocabulary = END + 1
    can_share = True
    minds_others = False
    layout = ""
    can_generate = True
    can_embed = True
    can_rank = False
    chat_template: str | None = TEMPLATE
    bos = eos = ""

    def __init__(self, spec: Spec) -> None:
        script = read_script(Path(spec.path))
        time.sleep(script.load_s)
        if script.load_abort:
            os.kill(os.getpid(), signal.SIGABRT)
        self.context = min(script.context, spec.context)
        self.holders = spec.slots + IDLE_HOLDERS
        self._replies, self._in_turn = script.replies, script.in_turn

    def tokenize(self, text: str, *, special: bool) -> list[int]:
        """One token per byte of UTF-8."""
        return list(text.encode("utf-8", "replace"))

    def token_bytes(self, token: int) -> bytes:
        """The byte itself."""
        return b"" if token == END else bytes([token])

    def mark_bytes(self, token: int) -> bytes:
        """A script has no control tokens."""
        return self.token_bytes(token)

    def is_end(self, token: int) -> bool:
        """Token 256 ends a reply."""
        return token == END

    def sampler(self, sampling: Sampling, prompt: list[int]) -> _Speaker:
        """Choose the reply for this prompt."""
        text = bytes(t for t in prompt if t != END).decode("utf-8", "replace")
        behind = self._replies[len(ANSWERED.findall(text)) :] if self._in_turn else self._replies
        reply = next((r for r in behind if re.search(r.when, text)), self._replies[-1])
        return _Speaker(prompt, reply, reply.say.encode() or (b"\n" if reply.forever else b""))

    def follower(self, grammar: str) -> Follower:
        """A script says what it says."""
        raise Unsupported("a script cannot be held to a form", "Leave the form out, or choose another model.")

    def accept(self, sampler: _Speaker, token: int) -> None:
        """Nothing is ever forced."""

    def free_sampler(self, sampler: _Speaker) -> None:
        """Nothing to release."""

    def decode(self, feeds: list[Feed]) -> list[list[int]]:
        """The next byte of each reply whose prompt was read to the end, and those behind drafts that were right."""
        return [[] if feed.sampler is None else drawn(feed, _say) for feed in feeds]

    def copy(self, source: int, target: int, length: int) -> None:
        """There are no cells."""

    def cut(self, holder: int, length: int) -> None:
        """There are no cells."""

    def state(self, holder: int) -> bytes:
        """There is nothing to keep."""
        return b""

    def restore(self, holder: int, data: bytes) -> bool:
        """Nothing was kept."""
        return True

    def settle(self, holders: Collection[int], start: int, end: int) -> None:
        """There are no cells."""

    def embed(self, tokens: list[int], pooling: Pooling | None = None) -> list[float]:
        """How often each of eight classes of bytes occurs, as a unit vector: equal texts are equal, others differ."""
        if len(tokens) > self.context:
            raise ContextExceeded(f"the input has {len(tokens)} tokens; {self.context} fit")
        counts = [1.0] * 8
        for token in tokens:
            counts[token % 8] += 1.0
        norm = sum(c * c for c in counts) ** 0.5
        return [c / norm for c in counts]

    def rank_tokens(self, query: str, document: str) -> list[int]:
        """A script has no opinion of documents."""
        raise Unsupported("a script cannot rank documents", "Choose a reranker.")

    def rank(self, tokens: list[int]) -> float:
        """Nothing is ever ranked."""
        raise Unsupported("a script cannot rank documents", "Choose a reranker.")

    def close(self) -> None:
        """Nothing to release."""
