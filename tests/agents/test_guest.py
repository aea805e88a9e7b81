"""Guests: both kinds of smolagents' agents in real confinement, whose every effect is a knock."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tektrad.agents.guest import Guest, guest
from tektrad.agents.knocks import CodeKnock, EndKnock, Knock, ModelKnock, StepKnock, Task, Tool, ToolKnock
from tektrad.errors import GuestFailed
from tektrad.sandbox.confinement import Limits
from tektrad.sandbox.sandbox import Sandbox
from tests.guests import needs_guests
from tests.sandboxes import sandbox_at

pytestmark = [pytest.mark.anyio, needs_guests]
LIMITS = Limits(memory_bytes=1 << 30)
ADD = Tool(
    name="add",
    description="Adds two numbers",
    inputs={"a": {"type": "integer", "description": "one"}, "b": {"type": "integer", "description": "another"}},
    output_type="integer",
)


@pytest.fixture(params=["A", "B"])
async def sandbox(request: pytest.FixtureRequest, tmp_path: Path) -> Sandbox:
    return await sandbox_at(request.param, tmp_path)


def said(content: str = "", *calls: dict[str, Any]) -> dict[str, Any]:
    return {"content": content, "calls": list(calls), "prompt_tokens": 10, "completion_tokens": 2}


def call(name: str, **arguments: Any) -> dict[str, Any]:
    return {"id": f"call_{name}", "name": name, "arguments": arguments}


def task(kind: Any, **fields: Any) -> Task:
    return Task(kind=kind, task="How much is 2 + 3?", instructions="Be brief.", tools=[ADD], steps=4, **fields)


async def done(guest: Guest, task: Task, door: Callable[[Knock], Any]) -> list[Knock]:
    """Every knock, each answered by `door`, to the end."""
    await guest.begin(task)
    knocks: list[Knock] = []
    while True:
        knock = await guest.knock()
        knocks.append(knock)
        if isinstance(knock, EndKnock):
            return knocks
        found = door(knock)
        if isinstance(found, Exception):
            await guest.answer(knock, error=str(found))
        else:
            await guest.answer(knock, found)


def of(knocks: list[Knock], kind: type) -> list[Any]:
    return [knock for knock in knocks if isinstance(knock, kind)]


async def test_an_agent_with_tools_calls_them_through_the_door_and_answers(sandbox: Sandbox) -> None:
    def door(knock: Knock) -> Any:
        match knock:
            case ModelKnock():
                if len(knock.messages) > 2:
                    return said("", call("final_answer", answer="5"))
                return said("I add.", call("add", a=2, b=3))
            case ToolKnock(name="add"):
                return knock.arguments["a"] + knock.arguments["b"]

    async with guest(sandbox, LIMITS) as visitor:
        knocks = await done(visitor, task("tools"), door)
    first = of(knocks, ModelKnock)[0]
    assert {tool["function"]["name"] for tool in first.tools} == {"add", "final_answer"}
    assert [message["role"] for message in first.messages] == ["system", "user"]
    assert "Be brief." in first.messages[0]["content"]
    assert [(knock.name, knock.arguments) for knock in of(knocks, ToolKnock)] == [("add", {"a": 2, "b": 3})]
    first_step = of(knocks, StepKnock)[0]
    assert (first_step.step, first_step.observed, first_step.error) == (1, "5", "")
    assert (knocks[-1].state, knocks[-1].answer) == ("done", "5")  # type: ignore[union-attr]
    assert [knock.number for knock in knocks] == list(range(1, len(knocks) + 1))
    async with guest(sandbox, LIMITS) as visitor:  # done again, it knocks as it did before
        assert await done(visitor, task("tools"), door) == knocks


@pytest.mark.parametrize("kind", ["tools", "code"])
async def test_notes_stand_before_the_task_in_its_message_and_change_nothing_else(sandbox: Sandbox, kind: str) -> None:
    def door(knock: Knock) -> Any:
        match knock:
            case ModelKnock():
                return said("<code>\n5\n</code>" if kind == "code" else "Hm.")
            case CodeKnock():
                return {"output": 5, "logs": "", "is_final": False, "error": ""}

    asked = []
    for notes in ("", "Notes: none.\nThe task:"):
        async with guest(sandbox, LIMITS) as visitor:
            knocks = await done(visitor, task(kind, notes=notes), door)
        asked.append([list(knock.messages) for knock in of(knocks, ModelKnock)])
    plain, noted = asked
    assert len(plain) == len(noted) == 5, "four steps and the last words"
    for before, after in zip(plain, noted, strict=True):
        (number,) = (place for place, message in enumerate(before) if message["content"] == "How much is 2 + 3?")
        assert after[number]["content"] == "Notes: none.\nThe task:\nHow much is 2 + 3?"
        assert [*after[:number], *after[number + 1 :]] == [*before[:number], *before[number + 1 :]]


async def test_an_agent_that_writes_code_has_it_run_through_the_door(sandbox: Sandbox) -> None:
    def door(knock: Knock) -> Any:
        match knock:
            case ModelKnock():
                if len(knock.messages) > 2:
                    return said("<code>\nfinal_answer(5)\n</code>")
                return said("Thought: I add.\n<code>\nprint(add(2, 3))\n</code>")
            case CodeKnock(code="print(add(2, 3))"):
                return {"output": None, "logs": "5\n", "is_final": False, "error": "it went wrong"}
            case CodeKnock():
                return {"output": 5, "logs": "", "is_final": True, "error": ""}

    async with guest(sandbox, LIMITS) as visitor:
        knocks = await done(visitor, task("code"), door)
    assert [knock.code for knock in of(knocks, CodeKnock)] == ["print(add(2, 3))", "final_answer(5)"]
    seen = [(message["role"], message["content"]) for message in of(knocks, ModelKnock)[1].messages[2:]]
    assert seen == [
        ("assistant", "Thought: I add.\n<code>\nprint(add(2, 3))\n</code>"),
        ("user", "<tool_response>\n5\nError: it went wrong\n</tool_response>"),
    ]
    assert of(knocks, ModelKnock)[0].stop[-1] == "</code>"
    assert (knocks[-1].state, knocks[-1].answer) == ("done", 5)  # type: ignore[union-attr]


async def test_what_goes_wrong_behind_the_door_is_told_to_the_model(sandbox: Sandbox) -> None:
    def door(knock: Knock) -> Any:
        match knock:
            case ModelKnock():
                seen = "".join(message["content"] for message in knock.messages)
                return (
                    said("", call("final_answer", answer="no"))
                    if "too large" in seen
                    else said("", call("add", a=2, b=3))
                )
            case ToolKnock():
                return ValueError("the numbers are too large")

    async with guest(sandbox, LIMITS) as visitor:
        knocks = await done(visitor, task("tools"), door)
    assert "too large" in of(knocks, StepKnock)[0].error
    assert knocks[-1].answer == "no"  # type: ignore[union-attr]


async def test_an_agent_that_never_answers_ends_when_it_has_no_more_steps(sandbox: Sandbox) -> None:
    def door(knock: Knock) -> Any:
        return said("", call("add", a=1, b=1)) if isinstance(knock, ModelKnock) and knock.tools else said("I give up.")

    async with guest(sandbox, LIMITS) as visitor:
        knocks = await done(visitor, task("tools"), lambda knock: 2 if isinstance(knock, ToolKnock) else door(knock))
    assert len(of(knocks, ToolKnock)) == 4
    assert knocks[-1].state == "steps"  # type: ignore[union-attr]


async def test_a_guest_that_dies_says_why(sandbox: Sandbox) -> None:
    async with guest(sandbox, Limits(seconds=0.1)) as visitor:  # which is too little to load anything
        with pytest.raises(GuestFailed, match="time"):
            await done(visitor, task("tools"), lambda _: said("never"))
