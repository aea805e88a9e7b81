"""Values that are only referred to: "it", "that file", "the same city"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from tektra_models.starter.corpus import values
from tektra_models.starter.corpus.calling import companion
from tektra_models.starter.corpus.chance import Chance
from tektra_models.starter.corpus.filling import SLOT, fence
from tektra_models.starter.corpus.tasks import Errand, Maker, Shape, ask, draw_variables

MOST_TOOLS = 8
# How people point back at a value, by what makes it.
POINTERS: dict[Maker, tuple[str, ...]] = {
    values.path: ("it", "that file", "the file", "this file", "the same file", "it"),
    values.file_name: ("it", "that file", "the file", "this file", "the same file", "it"),
    values.folder: ("it", "that folder", "this folder", "the same folder", "the folder", "it"),
    values.place: ("the same city", "that city", "the same place", "that place", "this place", "this city"),
    values.person: ("the same person", "that person", "this person", "the same one", "that one", "the same person"),
    values.url: ("it", "that page", "this link", "the same link", "that address", "it"),
    values.email: ("the same address", "that address", "this address", "the same mail", "it", "that one"),
    values.identifier: ("it", "that one", "the same one", "this one", "that", "it"),
    values.handle: ("it", "that one", "the same one", "this one", "that", "it"),
}


def pointable(before: Errand, shown: Mapping[Maker, str]) -> dict[Maker, tuple[str, tuple[str, ...]]]:
    """The values that a next request may point at, said or shown last, by maker, and the words that mean no other."""
    makers = before.shape.task.makers
    named = sorted(set(SLOT.findall(" ".join(slot.source for slot in before.shape.task.slots))))
    given = " ".join(map(str, before.arguments.values()))
    found = {key: before.variables[key] for key in named if makers.get(key) in POINTERS}
    said = {makers[key]: value for key, value in found.items() if value in given}
    known = {**{make: value for make, value in shown.items() if make in POINTERS}, **said}
    clear: dict[Maker, tuple[str, tuple[str, ...]]] = {}
    for make, value in known.items():
        others = {text for other in known if other is not make for text in POINTERS[other]}
        texts = [text for text in POINTERS[make] if text not in others]
        if make not in said:
            texts = [text for text in texts if not text.startswith("the same")]
        if texts:
            clear[make] = (value, tuple(texts))
    return clear


def said_as(done: Errand, key: str, words: str) -> Errand | None:
    """The errand with these words where its value stands; none where that does not stand there just once, bare."""
    shown = fence(done.variables[key])
    if done.request.count(shown) != 1:
        return None
    return replace(done, request=done.request.replace(shown, words))


def pointing_back(chance: Chance, before: Errand, shown: Mapping[Maker, str], shapes: Sequence[Shape]) -> Errand | None:
    """An errand for any of the tools that names a value of the last one, or of its result, by "it" or "that file"."""
    known = pointable(before, shown)
    for shape in chance.sample(shapes, len(shapes)):
        for slot in shape.task.slots:
            maker = shape.task.makers.get(slot.key)
            if not slot.needs_text or maker not in known:
                continue
            value, pointers = known[maker]
            done = ask(chance, shape, {**draw_variables(chance, shape.task), slot.key: value})
            if pointed := said_as(done, slot.key, chance.pick(pointers)):
                return pointed
    return None


def handed_on(
    chance: Chance, before: Errand, shown: Mapping[Maker, str], shapes: list[Shape], *, other_tool: bool = False
) -> Errand | None:
    """An errand with a value that came before; with one tool more, where none of those here takes such a value."""
    usable = [shape for shape in shapes if not (other_tool and shape is before.shape)]
    done = pointing_back(chance, before, shown, usable)
    if done is None and len(shapes) < MOST_TOOLS:
        more = companion(chance, pointable(before, shown))
        if more and more.name not in {shape.name for shape in shapes}:
            done = pointing_back(chance, before, shown, [more])
            if done:
                shapes.insert(chance.random.randint(0, len(shapes)), more)
    return done
