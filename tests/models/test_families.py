"""What a model's own template tells of its answers is enough to read them, and to write calls that are valid."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache

import pytest
from hypothesis import given
from hypothesis import strategies as st
from llguidance import LLMatcher

from tektra_models.answers.call_grammar import CallGrammar
from tektra_models.answers.messages import fitted
from tektra_models.answers.usual import USUAL
from tektra_models.chat_format import ChatFormat
from tektra_models.engine import Engine
from tektra_models.generation import Delta, Form, Prompt, Sampling
from tektra_models.spec import Spec
from tektra_models.starter import MODEL_PATH
from tektra_models.worker import open_backend
from tests.families.roundtrip import ANSWERS, ASKED, CONTENT, REASONING, TOOLS, Call, Family, LeftOut, Said, cut
from tests.families.styles import STYLES, calling, tagged, turns
from tests.models.test_llamacpp import noise, tiny

__all__ = ["noise", "tiny"]  # fixtures

# What these templates cannot write, by their nature.
LEFT_OUT = {
    "json and nothing else": {"reasoning", "content and a call", "two calls", "everything", "reasoning and a call"},
}
# Values of these may hold whatever does not look like the end of a value.
UNQUOTED = {"tags on lines", "keys and values", "typed tags", "as in a program", "a dictionary"}
WORDS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"], exclude_characters="<>|'\"[]"), min_size=1
)


@lru_cache
def family(style: str) -> Family:
    return Family(STYLES[style])


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("style", STYLES)
def test_an_answer_comes_back_equal_however_it_is_cut(style: str, answer: str) -> None:
    said = ANSWERS[answer]
    if answer in LEFT_OUT.get(style, ()):
        with pytest.raises(LeftOut):
            family(style).written(said)
        return
    prompt, text = family(style).written(said)
    assert [family(style).read(prompt, cut(text, width)) for width in (1, 2, 5, len(text))] == [said] * 4


@pytest.mark.parametrize("style", sorted(set(STYLES) - UNQUOTED))
@given(given=st.fixed_dictionaries({"path": st.text(), "text": st.text()}), width=st.integers(1, 20))
def test_any_text_in_json_comes_back_equal(style: str, given: dict[str, str], width: int) -> None:
    given = {key: value.encode(errors="replace").decode() for key, value in given.items()}
    said = Said(calls=[("write_file", given)])
    prompt, text = family(style).written(said)
    assert family(style).read(prompt, cut(text, width)) == said


@pytest.mark.parametrize("style", sorted(UNQUOTED))
@given(path=WORDS, text=WORDS, mode=st.integers(), append=st.booleans(), width=st.integers(1, 20))
def test_any_words_between_tags_or_quotes_come_back_equal(
    style: str, path: str, text: str, mode: int, append: bool, width: int
) -> None:
    said = Said(calls=[("write_file", {"path": path, "text": text, "mode": mode, "append": append})])
    prompt, written = family(style).written(said)
    assert family(style).read(prompt, cut(written, width)) == said


@pytest.mark.parametrize("style", STYLES)
@given(content=st.lists(WORDS | st.sampled_from([" ", "\n", "{", '"', "1 < 2", "a > b", "call", "[]"])).map("".join))
def test_words_alone_are_words(style: str, content: str) -> None:
    said = Said(content.strip() or "x")
    prompt, text = family(style).written(said)
    assert family(style).read(prompt, [text]) == said


@pytest.mark.parametrize("style", STYLES)
def test_without_tools_a_call_is_text(style: str) -> None:
    prompt, text = family(style).written(Said(calls=[("get-time", {"zone": "UTC"})]))
    stream = family(style).format.answer(prompt)
    deltas = stream.push(text) + stream.close()
    assert not [delta for delta in deltas if delta.tool_call]
    assert "get-time" in "".join(delta.text for delta in deltas)


def accepts(engine: Engine, grammar: str, text: str) -> bool:
    """Whether a grammar admits all of a text, and nothing need follow."""
    follower = engine.backend.follower(LLMatcher.grammar_from_lark(grammar))
    matcher = follower._matcher
    tokens = engine.backend.tokenize(text, special=False)
    tokens = tokens[1:] if engine.backend.token_bytes(tokens[0]) == b"" else tokens
    return matcher.validate_tokens(tokens) == len(tokens) and matcher.consume_tokens(tokens) and matcher.is_accepting()


STRICT = [json.loads(json.dumps(tool)) for tool in TOOLS]
CALLED: list[list[Call]] = [
    [("write_file", {"path": "/tmp/a b.txt", "text": "plain", "mode": 7, "append": True, "tags": ["a", "b c"]})],
    [("write_file", {"path": "ü", "text": "two\nlines {x}"})],
    [("get-time", {})],
    [("get-time", {"zone": "Europe/Berlin"}), ("write_file", {"path": "1", "text": "true"})],
]


@pytest.mark.parametrize("calls", CALLED, ids=["many kinds", "texts", "no arguments", "two"])
@pytest.mark.parametrize("style", STYLES)
def test_the_grammar_of_calls_admits_what_the_template_writes(style: str, calls: list[Call], noise: Engine) -> None:
    form = family(style).format.learned.form
    assert form.calls is not None
    if len(calls) > 1 and form.calls.spelling and form.calls.spelling.between is None:
        pytest.skip("lists of calls are held to one call")
    _, text = family(style).written(Said(calls=calls))
    grammar = CallGrammar(form.calls, {}).of(STRICT)
    text = text[form.calls.open.find(text)[0] :] if form.calls.open else text
    assert accepts(noise, grammar, text.strip())
    assert not accepts(noise, grammar, text.replace("get-time", "other").replace("write_file", "other").strip())


def test_a_template_that_tells_nothing_is_taken_to_be_as_usual() -> None:
    learned = ChatFormat("{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}").learned
    assert learned.form.calls == USUAL.calls
    assert learned.form.reasoning == USUAL.reasoning
    assert not learned.writes_calls


@pytest.mark.parametrize(
    "template",
    [
        "{{ raise_exception('no') }}",
        "{% for i in range(9) %}{% for m in messages %}{{ m.content * 1000 }}{% endfor %}{% endfor %}",
        "{{ messages }}",
        "{% for m in messages %}{{ m }}{% endfor %}",
        "{% if messages | length > 1 %}{{ messages[1].content or messages[1].tool_calls }}{% endif %}",
        "{% if messages | length > 1 %}{{ messages[1].tool_calls | tojson }}{% endif %}",
        turns("{{ m | tojson }}"),
        turns("{{ m.tool_calls | tojson }}" * 3),
        turns("{{ m.reasoning_content }} \n {{ m.content }}"),
        turns("{{ m.reasoning_content }}" + "x" * 5000 + "{{ m.content }}"),
        turns("<think>{{ m.reasoning_content }}</think>" + "<y>" * 5000 + "{{ m.content }}"),
        calling("{{ c.function.name }}" + tagged("{{ k }}" + "<z>" * 3000 + "{{ v }}")),
        calling("{{ c.function.name }}" + tagged("{{ k }}{{ v }}")),
        turns("{{ '<think>' * 50 }}{{ m.reasoning_content }}{{ m.content }}{{ m.tool_calls }}"),
        "",
    ],
)
def test_no_template_is_too_strange_to_learn_from(template: str) -> None:
    form = ChatFormat(template)
    stream = form.answer("", TOOLS)
    assert "".join(delta.text for delta in [*stream.push(CONTENT), *stream.close()])


@pytest.mark.parametrize("style", STYLES)
def test_an_answer_that_nests_without_end_is_text(style: str) -> None:
    stream = family(style).format.answer("", TOOLS)
    _, text = family(style).written(Said(calls=[("write_file", {"path": "a", "text": "b", "tags": ["VALUE"]})]))
    answer = text.replace("VALUE", "[" * 100_000)
    deltas = stream.push(answer) + stream.close()
    assert len("".join(delta.text or (delta.tool_call.arguments if delta.tool_call else "") for delta in deltas)) > 9000


def test_reasoning_is_switched_where_the_template_knows_how() -> None:
    knows = ChatFormat(turns("{{ m.content }}", "{% if enable_thinking is false %}<think></think>{% endif %}"))
    assert knows.learned.switch == "enable_thinking"
    assert knows.render([ASKED], think=False).endswith("<|assistant|><think></think>")
    assert knows.render([ASKED], think=True).endswith("<|assistant|>")
    assert knows.render([ASKED]).endswith("<|assistant|>")
    assert ChatFormat(STYLES["json in tags"]).render([ASKED], think=False).endswith("<|assistant|>")


def test_reasoning_that_the_template_opens_is_reasoning_from_the_first_word() -> None:
    form = family("opened reasoning").format
    stream = form.answer(form.render([ASKED]))
    deltas = [*stream.push(f"{REASONING}\n</th"), *stream.push(f"ink>\n{CONTENT}"), *stream.close()]
    assert "".join(delta.reasoning for delta in deltas) == REASONING
    assert "".join(delta.text for delta in deltas) == CONTENT


def test_earlier_calls_and_their_results_keep_the_same_ids_in_the_form_that_a_template_wants() -> None:
    call = {"id": "call_abcdefghijklmnop", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    history = [
        {"role": "assistant", "content": None, "tool_calls": [call, {**call, "id": "call_2"}]},
        {"role": "tool", "content": "1", "tool_call_id": "call_abcdefghijklmnop"},
        {"role": "tool", "content": "2", "tool_call_id": "call_2"},
    ]
    for style, wanted in (("nine letters", 9), ("an id that names", len("functions.f:0"))):
        said, *results = fitted(history, family(style).format.learned.habits)
        ids = [call["id"] for call in said["tool_calls"]]
        assert ids == [result["tool_call_id"] for result in results]
        assert len(set(ids)) == 2
        assert {len(one) for one in ids} == {wanted}


CONTROL = turns(
    "{{ m.content }}{% for c in m.tool_calls or [] %}"
    "<|im_start|>call:{{ c.function.name }}<|im_start|>{{ c.function.arguments | tojson }}<|im_start|>{% endfor %}"
)


@pytest.fixture(scope="module")
def marked() -> Iterator[Engine]:
    """The built-in model's vocabulary under a template whose marks are control tokens."""
    spec = Spec(name="m", path=str(MODEL_PATH), threads=1, context=1024)
    backend = open_backend(spec)
    backend.chat_template = CONTROL
    yield Engine(backend, spec)
    backend.close()


@pytest.mark.parametrize("seed", range(4))
def test_marks_that_are_control_tokens_are_written_and_read(marked: Engine, seed: int) -> None:
    zone = {"type": "object", "properties": {"zone": {"enum": ["UTC", "CET"]}}, "additionalProperties": False}
    tools = [{"type": "function", "function": {"name": "get-time", "parameters": zone}}]
    prompt = Prompt(messages=[ASKED], tools=tools)
    marked.add("call", prompt, Sampling(temperature=1.5, seed=seed, max_tokens=80, form=Form(kind="call")))
    said = [event for _ in range(80) if marked.running or marked.waiting for _, event in marked.step()]
    calls = [one.tool_call for one in said if isinstance(one, Delta) and one.tool_call]
    assert calls
    assert {call.name for call in calls} == {"get-time"}
    text = "".join(one.text for one in said if isinstance(one, Delta)).strip()
    assert not text or (text.startswith("<|im_start|>call:") and said[-1].reason == "length")  # the last one was cut


FORMS = {
    Form(kind="call"): "",
    Form(kind="regex", text="a/b|c"): "a/b",
    Form(kind="json_schema", text="{}"): '"text"',
    Form(kind="grammar", text='root ::= "<" [a-c]+ ">"'): "<abc>",
}


@pytest.mark.parametrize("style", ["opened reasoning", "json in tags"])
@pytest.mark.parametrize("kind", FORMS, ids=lambda form: form.kind)
def test_a_form_holds_behind_reasoning(kind: Form, style: str) -> None:
    """Anything may be thought."""
    spec = Spec(name="m", path=str(MODEL_PATH), threads=1, context=1024)
    backend = open_backend(spec)
    backend.chat_template = STYLES[style]
    engine = Engine(backend, spec)
    begun = style == "opened reasoning"
    follower = engine._follower(kind, Prompt(messages=[ASKED], tools=TOOLS[1:]), begun=begun)
    assert follower is not None
    thoughts = ["I think</thin.</think>\n"] if begun else ["", "<think>So, so.\n</think>"]
    held = FORMS[kind] or family(style).written(Said(calls=[("get-time", {"zone": "UTC"})]))[1]
    held = held[held.find("<tool_call>") :] if kind.kind == "call" else held
    for thought in thoughts:
        tokens = backend.tokenize(f"{thought}{held}", special=False)
        tokens = tokens[1:] if backend.token_bytes(tokens[0]) == b"" else tokens
        assert follower._matcher.validate_tokens(tokens) >= len(tokens) - 1
    assert follower._matcher.validate_tokens(backend.tokenize("Well", special=False)[-1:]) == begun
    backend.close()
