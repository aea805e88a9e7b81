"""An examination written by hand: real-looking tools that the generator does not know, and what people ask of them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DATA_PATH = Path(__file__).with_name("handmade.json")
KINDS = ("call", "two_calls", "ask_back", "no_fit", "result", "chain", "turns")

Call = tuple[str, dict[str, Any]]


@dataclass(frozen=True)
class Case:
    """A dialogue so far, the tools at hand, and what a right answer is.

    `calls` are due in this order; where there are none, a plain answer is due that holds every one of `facts` and, if
    there are any, at least one of `words` (see `holds`).
    """

    kind: str
    tools: list[dict[str, Any]]
    messages: list[dict[str, Any]]
    calls: tuple[Call, ...] = ()
    facts: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    # ask_back: the tool that is meant, and its required parameter that the request leaves out
    missing: tuple[str, str] | None = None
    # the request hardly shares a word with the tool that is meant
    paraphrase: bool = False
    # another tool is of the same sort
    similar: bool = False
    # no_fit: something is to be done; otherwise it is talk
    errand: bool = False
    # result: the tool failed
    error: bool = False

    @property
    def request(self) -> str:
        """What the user said last."""
        return next(str(said["content"]) for said in reversed(self.messages) if said["role"] == "user")

    @property
    def call(self) -> Call | None:
        """The first call that is due."""
        return self.calls[0] if self.calls else None


def cases(*kinds: str) -> list[Case]:
    """All cases of these kinds, or simply all."""
    data = json.loads(DATA_PATH.read_text(encoding="utf-8"))
    tools = {tool["function"]["name"]: tool for tool in data["tools"]}
    return [read_case(row, tools) for row in data["cases"] if not kinds or row["kind"] in kinds]


def handmade() -> list[Case]:
    """The cases of one request and one call."""
    return cases("call")


def read_case(row: dict[str, Any], tools: dict[str, dict[str, Any]]) -> Case:
    """A case as it stands in the file, with its tools looked up and its messages in the OpenAI form."""
    missing = row.get("missing")
    return Case(
        kind=row["kind"],
        tools=[tools[name] for name in row["tools"]],
        messages=[read_message(said) for said in row["messages"]],
        calls=tuple((name, arguments) for name, arguments in row.get("calls", ())),
        facts=tuple(row.get("facts", ())),
        words=tuple(row.get("words", ())),
        missing=(missing[0], missing[1]) if missing else None,
        **{flag: row.get(flag, False) for flag in ("paraphrase", "similar", "errand", "error")},
    )


def read_message(said: dict[str, Any]) -> dict[str, Any]:
    """The OpenAI form of a message that is written as {role: text}, or as {"call": [name, arguments]}."""
    ((role, content),) = said.items()
    if role == "call":
        function = {"name": content[0], "arguments": content[1]}
        return {"role": "assistant", "content": "", "tool_calls": [{"type": "function", "function": function}]}
    return {"role": role, "content": content}


def holds(text: str, wanted: str) -> bool:
    """Whether a text holds this word or number in any case, and not as a piece of a longer one."""
    before, after = touching(wanted[0]), touching(wanted[-1])
    return re.search(f"(?<!{before}){re.escape(wanted)}(?!{after})", text, re.IGNORECASE) is not None


def touching(sign: str) -> str:
    """What must not stand next to this sign: "30" is no part of "2030", but it is there in "30kg"."""
    # (?!) never matches: next to a mark anything may stand.
    return r"\d" if sign.isdigit() else r"[^\W\d_]" if sign.isalpha() else "(?!)"
