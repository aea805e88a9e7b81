"""The examination of the built-in model: what it asks, how it judges, and the grammar that it holds calls to."""

from __future__ import annotations

import gc
import itertools
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tektra_models.starter import MODEL_PATH
from tektra_models.starter.call_grammar import call_grammar
from tektra_models.starter.corpus import dialogues, pointing, turns
from tektra_models.starter.corpus.calling import companion, toolbox
from tektra_models.starter.corpus.chance import Chance
from tektra_models.starter.corpus.linked import linked_dialogue
from tektra_models.starter.corpus.outcomes import outcome
from tektra_models.starter.corpus.parameters import spelled
from tektra_models.starter.corpus.talking import Check
from tektra_models.starter.corpus.tasks import errand
from tektra_models.starter.emphasis import (
    WHETHER_MORE,
    WHICH_KIND,
    WHICH_PARAMETER,
    WHICH_TOOL,
    WHICH_VALUE,
    emphasis,
)
from tektra_models.starter.handmade import cases
from tektra_models.starter.judging import choice_of, read_calls, right

TWO = (
    '<tool_call>\n{"name": "add", "arguments": {"a": 1}}\n</tool_call>\n'
    '<tool_call>\n{"name": "stop", "arguments": {}}\n</tool_call>'
)


def fits(arguments: Mapping[str, Any], schema: Mapping[str, Any]) -> bool:
    """Whether the arguments have all that is required and nothing unknown."""
    return set(schema.get("required", ())) <= set(arguments) <= set(schema.get("properties", {}))


def test_the_tokens_that_decide_count_more_than_those_that_follow() -> None:
    text = '<tool_call>\n{"name": "add", "arguments": {"name": 12, "to": "the \\"list\\""}}\n</tool_call>'
    weights = emphasis(text, [(place, place + 1) for place in range(len(text))], tools=True)
    raised = [(text[place : place + 3], weight) for place, weight in enumerate(weights) if weight > 1]
    assert raised == [
        ("<to", WHICH_KIND),
        ("add", WHICH_TOOL),
        ("nam", WHICH_PARAMETER),
        ("12,", WHICH_VALUE),
        (', "', WHETHER_MORE),
        ('to"', WHICH_PARAMETER),
        ("the", WHICH_VALUE),
        ('"}}', WHETHER_MORE),
    ]


def test_every_token_of_an_answer_counts() -> None:
    text = "With `tektra models ps`: it lists what is loaded."
    assert min(emphasis(text, [(place, place + 1) for place in range(len(text))], tools=False)) == 1


def test_calls_are_read_in_their_order() -> None:
    assert read_calls(TWO) == (("add", {"a": 1}), ("stop", {}))


@pytest.mark.parametrize("text", ["", "<tool_call>\n{\n</tool_call>", '<tool_call>\n{"name": 1}\n</tool_call>'])
def test_a_broken_call_counts_as_none(text: str) -> None:
    assert read_calls(text) == ()


def test_an_answer_calls_or_asks_back_or_speaks() -> None:
    assert choice_of(TWO) == "call"
    assert choice_of("Which path?") == "ask"
    assert choice_of("I need the name and the date for that.") == "ask"
    assert choice_of("Hello! How can I help?") == "plain"


def test_a_call_with_one_argument_too_many_is_wrong() -> None:
    check = Check("call", (), ("add", {"a": 1}))
    assert right(check, '<tool_call>\n{"name": "add", "arguments": {"a": 1}}\n</tool_call>')
    assert not right(check, '<tool_call>\n{"name": "add", "arguments": {"a": 1, "b": 2}}\n</tool_call>')
    assert not right(check, TWO)


def test_a_command_with_another_flag_is_another_command() -> None:
    check = Check("help", ("`tektra models rm NAME`",))
    assert right(check, "Type `tektra models rm NAME`.")
    assert not right(check, "Type `tektra models rm NAME --yes`.")
    assert not right(check, "Type `tektra models rm NAME`, or `tektra models erase NAME`.")


def test_a_question_back_must_name_what_is_missing() -> None:
    check = Check("ask_back", ("city",))
    assert right(check, "Which city?")
    assert not right(check, "Which path?")
    assert not right(check, "The city is nice.")


def kinds_of_checks(seed: str, count: int) -> set[str]:
    made = itertools.islice(dialogues.dialogues(seed), count)
    return {message["check"].kind for item in made for message in item.messages if message["role"] == "assistant"}


def test_the_training_data_holds_every_kind_of_turn() -> None:
    assert kinds_of_checks("kinds", 400) >= {
        "call",
        "two_calls",
        "ask_back",
        "result",
        "help",
        "honest",
        "no_tool",
        "code",
    }


def is_heard(value: Any, heard: str) -> bool:
    """Whether a value was said: each of a list, a number with or without its last zeros; a switch is said otherwise."""
    if isinstance(value, list):
        return all(is_heard(one, heard) for one in value)
    return isinstance(value, bool) or str(value) in heard or (isinstance(value, float) and f"{value:g}" in heard)


def test_a_question_back_is_followed_by_the_call_with_the_value_that_was_given() -> None:
    followed = 0
    for number in range(200):
        chance = Chance(f"asking/{number}")
        made = turns.asking_back(chance, chance.pick(toolbox(chance)))
        if not made or len(made) < 4:
            continue
        followed += 1
        request, question, reply, call = made
        assert question["check"].kind == "ask_back"
        (name, arguments) = call["check"].call
        assert name == call["tool_calls"][0]["function"]["name"]
        heard = request["content"] + reply["content"]
        assert all(is_heard(value, heard) for value in arguments.values()), (heard, arguments)
    assert followed > 50


def test_what_a_pointer_stands_for_was_said_or_shown_before() -> None:
    pointed: Counter[str] = Counter()
    for number in range(300):
        chance = Chance(f"pointing/{number}")
        before = errand(chance, chance.pick(toolbox(chance)))
        shown = outcome(chance, before).shown
        more = companion(chance, pointing.pointable(before, shown))
        done = pointing.pointing_back(chance, before, shown, [more] if more else [])
        if done is None:
            continue
        said, seen = set(before.variables.values()), set(shown.values())
        texts = {value for value in done.arguments.values() if isinstance(value, str)}
        assert texts & (said | seen)
        pointed["said" if texts & said else "shown"] += 1
    assert min(pointed["said"], pointed["shown"]) > 10, pointed


def test_it_is_never_said_where_it_could_mean_two_things() -> None:
    for number in range(300):
        chance = Chance(f"clear/{number}")
        before = errand(chance, chance.pick(toolbox(chance)))
        known = pointing.pointable(before, outcome(chance, before).shown)
        words = Counter(text for _, texts in known.values() for text in set(texts))
        assert all(count == 1 for count in words.values()), words


def test_a_linked_errand_takes_what_the_tool_gave_back() -> None:
    for number in range(100):
        made = linked_dialogue(Chance(f"linked/{number}"))
        asked, _, given, call, *_ = made.messages
        (_, arguments) = call["check"].call
        linked = [value for value in arguments.values() if isinstance(value, str) and value in given["content"]]
        assert any(value not in asked["content"] for value in linked), made.messages


def test_what_a_question_back_asks_for_was_left_out_of_the_request() -> None:
    for number in range(200):
        chance = Chance(f"left out/{number}")
        made = turns.asking_back(chance, chance.pick(toolbox(chance)))
        if made and len(made) == 4:
            (_, arguments) = made[3]["check"].call
            asked_for = {name.replace("_", " ").lower() for name in made[1]["check"].facts}
            for name, value in arguments.items():
                if spelled(name).lower() in asked_for and len(str(value)) > 4:
                    assert str(value) not in made[0]["content"], made


@pytest.fixture(scope="module")
def examinee() -> Iterator[Any]:
    from tektra_models.starter.examinee import Examinee

    made = Examinee(MODEL_PATH, constrained=True)
    yield made
    made.model.close()
    # The bindings' samplers hold themselves; collected here, they do not end in the middle of another test.
    gc.collect()


def is_read(examinee: Any, tools: list[dict[str, Any]]) -> bool:
    """Whether llama.cpp takes the grammar of these tools."""
    import llama_cpp

    vocabulary = llama_cpp.llama_model_get_vocab(examinee.model.model)
    sampler = llama_cpp.llama_sampler_init_grammar(vocabulary, call_grammar(tools).encode(), b"root")
    if sampler:
        llama_cpp.llama_sampler_free(sampler)
    return bool(sampler)


def test_llama_cpp_reads_the_grammar_of_every_set_of_tools(examinee: Any) -> None:
    assert all(is_read(examinee, case.tools) for case in cases() if case.tools)


def test_the_grammar_escapes_what_names_and_choices_hold(examinee: Any) -> None:
    properties = {'a"b': {"type": "string", "enum": ['x\\"', "ü\n"]}, "c": {"type": "object"}}
    function = {"name": 'odd "name"\\', "parameters": {"type": "object", "properties": properties}}
    assert is_read(examinee, [{"type": "function", "function": function}])


def test_a_call_that_is_held_to_the_grammar_fits_the_schema(examinee: Any) -> None:
    called = 0
    for case in cases("call")[:12]:
        for name, arguments in read_calls(examinee.answer(case.messages, case.tools)):
            called += 1
            schema = next(tool["function"] for tool in case.tools if tool["function"]["name"] == name)
            assert fits(arguments, schema["parameters"]), json.dumps([name, arguments])
    assert called >= 6


def test_the_examination_asks_every_measure() -> None:
    from tektra_models.starter.evaluation import examination

    asked = {item.measure for item in examination("measures", 30, held_out=True)}
    assert {"calls, known tasks", "calls, invented tools", "Tektra's commands", "tools given, none fits"} <= asked
    assert sum(measure.startswith("by hand: ") for measure in asked) == 7
