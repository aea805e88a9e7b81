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

from tektra_models.answers.call_grammar import ANYTHING, CallGrammar, json_rule, spelled
from tektra_models.answers.format import Calls
from tektra_models.answers.marks import Mark
from tektra_models.errors import BadRequest
from tektra_models.generation import Form

# A grammar that reads the same text in ever more ways would hold up all answers: with these, no token takes over 10 ms.
LIMITS = LLParserLimits(max_items_in_row=500, step_max_items=20_000)


def grammar_of(form: Form, tools: Sequence[Mapping[str, Any]], calls: Calls, control: Mapping[str, int]) -> str:
    """The grammar of a form, as llguidance reads it; raises BadRequest or Unsupported.

    Calls are written as the model writes them, in whose marks some tokens are control tokens.
    """
    match form.kind:
        case "json_schema":
            return _schema_grammar(form.text)
        case "regex":
            return str(json.loads(LLMatcher.grammar_from_regex(form.text))["grammars"][0]["lark_grammar"])
        case "grammar":
            return _lark(form.text)
        case "call":
            return CallGrammar(calls, control).of(tools)


def _schema_grammar(text: str) -> str:
    try:
        schema = json.loads(text)
    except ValueError as error:
        raise BadRequest(f"the JSON schema is no JSON: {error}") from error
    return f"start: {json_rule(schema)}"


def _lark(text: str) -> str:
    try:
        return any_to_lark(text)
    except Exception as error:  # the converter's own parser raises whatever it likes
        raise BadRequest(f"the grammar cannot be read: {error}") from error


def after_reasoning(grammar: str, marks: tuple[Mark | None, Mark], control: Mapping[str, int], *, begun: bool) -> str:
    """A grammar for an answer that may reason first, or has begun to: anything up to its end, and then the form."""
    opening, close = (None if mark is None else spelled(mark.text, control) for mark in marks)
    ends_in_control = marks[1].text in control
    thought = f"thought: {ANYTHING} {close}" if ends_in_control else f"thought[suffix={close}]: {ANYTHING}"
    first = "thought GAP" if begun else f"({opening} thought GAP)?"
    form = {"name": "form", "lark_grammar": grammar}
    whole = {"lark_grammar": f"start: {first} @form\nGAP: /\\s*/\n{thought}"}
    return json.dumps({"grammars": [whole, form]})


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
