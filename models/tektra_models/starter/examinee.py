"""The model under examination: greedy answers of a GGUF file, freely or with calls held to a grammar."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from llama_cpp import Llama, LlamaGrammar

from tektra_models.starter.call_grammar import call_grammar
from tektra_models.starter.rendering import render

LONGEST_ANSWER = 160
CONTEXT = 2048
CALL_BEGINS = "<tool_call>\n"


class Examinee:
    """A model that answers, and the clock that runs while it writes."""

    def __init__(self, path: Path, *, constrained: bool = False) -> None:
        self.model = Llama(str(path), n_ctx=CONTEXT, n_threads=2, verbose=False)
        self.constrained = constrained
        self.tokens = 0
        self.seconds = 0.0

    def answer(self, messages: Sequence[dict[str, Any]], tools: Sequence[dict[str, Any]]) -> str:
        """The greedy answer, tool marks included; constrained, it begins a call freely and goes on by grammar."""
        prompt = self.tokens_of(render(messages, tools, ask=True))
        said: list[int] = []
        for token in self.written(prompt, None):
            said.append(token)
            if self.constrained and tools and self.text_of(said).endswith(CALL_BEGINS):
                said += self.written(prompt + said, LlamaGrammar.from_string(call_grammar(tools), verbose=False))
                break
        return self.text_of(said)

    def written(self, prompt: list[int], grammar: LlamaGrammar | None) -> Iterator[int]:
        """The tokens that follow the prompt, up to the end mark; only the decoding is timed."""
        begun = 0.0
        end = self.model.token_eos()
        for count, token in enumerate(
            self.model.generate(prompt, temp=0.0, top_k=1, repeat_penalty=1.0, grammar=grammar)
        ):
            now = time.monotonic()
            if begun:
                self.seconds += now - begun
                self.tokens += 1
            if token == end or count == LONGEST_ANSWER or len(prompt) + count >= CONTEXT - 1:
                return
            yield token
            begun = time.monotonic()

    def tokens_of(self, text: str) -> list[int]:
        """The tokens of a rendered dialogue."""
        tokens: list[int] = self.model.tokenize(text.encode(), add_bos=False, special=True)
        return tokens

    def text_of(self, tokens: list[int]) -> str:
        """The text of some tokens."""
        spoken: bytes = self.model.detokenize(tokens, special=True)
        return spoken.decode(errors="replace")
