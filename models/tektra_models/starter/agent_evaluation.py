"""Tasks of several steps for real agents: smolagents' own loops, real tools, real files in a temporary folder."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import smolagents  # type: ignore[import-untyped]

from tektra_models.starter import agent_forms
from tektra_models.starter.agent_forms import Complete
from tektra_models.starter.agent_tasks import KINDS, Task, handled
from tektra_models.starter.agent_world import TOOLS, World, real_tool, wording
from tektra_models.starter.corpus.chance import Chance
from tektra_models.starter.rendering import render

MAX_STEPS = 6


@dataclass(frozen=True)
class Trial:
    """One task as it went."""

    kind: str
    agent: str
    unseen: bool
    finished: bool
    steps: int
    transcript: str


def toolbox(chance: Chance, world: World, task: Task, *, unseen: bool) -> list[Any]:
    """The tools of a task and up to two others."""
    others = [key for key in TOOLS if key not in {*task.needs, "find", "search", "calculate", "list", *"+-*"}]
    keys = [*task.needs, *chance.sample(others, chance.pick((0, 1, 2)))]
    worded = list(task.own)
    for key in keys:
        real = TOOLS[key]
        worded.append((real, wording(chance.pick(real.unseen if unseen else real.familiar))))
    # Two tools with the same words would be one.
    named = {words.name: (real, words) for real, words in worded}
    return [real_tool(world, real, words) for real, words in chance.sample(list(named.values()), len(named))]


def attempt(complete: Complete, chance: Chance, kind: str, *, code: bool, unseen: bool) -> Trial:
    """Let a real agent do one task in a fresh folder."""
    shown: list[str] = []

    def ask_model(messages: list[dict[str, Any]], tools: list[dict[str, Any]]) -> str:
        text = complete(messages, tools)
        shown.append(f"{render(messages, tools, ask=True)}{text}")
        return text

    with tempfile.TemporaryDirectory() as place:
        world = World(Path(place).resolve())
        task = handled(chance, world, unseen=unseen) if kind == "find, act" else KINDS[kind](chance, world)
        agent_class = smolagents.CodeAgent if code else smolagents.ToolCallingAgent
        agent = agent_class(
            toolbox(chance, world, task, unseen=unseen),
            agent_forms.local_model(ask_model),
            agent_forms.code_templates() if code else agent_forms.tool_templates(),
            max_steps=MAX_STEPS,
            verbosity_level=smolagents.LogLevel.OFF,
        )
        try:
            answer = str(agent.run(task.request))
            finished = len(shown) <= MAX_STEPS and task.done(answer)
        except smolagents.AgentError as error:
            answer, finished = f"stopped: {error}", False
    last = shown[-1] if shown else task.request
    transcript = f"[{kind}] {last}\nanswer: {answer}"
    return Trial(kind, "code" if code else "tools", unseen, finished, min(len(shown), MAX_STEPS), transcript)


def shares(trials: Sequence[Trial], name: Callable[[Trial], str]) -> dict[str, dict[str, float]]:
    """How many of each group were finished."""
    groups: dict[str, list[Trial]] = {}
    for trial in trials:
        groups.setdefault(name(trial), []).append(trial)
    return {
        group: {"asked": len(members), "finished": sum(trial.finished for trial in members) / len(members)}
        for group, members in sorted(groups.items())
    }


def run_tasks(complete: Complete, seed: str = "agents", count: int = 56, *, show: int = 0) -> dict[str, Any]:
    """Run this many tasks through real agents; every kind with both agents before any comes again."""
    trials: list[Trial] = []
    names = tuple(KINDS)
    for place in range(count):
        lap, at = divmod(place, len(names))
        chance = Chance(f"{seed}/{place}", held_out=True)
        unseen = (at + lap + lap // 2) % 2 == 1
        trials.append(attempt(complete, chance, names[at], code=lap % 2 == 1, unseen=unseen))
    failed = [trial.transcript for trial in trials if not trial.finished]
    return {
        "schema": "tektra.starter.agents/1",
        "asked": len(trials),
        "finished": sum(trial.finished for trial in trials) / max(1, len(trials)),
        "kinds": shares(trials, lambda trial: trial.kind),
        "agents": shares(trials, lambda trial: trial.agent),
        "tools": shares(trials, lambda trial: "unseen" if trial.unseen else "familiar"),
        "steps": sum(trial.steps for trial in trials) / max(1, len(trials)),
        "failures": failed[:show],
    }


def table(figures: Mapping[str, Any]) -> str:
    """The figures for people."""
    lines = [f"{'agent tasks':<26}{'asked':>7}{'finished':>10}"]
    for part in ("kinds", "agents", "tools"):
        for name, row in figures[part].items():
            lines.append(f"{name:<26}{row['asked']:>7}{row['finished']:>10.1%}")
    lines.append(f"{'all':<26}{figures['asked']:>7}{figures['finished']:>10.1%}")
    return "\n".join([*lines, *figures["failures"]])
