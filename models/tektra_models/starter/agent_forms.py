"""How smolagents' agents speak with a small model: short prompts, and their memory as an ordinary tool dialogue.

The stock prompts are thousands of tokens, and the stock memory shows a call twice and errors with advice around them.
Here a ToolCallingAgent's run looks like any dialogue with tools, one of which is final_answer; a CodeAgent's run is a
list of functions, a task, and code blocks with what they printed. The training data is made with the same builders.
smolagents is imported only where an agent is really built: nothing else of the package needs it.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from jinja2 import Environment, StrictUndefined, Template

from tektra_models.answers.stream import AnswerStream
from tektra_models.answers.usual import OPEN, USUAL
from tektra_models.starter.agent_prompts import CODE_CLOSE, CODE_OPEN, CODE_SYSTEM, TOOL_SYSTEM, prompt_templates

Complete = Callable[[list[dict[str, Any]], list[dict[str, Any]]], str]

FINAL_ANSWER: dict[str, Any] = {
    "type": "function",
    "function": {
        "name": "final_answer",
        "description": "Give the answer",
        "parameters": {"type": "object", "properties": {"answer": {"type": "string"}}, "required": ["answer"]},
    },
}
LONGEST_OBSERVATION = 1500
LONGEST_ERROR = 200
TASK_MARK = "New task:\n"
OBSERVATION_MARK = "Observation:\n"
CODE_OBSERVATION = re.compile(r"Execution logs:\n(.*?)(?:Last output from code snippet:\n(.*))?", re.DOTALL)
ERROR = re.compile(r"(?:Call id: [^\n]*\n)?Error:\n(.*)\nNow let's retry: .*", re.DOTALL)
WRAPPED_ERRORS = (
    re.compile(r"Error executing .* with arguments .*\}: (\w+: .*)\nPlease try again.*", re.DOTALL),
    re.compile(r"Code (?:execution|parsing) failed (?:at|on) line .*? due to: (.*)", re.DOTALL),
)


def tool_templates() -> dict[str, Any]:
    """The short prompts for a ToolCallingAgent."""
    return prompt_templates(TOOL_SYSTEM)


def code_templates() -> dict[str, Any]:
    """The short prompts for a CodeAgent."""
    return prompt_templates(CODE_SYSTEM)


@lru_cache(maxsize=4)
def compiled(text: str) -> Template:
    """A prompt template as smolagents compiles it."""
    return Environment(undefined=StrictUndefined, autoescape=False).from_string(text)  # noqa: S701 (a prompt, no page)


def tool_system(instructions: str | None = None) -> str:
    """The system prompt of a ToolCallingAgent."""
    return compiled(TOOL_SYSTEM).render(custom_instructions=instructions)


def code_system(tools: Sequence[Mapping[str, Any]], instructions: str | None = None) -> str:
    """The system prompt of a CodeAgent with these tools, given in the OpenAI form."""
    functions = {tool["function"]["name"]: plain_tool(tool["function"]) for tool in tools}
    return compiled(CODE_SYSTEM).render(tools=functions, custom_instructions=instructions)


def plain_tool(function: Mapping[str, Any]) -> dict[str, Any]:
    """A function in the OpenAI form as what smolagents keeps of a tool: name, description, inputs."""
    parameters = function["parameters"]
    inputs: dict[str, Any] = {}
    for name, schema in parameters["properties"].items():
        optional = {} if name in parameters.get("required", []) else {"nullable": True}
        inputs[name] = {**schema, "description": schema.get("description", ""), **optional}
    return {"name": function["name"], "description": function.get("description", ""), "inputs": inputs}


def brief(text: str) -> str:
    """The first sentence of a description, without its full stop when more follows."""
    return (text.strip().split("\n")[0] + " ").split(". ")[0].strip()[:120]


def short_declaration(tool: Mapping[str, Any]) -> dict[str, Any]:
    """A declaration in the OpenAI form with all left out that a small context has no room for."""
    function = tool["function"]
    if function["name"] == FINAL_ANSWER["function"]["name"]:
        return FINAL_ANSWER
    properties: dict[str, Any] = {}
    for name, schema in function["parameters"]["properties"].items():
        kept = {key: value for key, value in schema.items() if key != "nullable" and value != ""}
        properties[name] = {**kept, "description": brief(kept["description"])} if "description" in kept else kept
    parameters = {"type": "object", "properties": properties, "required": function["parameters"].get("required", [])}
    return {
        "type": "function",
        "function": {
            "name": function["name"],
            "description": brief(function.get("description", "")),
            "parameters": parameters,
        },
    }


def code_block(code: str) -> str:
    """Code as the model writes it."""
    return f"{CODE_OPEN}\n{code}\n{CODE_CLOSE}"


def literal(value: Any) -> str:
    """A JSON value as Python source, strings in double quotes."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list):
        return f"[{', '.join(literal(item) for item in value)}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{literal(key)}: {literal(item)}' for key, item in value.items())}}}"
    return repr(value)


def error_text(error: str) -> str:
    """An error in one short line."""
    for form in WRAPPED_ERRORS:
        if found := form.fullmatch(error):
            error = found[1]
            break
    return f"Error: {' '.join(error.split())[:LONGEST_ERROR]}"


def observation_text(text: str) -> str:
    """What a step gave back, without the words that smolagents puts around it."""
    if found := ERROR.fullmatch(text.strip()):
        return error_text(found[1])
    text = text.removeprefix(OBSERVATION_MARK)
    if found := CODE_OBSERVATION.fullmatch(text):
        logs, last = found[1].strip(), (found[2] or "").strip()
        text = "\n".join(part for part in (logs, last) if part and part != "None") or "None"
    if len(text) > LONGEST_OBSERVATION:
        half = LONGEST_OBSERVATION // 2
        text = f"{text[:half]}\n...\n{text[-half:]}"
    return text


def read_calls(text: str) -> tuple[str, list[dict[str, Any]]]:
    """What an answer says, and its calls in the OpenAI form with the arguments as an object."""
    stream = AnswerStream(USUAL)
    deltas = [*stream.push(text), *stream.close()]
    calls = [
        {"type": "function", "function": {"name": call.name, "arguments": json.loads(call.arguments)}}
        for delta in deltas
        if (call := delta.tool_call)
    ]
    return "".join(delta.text for delta in deltas if delta.text), calls


def spoken(text: str) -> dict[str, Any]:
    """An assistant's message from the text that the model wrote."""
    said, calls = read_calls(text)
    return {"role": "assistant", "content": said, **({"tool_calls": calls} if calls else {})}


def recorded_calls(text: str) -> list[dict[str, Any]]:
    """The calls in smolagents' own record of them, which is the repr of a list."""
    try:
        calls = ast.literal_eval(text.partition("\n")[2])
        return [
            {
                "type": "function",
                "function": {"name": str(call["function"]["name"]), "arguments": call["function"]["arguments"]},
            }
            for call in calls
        ]
    except (ValueError, SyntaxError, TypeError, KeyError):
        return []


def text_of(content: Any) -> str:
    """The text of a message's content, which may be a list of parts."""
    if content is None or isinstance(content, str):
        return content or ""
    return "".join(part.get("text") or "" for part in content)


def with_record(turns: list[dict[str, Any]], text: str) -> None:
    """Add smolagents' record of a call where the model's own words do not already hold it."""
    last = turns[-1] if turns and turns[-1]["role"] == "assistant" else None
    if last and (last.get("tool_calls") or CODE_OPEN in last["content"]):
        return
    calls = recorded_calls(text)
    if calls and calls[0]["function"]["name"] == "python_interpreter":
        turns.append({"role": "assistant", "content": code_block(str(calls[0]["function"]["arguments"]))})
    elif calls and last:
        last["tool_calls"] = calls
    elif calls:
        turns.append({"role": "assistant", "content": "", "tool_calls": calls})


def openai_messages(messages: Iterable[Any]) -> list[dict[str, Any]]:
    """smolagents' messages in the OpenAI form that the chat template renders best."""
    turns: list[dict[str, Any]] = []
    for message in messages:
        fields = message if isinstance(message, Mapping) else vars(message)
        role, text = str(getattr(fields["role"], "value", fields["role"])), text_of(fields.get("content"))
        if role == "system":
            turns += [{"role": "system", "content": text}] if text else []
        elif role == "assistant":
            turns.append(spoken(text))
        elif role == "tool-call":
            with_record(turns, text)
        elif role != "tool-response":
            turns.append({"role": role, "content": text.removeprefix(TASK_MARK)})
        elif turns and turns[-1]["role"] == "tool":
            # Code that could not be read printed nothing: what smolagents shows beside it is the step before, again.
            before = "" if "Error:\nCode parsing failed" in text else f"{turns[-1]['content']}\n"
            turns[-1]["content"] = before + observation_text(text)
        else:
            turns.append({"role": "tool", "content": observation_text(text)})
    return turns


def finished_code(text: str) -> str:
    """The model's text as a code block; a plain answer becomes the final answer."""
    if CODE_OPEN in text:
        return text.partition(CODE_CLOSE)[0].rstrip("\n") + f"\n{CODE_CLOSE}"
    if "final_answer(" in text:
        return code_block(text.strip())
    return code_block(f"final_answer({literal(text.strip())})")


def local_model(complete: Complete, model_id: str = "tektra-starter") -> Any:
    """A smolagents Model that asks `complete(messages, tools)` and understands what comes back."""
    import smolagents  # type: ignore[import-untyped]
    from smolagents.models import (  # type: ignore[import-untyped]
        ChatMessageToolCall,
        ChatMessageToolCallFunction,
        get_tool_json_schema,
    )

    def called(calls: list[dict[str, Any]]) -> list[Any]:
        return [
            ChatMessageToolCall(
                function=ChatMessageToolCallFunction(**call["function"]), id=f"call_{place:02}", type="function"
            )
            for place, call in enumerate(calls, start=1)
        ]

    class LocalModel(smolagents.Model):  # type: ignore[misc]
        """Renders an agent's memory in the short form and reads calls and code from the model's text."""

        def generate(
            self,
            messages: list[Any],
            stop_sequences: list[str] | None = None,
            response_format: dict[str, str] | None = None,
            tools_to_call_from: list[Any] | None = None,
            **options: Any,
        ) -> Any:
            """One answer of the model."""
            role = smolagents.models.MessageRole.ASSISTANT
            shown = openai_messages(messages)
            tools = [short_declaration(get_tool_json_schema(tool)) for tool in tools_to_call_from or []]
            text = complete(shown, tools)
            if not tools:
                wants_code = CODE_CLOSE in (stop_sequences or [])
                return smolagents.ChatMessage(role=role, content=finished_code(text) if wants_code else text)
            said, calls = read_calls(text)
            if not calls and OPEN not in said:
                answer = {"function": {"name": "final_answer", "arguments": {"answer": said.strip()}}}
                return smolagents.ChatMessage(role=role, content=None, tool_calls=called([answer]))
            # The text itself stays in the memory: smolagents forgets a call whose tool raised an error.
            return smolagents.ChatMessage(role=role, content=text, tool_calls=called(calls) or None)

        def parse_tool_calls(self, message: Any) -> Any:
            """Refuse what only looks like a call, in words short enough to be shown to the model."""
            raise ValueError("the call is not valid JSON")

    return LocalModel(model_id=model_id)
