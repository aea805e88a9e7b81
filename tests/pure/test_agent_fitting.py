"""What of a long run its model is shown: it fits, what is gone stays gone, and prompts grow at their end."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tektrad.agents.fitting import STAY, Cut, Fitted, TooLong, fit, left_out, shown
from tektrad.chat.prompt import room_for_prompt

pytestmark = pytest.mark.anyio
START = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Count them."}]
WORDS = st.text(st.sampled_from("abc \né☃"), max_size=300)


def called(text: str, at: int) -> list[dict[str, Any]]:
    call = {
        "id": f"c{at}",
        "type": "function",
        "function": {"name": "read", "arguments": json.dumps({"path": f"{at}"})},
    }
    return [
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": f"c{at}", "content": text},
    ]


def coded(text: str, at: int) -> list[dict[str, Any]]:
    return [{"role": "assistant", "content": f"I look {at}.\n{text}"}, {"role": "user", "content": text}]


def failed(text: str, at: int) -> list[dict[str, Any]]:
    return [*called(text, at), {"role": "user", "content": f"Error: {text}"}]


STEPS = st.lists(st.tuples(st.sampled_from([called, coded, failed]), WORDS), max_size=25)


def size(messages: list[dict[str, Any]]) -> int:
    return sum(len(json.dumps(message, ensure_ascii=False).encode()) + 10 for message in messages)


async def count(messages: list[dict[str, Any]]) -> int:
    return size(messages)


def kept(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What must never be left out."""
    results = [message for message in messages[2:] if message["role"] != "assistant"]
    return results[-STAY:]


def most(messages: list[dict[str, Any]]) -> Cut:
    """All that may be left out: whatever is before the step in which the first of the results is that must stay."""
    results = [at for at, message in enumerate(messages) if at > 1 and message["role"] != "assistant"]
    last = results[-STAY] if len(results) >= STAY else len(messages)
    begin = max(at for at, message in enumerate(messages) if message["role"] == "assistant" and at <= last)
    return Cut(begin, begin)


@given(STEPS, st.integers(200, 6000))
async def test_every_prompt_fits_or_the_run_ends_and_what_it_was_told_stays(steps: Any, context: int) -> None:
    messages, fitted = list(START), Fitted()
    for at, (made, text) in enumerate(steps):
        messages += made(text, at)
        prompt_before, cut = shown(messages, fitted.cut), fitted.cut
        try:
            fitted = await fit(messages, fitted, count, context)
        except TooLong:
            assert size(shown(messages, most(messages))) > room_for_prompt(context, 2048), "nothing else was left to go"
            return
        prompt = shown(messages, fitted.cut)
        assert size(prompt) <= fitted.tokens <= room_for_prompt(context, 2048)
        assert prompt[0] == START[0]
        assert prompt[1]["content"].startswith(START[1]["content"])
        if not fitted.cut.longest:
            assert [message for message in prompt if message in kept(messages)][-STAY:] == kept(messages)
        assert fitted.cut.results >= cut.results
        assert fitted.cut.steps >= cut.steps
        assert not cut.longest or fitted.cut.longest <= cut.longest
        if fitted.cut == cut:
            assert prompt == prompt_before
        roles = [message["role"] for message in prompt]
        assert all(now != "tool" or before != "user" for before, now in itertools.pairwise(roles))


@given(STEPS)
async def test_prompts_grow_at_their_end_as_long_as_nothing_new_is_left_out(steps: Any) -> None:
    messages, fitted, before = list(START), Fitted(), list(START)
    for at, (made, text) in enumerate(steps):
        messages += made(text, at)
        cut = fitted.cut
        try:
            fitted = await fit(messages, fitted, count, 3000)
        except TooLong:
            return
        prompt = shown(messages, fitted.cut)
        if fitted.cut.steps == cut.steps:
            first = next((i for i, (a, b) in enumerate(zip(before, prompt, strict=False)) if a != b), len(before))
            gone = fitted.cut.steps - 2 if fitted.cut.steps else 0
            assert first == len(before) or first + gone >= cut.results
        before = prompt


async def test_the_oldest_results_go_until_half_of_the_context_is_free() -> None:
    messages = [*START, *(each for at in range(8) for each in called("x" * 500, at))]
    fitted = await fit(messages, Fitted(), count, 7000)
    prompt = shown(messages, fitted.cut)
    assert fitted.cut.steps == 0
    assert 3000 < size(prompt) <= 3500
    assert prompt[3]["content"] == "[the result of read(path='0') was left out here: 500 characters]"
    assert prompt[-1]["content"] == "x" * 500
    gone = left_out(messages, Cut(), fitted.cut)
    assert gone.results[:2] == ["read(path='0')", "read(path='1')"]
    assert gone.characters > 2000
    again = await fit([*messages, *called("y" * 100, 9)], fitted, count, 7000)
    assert again.cut == fitted.cut


async def test_where_results_do_not_do_steps_become_a_line_each_behind_the_task() -> None:
    messages = [*START, *(each for at in range(60) for each in coded("y" * 100, at))]
    fitted = await fit(messages, Fitted(), count, 8000)
    prompt = shown(messages, fitted.cut)
    assert fitted.cut.steps
    steps = left_out(messages, Cut(), fitted.cut).steps
    lines = prompt[1]["content"].splitlines()
    assert lines[:4] == ["Count them.", "", "Done so far:", f"- {steps - 20} steps"]
    assert lines[-1] == f"- I look {steps - 1}. {'y' * (97 - len(f'I look {steps}'))}…"
    assert len(lines) == 24
    assert [message["role"] for message in prompt[1:4]] == ["user", "assistant", "user"]


async def test_of_last_results_that_are_too_long_the_beginning_and_the_end_stay() -> None:
    messages = [*START, *called("a" * 9000 + "z" * 900, 1), *called("x", 2)]
    fitted = await fit(messages, Fitted(), count, 4000)
    text = shown(messages, fitted.cut)[3]["content"]
    assert text == f"{'a' * 750}\n[8,400 characters were left out here]\n{'z' * 750}"
    assert left_out(messages, Cut(), fitted.cut).longest == 1500
    with pytest.raises(TooLong, match=r"of 750 tokens"):
        await fit([START[0], {"role": "user", "content": "x" * 900}], Fitted(), count, 1000)


async def test_what_surely_fits_is_not_counted_and_what_was_refused_is_cut_though_it_would_fit() -> None:
    async def never(_: list[dict[str, Any]]) -> int:
        raise AssertionError

    messages = [*START, *(each for at in range(4) for each in called("x" * 50, at))]
    first = await fit(messages[:4], Fitted(), count, 9000)
    second = await fit(messages, first, never, 9000)
    assert second.tokens >= size(messages)
    assert (await fit(messages, second, count, 9000, harder=True)).cut != second.cut


@pytest.mark.parametrize(
    "odd",
    [
        {"role": "assistant", "tool_calls": 5},
        {"role": "assistant", "content": None, "tool_calls": [{"function": "x"}, 7]},
        {"role": "tool", "content": {"x": 1}},
        {"content": []},
        {},
    ],
)
async def test_messages_of_any_shape_are_fitted(odd: dict[str, Any]) -> None:
    messages = [*START, odd, *(each for at in range(9) for each in [*called("x" * 300, at), odd])]
    fitted = await fit(messages, Fitted(), count, 4000)
    assert size(shown(messages, fitted.cut)) <= room_for_prompt(4000, 2048)
    assert (await fit([odd, odd], Fitted(), count, 4000)).cut == Cut()
