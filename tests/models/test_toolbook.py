"""The toolbook: every tool in its files can be read, filled and asked for."""

from __future__ import annotations

from collections import Counter

import pytest

from tektra_models.starter.corpus.chance import Chance
from tektra_models.starter.corpus.filling import SLOT, unfence
from tektra_models.starter.corpus.tasks import OPTIONAL, RESULT_MAKERS, declare, errand
from tektra_models.starter.corpus.toolbook import AREAS, FOLDER, KEPT_APART, TOOLBOOK

ALL = [task for tasks in TOOLBOOK.values() for task in tasks]
FEWEST_WAYS = 10


def test_every_file_is_an_area_that_training_knows() -> None:
    assert set(TOOLBOOK) == {path.stem for path in FOLDER.glob("*.toml")}
    assert all(AREAS)


def test_what_is_kept_apart_is_in_no_area() -> None:
    known = {task.family for area in AREAS for task in area}
    assert known | {task.family for task in KEPT_APART} == {task.family for task in ALL}
    assert not known & {task.family for task in KEPT_APART}


def test_no_family_and_no_name_stands_for_two_tools() -> None:
    families = Counter(task.family for task in ALL)
    names = Counter(name for task in ALL for name in set(task.names))
    assert not {family for family, count in families.items() if count > 1}
    assert not {name for name, count in names.items() if count > 1}


@pytest.mark.parametrize("area", sorted(TOOLBOOK))
def test_each_way_to_ask_gives_every_required_value(area: str) -> None:
    for task in TOOLBOOK[area]:
        keys = {slot.key for slot in task.slots}
        required = {slot.key for slot in task.slots if not slot.optional}
        for way in task.phrasings:
            assert set(SLOT.findall(way)) <= keys, way
            assert required <= set(SLOT.findall(OPTIONAL.sub("", way))), way
        assert len(set(task.phrasings)) >= FEWEST_WAYS, task.family
        assert all(any(f"{{{key}}}" in way for way in task.phrasings) for key in keys), task.family


@pytest.mark.parametrize("area", sorted(TOOLBOOK))
def test_each_answer_is_made_of_the_result_and_the_request(area: str) -> None:
    for task in TOOLBOOK[area]:
        known = {*RESULT_MAKERS, *(slot.key for slot in task.slots if not slot.optional)}
        for result, answer in task.results:
            assert set(SLOT.findall(answer)) <= known, answer
            fresh = set(SLOT.findall(answer)) & set(RESULT_MAKERS)
            assert fresh <= set(SLOT.findall(result)), answer


@pytest.mark.parametrize("area", sorted(TOOLBOOK))
def test_values_stand_in_the_request_as_they_are_called(area: str) -> None:
    for task in TOOLBOOK[area]:
        chance = Chance(task.family)
        for _ in range(6):
            done = errand(chance, declare(chance, task))
            said = unfence(done.request)
            for value in done.arguments.values():
                for one in value if isinstance(value, list) else [value]:
                    assert isinstance(one, bool) or str(one) in said, (said, done.arguments)
