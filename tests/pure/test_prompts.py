"""What a model was asked, put together again from what the journal has of it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tektrad.agents.knocks import ModelKnock
from tektrad.agents.prompts import Asked, call, pieces
from tektrad.errors import NotFound

TOOLS = [[], [{"type": "function", "function": {"name": "read"}}]]
MESSAGES = st.lists(st.builds(lambda text: {"role": "user", "content": text}, st.sampled_from("abc")), max_size=5)


def journaled(prompts: list[tuple[str, list[dict[str, Any]], list[dict[str, Any]]]]) -> list[tuple[str, Any]]:
    guests: dict[str, Asked] = {}
    journal: list[tuple[str, Any]] = [("/tools", {"tools": []})]
    for number, (guest, messages, tools) in enumerate(prompts, 1):
        knock = ModelKnock(number=number, messages=messages, tools=tools, stop=[])
        kept = guests.setdefault(guest, Asked()).kept(knock)
        said = {"asked": "", "said": {"result": {}, "model": "m"}, "seconds": 0, "prompt": msgspec.to_builtins(kept)}
        journal.append((f"{guest}/{number}:model", said))
    return journal


@given(st.lists(st.tuples(st.sampled_from(["", "/2/agent"]), MESSAGES, st.sampled_from(TOOLS)), min_size=1, max_size=8))
def test_whatever_guests_ask_each_prompt_comes_out_as_it_went_in(
    prompts: list[tuple[str, list[dict[str, Any]], list[dict[str, Any]]]],
) -> None:
    journal = journaled(prompts)
    for number, (guest, messages, tools) in enumerate(prompts, 1):
        found = call(journal, f"{guest}/{number}")
        assert [dict(message) for message in found.messages] == messages
        assert found.tools == [tool["function"]["name"] for tool in tools]
    own = [number for number, (guest, _, _) in enumerate(prompts, 1) if not guest]
    assert [call(journal, str(step)).at for step in range(1, len(own) + 1)] == [f"/{number}" for number in own]


def test_a_prompt_that_grows_is_kept_once() -> None:
    asked, grown = Asked(), [{"role": "user", "content": "x" * 1000}]
    for number in range(1, 50):
        grown = [*grown, {"role": "tool", "content": str(number)}]
        kept = asked.kept(ModelKnock(number=number, messages=grown, tools=TOOLS[1], stop=[]))
        assert (len(kept.messages), kept.tools is None) == ((2, False) if number == 1 else (1, True))


def test_of_a_run_that_kept_no_prompts_that_is_said() -> None:
    with pytest.raises(NotFound, match="earlier version"):
        call([("/1:model", {"asked": "", "said": {"result": {}}, "seconds": 0})], "1")


@given(st.lists(st.text(max_size=30), min_size=1, max_size=6), st.integers(1, 20))
def test_page_after_page_is_all_of_it(texts: list[str], most: int) -> None:
    messages = [{"role": "user", "content": text} for text in texts]
    begin: str | None = "1"
    told = [""] * len(texts)
    while begin is not None:
        found, begin = pieces(messages, begin, most)
        assert 0 < sum(len(each.text) for each in found) <= most or not any(texts) or begin is None
        for each in found:
            assert each.begin == len(told[each.number - 1])
            told[each.number - 1] += each.text
    assert told == texts
