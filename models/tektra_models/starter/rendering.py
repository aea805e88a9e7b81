"""Messages to text, by the very template that the GGUF file carries."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Template
from jinja2.sandbox import ImmutableSandboxedEnvironment

TEMPLATE_PATH = Path(__file__).with_name("chat_template.jinja")
ASSISTANT = "<|im_start|>assistant\n"
END = "<|im_end|>"


@lru_cache(maxsize=1)
def template() -> Template:
    """The compiled chat template."""
    environment = ImmutableSandboxedEnvironment(autoescape=False)
    environment.filters["tojson"] = lambda value: json.dumps(value, ensure_ascii=False)
    return environment.from_string(TEMPLATE_PATH.read_text(encoding="utf-8"))


def render(messages: Sequence[dict[str, Any]], tools: Sequence[dict[str, Any]], *, ask: bool = False) -> str:
    """The whole dialogue as the model sees it; `ask` opens the assistant's turn."""
    return template().render(
        messages=list(messages), tools=list(tools), add_generation_prompt=ask, bos_token="", eos_token=END
    )


def pieces(text: str) -> list[tuple[str, bool]]:
    """Cut a rendered dialogue into parts, each with whether the assistant says it (its end mark included)."""
    parts: list[tuple[str, bool]] = []
    head, *turns = text.split(ASSISTANT)
    parts.append((head, False))
    for turn in turns:
        said, rest = turn.split(END, 1)
        parts += [(ASSISTANT, False), (said + END, True), (rest, False)]
    return [(part, spoken) for part, spoken in parts if part]
