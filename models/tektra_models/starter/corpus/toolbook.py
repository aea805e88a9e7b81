"""The toolbook: some hundred tools as real programs offer them, written in the TOML files of `tools/`.

Each file holds an array `tool`. A tool has `family` (its own short name), `names`, `tells` (descriptions), `asks` (ways
to ask, values in braces, what may be left out in brackets), `gives` (pairs of a result and the sentence that tells it)
and `slots`: by key, the parameter's `names` and `tells`, and where its values come from: `kind` (a maker by name),
`among` (a list), `range` (whole numbers from, to) or `says` (for a switch: the words that turn it on).
"""

from __future__ import annotations

import tomllib
import zlib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import Any

from tektra_models.starter.corpus import values
from tektra_models.starter.corpus.parameters import one_of
from tektra_models.starter.corpus.tasks import Maker, Slot, Task
from tektra_models.starter.corpus.words import letters

KEPT_APART_ONE_IN = 12
FOLDER = Path(__file__).with_name("tools")
MAKERS: dict[str, Maker] = {
    make.__name__: make
    for make in (
        values.word,
        values.phrase,
        values.sentence,
        values.person,
        values.place,
        values.country,
        values.language,
        values.color,
        values.currency,
        values.weekday,
        values.date,
        values.day,
        values.clock,
        values.integer,
        values.small,
        values.decimal,
        values.number,
        values.identifier,
        values.file_name,
        values.folder,
        values.path,
        values.domain,
        values.url,
        values.email,
        values.amount,
        values.code,
        values.handle,
        values.host,
        values.listed,
        values.moment,
        values.period,
        values.phone,
    )
}


def some_of(options: Sequence[str]) -> Maker:
    """A maker that takes two or three of these texts, said as one says a list."""

    def make(random: Random) -> str:
        *first, last = random.sample(options, random.randint(2, 3))
        return f"{', '.join(first)}{random.choice((', ', ' and '))}{last}"

    return make


def within(least: int, most: int) -> Maker:
    """A maker of whole numbers."""

    def make(random: Random) -> str:
        return str(random.randint(least, most))

    return make


def maker_of(given: Mapping[str, Any]) -> Maker:
    """Where the values of a slot come from."""
    if "kind" in given:
        return MAKERS[given["kind"]]
    if "range" in given:
        return within(*given["range"])
    if given.get("type") == "array":
        return some_of(given["among"])
    return one_of(tuple(given.get("says") or given.get("among") or given["enum"]))


def slot_of(key: str, given: Mapping[str, Any]) -> Slot:
    """One slot of a tool in the file."""
    return Slot(
        key,
        tuple(given["names"]),
        tuple(given.get("tells", ())),
        "boolean" if "says" in given else given.get("type", "integer" if "range" in given else "string"),
        tuple(given.get("enum", ())),
        given.get("optional", "says" in given),
        "true" if "says" in given else "",
    )


def task_of(given: Mapping[str, Any]) -> Task:
    """One tool of the file."""
    slots: Mapping[str, Mapping[str, Any]] = given.get("slots", {})
    return Task(
        given["family"],
        tuple(given["names"]),
        tuple(given["tells"]),
        tuple(slot_of(key, slot) for key, slot in slots.items()),
        tuple(given["asks"]),
        tuple((result, answer) for result, answer in given["gives"]),
        {key: maker_of(slot) for key, slot in slots.items()},
    )


def read(path: Path) -> list[Task]:
    """The tasks of one file."""
    return [task_of(given) for given in tomllib.loads(path.read_text(encoding="utf-8"))["tool"]]


def is_kept_apart(task: Task) -> bool:
    """Whether training never sees this tool, so that evaluation can ask for a tool of this kind nobody knows."""
    return zlib.crc32(task.family.encode()) % KEPT_APART_ONE_IN == 0


TOOLBOOK: dict[str, tuple[Task, ...]] = {path.stem: tuple(read(path)) for path in sorted(FOLDER.glob("*.toml"))}
AREAS = tuple(tuple(task for task in tasks if not is_kept_apart(task)) for tasks in TOOLBOOK.values())
KEPT_APART = tuple(task for tasks in TOOLBOOK.values() for task in tasks if is_kept_apart(task))


@lru_cache(maxsize=1)
def tool_words() -> frozenset[str]:
    """The words of the names and descriptions of the tools that training knows."""
    texts = (text for area in AREAS for task in area for text in (*task.names, *task.descriptions))
    return frozenset(word for text in texts for word in letters(text))
