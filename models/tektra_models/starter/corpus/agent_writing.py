"""How an episode is written as messages: as tool calls that end with final_answer, or as blocks of Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from tektra_models.starter.agent_forms import code_block, literal
from tektra_models.starter.corpus.acts import Act, any_tool
from tektra_models.starter.corpus.chance import Chance
from tektra_models.starter.corpus.episodes import Episode, agent_episode
from tektra_models.starter.corpus.talking import Check, Messages, say
from tektra_models.starter.corpus.tasks import Shape
from tektra_models.starter.corpus.turns import calls_of

Rounds = list[list[Act]]
# Tools with which almost anything could be done.
CONFUSING = frozenset({"command"})


def common_tools(episode: Episode, *, native: bool) -> tuple[dict[str, Shape], Rounds]:
    """One tool for each task of the episode, and its calls with just these; `native` does without what Python can."""
    acts = [act for calls in episode.rounds for act in calls]
    shapes = {act.shape.task.family: act.shape for act in acts if not (native and act.python)}
    rounds = [[refit(act, shapes.get(act.shape.task.family, act.shape)) for act in calls] for calls in episode.rounds]
    return shapes, rounds


def equipped(chance: Chance, *, native: bool, acting: bool = False) -> tuple[Episode, Rounds, list[dict[str, Any]]]:
    """A fresh episode, its calls (`acting`: at least one), and its tools among some others, all of different names."""
    while True:
        episode = agent_episode(chance)
        shapes, rounds = common_tools(episode, native=native)
        needed = [*shapes.values(), *episode.extra]
        if (rounds or not acting) and len({shape.name for shape in needed}) == len(needed):
            families = frozenset(act.shape.task.family for calls in rounds for act in calls)
            return episode, rounds, [shape.tool for shape in toolbox(chance, needed, families)]


def refit(act: Act, shape: Shape) -> Act:
    """The act with another declaration of its tool."""
    if act.shape is shape:
        return act
    names = {act.shape.parameters[key]: name for key, name in shape.parameters.items() if key in act.shape.parameters}
    given = {names[name]: value for name, value in act.arguments.items()}
    return replace(act, shape=shape, arguments=given)


def toolbox(chance: Chance, needed: Sequence[Shape], families: frozenset[str]) -> list[Shape]:
    """The needed tools among some others, in any order."""
    tools = list(needed)
    for _ in range(chance.random.choices((0, 1, 2, 3), weights=(40, 32, 20, 8))[0]):
        other = any_tool(chance)
        known = families | {tool.task.family for tool in tools} | CONFUSING
        if len(tools) < 5 and other.task.family not in known and other.name not in {tool.name for tool in tools}:
            tools.append(other)
    return chance.sample(tools, len(tools))


def call_source(act: Act, swapped: Mapping[Any, str] | None = None) -> str:
    """The call as Python: arguments by place as long as none before them was left out, then by name."""
    parts: list[str] = []
    in_place = True
    for name in act.shape.tool["function"]["parameters"]["properties"]:
        if name not in act.arguments:
            in_place = False
            continue
        value = act.arguments[name]
        source = swapped[value] if swapped and isinstance(value, str) and value in swapped else literal(value)
        parts.append(source if in_place else f"{name}={source}")
    return f"{act.shape.name}({', '.join(parts)})"


def called(name: str, given: Mapping[str, Any], facts: tuple[str, ...] = ()) -> dict[str, Any]:
    """The assistant's call."""
    return calls_of(((name, dict(given)),), facts)


def coded(code: str) -> dict[str, Any]:
    """The assistant's block of code."""
    return say("assistant", code_block(code), Check("code", (code,)))


def acted(rounds: Rounds) -> Messages:
    """The calls one after another, each with its result."""
    messages: Messages = []
    for act in (act for calls in rounds for act in calls):
        messages += [called(act.shape.name, act.arguments), say("tool", act.result.strip())]
    return messages


def as_calls(episode: Episode, rounds: Rounds) -> Messages:
    """The episode as tool calls, the last of which is final_answer."""
    return [*acted(rounds), called("final_answer", {"answer": episode.answer}, episode.facts)]


def as_code(episode: Episode, rounds: Rounds, *, native: bool) -> Messages:
    """The episode as blocks of Python, the last of which ends with final_answer."""
    messages: Messages = []
    inline: dict[Any, str] = {}
    last: list[str] = []
    for calls in rounds:
        inline |= {act.result: act.python if native and act.python else call_source(act) for act in calls if act.inline}
        last += [
            call_source(act, {text: f"str({source})" for text, source in inline.items()}) for act in calls if act.quiet
        ]
        if shown := [act for act in calls if not act.inline and not act.quiet]:
            code = "\n".join(f"print({call_source(act)})" for act in shown)
            messages += [coded(code), say("tool", "\n".join(act.result for act in shown).strip() or "None")]
    answer = inline.get(episode.answer, literal(episode.answer))
    return [*messages, coded("\n".join([*last, f"final_answer({answer})"]))]
