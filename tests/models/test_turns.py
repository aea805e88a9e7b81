"""Turns with tools: two things asked at once, and what a tool gives back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import islice

import pytest

from tektra_models.starter.corpus.calling import toolbox
from tektra_models.starter.corpus.chance import Chance
from tektra_models.starter.corpus.filling import unfence
from tektra_models.starter.corpus.outcomes import Outcome, both, report
from tektra_models.starter.corpus.tasks import Shape
from tektra_models.starter.corpus.together import Together, about_the_same, different, for_two_values, two_errands

Way = Callable[[Chance, list[Shape]], Together | None]
WAYS: tuple[Way, ...] = (different, about_the_same, for_two_values)


def asked(way: Way, count: int = 150) -> Iterator[Together]:
    """Two things asked in this way, as often as it is possible."""
    for seed in range(count):
        chance = Chance(f"together/{seed}")
        if made := way(chance, toolbox(chance)):
            yield made


@pytest.mark.parametrize("way", WAYS)
def test_two_things_are_asked_in_each_way(way: Way) -> None:
    assert len(list(islice(asked(way), 20))) == 20


def test_one_tool_for_two_values_is_called_once_with_each() -> None:
    for request, first, second in asked(for_two_values):
        assert first.shape is second.shape
        changed = {name for name in first.arguments if first.arguments[name] != second.arguments[name]}
        values = {key for key in first.variables if first.variables[key] != second.variables[key]}
        assert changed
        assert len(values) == 1
        assert all(done.variables[key] in unfence(request) for done in (first, second) for key in values)


def test_what_is_pointed_at_is_named_once_and_given_to_two_different_tools() -> None:
    for request, first, second in asked(about_the_same):
        assert first.shape is not second.shape
        shared = {value for value in second.arguments.values() if value in first.arguments.values()}
        assert any(unfence(request).count(str(value)) == 1 for value in shared)


def test_two_things_asked_together_are_called_together() -> None:
    for seed in range(100):
        chance = Chance(f"calls/{seed}")
        user, assistant, *told = two_errands(chance, toolbox(chance))
        assert user["role"] == "user"
        assert len(assistant["tool_calls"]) == 2
        assert [message["role"] for message in told] in ([], ["tool", "tool", "assistant"])


def reports() -> list[Outcome]:
    """Many reports."""
    return [report(Chance(f"report/{seed}")) for seed in range(300)]


def test_a_report_is_told_in_full_and_says_nothing_else() -> None:
    for told in reports():
        assert all(fact in told.answer and fact in told.result for fact in told.facts)


def test_reports_have_many_forms() -> None:
    results = [told.result for told in reports()]
    found = [json.loads(result) for result in results if result.startswith(("{", "["))]
    assert {type(one) for one in found} == {dict, list}
    assert any(isinstance(one, list) and isinstance(one[0], dict) for one in found)
    assert len(found) < len(results)


def test_texts_are_said_together() -> None:
    assert both(["a"]) == "a"
    assert both(["a", "b"]) == "a and b"
    assert both(["a", "b", "c"]) == "a, b and c"
