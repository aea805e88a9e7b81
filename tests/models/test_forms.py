"""Answers held to a form: valid whatever the model would have said, and in fewer steps than they have tokens."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tektra_models.engine import Engine
from tektra_models.errors import BadRequest, ModelError
from tektra_models.generation import Delta, Form, Prompt, Sampling
from tests.models.test_llamacpp import GREEDY, Recorder, noise, opened, starter, tiny, with_

__all__ = ["noise", "starter", "tiny"]  # fixtures

PERSON = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 12},
        "age": {"type": "integer", "minimum": 0, "maximum": 150},
        "favourite_colour_of_the_person": {"enum": ["red", "green", "blue"]},
        "tags": {"type": "array", "items": {"type": "string", "maxLength": 5}, "maxItems": 3},
    },
    "required": ["name", "age", "favourite_colour_of_the_person", "tags"],
    "additionalProperties": False,
}
TOOLS = [
    {"type": "function", "function": {"name": "get_weather", "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string", "maxLength": 12}, "unit": {"enum": ["celsius", "fahrenheit"]}},
        "required": ["city", "unit"], "additionalProperties": False,
    }}},
    {"type": "function", "function": {"name": "stop \"quoted\" ünï", "parameters": {
        "type": "object", "properties": {}, "additionalProperties": False,
    }}},
]  # fmt: skip
ANY = Prompt(text="any text at all")
WILD = Sampling(temperature=1.5, top_p=1.0, top_k=0, min_p=0.0, max_tokens=400)


def schema(document: object) -> Form:
    return Form(kind="json_schema", text=json.dumps(document))


def answer(engine: Engine, form: Form, prompt: Prompt = ANY, sampling: Sampling = WILD, **fields: object) -> Recorder:
    return Recorder(engine, [prompt], with_(sampling, form=form, **fields))


@pytest.mark.parametrize("seed", range(8))
def test_random_weights_write_json_of_the_schema(noise: Engine, seed: int) -> None:
    done = answer(noise, schema(PERSON), seed=seed)
    person = json.loads(done.text[0])
    assert list(person) == PERSON["required"]
    assert isinstance(person["name"], str)
    assert 0 <= person["age"] <= 150
    assert person["favourite_colour_of_the_person"] in {"red", "green", "blue"}
    assert all(isinstance(tag, str) for tag in person["tags"])
    assert done.ends[0].reason == "stop"


@pytest.mark.parametrize("seed", range(4))
def test_random_weights_match_a_regular_expression(noise: Engine, seed: int) -> None:
    pattern = r"(yes|no), [0-9]{3} (times|days)"
    assert re.fullmatch(pattern, answer(noise, Form(kind="regex", text=pattern), seed=seed).text[0])


@pytest.mark.parametrize(
    "grammar",
    ['root ::= "<" [a-c]+ ">" end\nend ::= "!" | "?"', 'start: "<" LETTER+ ">" END\nLETTER: /[a-c]/\nEND: "!" | "?"'],
    ids=["gbnf", "lark"],
)
def test_random_weights_keep_to_a_grammar(noise: Engine, grammar: str) -> None:
    for seed in range(4):
        text = answer(noise, Form(kind="grammar", text=grammar), seed=seed).text[0]
        assert re.fullmatch(r"<[a-c]+[>]?[!?]?", text)


@pytest.mark.parametrize("seed", range(8))
def test_random_weights_call_one_of_the_tools(starter: Engine, seed: int) -> None:
    prompt = Prompt(messages=[{"role": "user", "content": "hello"}], tools=TOOLS)
    sequence_text: list[tuple[str, str]] = []
    starter.add("call", prompt, with_(WILD, form=Form(kind="call"), seed=seed, max_tokens=60))
    while starter.running or starter.waiting:
        for _, said in starter.step():
            if isinstance(said, Delta):
                assert not said.text.strip()
                assert said.tool_call is not None
                sequence_text.append((said.tool_call.name, said.tool_call.arguments))
    for name, arguments in sequence_text:
        read = json.loads(arguments)
        if name == "get_weather":
            assert set(read) == {"city", "unit"}
            assert read["unit"] in {"celsius", "fahrenheit"}
        else:
            assert (name, read) == ('stop "quoted" ünï', {})


def test_what_the_form_leaves_no_choice_about_is_not_computed(starter: Engine) -> None:
    done = answer(starter, schema(PERSON), sampling=Sampling(temperature=0.0, max_tokens=200))
    assert done.steps < done.ends[0].usage.completion_tokens / 2
    assert list(json.loads(done.text[0])) == PERSON["required"]


@pytest.mark.parametrize("most", range(1, 24))
def test_max_tokens_holds_also_among_forced_tokens(starter: Engine, most: int) -> None:
    greedy = Sampling(temperature=0.0, max_tokens=200)
    whole = answer(starter, schema(PERSON), sampling=greedy).text[0]
    cut = answer(starter, schema(PERSON), sampling=with_(greedy, max_tokens=most))
    assert cut.ends[0].usage.completion_tokens == most
    assert cut.ends[0].reason == "length"
    assert whole.startswith(cut.text[0])


def test_a_stop_string_among_forced_tokens_ends_the_answer(starter: Engine) -> None:
    done = answer(starter, schema(PERSON), sampling=Sampling(temperature=0.0, stop=("colour_of",)))
    assert done.text[0].endswith('"favourite_')
    assert done.ends[0].reason == "stop"


def test_forms_and_free_answers_run_side_by_side(starter: Engine) -> None:
    free, held = (
        Sampling(temperature=0.0, max_tokens=20),
        Sampling(temperature=0.0, max_tokens=200, form=schema(PERSON)),
    )
    alone = Recorder(starter, [ANY], free).text[0]
    starter._cells.forget()
    texts = {"free": "", "held": ""}
    starter.add("free", ANY, free)
    starter.add("held", ANY, held)
    while starter.running or starter.waiting:
        for request, said in starter.step():
            if isinstance(said, Delta):
                texts[request] += said.text
    assert texts["free"] == alone
    assert list(json.loads(texts["held"])) == PERSON["required"]


@pytest.mark.parametrize(
    "form",
    [
        Form(kind="json_schema", text="{"),
        Form(kind="json_schema", text="[]"),
        Form(kind="json_schema", text='{"type": "nothing"}'),
        Form(kind="regex", text="("),
        Form(kind="grammar", text="root ::= ("),
        Form(kind="grammar", text="start: missing"),
        Form(kind="call"),
    ],
    ids=str,
)
def test_a_form_that_cannot_be_used_is_refused_and_harms_nobody(noise: Engine, form: Form) -> None:
    with pytest.raises(BadRequest) as refused:
        answer(noise, form)
    assert len(refused.value.message) < 1000
    assert (noise.running, noise.waiting) == (0, 0)
    assert answer(noise, Form(kind="regex", text="ok")).text[0] == "ok"


HARD = 'start: s "z"\ns: "b" | ' + " | ".join(f'"a"{{{n},{n + 40}}} s' for n in range(1, 60))
"""So many ways to read a row of a's that the parser gives up after some twenty."""


def test_a_form_that_becomes_too_hard_ends_only_its_own_answer(tiny: Path) -> None:
    engine = opened(tiny)
    (letter,) = engine.backend.tokenize("a", special=False)
    always_a = with_(GREEDY, logit_bias=((letter, 1000.0),), max_tokens=200)
    engine.add("hard", ANY, with_(always_a, form=Form(kind="grammar", text=HARD)))
    engine.add("other", ANY, always_a)
    ends: dict[str, object] = {}
    while engine.running or engine.waiting:
        ends |= {request: said for request, said in engine.step() if not isinstance(said, Delta)}
    engine.backend.close()
    assert isinstance(ends["hard"], ModelError)
    assert not isinstance(ends["other"], ModelError)
