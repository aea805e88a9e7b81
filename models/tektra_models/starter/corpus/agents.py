"""Dialogues of agents: an episode, and which of smolagents' two kinds of agents goes through it.

What the model reads is put together by agent_forms.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tektra_models.starter.agent_forms import FINAL_ANSWER, code_system, tool_system
from tektra_models.starter.corpus import values
from tektra_models.starter.corpus.agent_writing import Rounds, as_calls, as_code, equipped
from tektra_models.starter.corpus.chance import Chance
from tektra_models.starter.corpus.episodes import Episode
from tektra_models.starter.corpus.filling import put
from tektra_models.starter.corpus.noise import roughen
from tektra_models.starter.corpus.talking import Dialogue, say

INSTRUCTIONS = (
    "You are a helpful agent.",
    "You are Tektra's agent.",
    "Work carefully.",
    "Be brief.",
    "You are an agent on a local machine.",
    "You help with files.",
    "Do only what is asked.",
    "You are an assistant that uses tools.",
    "Answer exactly.",
    "Follow the task word by word.",
    "You are an agent of the {w} team.",
    "You work in the folder of a project.",
    "Never guess.",
    "You are a careful worker.",
    "Your name is {w}.",
    "Use as few steps as you can.",
    "You are an office assistant.",
    "Think first, then act.",
)


@dataclass(frozen=True)
class Plan:
    """An episode with all that decides how it is written down."""

    episode: Episode
    rounds: Rounds
    request: str
    tools: list[dict[str, Any]]
    instructions: str | None
    code: bool
    # Python works out by itself what it can.
    native: bool


def agent_plan(chance: Chance) -> Plan:
    """A fresh episode, and the agent that goes through it."""
    code = chance.odds(0.4)
    native = code and chance.odds(0.75)
    episode, rounds, tools = equipped(chance, native=native)
    instructions = None
    if chance.odds(0.15):
        instructions = put(chance.phrasing(INSTRUCTIONS), {"w": chance.value(values.word)})
    return Plan(episode, rounds, roughen(chance, episode.request), tools, instructions, code, native)


def written(plan: Plan) -> Dialogue:
    """The plan as a dialogue with its system message: of a CodeAgent, or of a ToolCallingAgent."""
    request = say("user", plan.request)
    if plan.code:
        system = say("system", code_system(plan.tools, plan.instructions))
        return Dialogue("agent", [system, request, *as_code(plan.episode, plan.rounds, native=plan.native)], [])
    system = say("system", tool_system(plan.instructions))
    return Dialogue("agent", [system, request, *as_calls(plan.episode, plan.rounds)], [*plan.tools, FINAL_ANSWER])


def agent_dialogue(chance: Chance) -> Dialogue:
    """A whole run of an agent."""
    return written(agent_plan(chance))
