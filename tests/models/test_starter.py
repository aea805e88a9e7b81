"""The built-in model: its data generator keeps the split, its facts agree with each other, and its file runs."""

from __future__ import annotations

import gc
import itertools
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from random import Random
from typing import Any

import jinja2
import pytest
from jinja2.sandbox import ImmutableSandboxedEnvironment

from tektra_models.starter import MODEL_NAME, MODEL_PATH
from tektra_models.starter.corpus import beyond, calling, dialogues, help_facts, noise, talking, tasks, values
from tektra_models.starter.corpus.chance import Chance, side
from tektra_models.starter.corpus.command_check import exists, names_only_known_commands
from tektra_models.starter.corpus.everyday import FILE_TASKS
from tektra_models.starter.corpus.services import SERVICES
from tektra_models.starter.corpus.small_talk import TALK
from tektra_models.starter.corpus.toolbook import AREAS
from tektra_models.starter.rendering import TEMPLATE_PATH, pieces, render
from tektra_models.starter.word_vectors import WIDTH, word_vectors

CALCULATOR = {
    "type": "function",
    "function": {
        "name": "calculator",
        "description": "Evaluate an arithmetic expression",
        "parameters": {
            "type": "object",
            "properties": {"expression": {"type": "string", "description": "The expression"}},
            "required": ["expression"],
        },
    },
}
CALL = {"type": "function", "function": {"name": "calculator", "arguments": {"expression": "2 + 3"}}}
EXCHANGE: list[dict[str, Any]] = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "What is 2 + 3?"},
    {"role": "assistant", "content": "", "tool_calls": [CALL]},
    {"role": "tool", "content": "5"},
    {"role": "assistant", "content": "2 + 3 = 5."},
]
RENDERED = """<|im_start|>system
Be brief.

You may call these functions:
<tools>
calculator: Evaluate an arithmetic expression
* expression: string. The expression
</tools><|im_end|>
<|im_start|>user
What is 2 + 3?<|im_end|>
<|im_start|>assistant
<tool_call>
{"name": "calculator", "arguments": {"expression": "2 + 3"}}
</tool_call><|im_end|>
<|im_start|>user
<tool_response>
5
</tool_response><|im_end|>
<|im_start|>assistant
2 + 3 = 5.<|im_end|>
"""


def phrasing_lists() -> Iterator[tuple[str, ...]]:
    """Every list of phrasings in the tables."""
    yield from (talk.says for talk in TALK)
    yield from (fact.purposes for fact in help_facts.FACTS)
    yield from (about.questions for about in help_facts.BACKGROUND)
    yield from (topic.questions for topic in beyond.TOPICS)
    yield from (
        task.phrasings
        for task in (*FILE_TASKS, *SERVICES, *calling.CALCULATIONS, *(task for area in AREAS for task in area))
    )
    yield from (talking.HOW, talking.MEANING, talking.FOLLOWING, talking.EXAMPLES, dialogues.SYSTEMS)
    yield from (noise.BEFORE, noise.AFTER, tasks.AGAIN)


def dialogue_list(seed: str, count: int, *, held_out: bool = False) -> list[dialogues.Dialogue]:
    return list(itertools.islice(dialogues.dialogues(seed, held_out=held_out), count))


def spoken(dialogue: dialogues.Dialogue) -> list[str]:
    return [message["content"] for message in dialogue.messages if message["role"] == "assistant"]


def test_importing_the_model_s_place_imports_nothing_heavy() -> None:
    code = (
        "import sys, tektra_models.starter; print(sorted({'torch', 'tokenizers', 'gguf', 'jinja2'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_the_generator_needs_neither_torch_nor_tokenizers() -> None:
    code = (
        "import sys; from tektra_models.starter.corpus.dialogues import dialogue; dialogue('x');"
        "print(sorted({'torch', 'tokenizers', 'gguf'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_the_same_seed_gives_the_same_dialogues_in_any_order() -> None:
    forwards = dialogue_list("same", 40)
    backwards = [dialogues.dialogue(f"same/{place}") for place in reversed(range(40))]
    assert forwards == backwards[::-1]


def test_the_same_seed_gives_the_same_dialogues_in_every_process() -> None:
    command = [sys.executable, "-m", "tektra_models.starter", "data", "--count", "100", "--json"]
    runs = [
        subprocess.run(
            command, capture_output=True, text=True, check=True, env={**os.environ, "PYTHONHASHSEED": hashing}
        )
        for hashing in ("1", "2")
    ]
    assert runs[0].stdout == runs[1].stdout


def test_different_seeds_give_different_dialogues() -> None:
    assert dialogue_list("one", 20) != dialogue_list("two", 20)


def test_every_list_of_phrasings_keeps_some_for_evaluation_and_shares_none() -> None:
    for phrasings in phrasing_lists():
        training, kept = side(phrasings, False), side(phrasings, True)
        assert len(phrasings) >= 6, phrasings
        assert training, phrasings
        assert kept, phrasings
        # The topic "other languages" repeats one open slot; its values are what is split.
        assert not set(training) & set(kept) or set(phrasings) == {"{foreign}"}, phrasings


def test_values_of_the_two_sides_never_meet() -> None:
    for make in (
        values.path,
        values.integer,
        values.person,
        values.phrase,
        values.url,
        values.identifier,
        values.place,
    ):
        training, kept = Chance("values"), Chance("values", held_out=True)
        assert not {training.value(make) for _ in range(300)} & {kept.value(make) for _ in range(300)}


def test_no_question_of_the_evaluation_is_asked_in_training() -> None:
    def questions(*, held_out: bool) -> set[str]:
        made = dialogue_list("split", 1500, held_out=held_out)
        return {message["content"].lower() for item in made for message in item.messages if message["role"] == "user"}

    shared = questions(held_out=False) & questions(held_out=True)
    assert not {question for question in shared if len(question) > 12}


def test_calls_in_the_data_fit_the_declared_tools() -> None:
    kinds = {"string": str, "integer": int, "number": (int, float), "boolean": bool, "array": list}
    for item in dialogue_list("calls", 400):
        declared = {tool["function"]["name"]: tool["function"]["parameters"] for tool in item.tools}
        for message in item.messages:
            for call in message.get("tool_calls", ()):
                schema, arguments = declared[call["function"]["name"]], call["function"]["arguments"]
                assert set(schema["required"]) <= set(arguments) <= set(schema["properties"])
                for name, value in arguments.items():
                    assert isinstance(value, kinds[schema["properties"][name]["type"]])
                    assert value in schema["properties"][name].get("enum", [value])


def test_arguments_are_copied_from_what_was_said_or_shown() -> None:
    for item in (item for item in dialogue_list("copies", 400) if item.kind == "tools"):
        heard = ""
        for message in item.messages:
            heard += message["content"] if message["role"] in {"user", "tool"} else ""
            for call in message.get("tool_calls", ()):
                texts = [value for value in call["function"]["arguments"].values() if isinstance(value, str)]
                copied = [text for text in texts if not re.fullmatch(r"[-+*/%.\d ]+", text)]
                assert all(text in heard for text in copied), (heard, copied)


def test_noise_never_touches_what_must_be_copied() -> None:
    chance, random = Chance("noise"), Random(1)
    for _ in range(300):
        path = values.path(random)
        assert path in noise.roughen(chance, noise.polite(chance, f"Read \x02{path}\x03 and tell me what it says."))


def test_facts_about_commands_have_their_slots() -> None:
    for fact in help_facts.FACTS:
        for purpose in fact.purposes:
            for slot in tasks.SLOT.findall(purpose):
                assert slot in help_facts.SLOTS
                assert slot in fact.command.split(), (fact.command, purpose)


def test_everything_the_data_says_names_only_known_commands() -> None:
    for held_out in (False, True):
        for item in dialogue_list("commands", 800, held_out=held_out):
            for text in spoken(item):
                assert names_only_known_commands(text), text


@pytest.mark.parametrize(
    "command", ["tektra agents run", "tektra models delete NAME", "tektra chat --fast", "tektra modles list"]
)
def test_a_command_that_does_not_exist_is_noticed(command: str) -> None:
    assert not exists(command)


def test_the_template_writes_the_documented_form() -> None:
    assert render(EXCHANGE, [CALCULATOR]) == RENDERED


def test_the_template_opens_the_assistant_s_turn_when_asked() -> None:
    text = render([{"role": "user", "content": "hi"}], [], ask=True)
    assert text == "<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n"


def test_the_template_takes_arguments_as_text_and_content_as_parts() -> None:
    call = {"function": {"name": "calculator", "arguments": '{"expression": "2 + 3"}'}}
    parts = [{"type": "text", "text": "What is "}, {"type": "text", "text": "2 + 3?"}]
    messages = [
        EXCHANGE[0],
        {"role": "user", "content": parts},
        {"role": "assistant", "content": None, "tool_calls": [call]},
    ]
    assert render([*messages, *EXCHANGE[3:]], [CALCULATOR]) == RENDERED


@pytest.mark.parametrize("trimmed", [False, True])
def test_the_template_renders_alike_in_any_sandboxed_jinja(trimmed: bool) -> None:
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=trimmed, lstrip_blocks=trimmed, autoescape=False, undefined=jinja2.StrictUndefined
    )
    template = environment.from_string(TEMPLATE_PATH.read_text(encoding="utf-8"))
    function = {"description": "", **CALL["function"]}
    messages = [{"tool_calls": [], "content": "", **message} for message in EXCHANGE]
    messages[2]["tool_calls"] = [{"function": function}]
    text = template.render(
        messages=messages, tools=[CALCULATOR], add_generation_prompt=False, bos_token="", eos_token=""
    )
    assert text == RENDERED


def test_the_template_tells_of_each_parameter_its_type_its_choices_and_whether_it_may_be_left_out() -> None:
    parameters = {
        "type": "object",
        "properties": {
            "tags": {"type": "array", "items": {"type": "string"}},
            "size": {"type": "string", "enum": ["small", "large"], "description": "How big"},
            "limit": {"type": ["integer", "null"]},
            "where": {"type": "object", "properties": {"x": {"type": "number"}}},
            "anything": {},
        },
        "required": ["tags"],
    }
    tools = [
        {"type": "function", "function": {"name": "find", "parameters": parameters}},
        {"type": "function", "function": {"name": "stop"}},
    ]
    assert render([], tools) == (
        "<|im_start|>system\nYou may call these functions:\n<tools>\n"
        "find\n* tags: list of string\n"
        '? size: "small" | "large". How big\n'
        '? limit: {"type": ["integer", "null"]}\n'
        '? where: {"type": "object", "properties": {"x": {"type": "number"}}}\n'
        "? anything: {}\n"
        "stop\n</tools><|im_end|>\n"
    )


def test_only_the_assistant_s_words_are_learned() -> None:
    said = [text for text, learned in pieces(RENDERED) if learned]
    assert said == [RENDERED.split("assistant\n")[1].split("<|im_start|>")[0].rstrip("\n"), "2 + 3 = 5.<|im_end|>"]


@pytest.fixture(scope="module")
def model() -> Iterator[Any]:
    from llama_cpp import Llama

    llama = Llama(str(MODEL_PATH), n_ctx=1024, n_threads=2, verbose=False)
    yield llama
    llama.close()
    gc.collect()  # the bindings' samplers hold themselves


def answer(model: Any, messages: list[dict[str, Any]], tools: list[dict[str, Any]] | None = None) -> str:
    """The greedy answer, tool marks included."""
    tokens = model.tokenize(render(messages, tools or [], ask=True).encode(), add_bos=False, special=True)
    end = model.token_eos()
    said = list(
        itertools.takewhile(lambda token: token != end, itertools.islice(model.generate(tokens, temp=0.0), 160))
    )
    return str(model.detokenize(said).decode())


def test_the_file_carries_its_name_licence_and_this_template(model: Any) -> None:
    header = model.metadata
    assert MODEL_PATH.stem == MODEL_NAME
    assert header["general.architecture"] == "llama"
    assert header["general.name"] == "Tektra Starter"
    assert header["general.license"] == "apache-2.0"
    assert header["llama.context_length"] == "2048"
    assert header["tokenizer.chat_template"] == TEMPLATE_PATH.read_text(encoding="utf-8")


def test_the_file_stays_small() -> None:
    assert MODEL_PATH.stat().st_size < 12 * 2**20


def test_control_tokens_are_silent_and_tool_marks_are_text(model: Any) -> None:
    tokens = model.tokenize(
        b"<|im_start|><tool_call></tool_call><tool_response></tool_response><|im_end|>", add_bos=False, special=True
    )
    assert len(tokens) == 6
    assert tokens[-1] == model.token_eos()
    assert model.detokenize(tokens) == b"<tool_call></tool_call><tool_response></tool_response>"


def test_digits_are_single_tokens(model: Any) -> None:
    assert len(model.tokenize(b"90210", add_bos=False)) == 5


@pytest.mark.parametrize("word", ["transcribe", "restart", "invoice", "zucchini", "brightness"])
def test_a_word_is_the_same_tokens_wherever_it_stands(model: Any, word: str) -> None:
    def tokens(text: str) -> list[int]:
        found: list[int] = model.tokenize(text.encode(), add_bos=False)
        return found

    alone = tokens(word)
    assert tokens(f"_{word}")[-len(alone) :] == alone
    assert tokens(f" {word}")[-len(alone) :] == alone
    assert tokens(word.capitalize())[1:] == alone[1:]


def test_llama_cpp_and_the_trained_tokenizer_agree(model: Any) -> None:
    pytest.importorskip("tokenizers")
    pytest.importorskip("gguf")
    from tektra_models.starter.tokenizer import tokenizer_of

    trained = tokenizer_of(MODEL_PATH)
    texts = [render(item.messages, item.tools) for item in dialogue_list("tokens", 60)]
    texts += [
        "äöü ½ ٣ 你好 🙂 \t\n\n x1y22 don't I'LL 'S  ",
        '{"path": "/home/a b.txt"}}',
        "   spaces   ",
        "\r\n",
        "a\u0301\u200b",
    ]
    for text in texts:
        assert (
            model.tokenize(text.encode(), add_bos=False, special=True)
            == trained.encode(text, add_special_tokens=False).ids
        )


def test_it_answers_a_greeting_in_plain_words(model: Any) -> None:
    text = answer(model, [{"role": "user", "content": "hello"}])
    assert 0 < len(text) < 200
    assert "<tool_call>" not in text


def test_it_calls_a_calculator_when_it_has_one(model: Any) -> None:
    text = answer(model, [{"role": "user", "content": "What is 12 + 30?"}], [CALCULATOR])
    call = json.loads(text.removeprefix("<tool_call>\n").removesuffix("\n</tool_call>"))
    assert call == {"name": "calculator", "arguments": {"expression": "12 + 30"}}


def test_it_says_honestly_when_no_tool_was_given(model: Any) -> None:
    text = answer(model, [{"role": "user", "content": "What is 12 + 30?"}])
    assert "tektra models pull" in text
    assert "<tool_call>" not in text


def test_it_names_the_command_for_a_common_wish(model: Any) -> None:
    text = answer(model, [{"role": "user", "content": "How do I see which models are loaded?"}])
    assert "tektra models ps" in text


@pytest.mark.parametrize(
    ("word", "close", "far"),
    [
        ("invoice", "payment", "whale"),
        ("delete", "deleting", "sunny"),
        ("train", "bus", "lyrics"),
        ("rain", "snow", "tax"),
    ],
)
def test_words_that_are_close_in_meaning_have_close_vectors(word: str, close: str, far: str) -> None:
    known = word_vectors()
    one, near, away = (known.vectors[known.words.index(text)] for text in (word, close, far))
    assert one @ near > one @ away + 0.2


def test_every_word_of_the_list_has_its_vector() -> None:
    known = word_vectors()
    assert len(known.words) == len(set(known.words)) == len(known.vectors)
    assert known.vectors.shape[1] == WIDTH
