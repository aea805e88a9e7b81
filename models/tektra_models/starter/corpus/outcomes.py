"""What tools give back, and the sentences that tell it: a tool's own results, reports of any form, failures."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tektra_models.starter.corpus import values
from tektra_models.starter.corpus.chance import Chance
from tektra_models.starter.corpus.filling import SLOT, put
from tektra_models.starter.corpus.invented import ATTRIBUTES, NOUNS
from tektra_models.starter.corpus.tasks import RESULT_MAKERS, Errand, Maker, recase

FAILURES = (
    ('{"error": "{why}"}', "That did not work: {why}."),
    ("Error: {why}", "The tool reports an error: {why}."),
    ('{"ok": false, "reason": "{why}"}', "It failed: {why}."),
    ('{"error": "{why}", "code": {m}}', 'That failed with the error "{why}".'),
)
WHY = (
    "{w} not found",
    "permission denied",
    "timeout after {n} seconds",
    "no such {w}",
    "invalid {w}",
    "the {w} is locked",
    "{w} {id2} does not exist",
    "connection refused",
    "file not found",
    "disk full",
    "unknown {w} {phrase2}",
)


@dataclass(frozen=True)
class Outcome:
    """What a tool gave back, the sentence that tells it, the facts in it, and the fresh values it showed, by maker."""

    result: str
    answer: str
    facts: tuple[str, ...]
    shown: Mapping[Maker, str] = field(default_factory=dict)


def outcome(chance: Chance, done: Errand) -> Outcome:
    """One way for this errand to end."""
    fresh = {key: chance.value(make) for key, make in RESULT_MAKERS.items()}
    known = {**fresh, **done.variables}
    if done.shape.task.compute:
        known["result"] = done.shape.task.compute(done.variables)
    if chance.odds(0.06):
        known["why"] = put(chance.pick(WHY), known)
        result, answer = chance.pick(FAILURES)
        return Outcome(put(result, known), put(answer, known), (known["why"],))
    if not done.shape.task.compute and chance.odds(ANY_FORM):
        return report(chance)
    result, answer = chance.pick(done.shape.task.results)
    carried = set(SLOT.findall(result)) & set(SLOT.findall(answer))
    facts = tuple(known[key] for key in sorted(carried) if key in known)
    new = [key for key in SLOT.findall(result) if key in RESULT_MAKERS and key not in done.variables]
    makers = [RESULT_MAKERS[key] for key in new]
    shown = {RESULT_MAKERS[key]: known[key] for key in new if makers.count(RESULT_MAKERS[key]) == 1}
    return Outcome(put(result, known), put(answer, known), facts, shown)


# How often a tool gives back any facts in any form instead of what it is known to give.
ANY_FORM = 0.3
FACT_NAMES = tuple(dict.fromkeys((*ATTRIBUTES, *NOUNS)))
FACT_MAKERS: tuple[Maker, ...] = (
    *(values.small, values.small, values.integer, values.decimal, values.word, values.word, values.phrase),
    *(values.person, values.place, values.day, values.date, values.clock, values.weekday, values.identifier),
    *(values.code, values.file_name, values.email, values.host, values.handle, values.amount, values.domain),
)
LISTED = ("It is {all}.", "I found {all}.", "The tool gives {all}.", "{all}.")


@dataclass(frozen=True)
class Fact:
    """What is told of something under one name."""

    name: str
    value: str
    make: Maker

    @property
    def verb(self) -> str:
        """Is, or are."""
        return "are" if self.name.endswith("s") and not self.name.endswith(("ss", "us")) else "is"

    @property
    def as_json(self) -> Any:
        """The value as a tool would write it: a number, where it is one."""
        if self.value.isdecimal():
            return int(self.value)
        return float(self.value) if self.make is values.decimal else self.value


def facts_of(chance: Chance, count: int) -> list[Fact]:
    """Facts of different names."""
    names = chance.sample(FACT_NAMES, count)
    makers = [chance.pick(FACT_MAKERS) for _ in names]
    return [Fact(name, chance.value(make), make) for name, make in zip(names, makers, strict=True)]


def both(texts: Sequence[str]) -> str:
    """Texts as one says them together."""
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} and {texts[-1]}"


def written(chance: Chance, known: Any) -> str:
    """JSON as tools write it: mostly on one line, now and then below a name of no importance."""
    if chance.odds(0.15):
        known = {chance.pick(("result", "data", "value", "response", "output")): known}
    return json.dumps(known, ensure_ascii=False, indent=chance.random.choices((None, 2), weights=(9, 1))[0])


def one_thing(chance: Chance) -> Outcome:
    """Some facts of one thing: as JSON, or line by line."""
    found = facts_of(chance, chance.random.choices((1, 2, 3, 4), weights=(3, 5, 3, 1))[0])
    keys = [recase(chance, one.name.replace(" ", "_")) for one in found]
    if chance.odds(0.8):
        result = written(chance, {key: one.as_json for key, one in zip(keys, found, strict=True)})
    else:
        joint = chance.pick((", ", "\n", "; "))
        mark = chance.pick((": ", " = ", " "))
        result = joint.join(f"{one.name}{mark}{one.value}" for one in found)
    said = both([f"the {one.name} {one.verb} {one.value}" for one in found])
    makers = [one.make for one in found]
    shown = {one.make: one.value for one in found if makers.count(one.make) == 1}
    return Outcome(result, f"T{said[1:]}.", tuple(one.value for one in found), shown)


def several_things(chance: Chance) -> Outcome:
    """A list of values, or of things of which two facts are given."""
    make, more = chance.pick(FACT_MAKERS), chance.pick(FACT_MAKERS)
    count = chance.random.choices((1, 2, 3, 4), weights=(2, 5, 4, 1))[0]
    found = list(dict.fromkeys(chance.value(make) for _ in range(count)))
    texts, facts = found, list(found)
    if chance.odds(0.35):
        first, second = (recase(chance, one.name.replace(" ", "_")) for one in facts_of(chance, 2))
        others = [chance.value(more) for _ in found]
        things = [
            {first: Fact(first, one, make).as_json, second: Fact(second, other, more).as_json}
            for one, other in zip(found, others, strict=True)
        ]
        result = written(chance, things)
        texts = [f"{one} ({other})" for one, other in zip(found, others, strict=True)]
        facts += others
    elif chance.odds(0.6):
        result = written(chance, [Fact("", one, make).as_json for one in found])
    else:
        result = chance.pick(("\n", ", ")).join(found)
    answer = put(chance.pick(LISTED), {"all": both(texts)})
    return Outcome(result, answer, tuple(facts))


def report(chance: Chance) -> Outcome:
    """Any facts in any form: what is said of them is all that they say."""
    return one_thing(chance) if chance.odds(0.6) else several_things(chance)
