"""One model's way of writing conversations: messages → text, and its answers taken apart again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from typing import Any

import jinja2

from tektra_models.answers.learning import NOTHING, Learned, learn
from tektra_models.answers.messages import fitted
from tektra_models.answers.stream import AnswerStream
from tektra_models.errors import TemplateFailed
from tektra_models.template_sandbox import bounded, environment

MAX_TEMPLATE = 1 << 20
MAX_TEXT = 64 << 20
MAX_REASON = 500

CHATML = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
"""For files without a template of their own, as llama.cpp does."""
DECLARED = {
    "type": "function",
    "function": {
        "name": "declared",
        "description": "A tool.",
        "parameters": {"type": "object", "properties": {"a": {"type": "string", "description": "A text."}}},
    },
}
"""The tool that is on offer while a template is learned from: some write calls only where there are tools."""

Message = dict[str, Any]
Tools = list[dict[str, Any]]


def template_digest(template: str | None) -> str:
    """What tells a model's template from others; without one of its own it is the usual one's."""
    source = (template or CHATML).encode("utf-8", "surrogatepass")
    return f"sha256:{hashlib.sha256(source).hexdigest()}"


class ChatFormat:
    """A chat template, rendered where a hostile one can do no harm, and what it tells of its model's answers."""

    def __init__(self, template: str | None, *, bos: str = "", eos: str = "") -> None:
        self._source = template or CHATML
        self._bos, self._eos = bos, eos
        self._template: jinja2.Template | None = None

    def render(self, messages: list[Message], tools: Tools | None = None, *, think: bool | None = None) -> str:
        """Return the prompt text, ending where the assistant begins to speak; raises TemplateFailed.

        `think` asks for reasoning or for none, where the template knows the difference.
        """
        learned = self.learned
        switched = {} if think is None or learned.switch is None else {learned.switch: think}
        try:
            with bounded():
                return self._explained(messages, tools, switched)
        except (MemoryError, RecursionError) as error:
            raise TemplateFailed(f"the model's chat template asked for too much: {type(error).__name__}") from error

    @cached_property
    def learned(self) -> Learned:
        """How the model writes answers; as most models do, where the template does not tell."""
        try:
            with bounded():
                return learn(self._known_answer)
        except (TemplateFailed, MemoryError, RecursionError, ValueError, LookupError):
            return NOTHING

    def answer(self, prompt: str, tools: Tools | None = None) -> AnswerStream:
        """What takes an answer to this prompt apart."""
        form = self.learned.form if tools else replace(self.learned.form, calls=None)
        begun = next((opening for opening in self.learned.openings if prompt.endswith(opening)), "")
        return AnswerStream(form, declared_types(tools or []), begun)

    def _known_answer(self, messages: list[Message], opened: bool, variables: Mapping[str, Any]) -> str:
        return self._render(messages, [DECLARED], {**variables, "add_generation_prompt": opened})

    def _explained(self, messages: list[Message], tools: Tools | None, variables: Mapping[str, Any]) -> str:
        """Render, and put what goes wrong into words while the bounds hold: an error may carry a huge value."""
        try:
            return self._render(fitted(messages, self.learned.habits), tools, variables)
        except (TemplateFailed, MemoryError, RecursionError):
            raise
        except jinja2.TemplateError as error:
            raise TemplateFailed(f"the model's chat template refused these messages: {_reason(error)}") from error
        except Exception as error:  # a foreign program fails in any way it likes
            reason = f"{type(error).__name__}: {_reason(error)}"
            raise TemplateFailed(f"the model's chat template broke: {reason}") from error

    def _render(self, messages: list[Message], tools: Tools | None, variables: Mapping[str, Any]) -> str:
        parts: list[str] = []
        size = 0
        given = {"messages": messages, "tools": tools or None, "functions": json.dumps(tools or [], indent=4)}
        for part in self._compiled().generate(
            **json.loads(json.dumps(given)),  # copies: a template may append to lists
            **{"add_generation_prompt": True, **variables},
            datetime=f"{datetime.now().astimezone():%B %d %Y %H:%M:%S}",
            bos_token=self._bos,
            eos_token=self._eos,
        ):
            size += len(part)
            if size > MAX_TEXT:
                raise TemplateFailed(f"the model's chat template wrote more than {MAX_TEXT} characters")
            parts.append(part)
        return "".join(parts)

    def _compiled(self) -> jinja2.Template:
        if self._template is None:
            if len(self._source) > MAX_TEMPLATE:
                raise TemplateFailed(f"the model's chat template is longer than {MAX_TEMPLATE} characters")
            self._template = environment().from_string(self._source)
        return self._template


def _reason(error: Exception) -> str:
    return str(error)[:MAX_REASON]


def declared_types(tools: Tools) -> dict[str, dict[str, Any]]:
    """Tool → parameter → its JSON schema."""
    types: dict[str, dict[str, Any]] = {}
    for tool in tools:
        function = tool.get("function", tool)
        properties = (function.get("parameters") or {}).get("properties")
        types[str(function.get("name"))] = properties if isinstance(properties, dict) else {}
    return types
