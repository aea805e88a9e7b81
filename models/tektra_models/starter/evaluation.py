"""The examination: held-out dialogues, answered greedily by the GGUF file through llama.cpp, and counted plainly."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from llama_cpp import Llama

from tektra_models.starter.corpus.beyond import SMALL
from tektra_models.starter.corpus.command_check import named_commands, names_only_known_commands
from tektra_models.starter.corpus.dialogues import Dialogue, dialogues
from tektra_models.starter.corpus.small_talk import TALK
from tektra_models.starter.corpus.talking import Check
from tektra_models.starter.handmade import handmade
from tektra_models.starter.rendering import render

CALL = re.compile(r"<tool_call>\n(.*?)\n</tool_call>", re.DOTALL)
LONGEST_ANSWER = 160
# "Are you alive?" is answered well by saying what it is.
ABOUT_ITSELF = {"identity", "ability", "feelings"}
CONTEXT = 2048


@dataclass(frozen=True)
class Item:
    """One answer to be given: what stands before it, and what would be right."""

    group: str
    messages: Sequence[dict[str, Any]]
    tools: Sequence[dict[str, Any]]
    check: Check


def items(dialogue: Dialogue) -> list[Item]:
    """Each of the assistant's turns, with the true dialogue before it."""
    return [
        Item(group_of(message["check"]), dialogue.messages[:place], dialogue.tools, message["check"])
        for place, message in enumerate(dialogue.messages)
        if message["role"] == "assistant"
    ]


def group_of(check: Check) -> str:
    """The line of the table in which this answer counts."""
    return check.kind if check.kind in {"call", "result", "help", "honest", "no_tool", "echo"} else "small talk"


def read_call(text: str) -> tuple[str, dict[str, Any]] | None:
    """The call in an answer, when it is exactly one and well formed."""
    found = CALL.findall(text)
    try:
        call = json.loads(found[0]) if len(found) == 1 else None
        return (call["name"], call["arguments"]) if call else None
    except (ValueError, KeyError, TypeError):
        return None


def kind_of(text: str) -> str:
    """Call, honest words, or a plain answer."""
    if "<tool_call>" in text:
        return "call"
    smallness = any(small[2:].strip("'m ") in text for small in SMALL)
    return "honest" if smallness and "tektra models pull" in text else "plain"


def right_kind(check: Check, text: str) -> bool:
    """Whether the answer is of the kind that was due; talk about itself may sound honest or plain."""
    due = {"call": "call", "honest": "honest", "no_tool": "honest"}.get(check.kind, "plain")
    given = kind_of(text)
    return given == due or (due == "plain" and given == "honest" and check.kind in ABOUT_ITSELF)


def right(check: Check, text: str) -> bool:
    """Whether the answer is right as a whole."""
    if check.kind == "call":
        return read_call(text) == check.call
    if not right_kind(check, text):
        return False
    if check.kind in {talk.name for talk in TALK}:
        fitting = ABOUT_ITSELF if check.kind in ABOUT_ITSELF else {check.kind}
        return any(text in talk.answers for talk in TALK if talk.name in fitting)
    return all(fact in text for fact in check.facts) and names_only_known_commands(text)


class Examinee:
    """The model under examination."""

    def __init__(self, path: Path) -> None:
        self.model = Llama(str(path), n_ctx=CONTEXT, n_threads=2, verbose=False)
        self.tokens = 0
        self.seconds = 0.0

    def answer(self, item: Item) -> str:
        """The greedy answer."""
        prompt = self.model.tokenize(render(item.messages, item.tools, ask=True).encode(), add_bos=False, special=True)
        end = self.model.token_eos()
        said: list[int] = []
        begun = 0.0
        for token in self.model.generate(prompt, temp=0.0, top_k=1, repeat_penalty=1.0):
            begun = begun or time.monotonic()
            if token == end or len(said) == LONGEST_ANSWER or len(prompt) + len(said) >= CONTEXT - 1:
                break
            said.append(token)
        self.tokens += len(said)
        self.seconds += time.monotonic() - begun
        spoken: bytes = self.model.detokenize(said, special=True)
        return spoken.decode(errors="replace")


@dataclass
class Tally:
    """What was asked in one group, and how the answers were."""

    asked: int = 0
    kind: int = 0
    tool: int = 0
    right: int = 0
    calls: int = 0

    def count(self, check: Check, text: str) -> None:
        """Judge one answer."""
        self.asked += 1
        self.kind += right_kind(check, text)
        self.right += right(check, text)
        if check.call:
            call = read_call(text)
            self.calls += 1
            self.tool += call is not None and call[0] == check.call[0]

    def shares(self) -> dict[str, float]:
        """The figures as shares of what was asked."""
        figures = {"asked": self.asked, "right_kind": self.kind / self.asked, "right": self.right / self.asked}
        return {**figures, "right_tool": self.tool / self.calls} if self.calls else figures


def evaluate(path: Path, count: int, seed: str, *, familiar: bool = False, show: int = 0) -> dict[str, Any]:
    """Ask everything and give the figures."""
    asked_in = islice(dialogues(seed, held_out=not familiar), count)
    model, wrong = Examinee(path), 0
    tallies: dict[str, Tally] = {}
    naming: list[bool] = []
    for item in [*(item for dialogue in asked_in for item in items(dialogue)), *handmade_items()]:
        text = model.answer(item)
        tallies.setdefault(item.group, Tally()).count(item.check, text)
        if named_commands(text):
            naming.append(names_only_known_commands(text))
        if not right(item.check, text):
            wrong += 1
            if wrong <= show:
                asked = item.messages[-1]["content"]
                sys.stderr.write(f"[{item.group}] {asked!r}\n  due   {item.check}\n  given {text!r}\n")
    return {
        "schema": "tektra.starter.evaluation/1",
        "groups": {group: tally.shares() for group, tally in sorted(tallies.items())},
        "commands_exist": sum(naming) / max(1, len(naming)),
        "tokens_per_second": model.tokens / max(model.seconds, 1e-9),
    }


def handmade_items() -> list[Item]:
    """The cases written by hand, which no generator made."""
    return [
        Item("handmade call", [{"role": "user", "content": case.request}], case.tools, Check("call", (), case.call))
        for case in handmade()
    ]


def table(figures: dict[str, Any]) -> str:
    """The figures for people."""
    lines = [f"{'group':<16}{'asked':>7}{'kind':>9}{'tool':>9}{'right':>9}"]
    for group, row in figures["groups"].items():
        tool = f"{row['right_tool']:.1%}" if "right_tool" in row else ""
        lines.append(f"{group:<16}{row['asked']:>7}{row['right_kind']:>9.1%}{tool:>9}{row['right']:>9.1%}")
    lines.append(f"commands that exist, of all named: {figures['commands_exist']:.1%}")
    lines.append(f"speed: {figures['tokens_per_second']:.0f} tokens/s")
    return "\n".join(lines)
