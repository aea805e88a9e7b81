"""Choosing a tool by the likeness of words alone, without any model: what the model's choices are measured against."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from tektra_models.starter.corpus.words import letters
from tektra_models.starter.word_vectors import word_vectors

CAPITAL = re.compile(r"(?<=[a-z])(?=[A-Z])")
# How much closeness counts: words that are hardly alike should say nothing, however many they are.
SHARPNESS = 3


def words_of(tool: Mapping[str, Any]) -> list[str]:
    """All words of a tool's declaration."""
    function = tool["function"]
    texts = [function["name"], function.get("description", "")]
    for name, schema in function["parameters"].get("properties", {}).items():
        texts += [name, schema.get("description", "")]
    return letters(CAPITAL.sub(" ", " ".join(texts)))


def likeness(request: Sequence[str], declared: Sequence[str]) -> float:
    """How well the words of a request are met in a declaration, each by the closest; rare words count more."""
    vectors, known = word_vectors().vectors, word_vectors().places
    there = [known[word] for word in set(declared) if word in known]
    if not there:
        return 0.0
    said = [known[word] for word in set(request) if word in known]
    closest = [float((vectors[there] @ vectors[place]).max()) for place in said]
    return sum(math.log(1 + place) * max(0.0, best) ** SHARPNESS for place, best in zip(said, closest, strict=True))


def closest_tool(request: str, tools: Sequence[Mapping[str, Any]]) -> str:
    """The name of the tool whose declaration is the closest to the request."""
    said = letters(request)
    return str(max(tools, key=lambda tool: likeness(said, words_of(tool)))["function"]["name"])
