"""What MCP servers say, as values: checks, hashes, and what people and models are shown of it."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tektrad.errors import InvalidRequest, McpFailed
from tektrad.mcp.answer import MOST_CHARACTERS, answer
from tektrad.mcp.definitions import (
    MOST_DESCRIPTION,
    Definition,
    called,
    canonical,
    changes,
    checked,
    described,
    inputs,
    needed,
    pin,
    visible,
)
from tektrad.mcp.server import Server
from tektrad.mcp.server import checked as checked_server

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip
SCHEMAS = st.dictionaries(
    st.sampled_from(["type", "properties", "required", "$defs", "anyOf", "enum", "description", "$ref"]) | st.text(),
    JSON,
    max_size=6,
)
DEFINITIONS = st.builds(Definition, name=st.just("a"), description=st.text(), input_schema=SCHEMAS)
OURS = Server(name="ours", command=("serve",))
ONE = Definition(name="one", description="first", input_schema={"type": "object", "properties": {}})


def test_any_change_of_a_word_or_of_the_server_is_another_pin() -> None:
    first = pin(OURS, [ONE])
    for other in (
        {"title": "One"},
        {"description": "first "},
        {"input_schema": {"type": "object", "properties": {"x": {}}}},
        {"output_schema": {}},
        {"annotations": {"readOnlyHint": True}},
    ):
        assert pin(OURS, [msgspec.structs.replace(ONE, **other)]) != first
    for server in (
        {"command": ("serve", "all")},
        {"env": {"A": "b"}},
        {"secrets": {"A": "B"}},
        {"folder": "/home/anna"},
        {"network": True},
        {"name": "other"},
    ):
        assert pin(msgspec.structs.replace(OURS, **server), [ONE]) != first  # type: ignore[arg-type]
    assert pin(OURS, []) != first != pin(OURS, [ONE, msgspec.structs.replace(ONE, name="two")])
    assert pin(msgspec.structs.replace(OURS, timeout=9.0), [ONE]) == first


@given(st.lists(st.builds(Definition, name=st.text(max_size=4), input_schema=SCHEMAS), max_size=4), st.randoms())
def test_the_order_of_tools_and_of_keys_makes_no_other_pin(definitions: list[Definition], chance: Any) -> None:
    def turned(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: turned(value[key]) for key in reversed(value)}
        return [turned(each) for each in value] if isinstance(value, list) else value

    other = [msgspec.structs.replace(each, input_schema=turned(each.input_schema)) for each in definitions]
    chance.shuffle(other)
    assert pin(OURS, other) == pin(OURS, definitions)


@given(DEFINITIONS)
def test_a_definition_comes_back_from_its_canonical_form(definition: Definition) -> None:
    again = msgspec.json.decode(canonical(definition), type=Definition)
    assert canonical(again) == canonical(definition)
    assert canonical(definition).isascii()


@given(DEFINITIONS)
def test_whatever_a_schema_says_agents_get_a_form_that_smolagents_knows(definition: Definition) -> None:
    for name, shape in inputs(definition).items():
        assert shape["type"] in {"string", "integer", "number", "boolean", "array", "object", "any"}
        assert shape["description"]
        assert (name in needed(definition)) == (not shape.get("nullable"))


def test_parameters_are_told_in_words_that_agents_know() -> None:
    schema = {
        "type": "object",
        "required": ["path", "kind", "either", "nested"],
        "$defs": {"Kind": {"type": "string", "enum": ["a", "b"]}},
        "properties": {
            "path": {"type": "string", "description": "where"},
            "kind": {"$ref": "#/$defs/Kind"},
            "size": {"anyOf": [{"type": "integer"}, {"type": "null"}], "description": "how large"},
            "old": {"type": ["number", "null"]},
            "either": {"anyOf": [{"type": "integer"}, {"type": "string"}]},
            "nested": {"type": "object", "properties": {"x": {"type": "integer"}}},
            "true": True,
        },
    }
    assert inputs(Definition(name="a", input_schema=schema)) == {
        "path": {"type": "string", "description": "where"},
        "kind": {"type": "string", "description": "string", "enum": ["a", "b"]},
        "size": {"type": "integer", "description": "how large", "nullable": True},
        "old": {"type": "number", "description": "number", "nullable": True},
        "either": {"type": "any", "description": '{"anyOf":[{"type":"integer"},{"type":"string"}]}'},
        "nested": {"type": "object", "description": '{"properties":{"x":{"type":"integer"}}}'},
        "true": {"type": "any", "description": "any", "nullable": True},
    }


@given(st.text(), st.integers(1, 50))
def test_every_character_of_what_is_shown_can_be_seen(text: str, most: int) -> None:
    shown = visible(text, most)
    assert all(each in "\n\t" or unicodedata.category(each) not in ("Cc", "Cf", "Cs", "Co", "Cn") for each in shown)
    assert len(shown) <= 2 * most + 40


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain — with “marks”, 日本語 and é", "plain — with “marks”, 日本語 and é"),
        ("two\r\nlines", "two\nlines"),
        ("a\u200bb", "a\\u200bb"),
        ("right\u202eleft", "right\\u202eleft"),
        ("tag \U000e0041", "tag \\U000e0041"),
        ("\x1b[2Jgone", "\\x1b[2Jgone".replace("\\x1b", "\\u001b")),
        ("blank\u3164letter\u2800", "blank\\u3164letter\\u2800"),
        ("over\rwritten", "over\\u000dwritten"),
        ("soft\u00adhyphen\ufeff\ufe0f", "soft\\u00adhyphen\\ufeff\\ufe0f"),
    ],
)
def test_what_shows_nothing_is_shown_as_what_it_is(text: str, shown: str) -> None:
    assert visible(text, 100) == shown


def test_people_and_models_read_the_same_and_not_too_much() -> None:
    long = Definition(name="a", description="x" * 10_000)
    assert len(described(long)) < MOST_DESCRIPTION + 50
    assert described(long).endswith("(10000 characters in all)")
    assert described(Definition(name="a", title="A tool")) == "A tool"
    assert described(Definition(name="a")) == "a"


def test_names_are_ascii_and_each_means_one_thing() -> None:
    assert called("my-server", "files/read.text") == "my_server_files_read_text"
    for name in ("", "é", "a b", "a\n", "-a", "x" * 65, "a\u0430"):
        with pytest.raises(McpFailed):
            checked("ours", [Definition(name=name)])
    with pytest.raises(McpFailed, match="both ours_a_b"):
        checked("ours", [Definition(name="a.b"), Definition(name="a/b")])
    with pytest.raises(McpFailed, match="longer than"):
        checked("ours", [Definition(name="a", description="x" * 300_000)])
    with pytest.raises(McpFailed, match="no JSON"):
        checked("ours", [Definition(name="a", annotations={"x": float("nan")})])
    with pytest.raises(McpFailed, match="64 parameters"):
        checked("ours", [Definition(name="a", input_schema={"properties": {f"p{n}": {} for n in range(65)}})])


def test_what_changed_is_named() -> None:
    two, three = (msgspec.structs.replace(ONE, name=name) for name in ("two", "three"))
    other = msgspec.structs.replace(two, description="else")
    assert changes([ONE, two], [other, three]) == {"one": "removed", "three": "added", "two": "changed"}
    assert changes([ONE], [ONE]) == {}


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "a b"},
        {"name": "é"},
        {"name": "1st"},
        {"name": "a_b"},
        {"command": ()},
        {"url": "https://example.org"},
        {"command": (), "url": "http://example.org/mcp"},
        {"command": (), "url": "ftp://example.org/mcp"},
        {"command": (), "url": "https://anna:secret@example.org/mcp"},
        {"command": (), "url": "https://example.org\\@other.org/"},
        {"command": (), "url": "https://example.org/#part"},
        {"command": (), "url": "http://127.1/mcp"},
        {"command": (), "url": "https://ex\u0430mple.org/"},
        {"command": (), "url": "http://localhost.example.org/"},
        {"command": (), "url": "https://example.org:99999/"},
        {"command": (), "url": "https://example.org/", "network": True},
        {"command": (), "url": "https://example.org/", "headers": {"Host": "TOKEN"}},
        {"command": (), "url": "https://example.org/", "headers": {"X-A\r\nB": "TOKEN"}},
        {"headers": {"X-Key": "TOKEN"}},
        {"env": {"A=B": "c"}},
        {"env": {"A": "b\0C=d"}},
        {"env": {"A": "b"}, "secrets": {"A": "B"}},
        {"secrets": {"A": "not a name"}},
        {"folder": "relative"},
        {"folder": "/home/../etc"},
        {"command": ("a\0b",)},
        {"timeout": 0.0},
        {"timeout": 1e9},
    ],
)
def test_a_server_that_says_what_cannot_be_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest):
        checked_server(msgspec.structs.replace(OURS, **fields))


@pytest.mark.parametrize("url", ["https://example.org/mcp?x=1", "http://localhost:8000/", "http://[::1]:9/mcp"])
def test_an_address_is_https_or_on_this_machine(url: str) -> None:
    assert checked_server(Server(name="web", url=url)).kind == "http"


def test_only_what_is_confined_without_a_folder_changes_nothing() -> None:
    hinted = {"readOnlyHint": True}
    assert Definition(name="a", annotations=hinted)  # which nobody believes
    kinds = {
        "none": Server(name="a", command=("x",), env={"A": "b"}, secrets={"B": "C"}),
        "folder": Server(name="a", command=("x",), folder="/home/anna/notes"),
        "ordinary": Server(name="a", command=("x",), network=True),
        "http": Server(name="a", url="https://example.org/"),
    }
    assert {name: server.effect for name, server in kinds.items()} == {
        "none": "none", "folder": "outside", "ordinary": "outside", "http": "outside",
    }  # fmt: skip


def test_answers_are_text_and_what_is_no_text_is_named() -> None:
    said = answer(
        [
            {"type": "text", "text": "first"},
            {"type": "image", "data": "aGVsbG8=", "mimeType": "image/png"},
            {"type": "audio", "data": "no base 64!", "mimeType": "audio/wav"},
            {"type": "resource", "resource": {"uri": "file:///a", "text": "inside"}},
            {"type": "resource", "resource": {"uri": "file:///b", "blob": "aGk=", "mimeType": "x/y"}},
            {"type": "resource_link", "uri": "https://example.org"},
            {"type": "hologram"},
        ],
        None,
        False,
    )
    assert said.text.splitlines() == [
        "first",
        "[image, image/png, 5 bytes]",
        "[audio, audio/wav, 0 bytes]",
        "inside",
        "[file file:///b, x/y, 2 bytes]",
        "[a link: https://example.org]",
        "[something of the kind hologram]",
    ]
    assert answer([], {"a": 1}, False).data == {"a": 1}
    assert answer([], {"a": "x" * 100_000}, False).data is None
    assert answer([], None, True) == answer([{"type": "text", "text": "it failed without a word"}], None, True)
    assert len(answer([{"type": "text", "text": "x" * 500_000}], None, False).text) < MOST_CHARACTERS + 50
    assert re.search(r"44 more parts", answer([{"type": "text", "text": ""}] * 300, None, False).text)


@given(st.lists(st.dictionaries(st.sampled_from(["type", "text", "data", "resource", "uri"]), JSON), max_size=4), JSON)
def test_whatever_a_server_answers_there_is_a_text(content: list[dict[str, Any]], structured: Any) -> None:
    assert answer(content, structured, False).text
