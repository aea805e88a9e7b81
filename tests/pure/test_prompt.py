"""What of a conversation a model gets to read."""

from __future__ import annotations

from typing import Any

import pytest

from tektrad.chat.conversations import title_of
from tektrad.chat.prompt import alternating, fit_history


async def by_characters(messages: list[dict[str, Any]]) -> int:
    return sum(len(message["content"]) for message in messages)


def exchange(number: int) -> list[dict[str, Any]]:
    return [{"role": "user", "content": f"q{number}" * 5}, {"role": "assistant", "content": f"a{number}" * 5}]


HISTORY = [*exchange(1), *exchange(2), *exchange(3), {"role": "user", "content": "q4" * 5}]


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("context", "dropped"), [(1000, 0), (80, 0), (79, 2), (60, 2), (59, 4), (40, 4), (20, 6), (1, 6)]
)
async def test_as_few_of_the_oldest_exchanges_as_possible_are_left_out(context: int, dropped: int) -> None:
    fitted = await fit_history(None, HISTORY, by_characters, context, max_tokens=10)
    assert fitted.dropped == dropped
    assert fitted.messages == HISTORY[dropped:]


@pytest.mark.anyio
async def test_the_system_prompt_always_stays() -> None:
    fitted = await fit_history("be brief", HISTORY, by_characters, 60, max_tokens=10)
    assert fitted.messages[0] == {"role": "system", "content": "be brief"}
    assert fitted.messages[1]["role"] == "user"


def test_an_unanswered_question_joins_the_next_one() -> None:
    said = [("user", "one", "complete"), ("assistant", "", "interrupted"), ("user", "two", "complete")]
    assert alternating(said) == [{"role": "user", "content": "one\n\ntwo"}]


def test_of_several_answers_the_last_complete_one_stands() -> None:
    said = [
        ("user", "q", "complete"),
        ("assistant", "whole", "complete"),
        ("assistant", "cut o", "interrupted"),
        ("user", "next", "complete"),
    ]
    assert [message["content"] for message in alternating(said)] == ["q", "whole", "next"]
    only_cut = [("user", "q", "complete"), ("assistant", "a", "interrupted"), ("assistant", "b", "interrupted")]
    assert [message["content"] for message in alternating(only_cut)] == ["q", "b"]


def test_a_title_is_the_first_line_shortened_at_a_word() -> None:
    assert title_of("\n  hello there \nmore") == "hello there"
    assert title_of("word " * 40).endswith("word…")
    assert len(title_of("word " * 40)) <= 61
