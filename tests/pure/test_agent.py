"""What an agent is, and its form as a file: what is written is read, and what a stranger wrote is refused in words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tektrad.agents.agent import BOUNDS, TOOLS, Agent, canonical, differing, parsed, renewed, version_of
from tektrad.agents.agent_file import MOST_BYTES, read, written
from tektrad.agents.agents import shipped
from tektrad.errors import InvalidRequest

CALM = st.characters(exclude_categories=("Cs", "Cc"))
TEXT = st.text(CALM | st.sampled_from('\n\t"\\#=[]'), max_size=60)
NAMES = st.text("aZ0._-", max_size=8).map("a{}".format)
ALL_TOOLS = (
    st.sampled_from(TOOLS)
    | st.builds("{}:{}".format, st.sampled_from(["agent", "file", "mcp"]), NAMES)
    | st.builds("mcp:{}/{}".format, NAMES, NAMES)
)
HOSTS = st.sampled_from(["example.org", "EXAMPLE.org.", "*.example.org", "127.0.0.1", "::1", "bücher.example", "*"])
LIMITS = st.fixed_dictionaries(
    {},
    optional={
        **{name: st.integers(least, most) for name, (least, most) in BOUNDS.items()},
        "network": st.lists(HOSTS, max_size=5),
    },
)
CONTENTS = st.fixed_dictionaries(
    {"name": NAMES},
    optional={
        "description": st.text(CALM, max_size=40),
        "kind": st.sampled_from(["code", "tools"]),
        "model": st.just("") | st.text("aZ0._:/@+-", max_size=8).map("m{}".format),
        "instructions": TEXT,
        "tools": st.lists(ALL_TOOLS, max_size=6, unique=True),
        "memory": st.booleans(),
        "human": st.sampled_from(["ask", "always", "never"]),
        "thinking": st.booleans(),
        "limits": LIMITS,
    },
)
AGENTS = CONTENTS.map(parsed)


def refusal(content: dict[str, Any] | str) -> InvalidRequest:
    with pytest.raises(InvalidRequest) as caught:
        read(content) if isinstance(content, str) else parsed(content)
    return caught.value


@given(AGENTS)
def test_a_written_file_gives_the_agent_back(agent: Agent) -> None:
    assert read(written(agent)) == agent


@given(AGENTS)
def test_an_agent_is_in_its_one_form_already(agent: Agent) -> None:
    assert parsed(msgspec.to_builtins(agent)) == agent
    assert parsed(json.loads(canonical(agent))) == agent


@given(CONTENTS)
def test_the_order_in_which_fields_are_written_is_no_content(content: dict[str, Any]) -> None:
    turned = dict(reversed(content.items()))
    if "limits" in turned:
        turned["limits"] = dict(reversed(turned["limits"].items()))
    assert canonical(parsed(turned)) == canonical(parsed(content))


@given(AGENTS, AGENTS)
def test_two_versions_are_one_exactly_when_their_content_is(first: Agent, second: Agent) -> None:
    assert (version_of(first) == version_of(second)) == (first == second)
    assert (differing(first, second) == []) == (first == second)


def leaves(agent: Agent) -> Iterator[tuple[str, Any]]:
    for name, value in msgspec.to_builtins(agent).items():
        yield from ((f"limits.{below}", each) for below, each in value.items()) if name == "limits" else [(name, value)]


OTHERWISE = {
    "name": "other", "description": "x", "kind": "code", "model": "m", "instructions": "x", "tools": ["read"],
    "memory": True, "human": "never", "thinking": True, "limits.steps": 7, "limits.tokens": 7, "limits.seconds": 7,
    "limits.memory_bytes": 1 << 30, "limits.cpus": 7, "limits.network": ["example.org"],
}  # fmt: skip


def test_every_field_makes_another_version() -> None:
    plain = parsed({"name": "plain"})
    assert [name for name, _ in leaves(plain)] == list(OTHERWISE)
    for name, value in OTHERWISE.items():
        group, _, below = name.rpartition(".")
        other = renewed(plain, {group: {below: value}} if group else {name: value})
        assert differing(plain, other) == [name]
        assert version_of(other) != version_of(plain)


def test_the_version_of_a_content_is_the_same_in_every_tektra() -> None:
    """Runs are pinned to it: should this fail, versions in everybody's store mean something else."""
    assert canonical(parsed({"name": "plain"})) == (
        b'{"description":"","human":"ask","instructions":"","kind":"tools","limits":{"cpus":1,"memory_bytes":2147483648,'
        b'"network":[],"seconds":600,"steps":20,"tokens":200000},"memory":false,"model":"","name":"plain",'
        b'"thinking":false,"tools":[]}'
    )
    assert version_of(parsed({"name": "plain"})) == "f6af847a8919bdff17f4dd51f54bb3117552fb94ee3edc55b8a44af340fc9fec"


def test_hosts_are_a_set_in_their_one_form() -> None:
    agent = parsed({"name": "a", "limits": {"network": ["B.example.", "a.example", "b.example"]}})
    assert agent.limits.network == ("a.example", "b.example")


def test_one_limit_changes_and_the_others_stay() -> None:
    agent = renewed(parsed({"name": "a", "limits": {"steps": 3, "cpus": 2}}), {"limits": {"steps": 4}})
    assert (agent.limits.steps, agent.limits.cpus) == (4, 2)


@pytest.mark.parametrize(
    ("content", "param", "said"),
    [
        ({}, "name", "needs a name"),
        ({"name": "-x"}, "name", "no name of an agent"),
        ({"name": "a/b"}, "name", "no name of an agent"),
        ({"name": 3}, "name", "expected"),
        ({"name": "x" * 65}, "name", "no name of an agent"),
        ({"name": "a", "colour": 1}, "colour", 'no field "colour"'),
        ({"name": "a", "limits": {"stepps": 1}}, "limits.stepps", 'no field "limits.stepps"'),
        ({"name": "a", "limits": 3}, "limits", "expected"),
        ({"name": "a", "kind": "cook"}, "kind", "none of code, tools"),
        ({"name": "a", "human": "often"}, "human", "none of ask, always, never"),
        ({"name": "a", "model": "a b"}, "model", "no name"),
        ({"name": "a", "memory": "yes"}, "memory", "expected true or false, got text"),
        ({"name": "a", "tools": ["red"]}, "tools", 'red" is no tool'),
        ({"name": "a", "tools": ["remember"]}, "tools", 'remember" is no tool'),
        ({"name": "a", "tools": ["read", "read"]}, "tools", "twice"),
        ({"name": "a", "tools": ["agent:"]}, "tools", "no tool"),
        ({"name": "a", "tools": ["mcp:a/b c"]}, "tools", "no tool"),
        ({"name": "a", "tools": ["http:x"]}, "tools", "no tool"),
        ({"name": "a", "tools": [f"file:t{n}" for n in range(65)]}, "tools", "64 are allowed"),
        ({"name": "a", "instructions": "x" * 16_385}, "instructions", "16384 are allowed"),
        ({"name": "a", "instructions": "a\x1b[2Jb"}, "instructions", "U+001B"),
        ({"name": "a", "instructions": "a\ud800b"}, "instructions", "U+D800"),
        ({"name": "a", "description": "a\nb"}, "description", "one line"),
        ({"name": "a", "limits": {"network": ["http://x"]}}, "limits.network", "no host"),
        ({"name": "a", "limits": {"network": ["127.1"]}}, "limits.network", "no host"),
        ({"name": "a", "limits": {"steps": True}}, "limits.steps", "expected"),
        *(
            ({"name": "a", "limits": {name: wrong}}, f"limits.{name}", "at least")
            for name, (least, most) in BOUNDS.items()
            for wrong in (least - 1, most + 1)
        ),
    ],
)  # fmt: skip
def test_what_is_no_agent_is_refused_and_the_field_is_named(content: dict[str, Any], param: str, said: str) -> None:
    refused = refusal(content)
    assert refused.param == param
    assert said in refused.message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('name = "a"\n\ncolour = 1\n', 'line 3: there is no field "colour"'),
        ('name = "a"\n[limits]\ncpus = 1\nstepps = 3\n', 'line 4: there is no field "limits.stepps"'),
        ('name = "a"\n[limits]\nname = "b"\n', "line 3: "),
        ('name = "a"\ninstructions = """\nsteps = 3\n"""\n[limits]\nsteps = 0\n', "line 6: limits.steps"),
        ('name = "a"\nlimits.steps = 0\n', "line 2: limits.steps"),
        ('name = "a"\nlimits = { steps = 0 }\n', "line 2: limits.steps"),
        ('name = "a"\n"a b" = 1\n', "line 2: "),
        ('name = "a"\ntools = [\n  "read",\n  1,\n]\n', "line 2: tools[1]"),
        ('name = "a"\nkind = \n', "line 2: this is no TOML"),
        ('name = "a"\nname = "b"\n', "line 2: this is no TOML"),
        ("", "needs a name"),
        ("\x00", "no TOML"),
        ("name = '\ud800'", "not UTF-8"),
        ("a" * (MOST_BYTES + 1), "128 KiB are allowed"),
        ("a" + ".a" * 60_000 + " = 1", "line 1: more than 16 words with dots"),
        ("\n[" + ' \'a\' . "\\"" .' * 8000 + " x]", "line 2: more than 16 words with dots"),
        ("a = " + "[" * 60_000, "nested too deeply"),
        ("a = " + "{a=" * 30_000, "nested too deeply"),
        ("a = " + "1" * 60_000, "no TOML"),
        ("name = 'a'\nx = " + "[" * 40 + "]" * 40, "line 2: there is no field"),
    ],
    ids=lambda text: text[:40],
)
def test_a_file_that_describes_no_agent_is_refused_with_its_line(text: str, said: str) -> None:
    assert said in refusal(text).message


def test_whatever_may_be_written_may_be_read() -> None:
    longest = parsed(
        {
            "name": "a" * 64,
            "description": "\\" * 300,
            "model": "m" * 256,
            "instructions": "😀\\\n" * 5461,
            "tools": [f"mcp:{'s' * 61}{n:03}/{'t' * 128}" for n in range(64)],
            "limits": {"network": [f"{n:02}.{'.'.join(['h' * 60] * 4)}" for n in range(64)]},
        }
    )
    assert read(written(longest)) == longest


def test_comments_and_all_of_toml_may_be_in_a_file() -> None:
    text = """# mine
    'name' = "a" # a name
    tools = [ "read", # first
      'search', ]
    instructions = '''
      say "no\\n"
    '''
    [ limits ]
    "steps" = 0x10
    """
    agent = read(text)
    assert (agent.tools, agent.limits.steps, agent.instructions) == (("read", "search"), 16, 'say "no\\n"')


def test_the_shipped_agents_are_short_enough_for_a_small_model_and_complete() -> None:
    assert sorted(shipped()) == ["data", "files", "research", "shell"]
    for name, found in shipped().items():
        assert found.agent.name == name
        assert found.agent.description
        assert 0 < len(found.agent.instructions.split()) < 70
        assert found.agent.tools
        assert (found.agent.model, found.agent.limits.network) == ("", ())
