"""smolagents' own loops run on the short forms, and the training data is written in exactly these forms."""

from __future__ import annotations

import ast
import builtins
import json
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from smolagents import CodeAgent, LogLevel, Tool, ToolCallingAgent  # type: ignore[import-untyped]

from tektra_models.starter import agent_evaluation, agent_forms, agent_tasks, agent_world
from tektra_models.starter.corpus import agent_requests, agents
from tektra_models.starter.corpus.acts import LARGER_TOOL
from tektra_models.starter.corpus.calling import CALCULATIONS
from tektra_models.starter.corpus.chance import Chance
from tektra_models.starter.corpus.everyday import FILE_TASKS
from tektra_models.starter.corpus.services import SERVICES
from tektra_models.starter.rendering import pieces, render

PATH = {"path": {"type": "string", "description": "Path of the file"}}


class ScriptedTool(Tool):  # type: ignore[misc]
    """A tool of any declaration that answers by a function."""

    skip_forward_signature_validation = True
    output_type = "string"

    def __init__(self, declared: dict[str, Any], answer: Callable[[dict[str, Any]], str]) -> None:
        plain = agent_forms.plain_tool(declared["function"])
        self.name, self.description, self.inputs = plain["name"], plain["description"], plain["inputs"]
        self.answer = answer
        super().__init__()

    def forward(self, *places: Any, **names: Any) -> str:
        """Answer, or raise what is to be raised."""
        return self.answer({**dict(zip(self.inputs, places, strict=False)), **names})


class Script:
    """Completions written down beforehand; keeps what the model would have been shown."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = list(texts)
        self.shown: list[str] = []

    def __call__(self, messages: list[dict[str, Any]], tools: list[dict[str, Any]]) -> str:
        self.shown.append(render(messages, tools, ask=True))
        return self.texts[len(self.shown) - 1]


def reader(files: dict[str, str]) -> ScriptedTool:
    """A tool that reads from these files."""

    def answer(given: dict[str, Any]) -> str:
        if given["path"] not in files:
            raise FileNotFoundError(f"{given['path']} does not exist")
        return files[given["path"]]

    parameters = {"type": "object", "properties": PATH, "required": ["path"]}
    function = {"name": "read_file", "description": "Read a file. At once.", "parameters": parameters}
    return ScriptedTool({"type": "function", "function": function}, answer)


def tool_agent(script: Script, tools: list[Tool], **options: Any) -> Any:
    """A ToolCallingAgent with the short prompts."""
    templates: Any = agent_forms.tool_templates()
    model = agent_forms.local_model(script)
    return ToolCallingAgent(tools, model, templates, max_steps=6, verbosity_level=LogLevel.OFF, **options)


def code_agent(script: Script, tools: list[Tool], **options: Any) -> Any:
    """A CodeAgent with the short prompts."""
    templates: Any = agent_forms.code_templates()
    model = agent_forms.local_model(script)
    return CodeAgent(tools, model, templates, max_steps=6, verbosity_level=LogLevel.OFF, **options)


def call(name: str, **arguments: Any) -> str:
    """A call as the model writes it."""
    return f"<tool_call>\n{json.dumps({'name': name, 'arguments': arguments})}\n</tool_call>"


def plans(count: int, seed: str = "test") -> Iterator[agents.Plan]:
    """Episodes of both sides."""
    for place in range(count):
        yield agents.agent_plan(Chance(f"{seed}/{place}", held_out=place % 2 == 1))


def test_the_tool_loop_finishes() -> None:
    """A read, then the answer; the observation stands in the dialogue as any tool's."""
    script = Script([call("read_file", path="a.txt"), call("final_answer", answer="42")])
    assert tool_agent(script, [reader({"a.txt": "The budget is 42."})]).run("What is the budget?") == "42"
    system, request = script.shown[1].split("<|im_start|>user\n", 1)
    assert system.startswith(f"<|im_start|>system\n{agent_forms.tool_system()}\n\n")
    assert "read_file" in system
    assert "Read a file" in system
    assert "At once" not in system
    assert system.index("read_file") < system.index("final_answer", len(agent_forms.tool_system()) + 30)
    assert request == (
        "What is the budget?<|im_end|>\n"
        '<|im_start|>assistant\n<tool_call>\n{"name": "read_file", "arguments": {"path": "a.txt"}}\n</tool_call>'
        "<|im_end|>\n"
        "<|im_start|>user\n<tool_response>\nThe budget is 42.\n</tool_response><|im_end|>\n"
        "<|im_start|>assistant\n"
    )


def test_the_code_loop_finishes() -> None:
    """Code is run, what it prints is seen, and what it works out is the answer."""
    script = Script(["<code>\nprint(read_file('a.txt'))\n</code>", "<code>\nfinal_answer(42 * 7)\n</code>"])
    assert code_agent(script, [reader({"a.txt": "The budget is 42."})]).run("Times 7?") == 294
    assert script.shown[1] == (
        "<|im_start|>system\n"
        "Do the task in Python, step by step, between <code> and </code>. Print what you need to see. "
        "Give the result to final_answer(answer).\n"
        "def read_file(path: str)  # Read a file<|im_end|>\n"
        "<|im_start|>user\nTimes 7?<|im_end|>\n"
        "<|im_start|>assistant\n<code>\nprint(read_file('a.txt'))\n</code><|im_end|>\n"
        "<|im_start|>user\n<tool_response>\nThe budget is 42.\n</tool_response><|im_end|>\n"
        "<|im_start|>assistant\n"
    )


@pytest.mark.parametrize(
    ("make", "step", "last"),
    [
        (tool_agent, call("read_file", path="b"), call("final_answer", answer="no")),
        (code_agent, '<code>\nprint(read_file("b"))\n</code>', '<code>\nfinal_answer("no")\n</code>'),
    ],
)
def test_an_error_is_passed_on_in_one_line(make: Callable[..., Any], step: str, last: str) -> None:
    """The call that failed stays in the dialogue, and the error says only what happened."""
    script = Script([step, last])
    assert make(script, [reader({})]).run("What is in b?") == "no"
    turns = pieces(script.shown[1] + "<|im_end|>")
    assert (step + "<|im_end|>", True) in turns
    assert "<tool_response>\nError: FileNotFoundError: b does not exist\n</tool_response>" in script.shown[1]
    assert "retry" not in script.shown[1]


def test_a_broken_call_is_an_error_that_the_model_sees() -> None:
    """What only looks like a call is shown again, with a word on what is wrong."""
    script = Script(["<tool_call>\n{broken\n</tool_call>", call("final_answer", answer="ok")])
    assert tool_agent(script, []).run("Go.") == "ok"
    assert "{broken" in script.shown[1]
    assert "the call is not valid JSON" in script.shown[1]


def test_code_that_cannot_be_read_does_not_repeat_what_was_printed_before() -> None:
    """smolagents keeps the last prints; the step that failed printed nothing."""
    script = Script(["<code>\nprint('seen')\n</code>", "<code>\nfoo(\n</code>", "<code>\nfinal_answer(1)\n</code>"])
    assert code_agent(script, []).run("Go.") == 1
    assert script.shown[2].count("\nseen\n") == 1
    assert "Error: SyntaxError" in script.shown[2]


@pytest.mark.parametrize("make", [tool_agent, code_agent])
def test_a_plain_answer_is_the_final_answer(make: Callable[..., Any]) -> None:
    """A model that answers in words has answered."""
    assert make(Script(["It is 'Ada'."]), []).run("Who?") == "It is 'Ada'."


def test_several_calls_at_once() -> None:
    """Calls that do not wait for each other may come in one message."""
    both = f"{call('read_file', path='a')}\n{call('read_file', path='b')}"
    script = Script([both, call("final_answer", answer="12")])
    assert tool_agent(script, [reader({"a": "1", "b": "2"})]).run("a and b?") == "12"
    assert f"<|im_start|>assistant\n{both}<|im_end|>" in script.shown[1]
    assert "<tool_response>\n1\n2\n</tool_response>" in script.shown[1]


def test_records_of_other_models_are_read() -> None:
    """A memory without the model's own words still shows its calls."""
    record = "Calling tools:\n" + str(
        [{"id": "1", "type": "function", "function": {"name": "read_file", "arguments": {"path": "a"}}}]
    )
    code = "Calling tools:\n" + str(
        [{"id": "2", "type": "function", "function": {"name": "python_interpreter", "arguments": "print(1)"}}]
    )
    turns = agent_forms.openai_messages(
        [
            {"role": "user", "content": [{"type": "text", "text": "New task:\nGo."}]},
            {"role": "tool-call", "content": record},
            {"role": "tool-response", "content": "Observation:\ntext"},
            {"role": "tool-call", "content": code},
            {"role": "tool-response", "content": f"Observation:\nExecution logs:\n{'x' * 4000}"},
        ]
    )
    assert [turn["role"] for turn in turns] == ["user", "assistant", "tool", "assistant", "tool"]
    assert turns[0]["content"] == "Go."
    assert turns[1]["tool_calls"][0]["function"] == {"name": "read_file", "arguments": {"path": "a"}}
    assert turns[3]["content"] == "<code>\nprint(1)\n</code>"
    assert len(turns[4]["content"]) < 1600


def scripted_tools(plan: agents.Plan) -> list[Tool]:
    """The plan's tools, which answer just as the plan says."""
    results = {
        (act.shape.name, json.dumps(act.arguments, sort_keys=True)): act for calls in plan.rounds for act in calls
    }

    def tool(declared: dict[str, Any]) -> ScriptedTool:
        def answer(given: dict[str, Any]) -> str:
            act = results[declared["function"]["name"], json.dumps(given, sort_keys=True)]
            if act.raised:
                kind, _, why = act.result.removeprefix("Error: ").partition(": ")
                raise getattr(builtins, kind)(why)
            return act.result

        return ScriptedTool(declared, answer)

    return [tool(declared) for declared in plan.tools]


def test_training_dialogues_are_what_a_real_agent_shows_its_model() -> None:
    """The same episode, gone through by smolagents, renders to the very same text."""
    for plan in plans(250, "same"):
        dialogue = agents.written(plan)
        whole = render(dialogue.messages, dialogue.tools)
        said = [text.removesuffix("<|im_end|>") for text, spoken in pieces(whole) if spoken]
        script = Script(said)
        make = code_agent if plan.code else tool_agent
        given = make(script, scripted_tools(plan), instructions=plan.instructions).run(plan.request)
        assert script.shown[-1] + said[-1] + "<|im_end|>\n" == whole
        assert len(script.shown) == len(said)
        if not plan.code:
            assert given == plan.episode.answer
        elif not plan.native:
            assert str(given) == plan.episode.answer


def test_a_thousand_dialogues_are_short_and_well_formed() -> None:
    """No more than four steps, no more text than a small context takes, each turn with its check."""
    seen = {"call": 0, "code": 0}
    for plan in plans(1000):
        dialogue = agents.written(plan)
        said = [message for message in dialogue.messages if message["role"] == "assistant"]
        assert dialogue.kind == "agent"
        assert 1 <= len(said) <= 4
        assert len(render(dialogue.messages, dialogue.tools)) < 3200
        assert len(plan.tools) <= 5
        seen[said[0]["check"].kind] += 1
        for message in said:
            check = message["check"]
            if check.kind == "call":
                function = message["tool_calls"][0]["function"]
                assert check.call == (function["name"], function["arguments"])
            else:
                assert message["content"] == agent_forms.code_block(check.facts[0])
    assert 0.5 < seen["call"] / 1000 < 0.7


def test_code_parses_and_calls_only_what_is_given() -> None:
    """Every function in a block is one of the tools or Python's own."""
    for plan in plans(600, "code"):
        dialogue = agents.written(plan)
        known = {tool["function"]["name"] for tool in plan.tools} | {"final_answer", "print", "max", "str"}
        codes = [m["check"].facts[0] for m in dialogue.messages if "check" in m and m["check"].kind == "code"]
        for code in codes:
            names = {node.func.id for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call)}  # type: ignore[attr-defined]
            assert names <= known
            assert 1 <= len(code.splitlines()) <= 4
        assert not codes or "final_answer(" in codes[-1]


def test_calls_name_given_tools_and_declared_arguments() -> None:
    """A call can always be read off the declarations."""
    for plan in plans(400, "calls"):
        dialogue = agents.written(plan)
        declared = {tool["function"]["name"]: tool["function"]["parameters"] for tool in dialogue.tools}
        for message in dialogue.messages:
            if message.get("tool_calls"):
                function = message["tool_calls"][0]["function"]
                parameters = declared[function["name"]]
                assert set(parameters["required"]) <= set(function["arguments"]) <= set(parameters["properties"])


def test_facts_stand_in_what_the_agent_saw() -> None:
    """An answer never needs what neither the request nor a tool gave, save what a calculation gives."""
    for plan in plans(600, "facts"):
        results = [act.result for calls in plan.rounds for act in calls]
        for fact in plan.episode.facts if plan.rounds else ():
            assert any(fact in text for text in (*results, plan.request)), plan.episode


def test_phrasings_are_long_enough_to_be_split() -> None:
    """Eighteen ways at the least, so that three of them are kept for the evaluation."""
    lists = [
        agents.INSTRUCTIONS,
        agent_requests.QUESTION,
        agent_requests.IN_FILE,
        agent_requests.IN_FOLDER,
        agent_requests.BY_SEARCH,
        agent_requests.ON_WEB,
        agent_requests.THEN_WRITE,
        agent_requests.TOTAL,
        agent_requests.LARGER,
        agent_requests.ACT_ON,
        agent_requests.BOTH,
        agent_requests.TEXT_OF,
        *agent_requests.THEN_CALCULATE.values(),
        *agent_requests.NAMED.values(),
    ]
    assert all(len(ways) >= 18 and len(set(ways)) == len(ways) for ways in lists)


READERS = [agent_world.wording(line).name for line in agent_world.TOOLS["read"].familiar]
READERS += [agent_world.wording(line).name for line in agent_world.TOOLS["read"].unseen]


def read_all(messages: list[dict[str, Any]], tools: list[dict[str, Any]]) -> str:
    """A solver of the simplest kind of task: it reads the file in the request and answers with all of it."""
    path = next(found.rstrip(".:,?") for found in re.findall(r"\S+\.\w+", messages[1]["content"]))
    if not tools:
        name = next(name for name in READERS if f"def {name}(" in messages[0]["content"])
        return agent_forms.code_block(f'final_answer({name}("{path}"))')
    if messages[-1]["role"] == "tool":
        return call("final_answer", answer=messages[-1]["content"])
    function = next(tool["function"] for tool in tools if tool["function"]["name"] in READERS)
    return call(function["name"], **{next(iter(function["parameters"]["properties"])): path})


@pytest.mark.parametrize("code", [False, True])
@pytest.mark.parametrize("unseen", [False, True])
def test_a_real_task_is_judged_by_what_became_of_it(code: bool, unseen: bool) -> None:
    """A solver finishes what it can do, with real files; one that only talks finishes nothing."""
    for place in range(6):
        chances = [Chance(f"judge/{place}", held_out=True) for _ in range(2)]
        options = {"code": code, "unseen": unseen}
        good = agent_evaluation.attempt(read_all, chances[0], "fact in a file", **options)
        bad = agent_evaluation.attempt(lambda _messages, _tools: "It is 7.", chances[1], "fact in a file", **options)
        assert good.finished, good.transcript
        assert not bad.finished


def test_the_evaluation_runs_every_kind_with_both_agents() -> None:
    """Figures by kind, agent and tools, with transcripts of failures where they are asked for."""
    count = 2 * len(agent_tasks.KINDS)
    figures = agent_evaluation.run_tasks(lambda _messages, _tools: "I do not know.", count=count, show=3)
    assert figures["finished"] == 0
    assert set(figures["kinds"]) == set(agent_tasks.KINDS)
    assert figures["agents"]["code"]["asked"] == figures["agents"]["tools"]["asked"]
    assert figures["tools"]["unseen"]["asked"] * 2 == count
    assert len(figures["failures"]) == 3
    assert agent_evaluation.table(figures).count("I do not know.") >= 3


def test_unseen_tools_are_in_no_table_of_the_generator() -> None:
    """Neither the names nor the descriptions of the evaluation's strange tools stand in the training data."""
    tasks = (*FILE_TASKS, *SERVICES, *CALCULATIONS, LARGER_TOOL)
    known = {text for task in tasks for text in (*task.names, *task.descriptions)}
    for real in agent_world.TOOLS.values():
        for line in real.unseen:
            words = agent_world.wording(line)
            assert not {words.name, words.says} & known


def test_real_tools_stay_in_their_folder(tmp_path: Path) -> None:
    """A path that leads out is refused."""
    world = agent_world.World(tmp_path.resolve())
    with pytest.raises(PermissionError, match="outside"):
        agent_world.write_file(world, "../x.txt", "no")
    assert agent_world.calculate(world, "3 * (4 - 1)") == "9"
    with pytest.raises(ValueError, match="only numbers"):
        agent_world.calculate(world, "__import__('os')")
