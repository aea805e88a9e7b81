"""The examination written by hand: it is large enough, fair, and shares nothing with the generator."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from tektra_models.starter import MODEL_PATH
from tektra_models.starter.corpus import beyond, help_facts
from tektra_models.starter.corpus.everyday import FILE_TASKS, calculations
from tektra_models.starter.corpus.filling import SLOT
from tektra_models.starter.corpus.services import SERVICES
from tektra_models.starter.corpus.small_talk import TALK
from tektra_models.starter.corpus.tasks import AGAIN, OPTIONAL
from tektra_models.starter.corpus.toolbook import TOOLBOOK
from tektra_models.starter.handmade import KINDS, Call, Case, cases, handmade, holds
from tektra_models.starter.rendering import render

CASES = cases()
AT_LEAST = {"call": 72, "two_calls": 12, "ask_back": 16, "no_fit": 16, "result": 16, "chain": 10, "turns": 10}
CONTEXT = 2048
LONGEST_ANSWER = 160
TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "array": list,
}
NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?")
FIXED_TASKS = (*FILE_TASKS, *SERVICES, *calculations(), *(task for tasks in TOOLBOOK.values() for task in tasks))


def declared(case: Case) -> dict[str, dict[str, Any]]:
    """The parameters of each tool of a case."""
    return {tool["function"]["name"]: tool["function"]["parameters"] for tool in case.tools}


def calls_before(case: Case) -> list[Call]:
    """The calls in the dialogue so far."""
    made = [call["function"] for message in case.messages for call in message.get("tool_calls", ())]
    return [(function["name"], function["arguments"]) for function in made]


def faults(call: Call, tools: dict[str, dict[str, Any]]) -> list[str]:
    """What a schema has against a call."""
    name, arguments = call
    if name not in tools:
        return [f"no tool {name}"]
    schema, found = tools[name], []
    found += [f"{key} is missing" for key in schema.get("required", ()) if key not in arguments]
    for key, value in arguments.items():
        rule = schema["properties"].get(key)
        if rule is None:
            found.append(f"{key} is unknown")
        elif not isinstance(value, TYPES[rule["type"]]) or (isinstance(value, bool) and rule["type"] != "boolean"):
            found.append(f"{key} is no {rule['type']}")
        elif isinstance(value, list) and not all(isinstance(item, TYPES[rule["items"]["type"]]) for item in value):
            found.append(f"{key} holds something else than {rule['items']['type']}")
        elif value not in rule.get("enum", [value]):
            found.append(f"{key} is none of {rule['enum']}")
        elif "minimum" in rule and not rule["minimum"] <= value <= rule["maximum"]:
            found.append(f"{key} is out of range")
    return found


def heard(case: Case) -> str:
    """What the user and the tools said."""
    return "\n".join(message["content"] for message in case.messages if message["role"] in {"user", "tool"})


def can_be_read(value: Any, text: str) -> bool:
    """Whether a value stands in the text as it is; a number may be written with more zeros."""
    if isinstance(value, list):
        return all(can_be_read(item, text) for item in value)
    if isinstance(value, str):
        return holds_exactly(text, value)
    return float(value) in {float(found) for found in NUMBER.findall(text)}


def holds_exactly(text: str, value: str) -> bool:
    """Whether the value stands there in this very case, and not as a piece of a longer word."""
    return re.search(rf"(?<!\w){re.escape(value)}(?!\w)", text) is not None


def plain(name: str) -> str:
    """A name without its style: createEvent, create-event and create_event are the same."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def bare(sentence: str) -> str:
    """A sentence in lower case, without quotes and without its last mark."""
    return re.sub(r"[\"'`]", "", sentence).lower().strip().rstrip(".?!, ")


def generator_phrasings() -> Iterator[str]:
    """Every fixed way to say something, with its optional parts and without, its values replaced by {}."""
    ways = [way for task in FIXED_TASKS for way in task.phrasings]
    ways += [*AGAIN, *(way for talk in TALK for way in talk.says)]
    ways += [way for topic in beyond.TOPICS for way in topic.questions]
    ways += [way for about in help_facts.BACKGROUND for way in about.questions]
    for way in ways:
        for kept in (r"\1", ""):
            yield bare(SLOT.sub("{}", OPTIONAL.sub(kept, way)))


def masked(case: Case, sentence: str) -> str:
    """The sentence with the values of the calls replaced by {}."""
    flat: list[str] = []
    for _, arguments in (*case.calls, *calls_before(case)):
        for value in arguments.values():
            flat += [str(item) for item in value] if isinstance(value, list) else [str(value)]
    for value in sorted(flat, key=len, reverse=True):
        sentence = re.sub(rf"(?<!\w){re.escape(value)}(?!\w)", "{}", sentence)
    return sentence


def test_there_are_enough_cases_of_every_kind() -> None:
    counts = Counter(case.kind for case in CASES)
    assert set(counts) == set(KINDS) == set(AT_LEAST)
    assert all(counts[kind] >= least for kind, least in AT_LEAST.items()), counts


def test_single_calls_are_asked_of_sixty_tools_and_more() -> None:
    assert len({case.calls[0][0] for case in handmade()}) >= 60


def test_a_sixth_of_the_calls_is_paraphrased_and_a_third_has_similar_tools() -> None:
    calls = handmade()
    assert 1 / 7 <= sum(case.paraphrase for case in calls) / len(calls) <= 1 / 5
    assert 1 / 3 <= sum(case.similar for case in calls) / len(calls) <= 1 / 2


def test_the_case_that_was_always_there_can_be_asked_as_before() -> None:
    assert all(case.messages == [{"role": "user", "content": case.request}] for case in handmade())
    assert all(case.call == case.calls[0] and len(case.calls) == 1 for case in handmade())


def test_every_case_has_one_to_eight_tools_and_none_twice() -> None:
    for case in CASES:
        assert 1 <= len(case.tools) <= 8
        assert len(declared(case)) == len(case.tools)


def test_the_right_tool_stands_in_any_place() -> None:
    places = Counter(list(declared(case)).index(case.calls[0][0]) for case in handmade() if len(case.tools) >= 3)
    assert all(places[place] >= 8 for place in range(3)), places


def test_no_case_is_there_twice() -> None:
    assert len({str(case.messages) for case in CASES}) == len(CASES)


def test_every_expected_call_fits_the_schema_of_its_tool() -> None:
    for case in CASES:
        for call in (*case.calls, *calls_before(case)):
            assert not faults(call, declared(case)), (call, faults(call, declared(case)))


def test_every_expected_argument_can_be_read_in_the_dialogue() -> None:
    for case in CASES:
        for name, arguments in (*case.calls, *calls_before(case)):
            for key, value in arguments.items():
                rule = declared(case)[name]["properties"][key]
                if rule["type"] != "boolean" and "enum" not in rule:
                    assert can_be_read(value, heard(case)), (name, key, value, heard(case))


def test_what_is_due_fits_the_kind() -> None:
    due = {"call": 1, "chain": 1, "turns": 1, "two_calls": 2}
    for case in CASES:
        assert len(case.calls) == due.get(case.kind, 0), case
        assert bool(case.missing) == (case.kind == "ask_back")
        assert bool(case.facts or case.words) == (case.kind in {"ask_back", "result"})
        assert case.messages[-1]["role"] == ("tool" if case.kind in {"result", "chain"} else "user")


def test_every_tool_result_follows_a_call() -> None:
    for case in CASES:
        for before, message in zip([{}, *case.messages], case.messages, strict=False):
            assert ("tool_calls" in before) == (message["role"] == "tool")


def test_what_is_missing_is_required_and_asked_for_with_its_own_words() -> None:
    for case in cases("ask_back"):
        assert case.missing is not None
        tool, parameter = case.missing
        assert parameter in declared(case)[tool]["required"]
        assert case.words


def test_facts_stand_in_the_result_and_are_not_known_before() -> None:
    results = cases("result")
    for case in results:
        result = case.messages[-1]["content"]
        assert all(holds(result, fact) and not holds(case.request, fact) for fact in case.facts), case
        assert not case.words or any(holds(result, word) for word in case.words), case
    assert sum(len(case.facts) >= 2 for case in results) >= 6
    assert sum(case.error for case in results) >= 4


def test_half_of_what_fits_no_tool_is_an_errand() -> None:
    errands = Counter(case.errand for case in cases("no_fit"))
    assert min(errands.values()) >= 8


def test_turns_are_up_to_six_messages_of_user_and_assistant_before_the_last() -> None:
    for case in cases("turns"):
        spoken = [message for message in case.messages[:-1] if message["content"] and message["role"] != "tool"]
        assert 2 <= len(spoken) <= 6


def test_no_tool_has_a_name_of_the_generator_s() -> None:
    known = {plain(name) for task in FIXED_TASKS for name in task.names}
    assert not {name for case in CASES for name in declared(case) if plain(name) in known}


def test_no_request_is_worded_as_the_generator_words_it() -> None:
    known = set(generator_phrasings())
    for case in CASES:
        for message in case.messages:
            if message["role"] == "user":
                said = message["content"]
                assert not {bare(said), bare(masked(case, said))} & known, said


def test_every_case_leaves_room_for_its_answer() -> None:
    llama_cpp = pytest.importorskip("llama_cpp")
    model = llama_cpp.Llama(str(MODEL_PATH), vocab_only=True, verbose=False)
    for case in CASES:
        prompt = render(case.messages, case.tools, ask=True).encode()
        assert len(model.tokenize(prompt, add_bos=False, special=True)) < CONTEXT - LONGEST_ANSWER, case.request
    model.close()


@pytest.mark.parametrize(
    ("text", "wanted", "expected"),
    [
        ("It weighs 30kg.", "30", True),
        ("In the year 2030", "30", False),
        ("Which IBAN is it?", "iban", True),
        ("I did it.", "id", False),
        ("The file is a/b.txt.", "a/b.txt", True),
    ],
)
def test_words_and_numbers_count_only_as_a_whole(text: str, wanted: str, expected: bool) -> None:
    assert holds(text, wanted) is expected
