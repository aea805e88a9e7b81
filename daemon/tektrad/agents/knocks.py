"""What a guest asks for: every effect that an agent has comes as one of these, in a frame. Values only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import msgspec

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]


class _Knock(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="knock"):
    """Number after number, from 1 on: whoever answers says which one it answers."""

    number: int


class ModelKnock(_Knock, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="model"):
    """Ask the model: the messages so far, the tools that it may call, where it has to stop."""

    messages: Sequence[Mapping[str, Any]]
    tools: Sequence[Mapping[str, Any]]
    stop: Sequence[str]


class ToolKnock(_Knock, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="tool"):
    """Call a tool."""

    name: Name
    arguments: Mapping[str, Any]


class CodeKnock(_Knock, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="code"):
    """Run what the agent has written, in its own interpreter."""

    code: str


class StepKnock(_Knock, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="step"):
    """A step of the agent is over: what it said, what it saw, what went wrong."""

    step: int
    said: str
    observed: str
    error: str


class EndKnock(_Knock, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="end"):
    """The agent has come to its end; nobody waits for an answer."""

    state: Literal["done", "steps", "failed"]
    """It gave its answer; it had no more steps; it could not go on."""
    answer: Any


Knock = ModelKnock | ToolKnock | CodeKnock | StepKnock | EndKnock


class Tool(msgspec.Struct, frozen=True, kw_only=True):
    """A tool as the guest knows it: a declaration in smolagents' form. What it does is behind the door."""

    name: str
    description: str
    inputs: Mapping[str, Mapping[str, Any]]
    output_type: str = "any"


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """What a guest is to do, and as whom."""

    kind: Literal["code", "tools"]
    task: str
    instructions: str
    tools: Sequence[Tool]
    steps: int
    templates: Mapping[str, Any] | None = None
    """Prompts in smolagents' form, where its own are not wanted: small models know shorter ones."""
    notes: str = ""
    """What the model is shown before the task."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a knock: a result, or the words of an error, which the agent gets to see."""

    number: int
    result: Any = None
    error: str | None = None
