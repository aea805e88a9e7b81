"""The guest inside: smolagents, confined, with nothing of its own but its thoughts.

Run as `python -I -c SOURCE REQUESTS FRAMES STDOUT STDERR`. Its model, its tools and the code that it writes are knocks
on the daemon's door, one at a time, in an order that depends on nothing but the answers: so a run that is done again
after a crash knocks as it did before. Nothing here is trusted by the other end.
"""

from __future__ import annotations

import ast
import itertools
import json
import os
import random
import re
import sys
import types
from typing import Any

LENGTH_BYTES = 4
MOST_CHARACTERS = 20_000
"""Of what a step tells of itself."""
RESPONSE = ("<tool_response>\n", "\n</tool_response>")
FAILED = re.compile(r"(?:Call id: [^\n]*\n)?Error:\n(.*)\nNow let's retry: .*", re.DOTALL)
"""smolagents' record of an error, with its advice behind it."""


def main() -> None:
    """Load smolagents, take a task, do it, and say how it ended."""
    requests, frames, out, err = map(int, sys.argv[1:])
    for descriptor, standard in ((out, 1), (err, 2)):
        os.dup2(descriptor, standard)
        os.close(descriptor)
    sys.argv[:] = [""]
    random.seed(0)
    import smolagents  # type: ignore[import-untyped]  # the second that this takes is over before there is a task

    Guest(smolagents, Door(requests, frames)).work()


class Door:
    """The one way out."""

    def __init__(self, requests: int, frames: int) -> None:
        self._requests, self._frames = requests, frames
        self._numbers = itertools.count(1)

    def task(self) -> Any:
        """What there is to do; waits until somebody says so."""
        return self._read()

    def knock(self, kind: str, **fields: Any) -> Any:
        """Ask, and wait for what comes of it; raises ToolFailed."""
        number = next(self._numbers)
        self._write({"knock": kind, "number": number, **fields})
        answer = self._read()
        if answer["number"] != number:
            os._exit(1)
        if answer["error"] is not None:
            raise ToolFailed(answer["error"])
        return answer["result"]

    def end(self, state: str, answer: Any) -> None:
        """Say the last word."""
        self._write({"knock": "end", "number": next(self._numbers), "state": state, "answer": answer})

    def _read(self) -> Any:
        return json.loads(self._bytes(int.from_bytes(self._bytes(LENGTH_BYTES), "big")))

    def _bytes(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            more = os.read(self._requests, count - len(data))
            if not more:
                os._exit(0)
            data += more
        return data

    def _write(self, value: Any) -> None:
        data = json.dumps(value, default=str).encode()
        view = memoryview(len(data).to_bytes(LENGTH_BYTES, "big") + data)
        while view:
            view = view[os.write(self._frames, view) :]


class ToolFailed(Exception):
    """What somebody behind the door says went wrong; the agent sees it."""


class Guest:
    """One agent of smolagents, all of whose effects are knocks."""

    def __init__(self, smolagents: types.ModuleType, door: Door) -> None:
        self._smolagents = smolagents
        self._door = door

    def work(self) -> None:
        """Do the task to its end."""
        task = self._door.task()
        try:
            result = self._agent(task).run(task["task"], return_full_result=True)
        except Exception as error:  # noqa: BLE001  whatever it is, it is the agent's end
            self._door.end("failed", _short(f"{type(error).__name__}: {error}"))
            return
        self._door.end("done" if result.state == "success" else "steps", result.output)

    def _agent(self, task: Any) -> Any:
        smolagents = self._smolagents
        common = {
            "tools": [self._tool(each) for each in task["tools"]],
            "model": self._model(task["notes"]),
            "max_steps": task["steps"],
            "instructions": task["instructions"] or None,
            "prompt_templates": task["templates"],
            "verbosity_level": smolagents.LogLevel.OFF,
            "step_callbacks": [self._told],
        }
        if task["kind"] == "tools":
            return smolagents.ToolCallingAgent(**common, max_tool_threads=1)
        return smolagents.CodeAgent(**common, executor=self._executor())

    def _told(self, step: Any, agent: Any = None) -> None:
        """Tell of a step that is over."""
        if not isinstance(step, self._smolagents.memory.ActionStep):
            return
        said = step.model_output if isinstance(step.model_output, str) else ""
        error = "" if step.error is None else str(step.error.message)
        self._door.knock(
            "step",
            step=step.step_number,
            said=_short(said),
            observed=_short(step.observations or ""),
            error=_short(error),
        )

    def _tool(self, declared: Any) -> Any:
        """A tool that is a knock."""
        door = self._door

        class Knocking(self._smolagents.Tool):  # type: ignore[misc, name-defined]
            name = declared["name"]
            description = declared["description"]
            inputs = declared["inputs"]
            output_type = declared["output_type"]
            skip_forward_signature_validation = True

            def forward(self, **arguments: Any) -> Any:
                return door.knock("tool", name=declared["name"], arguments=arguments)

        return Knocking()

    def _model(self, notes: str) -> Any:
        """A model that is a knock; it is shown the notes before the task."""
        door, smolagents = self._door, self._smolagents
        from smolagents.models import (  # type: ignore[import-untyped]
            ChatMessageToolCall,
            ChatMessageToolCallFunction,
            MessageRole,
            get_tool_json_schema,
        )
        from smolagents.monitoring import TokenUsage  # type: ignore[import-untyped]

        def called(call: Any) -> Any:
            function = ChatMessageToolCallFunction(name=call["name"], arguments=call["arguments"])
            return ChatMessageToolCall(function=function, id=call["id"], type="function")

        class Knocking(smolagents.Model):  # type: ignore[misc, name-defined]
            def generate(
                self,
                messages: list[Any],
                stop_sequences: list[str] | None = None,
                response_format: Any = None,
                tools_to_call_from: list[Any] | None = None,
                **_: Any,
            ) -> Any:
                said = door.knock(
                    "model",
                    messages=_noted(_told(messages), notes),
                    tools=[get_tool_json_schema(tool) for tool in tools_to_call_from or ()],
                    stop=stop_sequences or [],
                )
                return smolagents.ChatMessage(
                    role=MessageRole.ASSISTANT,
                    content=said["content"],
                    tool_calls=[called(call) for call in said["calls"]] or None,
                    token_usage=TokenUsage(said["prompt_tokens"], said["completion_tokens"]),
                )

        return Knocking(model_id="door")

    def _executor(self) -> Any:
        """What runs the agent's code elsewhere: a knock, and what came of it."""
        door = self._door
        from smolagents.local_python_executor import CodeOutput, PythonExecutor  # type: ignore[import-untyped]

        class Knocking(PythonExecutor):  # type: ignore[misc]
            def __init__(self) -> None:
                self.state: dict[str, Any] = {}

            def send_tools(self, tools: Any) -> None:
                """They are known there."""

            def send_variables(self, variables: Any) -> None:
                """There are none but the code's own."""

            def __call__(self, code_action: str) -> Any:
                self.state["_print_outputs"] = ""
                ran = door.knock("code", code=code_action)
                self.state["_print_outputs"] = ran["logs"]  # which smolagents shows beside an error
                if ran["error"]:
                    raise ToolFailed(ran["error"])
                return CodeOutput(output=ran["output"], logs=ran["logs"], is_final_answer=ran["is_final"])

        return Knocking()


def _told(messages: list[Any]) -> list[dict[str, Any]]:
    """smolagents' memory as an ordinary dialogue with tools: a call belongs to what was said, a result is a tool's."""
    turns: list[dict[str, Any]] = []
    for message in messages:
        fields = message if isinstance(message, dict) else vars(message)
        role, text = str(getattr(fields["role"], "value", fields["role"])), _text(fields.get("content"))
        if role == "tool-call":
            calls = _recorded(text)
            if calls and (not turns or turns[-1]["role"] != "assistant"):
                turns.append({"role": "assistant", "content": ""})
            if calls:
                turns[-1]["tool_calls"] = calls
        elif role == "tool-response":
            if turns and "tool_calls" in turns[-1]:
                called = turns[-1]["tool_calls"][0]["id"]
                turns.append({"role": "tool", "tool_call_id": called, "content": text.removeprefix("Observation:\n")})
            else:
                _add_seen(turns, text)
        else:
            turns.append({"role": role, "content": text.removeprefix("New task:\n")})
    return turns


def _noted(turns: list[dict[str, Any]], notes: str) -> list[dict[str, Any]]:
    """With notes before the task, in its message: many templates want no two of the same role in turn."""
    task = next((turn for turn in turns if turn["role"] == "user"), None)
    if notes and task is not None:
        task["content"] = f"{notes}\n{task['content']}"
    return turns


def _add_seen(turns: list[dict[str, Any]], text: str) -> None:
    """What code printed and gave, and its error: one message, of a role that every template has."""
    before = turns[-1]["content"] if turns and turns[-1]["role"] == "user" else ""
    if before.startswith(RESPONSE[0]) and before.endswith(RESPONSE[1]):
        turns[-1]["content"] = f"{before.removesuffix(RESPONSE[1])}\n{_seen(text)}{RESPONSE[1]}"
    else:
        turns.append({"role": "user", "content": f"{RESPONSE[0]}{_seen(text)}{RESPONSE[1]}"})


def _seen(text: str) -> str:
    """What a step of code gave, without the words that smolagents puts around it."""
    text = text.removeprefix("Observation:\n")
    failed = FAILED.fullmatch(text.strip())
    if failed:
        return f"Error: {failed[1]}"
    logs, mark, output = text.removeprefix("Execution logs:\n").rpartition("Last output from code snippet:\n")
    parts = (logs, output) if mark else (output,)
    return "\n".join(part.strip() for part in parts if part.strip() not in ("", "None")) or "None"


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    return "".join(part.get("text") or "" for part in content or ())


def _recorded(text: str) -> list[dict[str, Any]]:
    """The calls in smolagents' record of them, which is the repr of a list; none of code, which stands there anyway."""
    try:
        calls = ast.literal_eval(text.partition("\n")[2])
        return [
            {
                "id": call["id"],
                "type": "function",
                "function": {
                    "name": call["function"]["name"],
                    "arguments": json.dumps(call["function"]["arguments"]),
                },
            }
            for call in calls
            if call["function"]["name"] != "python_interpreter"
        ]
    except (ValueError, SyntaxError, TypeError, KeyError):
        return []


def _short(text: str) -> str:
    if len(text) <= MOST_CHARACTERS:
        return text
    half = MOST_CHARACTERS // 2
    return f"{text[:half]}\n…\n{text[-half:]}"


if __name__ == "__main__":
    main()
