"""Asking the person for whom the agent works: ask_user."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from tektrad.agents.knocks import Tool as Declared
from tektrad.agents.tool import Here, Result, ToolFailed, Wish, parameter, parsed

MOST_CHARACTERS = 4000


class _Question(msgspec.Struct, forbid_unknown_fields=True):
    question: str


@dataclass(frozen=True, slots=True)
class AskingUser:
    """A question; the words with which it is allowed are its answer."""

    declared: Declared
    writes: bool = False
    is_repeatable: bool = True

    def wish(self, here: Here, arguments: Mapping[str, Any]) -> Wish:
        """To be answered."""
        said = parsed(self.declared.name, _Question, arguments)
        if not said.question.strip() or len(said.question) > MOST_CHARACTERS:
            raise ToolFailed(f"ask_user: a question has 1 to {MOST_CHARACTERS} characters")
        return Wish(said, "call", "ask_user", "none", said.question, is_question=True)

    async def work(self, here: Here, said: Any) -> Result:
        """Nothing is left to be done but to pass the answer on."""
        return Result(here.answer or "yes")


TOOLS = (
    AskingUser(
        Declared(
            name="ask_user",
            description="Ask the person for whom you work, when only they can know",
            inputs={"question": parameter("string", "One question, in one sentence")},
            output_type="string",
        )
    ),
)
