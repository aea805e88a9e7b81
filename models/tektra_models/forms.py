"""Answers that are held to a form: from a form to a grammar, and from a grammar to the tokens that may come next.

The grammars are llguidance's (https://github.com/guidance-ai/llguidance): a mask takes about half a millisecond for a
vocabulary of 150,000, and tokens that the grammar leaves no choice about need no computing at all.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from llguidance import LLMatcher, LLParserLimits, LLTokenizer
from llguidance.gbnf_to_lark import any_to_lark
from numpy.typing import NDArray

from tektra_models.errors import BadRequest
from tektra_models.generation import Form
from tektra_models.tool_calls import CLOSE, OPEN

# A grammar that reads the same text in ever more ways would hold up all answers: with these, no token takes over 10 ms.
LIMITS = LLParserLimits(max_items_in_row=500, step_max_items=20_000)
SPACED = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}


def grammar_of(form: Form, tools: Sequence[Mapping[str, Any]]) -> str:
    """The grammar of a form, as llguidance reads it; raises BadRequest."""
    match form.kind:
        case "json_schema":
            return _schema_grammar(form.text)
        case "regex":
            return LLMatcher.grammar_from_regex(form.text)
        case "grammar":
            return LLMatcher.grammar_from_lark(_lark(form.text))
        case "call":
            return LLMatcher.grammar_from_lark(_calls(tools))


def _schema_grammar(text: str) -> str:
    try:
        schema = json.loads(text)
    except ValueError as error:
        raise BadRequest(f"the JSON schema is no JSON: {error}") from error
    return LLMatcher.grammar_from_lark(f"start: {_json(schema)}")


def _json(schema: Any) -> str:
    """A rule for JSON of this schema, spaced as models are used to write it; fixed spaces leave more that is forced."""
    if not isinstance(schema, dict):
        raise BadRequest("a JSON schema is an object", 'For any object send {"type": "object"}.')
    return "%json " + json.dumps({"x-guidance": SPACED} | schema)


def _lark(text: str) -> str:
    try:
        return any_to_lark(text)
    except Exception as error:  # the converter's own parser raises whatever it likes
        raise BadRequest(f"the grammar cannot be read: {error}") from error


def _calls(tools: Sequence[Mapping[str, Any]]) -> str:
    """One call or more, in the form that tool_calls.py reads; arguments obey the tool's schema."""
    if not tools:
        raise BadRequest("a call is due, but there are no tools", "Offer tools, or leave tool_choice out.")
    names = [f"call_{place}" for place in range(len(tools))]
    rules = [f"start: call (GAP call)*\nGAP: {json.dumps(chr(10))}\ncall: {' | '.join(names)}"]
    for name, tool in zip(names, tools, strict=True):
        function = tool.get("function", tool)
        head = f'\n{{"name": {json.dumps(function["name"], ensure_ascii=False)}, "arguments": '
        arguments = _json(function.get("parameters") or {"type": "object"})
        begin, end = json.dumps(OPEN + head, ensure_ascii=False), json.dumps("}\n" + CLOSE)
        rules.append(f"{name}: {begin} {arguments} {end}")
    return "\n".join(rules)


class Follower:
    """Keeps one sequence to a grammar; raises BadRequest when made from one that cannot be used.

    What goes wrong later (a grammar may be too large for some text) stands in `error` and concerns this sequence only.
    """

    def __init__(self, tokens: LLTokenizer, grammar: str) -> None:
        self._matcher = LLMatcher(tokens, grammar, log_level=0, limits=LIMITS)
        if self.error is not None:
            raise self.error

    @property
    def error(self) -> BadRequest | None:
        """Why the grammar cannot be followed, or cannot any more."""
        if not self._matcher.is_error():
            return None
        return BadRequest(f"the form cannot be followed: {self._matcher.get_error().partition('<state>')[0].strip()}")

    @property
    def complete(self) -> bool:
        """Whether nothing can follow."""
        return bool(self._matcher.is_stopped())

    def begin(self, most: int) -> list[int]:
        """The tokens with which every answer begins, unless they are more than `most`."""
        forced = self._matcher.compute_ff_tokens()
        if len(forced) > most:
            return []
        self._matcher.consume_tokens(forced)
        return forced

    def admitted(self, vocabulary: int) -> NDArray[np.bool_]:
        """Which tokens may come next, (vocabulary,); any, after an error."""
        bits = np.frombuffer(self._matcher.compute_bitmask(), dtype=np.uint8)
        if self._matcher.is_error():
            return np.ones(vocabulary, dtype=np.bool_)
        return np.unpackbits(bits, count=vocabulary, bitorder="little").view(np.bool_)

    def take(self, token: int) -> list[int]:
        """Go on behind a token, and behind those that have to follow it, which are given."""
        self._matcher.consume_token(token)
        forced = self._matcher.compute_ff_tokens()
        self._matcher.consume_tokens(forced)
        return forced
