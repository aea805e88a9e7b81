"""The official OpenAI client, unchanged, over the socket."""

from __future__ import annotations

import base64
import json
import re
import struct
from collections.abc import Iterator
from typing import Any

import httpx2
import openai
import pytest

from tests.harness import Tektra

CALL = '<tool_call>\n{"name": "add", "arguments": {"a": 2, "b": 3}}\n</tool_call>'
ADD = {
    "type": "function",
    "function": {
        "name": "add",
        "description": "Add two numbers.",
        "parameters": {"type": "object", "properties": {"a": {"type": "number"}, "b": {"type": "number"}}},
    },
}
THOUGHT = {"when": "ponder", "say": "<think>So, so.</think>Yes."}
NO_THINKING = {"chat_template_kwargs": {"enable_thinking": False}}
HELLO: Any = [{"role": "user", "content": "hello"}]


@pytest.fixture(scope="module")
def client(shared: Tektra) -> Iterator[openai.OpenAI]:
    shared.import_scripted("speaker", [{"when": "sum", "say": CALL}, THOUGHT, {"say": "Hello, wörld! STOP not this"}])
    transport = httpx2.HTTPTransport(uds=str(shared.socket))
    http = httpx2.Client(transport=transport)
    with openai.OpenAI(base_url="http://tektra/v1", api_key="none", http_client=http, max_retries=0) as client:
        yield client


def test_a_whole_answer_has_text_reason_and_usage(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(model="speaker", messages=HELLO)
    assert answer.choices[0].message.content == "Hello, wörld! STOP not this"
    assert answer.choices[0].finish_reason == "stop"
    assert answer.model == "speaker"
    assert answer.usage is not None
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    assert answer.usage.completion_tokens == len("Hello, wörld! STOP not this".encode())


def test_an_answer_says_how_much_of_its_prompt_was_known(client: openai.OpenAI) -> None:
    for question in ("How are you?", "How old are you?"):
        answer = client.chat.completions.create(
            model="speaker",
            messages=[{"role": "system", "content": "Be brief. " * 20}, {"role": "user", "content": question}],
        )
    assert answer.usage is not None
    assert answer.usage.prompt_tokens_details is not None
    assert answer.usage.prompt_tokens_details.cached_tokens == len("system: " + "Be brief. " * 20 + "\nuser: How ")


def test_a_stream_gives_the_same_text_in_pieces_and_usage_when_asked(client: openai.OpenAI) -> None:
    stream = client.chat.completions.create(
        model="speaker", messages=HELLO, stream=True, stream_options={"include_usage": True}
    )
    chunks = list(stream)
    said = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
    assert "".join(said) == "Hello, wörld! STOP not this"
    assert "\ufffd" not in "".join(said)
    assert len({chunk.id for chunk in chunks}) == 1
    assert chunks[0].choices[0].delta.role == "assistant"
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == len("Hello, wörld! STOP not this".encode())


def test_stop_strings_and_token_limits_end_an_answer(client: openai.OpenAI) -> None:
    stopped = client.chat.completions.create(model="speaker", messages=HELLO, stop=[" STOP"])
    assert (stopped.choices[0].message.content, stopped.choices[0].finish_reason) == ("Hello, wörld!", "stop")
    cut = client.chat.completions.create(model="speaker", messages=HELLO, max_completion_tokens=5)
    assert (cut.choices[0].message.content, cut.choices[0].finish_reason) == ("Hello", "length")


def test_more_tokens_than_fit_are_granted_as_far_as_the_context_goes(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(model="speaker", messages=HELLO, max_tokens=32_000)
    assert answer.choices[0].finish_reason == "stop"


def test_a_tool_call_comes_back_as_one(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(
        model="speaker",
        messages=[{"role": "user", "content": "the sum?"}],
        tools=[ADD],  # type: ignore[list-item]
    )
    (call,) = answer.choices[0].message.tool_calls or []
    assert answer.choices[0].finish_reason == "tool_calls"
    assert answer.choices[0].message.content is None
    assert (call.function.name, json.loads(call.function.arguments)) == ("add", {"a": 2, "b": 3})


def test_a_streamed_tool_call_comes_back_as_one(client: openai.OpenAI) -> None:
    stream = client.chat.completions.create(
        model="speaker",
        messages=[{"role": "user", "content": "the sum?"}],
        tools=[ADD],
        stream=True,  # type: ignore[list-item]
    )
    chunks = [chunk.choices[0] for chunk in stream]
    calls = [call for choice in chunks for call in choice.delta.tool_calls or []]
    assert [(call.index, call.function.name) for call in calls if call.function] == [(0, "add")]
    assert chunks[-1].finish_reason == "tool_calls"


def test_reasoning_is_a_field_of_its_own(client: openai.OpenAI) -> None:
    wish: Any = {"model": "speaker", "messages": [{"role": "user", "content": "ponder"}]}
    message = client.chat.completions.create(**wish, reasoning_effort="high").choices[0].message
    assert (message.content, message.reasoning_content) == ("Yes.", "So, so.")  # type: ignore[attr-defined]
    chunks = list(client.chat.completions.create(**wish, stream=True, extra_body=NO_THINKING))
    deltas = [chunk.choices[0].delta for chunk in chunks]
    assert "".join(getattr(delta, "reasoning_content", None) or "" for delta in deltas) == "So, so."
    assert "".join(delta.content or "" for delta in deltas) == "Yes."


def test_without_tools_on_offer_the_same_text_is_only_text(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(model="speaker", messages=[{"role": "user", "content": "the sum?"}])
    assert answer.choices[0].message.content == CALL
    none = client.chat.completions.create(
        model="speaker",
        messages=[{"role": "user", "content": "the sum?"}],
        tools=[ADD],
        tool_choice="none",  # type: ignore[list-item]
    )
    assert none.choices[0].message.content == CALL


PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer", "minimum": 0, "maximum": 150}},
    "required": ["name", "age"],
    "additionalProperties": False,
}


def test_an_answer_keeps_to_a_json_schema(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(
        model="tektra-starter",
        messages=[{"role": "user", "content": "Ella Hart is 34 years old."}],
        response_format={"type": "json_schema", "json_schema": {"name": "person", "strict": True, "schema": PERSON}},
        max_tokens=200,
        temperature=0,
    )
    person = json.loads(answer.choices[0].message.content or "")
    assert [type(person[key]) for key in ("name", "age")] == [str, int]


def test_any_object_will_do_for_a_json_object(client: openai.OpenAI) -> None:
    stream = client.chat.completions.create(
        model="tektra-starter",
        messages=HELLO,
        response_format={"type": "json_object"},
        stream=True,
        max_tokens=60,
        temperature=0,
    )
    text = "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)
    assert text.startswith("{")


@pytest.mark.parametrize("choice", ["required", {"type": "function", "function": {"name": "add"}}])
@pytest.mark.parametrize("stream", [False, True])
def test_a_call_that_is_due_comes_whatever_was_said(client: openai.OpenAI, choice: Any, stream: bool) -> None:
    sent: Any = {"model": "tektra-starter", "messages": HELLO, "tools": [ADD], "tool_choice": choice, "temperature": 0}
    if stream:
        chunks = list(client.chat.completions.create(stream=True, **sent))
        calls = [call for chunk in chunks for call in chunk.choices[0].delta.tool_calls or []]
        assert chunks[-1].choices[0].finish_reason == "tool_calls"
    else:
        calls = client.chat.completions.create(**sent).choices[0].message.tool_calls or []
    assert {call.function.name for call in calls} == {"add"}
    assert all(set(json.loads(call.function.arguments)) <= {"a", "b"} for call in calls)


@pytest.mark.parametrize(
    ("form", "pattern"),
    [({"regex": "(yes|no)!"}, "(yes|no)!"), ({"grammar": 'root ::= "go " [0-9]'}, "go [0-9]"),
     ({"json_schema": {"enum": ["red", "blue"]}}, '"(red|blue)"')],
)  # fmt: skip
def test_raw_completions_keep_to_a_form_too(client: openai.OpenAI, form: dict[str, Any], pattern: str) -> None:
    answer = client.completions.create(model="tektra-starter", prompt="well,", extra_body=form)
    assert re.fullmatch(pattern, answer.choices[0].text)


def test_history_with_tool_calls_and_content_parts_is_read(client: openai.OpenAI) -> None:
    history: Any = [
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "please "}, {"type": "text", "text": "add"}]},
        {"role": "assistant", "content": None, "tool_calls": [
            {"id": "c1", "type": "function", "function": {"name": "add", "arguments": '{"a": 1, "b": 2}'}}]},
        {"role": "tool", "tool_call_id": "c1", "content": "3"},
    ]  # fmt: skip
    answer = client.chat.completions.create(model="speaker", messages=history)
    assert answer.choices[0].message.content
    built_in = client.chat.completions.create(
        model="tektra-starter",
        messages=history,
        tools=[ADD],
        max_tokens=8,
        temperature=0,  # type: ignore[list-item]
    )
    assert built_in.usage is not None
    assert built_in.usage.prompt_tokens > 50


def test_raw_completions_go_on_for_each_prompt(client: openai.OpenAI) -> None:
    answer = client.completions.create(model="speaker", prompt=["one", "two"], max_tokens=5, echo=True)
    assert [choice.text for choice in answer.choices] == ["oneHello", "twoHello"]
    assert [choice.index for choice in answer.choices] == [0, 1]
    stream = client.completions.create(model="speaker", prompt="one", max_tokens=5, stream=True)
    assert "".join(chunk.choices[0].text for chunk in stream) == "Hello"


def test_embeddings_are_unit_vectors_in_both_encodings(client: openai.OpenAI) -> None:
    result = client.embeddings.create(model="tektra-starter", input=["a cat", "a cat", "seven 7 numbers"])
    plain = client.embeddings.create(model="tektra-starter", input="a cat", encoding_format="float")
    first, second, third = (row.embedding for row in result.data)
    assert sum(x * x for x in first) == pytest.approx(1.0, abs=1e-4)
    assert first == pytest.approx(second, abs=1e-5)
    assert first == pytest.approx(plain.data[0].embedding, abs=1e-5)
    assert first != pytest.approx(third, abs=1e-2)
    assert result.usage.prompt_tokens > 0


def test_base64_embeddings_are_little_endian_floats(shared: Tektra) -> None:
    with shared.client() as http:
        body = {"model": "tektra-starter", "input": "a cat"}
        plain = http.post("/v1/embeddings", json=body).json()["data"][0]["embedding"]
        packed = http.post("/v1/embeddings", json=body | {"encoding_format": "base64"}).json()["data"][0]["embedding"]
    data = base64.b64decode(packed)
    assert struct.unpack(f"<{len(data) // 4}f", data) == pytest.approx(plain, abs=1e-6)


def test_models_are_listed(client: openai.OpenAI) -> None:
    listed = {model.id: model.owned_by for model in client.models.list()}
    assert listed["tektra-starter"] == "built-in"
    assert listed["speaker"] == "linked"
    assert client.models.retrieve("speaker").id == "speaker"


def test_a_seed_makes_an_answer_repeatable(client: openai.OpenAI) -> None:
    def ask(seed: int) -> str | None:
        answer = client.chat.completions.create(
            model="tektra-starter", messages=HELLO, seed=seed, temperature=2.0, top_p=1.0, max_tokens=30
        )
        return answer.choices[0].message.content

    assert ask(1) == ask(1)
    assert len({ask(seed) for seed in range(2, 8)}) > 1


@pytest.mark.parametrize("stream", [False, True])
def test_errors_come_with_their_status_before_any_stream_begins(client: openai.OpenAI, stream: bool) -> None:
    with pytest.raises(openai.NotFoundError) as unknown:
        client.chat.completions.create(model="speeker", messages=HELLO, stream=stream)
    assert unknown.value.code == "model_not_found"
    assert "speaker" in str(unknown.value.body)
    long_message: Any = [{"role": "user", "content": "x" * 20_000}]
    with pytest.raises(openai.BadRequestError) as long:
        client.chat.completions.create(model="speaker", messages=long_message, stream=stream)
    assert long.value.code == "context_length_exceeded"


@pytest.mark.parametrize(
    "parameter",
    [{"n": 99}, {"top_logprobs": 3}, {"logprobs": True, "top_logprobs": 21}, {"temperature": 9},
     {"response_format": {"type": "xml"}},
     {"response_format": {"type": "json_schema"}}, {"extra_body": {"regex": "("}}, {"tool_choice": "required"},
     {"extra_body": {"regex": "a", "grammar": 'root ::= "a"'}},
     {"tools": [ADD], "response_format": {"type": "json_object"}},
     {"max_tokens": 0}, {"messages": []}, {"stop": ["x"] * 99}, {"logit_bias": {"999999": 1}}],
)  # fmt: skip
def test_what_cannot_be_honoured_is_refused(client: openai.OpenAI, parameter: dict[str, Any]) -> None:
    with pytest.raises(openai.BadRequestError):
        client.chat.completions.create(**{"model": "tektra-starter", "messages": HELLO} | parameter)
