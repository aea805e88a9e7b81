"""Several answers to one prompt, and how likely their tokens were, through the official client."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import httpx2
import openai
import pytest

from tests.harness import Tektra

HELLO: Any = [{"role": "user", "content": "hello"}]
WISH: Any = {"model": "tektra-starter", "messages": HELLO, "max_tokens": 12, "temperature": 1.5, "seed": 3}
RAW: Any = {"model": "tektra-starter", "prompt": "One two", "max_tokens": 8, "temperature": 1.5, "seed": 3}


@pytest.fixture(scope="module")
def client(shared: Tektra) -> Iterator[openai.OpenAI]:
    transport = httpx2.HTTPTransport(uds=str(shared.socket))
    http = httpx2.Client(transport=transport)
    with openai.OpenAI(base_url="http://tektra/v1", api_key="none", http_client=http, max_retries=0) as client:
        yield client


def test_several_answers_come_numbered_and_differ(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(**WISH, n=4)
    assert [choice.index for choice in answer.choices] == [0, 1, 2, 3]
    assert len({choice.message.content for choice in answer.choices}) > 1
    alone = client.chat.completions.create(**WISH)
    assert answer.choices[0].message.content == alone.choices[0].message.content
    assert answer.usage is not None
    assert alone.usage is not None
    assert answer.usage.prompt_tokens == alone.usage.prompt_tokens
    assert answer.usage.completion_tokens > alone.usage.completion_tokens


def test_several_answers_stream_side_by_side(client: openai.OpenAI) -> None:
    texts: dict[int, str] = defaultdict(str)
    reasons: dict[int, str] = {}
    whole = client.chat.completions.create(**WISH, n=3)
    for chunk in client.chat.completions.create(**WISH, n=3, stream=True):
        for choice in chunk.choices:
            texts[choice.index] += choice.delta.content or ""
            if choice.finish_reason:
                reasons[choice.index] = choice.finish_reason
    assert dict(texts) == {choice.index: choice.message.content for choice in whole.choices}
    assert reasons == {choice.index: choice.finish_reason for choice in whole.choices}


def test_several_prompts_each_get_several_answers(client: openai.OpenAI) -> None:
    many = client.completions.create(**RAW | {"prompt": ["One two", "Red green"]}, n=2)
    each = [client.completions.create(**RAW | {"prompt": prompt}, n=2) for prompt in ("One two", "Red green")]
    assert [choice.text for choice in many.choices] == [choice.text for one in each for choice in one.choices]
    streamed: dict[int, str] = defaultdict(str)
    for chunk in client.completions.create(**RAW | {"prompt": ["One two", "Red green"]}, n=2, stream=True):
        for choice in chunk.choices:
            streamed[choice.index] += choice.text
    assert [streamed[index] for index in range(4)] == [choice.text for choice in many.choices]


@pytest.mark.parametrize("top", [0, 3])
def test_log_probabilities_are_those_of_the_tokens_that_were_written(client: openai.OpenAI, top: int) -> None:
    choice = client.chat.completions.create(**WISH, logprobs=True, top_logprobs=top).choices[0]
    assert choice.logprobs is not None
    assert choice.logprobs.content is not None
    assert b"".join(bytes(token.bytes or []) for token in choice.logprobs.content).decode() == choice.message.content
    for token in choice.logprobs.content:
        assert token.logprob <= 0
        assert len(token.top_logprobs) == top
        likeliest = [other.logprob for other in token.top_logprobs]
        assert likeliest == sorted(likeliest, reverse=True)
        assert sum(map(math.exp, likeliest)) <= 1 + 1e-4
        assert all(token.logprob <= likeliest[0] + 1e-6 for _ in likeliest[:1])


def test_greedy_tokens_are_the_likeliest(client: openai.OpenAI) -> None:
    choice = client.chat.completions.create(**WISH | {"temperature": 0}, logprobs=True, top_logprobs=2).choices[0]
    assert choice.logprobs is not None
    for token in choice.logprobs.content or []:
        assert (token.bytes, token.logprob) == (token.top_logprobs[0].bytes, token.top_logprobs[0].logprob)


def test_streamed_log_probabilities_are_the_same(client: openai.OpenAI) -> None:
    whole = client.chat.completions.create(**WISH, logprobs=True, top_logprobs=1).choices[0].logprobs
    chunks = list(client.chat.completions.create(**WISH, logprobs=True, top_logprobs=1, stream=True))
    told = [choice.logprobs for chunk in chunks for choice in chunk.choices if choice.logprobs]
    assert whole is not None
    assert [token.logprob for one in told for token in one.content or []] == [
        pytest.approx(token.logprob, abs=1e-4) for token in whole.content or []
    ]


def test_completions_have_them_in_their_own_shape(client: openai.OpenAI) -> None:
    choice = client.completions.create(**RAW, logprobs=2, echo=True).choices[0]
    told = choice.logprobs
    assert told is not None
    assert told.tokens is not None
    assert told.text_offset is not None
    assert "One two" + "".join(told.tokens) == choice.text
    assert [
        choice.text[begin : begin + len(token)] for begin, token in zip(told.text_offset, told.tokens, strict=True)
    ] == told.tokens
    assert all(len(one) == 2 for one in told.top_logprobs or [])


def test_forced_tokens_are_certain(client: openai.OpenAI) -> None:
    body = {"regex": "The answer is (yes|no)"}
    choice = client.chat.completions.create(**WISH, logprobs=True, extra_body=body).choices[0]
    assert choice.logprobs is not None
    content = choice.logprobs.content or []
    assert "".join(token.token for token in content) == choice.message.content
    assert sum(token.logprob == 0.0 for token in content) >= 2
