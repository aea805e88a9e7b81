"""An agent as it is typed: what is said while typing is what the daemon would say."""

from __future__ import annotations

import msgspec
import pytest

from tektra_cli.tui.screens import agents_fields, agents_words
from tektrad.agents.agent import BOUNDS, CHOICES, MOST_DESCRIPTION, MOST_HOSTS, MOST_INSTRUCTIONS, MOST_TOOLS, TOOLS
from tektrad.agents.agent import parsed as agent_of
from tektrad.agents.agents import shipped
from tektrad.errors import InvalidRequest


def test_the_bounds_are_the_daemon_s() -> None:
    assert dict(agents_fields.BOUNDS) == {f"limits.{name}": bound for name, bound in BOUNDS.items()}
    assert agents_fields.MOST == {"description": MOST_DESCRIPTION, "instructions": MOST_INSTRUCTIONS}
    assert (agents_fields.MOST_TOOLS, agents_fields.MOST_HOSTS) == (MOST_TOOLS, MOST_HOSTS)
    assert {name: set(choices) for name, choices in CHOICES.items()} == {
        "kind": set(agents_fields.KINDS),
        "human": set(agents_fields.HUMAN),
    }
    assert list(agents_words.KINDS) == list(agents_fields.KINDS)
    assert list(agents_words.HUMAN) == list(agents_fields.HUMAN)
    fresh = msgspec.json.decode(msgspec.json.encode(agent_of({"name": "x"})))
    assert fresh == {**agents_fields.FRESH, "name": "x"}


@pytest.mark.parametrize("name", sorted(shipped()))
def test_what_is_typed_reads_as_the_agent_that_it_was(name: str) -> None:
    agent = msgspec.json.decode(msgspec.json.encode(shipped()[name].agent))
    typed = agents_fields.typed(agent)
    assert agents_fields.wrong(typed, TOOLS) == {}
    assert agent_of(agents_fields.content(typed)) == shipped()[name].agent


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("name", ""), ("name", "a/b"), ("name", "-a"), ("name", "a" * 65), ("description", "x" * 301),
        ("instructions", "x" * 16_385), ("tools", "raed"), ("tools", "read read"), ("tools", "agent:"),
        ("tools", "mcp:a/b c:d"), ("limits.steps", "0"), ("limits.steps", "1001"), ("limits.seconds", "2d"),
        ("limits.memory_bytes", "1m"), ("limits.cpus", "0"), ("limits.network", "a b/c"),
    ],
)  # fmt: skip
def test_what_is_wrong_here_the_daemon_refuses_too_at_the_same_field(field: str, text: str) -> None:
    typed = agents_fields.typed(agents_fields.FRESH) | {"name": "x"} | {field: text}
    assert list(agents_fields.wrong(typed, TOOLS)) == [field]
    with pytest.raises(InvalidRequest) as refused:
        agent_of(agents_fields.content(typed))
    assert refused.value.param == field


@pytest.mark.parametrize("text", ["soon", "", "x", "1.5.2"])
def test_what_is_no_number_is_said(text: str) -> None:
    typed = agents_fields.typed(agents_fields.FRESH) | {"name": "x"}
    for field in agents_fields.BOUNDS:
        assert list(agents_fields.wrong(typed | {field: text}, TOOLS)) == [field]


def test_two_changes_of_one_agent_are_merged_field_by_field() -> None:
    base = {"a": "1", "b": "1", "c": "1", "d": "1"}
    mine = base | {"a": "2", "c": "2", "d": "3"}
    theirs = base | {"b": "3", "c": "3", "d": "3"}
    assert agents_fields.merged(base, mine, theirs) == ({"a": "2", "b": "3", "c": "2", "d": "3"}, ["c"])


def test_what_others_wrote_is_no_markup_and_moves_no_cursor() -> None:
    said = agents_words.as_file('name = "[bold]x"\ninstructions = """\n\x1b[2J[red]\n"""\n')
    assert "[bold]x" in said.plain
    assert "\x1b" not in said.plain
    before = {"agent": {"name": "x"}, "version": "a" * 64, "file": "a = 1\n"}
    after = {"agent": {"name": "x"}, "version": "b" * 64, "file": "a = \x1b]0;2\x07[b]\n"}
    diff = agents_words.differing(before, after)
    assert "\x1b" not in diff.plain
    assert "+a = [b]" in diff.plain.splitlines()
