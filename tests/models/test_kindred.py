"""Exercises in meaning and in deciding: what they ask can be answered, and none gives the other side away."""

from __future__ import annotations

import json
import re

from tektra_models.starter.corpus.chance import Chance
from tektra_models.starter.corpus.exercises import decisions
from tektra_models.starter.corpus.kindred import GRADES, kindreds, meaning, neighbours, topics
from tektra_models.starter.corpus.toolbook import KEPT_APART
from tektra_models.starter.corpus.words import letters
from tektra_models.starter.handmade import cases
from tektra_models.starter.likeness import closest_tool

DIALOGUES = 60


def test_neighbours_are_close_in_meaning_and_never_the_word_itself() -> None:
    assert "photos" in neighbours()["photo"]
    assert all(word not in others for word, others in neighbours().items())


def test_words_of_grammar_are_no_topic() -> None:
    every, spoken_of = topics()
    assert not {"the", "and", "with", "this"} & set(every)
    assert set(spoken_of) <= set(every)


def test_a_tool_can_be_found_by_its_words_alone() -> None:
    for seed in range(DIALOGUES):
        one = meaning(Chance(seed), GRADES[seed % len(GRADES)])
        function = one.tool["function"]
        apart = re.sub("([A-Z])", r" \1", function["name"])
        said = set(letters(f"{apart} {function.get('description', '')}"))
        near = {word for topic in one.words for word in (topic, *neighbours()[topic])}
        assert said & near, one


def test_each_request_calls_a_declared_tool_with_all_that_it_requires() -> None:
    for seed in range(DIALOGUES):
        dialogue = kindreds(Chance(seed))
        declared = {tool["function"]["name"]: tool["function"]["parameters"] for tool in dialogue.tools}
        for message in dialogue.messages:
            for call in message.get("tool_calls", ()):
                schema, arguments = declared[call["function"]["name"]], call["function"]["arguments"]
                given = json.loads(arguments) if isinstance(arguments, str) else arguments
                assert set(schema["required"]) <= set(given) <= set(schema["properties"])
                assert all(given[key] in one["enum"] for key, one in schema["properties"].items() if "enum" in one)


def test_no_exercise_declares_a_tool_that_is_kept_apart() -> None:
    apart = {name for task in KEPT_APART for name in task.names if "_" in name}
    for make in (kindreds, decisions):
        for seed in range(DIALOGUES):
            assert not apart & {tool["function"]["name"] for tool in make(Chance(seed)).tools}


def test_decisions_ask_back_call_once_and_twice_and_answer_plainly() -> None:
    kinds = set()
    for seed in range(DIALOGUES):
        for message in decisions(Chance(seed)).messages:
            if message["role"] == "assistant":
                calls = len(message.get("tool_calls", ()))
                kinds.add(f"{calls} calls" if calls else message["check"].kind)
    assert {"1 calls", "2 calls", "ask_back", "no_tool", "help"} <= kinds


def test_the_likeness_of_words_finds_most_tools_of_the_cases_by_hand() -> None:
    asked = [case for case in cases() if case.kind == "call"]
    found = [closest_tool(str(case.messages[-1]["content"]), case.tools) == case.calls[0][0] for case in asked]
    assert sum(found) / len(found) > 0.85


def test_likeness_says_nothing_of_words_that_are_unknown() -> None:
    tools = [{"type": "function", "function": {"name": name, "parameters": {}}} for name in ("zzqx", "send_mail")]
    assert closest_tool("qqqq wwww email somebody", tools) == "send_mail"
