"""The examination: what the model promises, asked on material that training cannot contain, and counted plainly."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tektra_models.starter.agent_evaluation import run_tasks
from tektra_models.starter.corpus import talking
from tektra_models.starter.corpus.calling import CALCULATIONS, no_errand
from tektra_models.starter.corpus.chance import Chance
from tektra_models.starter.corpus.command_check import named_commands, names_only_known_commands
from tektra_models.starter.corpus.dialogues import dialogue
from tektra_models.starter.corpus.everyday import FILE_TASKS
from tektra_models.starter.corpus.exercises import decisions
from tektra_models.starter.corpus.invented import invent
from tektra_models.starter.corpus.noise import roughen
from tektra_models.starter.corpus.services import SERVICES
from tektra_models.starter.corpus.talking import Check, Dialogue, Messages
from tektra_models.starter.corpus.tasks import declare, errand
from tektra_models.starter.corpus.toolbook import AREAS, KEPT_APART
from tektra_models.starter.corpus.turns import calls_message
from tektra_models.starter.examinee import Examinee
from tektra_models.starter.handmade import Case, cases, holds
from tektra_models.starter.judging import CALLED, choice_of, due_calls, due_choice, read_calls, right
from tektra_models.starter.likeness import closest_tool

POOLS = {"known": "calls, known tasks", "unseen": "calls, tools kept apart", "invented": "calls, invented tools"}


@dataclass(frozen=True)
class Item:
    """One answer to be given: where it counts, what stands before it, and what would be right."""

    measure: str
    messages: Sequence[dict[str, Any]]
    tools: Sequence[dict[str, Any]]
    check: Check
    case: Case | None = None


def turns(made: Dialogue) -> Iterator[Item]:
    """Each of the assistant's turns of a generated dialogue, with the true dialogue before it."""
    for place, message in enumerate(made.messages):
        if message["role"] == "assistant":
            yield Item(measure_of(message["check"]), made.messages[:place], made.tools, message["check"])


def measure_of(check: Check) -> str:
    """The line of the table in which this answer counts."""
    named = {
        "call": "calls in conversations",
        "two_calls": "two calls",
        "ask_back": "asking back",
        "result": "telling a result",
        "help": "Tektra's commands",
        "example": "Tektra's commands",
        "honest": "beyond it",
        "no_tool": "tools given, none fits",
        "echo": "repeating a text",
    }
    return named.get(check.kind, "small talk")


def single_call(seed: str, pool: str, *, held_out: bool) -> Item:
    """One request for one of one to six tools of a pool: known tasks, real-looking unseen ones, or invented ones."""
    chance = Chance(seed, held_out=held_out)
    wanted = chance.random.choice((1, 2, 3, 4, 6))
    if pool == "invented":
        tasks = [invent(chance) for _ in range(wanted)]
    elif pool == "unseen":
        tasks = chance.sample(KEPT_APART, wanted)
    else:
        chosen = (chance.pick(CALCULATIONS), *FILE_TASKS, *SERVICES, *(chance.pick(area) for area in AREAS))
        tasks = chance.sample(chosen, wanted)
    shapes = {shape.name: shape for shape in (declare(chance, task) for task in tasks)}
    asked = errand(chance, chance.pick(list(shapes.values())))
    user = talking.say("user", roughen(chance, asked.request))
    return Item(POOLS[pool], [user], [shape.tool for shape in shapes.values()], calls_message((asked,))["check"])


def help_items(seed: str, count: int, *, held_out: bool) -> Iterator[Item]:
    """Questions about Tektra, each alone."""
    for place in range(count):
        messages = talking.help_turn(Chance(f"{seed}/help/{place}", held_out=held_out))
        yield Item("Tektra's commands", messages[:1], [], messages[1]["check"])


def unfitting(seed: str, count: int, *, held_out: bool) -> Iterator[Item]:
    """Tools, and a request for which none of them is right."""
    for place in range(count):
        chance = Chance(f"{seed}/unfitting/{place}", held_out=held_out)
        shapes = [declare(chance, invent(chance)) for _ in range(chance.random.randint(1, 4))]
        messages: Messages = no_errand(chance, frozenset(shape.task.family for shape in shapes))
        check = messages[1]["check"]
        yield Item("tools given, none fits", messages[:1], [shape.tool for shape in shapes], check)


def handmade_items() -> list[Item]:
    """The cases written by hand, which no generator made."""
    named = {
        "call": "by hand: calls, unseen tools",
        "two_calls": "by hand: two calls",
        "ask_back": "by hand: asking back",
        "no_fit": "by hand: none fits",
        "result": "by hand: telling a result",
        "chain": "by hand: the next call of a chain",
        "turns": "by hand: a call that refers back",
    }
    return [Item(named[case.kind], case.messages, case.tools, handmade_check(case), case) for case in cases()]


def handmade_check(case: Case) -> Check:
    """What is right in a case written by hand."""
    if len(case.calls) > 1:
        return Check("two_calls", calls=case.calls)
    if case.calls:
        return Check("call", (), case.calls[0])
    return Check(case.kind, case.words if case.kind == "ask_back" else case.facts)


def examination(seed: str, count: int, *, held_out: bool) -> Iterator[Item]:
    """Everything that is asked; `count` sets the size of each generated part."""
    for place in range(count):
        for pool in POOLS:
            yield single_call(f"{seed}/{pool}/{place}", pool, held_out=held_out)
    yield from help_items(seed, count, held_out=held_out)
    yield from unfitting(seed, count // 3, held_out=held_out)
    for place in range(count // 3):
        yield from turns(decisions(Chance(f"{seed}/decisions/{place}", held_out=held_out)))
    for place in range(count // 2):
        made = dialogue(f"{seed}/{place}", held_out=held_out)
        if made.kind != "agent":
            yield from turns(made)
    if held_out:
        yield from handmade_items()


@dataclass
class Tally:
    """What was asked in one measure, and how the answers were."""

    asked: int = 0
    choice: int = 0
    tool: int = 0
    right: int = 0
    calls: int = 0
    # Calls asked for in one message, and how many of their tools are also those closest in words.
    alone: int = 0
    alike: int = 0

    def count(self, item: Item, text: str) -> None:
        """Judge one answer."""
        self.asked += 1
        self.choice += choice_of(text) == due_choice(item.check)
        self.right += judged(item, text)
        due = due_calls(item.check)
        if due:
            self.calls += 1
            self.tool += tuple(name for name, _ in read_calls(text)) == tuple(name for name, _ in due)
        said = [str(message["content"]) for message in item.messages if message["role"] != "system"]
        if len(due) == 1 and len(said) == 1:
            self.alone += 1
            self.alike += closest_tool(said[0], item.tools) == due[0][0]

    def shares(self) -> dict[str, float]:
        """The figures as shares of what was asked."""
        figures = {"asked": self.asked, "right_choice": self.choice / self.asked, "right": self.right / self.asked}
        if self.calls:
            figures["right_tool"] = self.tool / self.calls
        if self.alone == self.asked:
            figures["tool_by_likeness"] = self.alike / self.alone
        return figures


def judged(item: Item, text: str) -> bool:
    """Whether the answer is right; facts of cases written by hand may stand there in any case of their letters."""
    if item.case and item.check.kind in {"result", "no_fit"}:
        return choice_of(text) == "plain" and all(holds(text, fact) for fact in item.check.facts)
    return right(item.check, text)


def ask_all(model: Examinee, items: Sequence[Item], show: int) -> tuple[dict[str, Tally], list[bool]]:
    """Ask everything; give the tallies, and for each answer that names a command whether it exists."""
    tallies: dict[str, Tally] = {}
    naming: list[bool] = []
    wrong = 0
    for item in items:
        text = model.answer(item.messages, item.tools)
        tallies.setdefault(item.measure, Tally()).count(item, text)
        if named_commands(text):
            naming.append(names_only_known_commands(text))
        if not judged(item, text):
            wrong += 1
            if wrong <= show:
                asked = item.messages[-1]["content"]
                sys.stderr.write(f"[{item.measure}] {asked!r}\n  due   {item.check}\n  given {text!r}\n")
    return tallies, naming


def pooled(tallies: dict[str, Tally]) -> float:
    """The share of right choices between calling, asking back and a plain answer, over all that had tools."""
    counted = [tally for name, tally in tallies.items() if name not in {"Tektra's commands", "small talk", "beyond it"}]
    return sum(tally.choice for tally in counted) / max(1, sum(tally.asked for tally in counted))


def evaluate(
    path: Path, count: int, seed: str, *, familiar: bool = False, show: int = 0, agents: int = 56
) -> dict[str, Any]:
    """Ask everything and give the figures; calls are asked a second time with their form held to a grammar."""
    items = list(examination(seed, count, held_out=not familiar))
    free = Examinee(path)
    tallies, naming = ask_all(free, items, show)
    called = [item for item in items if item.check.kind in CALLED]
    held, _ = ask_all(Examinee(path, constrained=True), called, 0)
    return {
        "schema": "tektra.starter.evaluation/3",
        "measures": {name: tally.shares() for name, tally in sorted(tallies.items())},
        "constrained": {name: tally.shares() for name, tally in sorted(held.items())},
        "right_choice": pooled(tallies),
        "commands_exist": sum(naming) / max(1, len(naming)),
        "agents": run_tasks(free.answer, count=agents) if agents else None,
        "tokens_per_second": free.tokens / max(free.seconds, 1e-9),
    }


def table(figures: dict[str, Any]) -> str:
    """The figures for people."""
    lines = [f"{'measure':<36}{'asked':>6}{'choice':>9}{'tool':>9}{'by words':>10}{'right':>9}{'by grammar':>12}"]
    for name, row in figures["measures"].items():
        tool, alike = (f"{row[key]:.1%}" if key in row else "" for key in ("right_tool", "tool_by_likeness"))
        held = figures["constrained"].get(name)
        lines.append(
            f"{name:<36}{row['asked']:>6}{row['right_choice']:>9.1%}{tool:>9}{alike:>10}{row['right']:>9.1%}"
            + (f"{held['right']:>12.1%}" if held else "")
        )
    lines.append(f"right choice where tools are given: {figures['right_choice']:.1%}")
    if figures["agents"]:
        lines.append(f"agents' tasks finished: {figures['agents']['finished']:.1%} of {figures['agents']['asked']}")
        lines += [f"  {name}: {row['finished']:.1%}" for name, row in figures["agents"]["agents"].items()]
    lines.append(f"commands that exist, of all named: {figures['commands_exist']:.1%}")
    lines.append(f"speed: {figures['tokens_per_second']:.0f} tokens/s")
    return "\n".join(lines)
