"""Tools of one's own, as their source says them: schemas from hints and docstrings, refusals with lines."""

from __future__ import annotations

import keyword
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tektrad.agents.tool_source import MOST_SOURCE, TAKEN, TOOL_NAME, schemas
from tektrad.errors import InvalidRequest

WHOLE = '''
import math
from typing import Literal, Optional
from tektra import tool

SCALE = 2

@tool(timeout=5, retries=2)
def area(
    width: float,
    shape: Literal["square", "circle"],
    times: int = 1,
    *,
    note: Optional[str],
    sides: "list[int] | None" = None,
    more: dict[str, float] = {},
    exact: bool = False,
) -> float:
    """Compute the area of a shape.

    It knows two   shapes.

    Args:
        width (float): How wide it is,
            in metres.
        shape: Which one.
        times: How often.
        note: What to write beside it
        sides: Their lengths: in metres.
        more: Other measures.
        exact: Whether to round.

    Returns:
        The area.
    """
    return width

def helper(x):
    return x

@tool
def greet(name: str):
    """Greet somebody.

    Args:
        name: Whom.
    """

@tool()
def ping() -> list[str]:
    "Answer."
'''


def test_hints_and_docstrings_become_what_a_model_is_told() -> None:
    area, greet, ping = schemas(WHOLE)
    assert (area.name, area.timeout_s, area.retries, area.output_type) == ("area", 5.0, 2, "number")
    assert area.description == "Compute the area of a shape. It knows two shapes."
    assert area.inputs == {
        "width": {"type": "number", "description": "How wide it is, in metres."},
        "shape": {"type": "string", "enum": ["square", "circle"], "description": "Which one."},
        "times": {"type": "integer", "description": "How often.", "nullable": True},
        "note": {"type": "string", "description": "What to write beside it", "nullable": True},
        "sides": {
            "type": "array",
            "items": {"type": "integer"},
            "description": "Their lengths: in metres.",
            "nullable": True,
        },
        "more": {
            "type": "object",
            "additionalProperties": {"type": "number"},
            "description": "Other measures.",
            "nullable": True,
        },
        "exact": {"type": "boolean", "description": "Whether to round.", "nullable": True},
    }
    assert area.filled == ["note"]
    assert (greet.name, greet.output_type, greet.timeout_s) == ("greet", "any", 60.0)
    assert (ping.inputs, ping.output_type, ping.description) == ({}, "array", "Answer.")


def one(signature: str, args: str = "", mark: str = "@tool", start: str = "from tektra import tool") -> str:
    told = f"\n    Args:\n        {args}\n    " if args else ""
    return f'{start}\n{mark}\n{signature}\n    """Do it.\n{told}"""\n'


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("x = 1", "there is no tool in it"),
        ("def f(:", "line 1: no Python"),
        ("import tool\n@tool.tool\ndef f(): 'x'", "there is no tool in it"),
        (one("def f(x):", "x: what"), "line 3: x has no type hint"),
        (one("def f(x: int, y: str):", "x: what"), "line 3: the docstring says nothing of y"),
        (one("def f():", "x: what"), 'line 3: the docstring of f tells of "x"'),
        (one("def f(x: bytes):", "x: what"), "line 3: the type of x is none of str, int"),
        (one("def f(x: None):", "x: what"), "line 3: the type of x"),
        (one("def f(x: int | str):", "x: what"), "line 3: the type of x"),
        (one("def f(x: Literal[1, 'a']):", "x: what"), "line 3: the type of x"),
        (one("def f(x: Literal[10**30]):", "x: what"), "line 3: the type of x"),
        (one("def f(x: Literal[9007199254740993]):", "x: what"), "line 3: the type of x"),
        (one("def f(x: Literal['\\ud800']):", "x: what"), "line 3: the type of x"),
        (one("def f(x: Literal[True]):", "x: what"), "line 3: the type of x"),
        (one("def f(x: list[bytes]):", "x: what"), "line 3: the type of x"),
        (one("def f(x: dict[int, str]):", "x: what"), "line 3: the type of x"),
        (one("def f(x: '('):", "x: what"), "line 3: the type of x"),
        (one("def f(*x: int):", "x: what"), "line 3: f takes \\* or / parameters"),
        (one("def f(x: int, /):", "x: what"), "line 3: f takes \\* or / parameters"),
        (one("def f(_x: int):", "_x: what"), 'line 3: "_x" is no name for a parameter'),
        (one("async def f():"), "line 3: a tool is a plain function"),
        (one("class f:"), "line 3: a tool is a plain function"),
        (one("def _f():"), 'line 3: "_f" is no name for a tool'),
        (one("def read():"), "line 3: read is the name of a tool that comes with Tektra"),
        (one("def recall():"), "line 3: recall is the name of a tool that comes with Tektra"),
        (one("def final_answer():"), "final_answer is the name"),
        ("from tektra import tool\n@tool\ndef f(): pass", "line 3: f has no docstring"),
        ("from tektra import tool\n@tool\ndef f(): '''\n'''", "line 3: f has no docstring"),
        (one("def f():", mark="@tool(5)"), "line 2: @tool takes timeout=SECONDS"),
        (one("def f():", mark="@tool(speed=5)"), "line 2: @tool takes timeout=SECONDS"),
        (one("def f():", mark="@tool(**x)"), "line 2: @tool takes timeout=SECONDS"),
        (one("def f():", mark="@tool(timeout=601)"), "line 2: @tool: timeout is a plain number, at most 600 seconds"),
        (one("def f():", mark="@tool(timeout=True)"), "line 2: @tool: timeout"),
        (one("def f():", mark="@tool(timeout=x)"), "line 2: @tool: timeout"),
        (one("def f():", mark="@tool(retries=1.0)"), "line 2: @tool: retries is a plain number, at most 5 times"),
        (one("def f():", mark="@tool(retries=-1)"), "line 2: @tool: retries"),
        (one("def f():") + "\n" + one("def f():"), "two tools called f"),
        ("from tektra import tool\nclass A:\n  @tool\n  def f(self): 'x'", "line 4: a tool is a function of its own"),
        ("from tektra import tool\nif 1:\n  @tool\n  def f(): 'x'", "line 4: a tool is a function of its own"),
        pytest.param("#" * (MOST_SOURCE + 1), "longer than 256 KiB", id="long"),
        ("'\ud83d'", "line 1: no Python"),
        ("\0", "no Python"),
        pytest.param(one(f"def f(x: {'|'.join(['int'] * 20_000)}):"), "no Python|type of x", id="deep to the left"),
        pytest.param("(" * 5000 + ")" * 5000, "no Python", id="deep"),
    ],
)
def test_what_cannot_be_a_tool_is_refused_with_its_line(source: str, why: str) -> None:
    with pytest.raises(InvalidRequest, match=why):
        schemas(source)


@pytest.mark.parametrize(
    ("start", "mark"),
    [
        ("from tektra import tool as marked", "@marked"),
        ("import tektra", "@tektra.tool(retries=0)"),
        ("import tektra as t", "@t.tool"),
    ],
)
def test_a_mark_is_known_by_whatever_name_it_was_imported(start: str, mark: str) -> None:
    assert [tool.name for tool in schemas(one("def f():", mark=mark, start=start))] == ["f"]


def test_names_of_tools_cannot_look_like_others() -> None:
    with pytest.raises(InvalidRequest, match="no name for a tool"):
        schemas(one("def f\N{CYRILLIC SMALL LETTER O}o():"))


HINTS: dict[str, dict[str, Any]] = {
    "str": {"type": "string"},
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "bool": {"type": "boolean"},
    "list": {"type": "array"},
    "typing.Dict": {"type": "object"},
    "list[list[int]]": {"type": "array", "items": {"type": "array", "items": {"type": "integer"}}},
    "Literal[1, 2]": {"type": "integer", "enum": [1, 2]},
    "'str'": {"type": "string"},
}
NAMES = st.from_regex(TOOL_NAME, fullmatch=True).filter(lambda name: not keyword.iskeyword(name) and name.isascii())


@settings(max_examples=50)
@given(
    NAMES.filter(lambda name: name not in TAKEN),
    st.dictionaries(NAMES, st.tuples(st.sampled_from(sorted(HINTS)), st.booleans(), st.booleans()), max_size=6),
    st.text("abc dé:()\\'", min_size=1).map(str.strip).filter(bool),
)
def test_every_signature_of_known_types_is_understood(
    name: str, parameters: dict[str, tuple[str, bool, bool]], about: str
) -> None:
    def written(each: str) -> str:
        hint, is_optional, has_default = parameters[each]
        return f"{each}: {f'Optional[{hint}]' if is_optional else hint}{' = None' if has_default else ''}"

    args = "\n        ".join(f"{each}: it is {each}" for each in parameters)
    source = one(f"def {name}({', '.join(['*', *map(written, parameters)] if parameters else [])}):", args)
    (tool,) = schemas(source.replace("Do it.", repr("x" + about)[1:-1].replace('"', "")))
    assert tool.name == name
    assert list(tool.inputs) == list(parameters)
    for each, (hint, is_optional, has_default) in parameters.items():
        wanted = HINTS[hint] | {"description": f"it is {each}"}
        assert tool.inputs[each] == wanted | ({"nullable": True} if is_optional or has_default else {})
    assert tool.filled == [
        n for n, (_, is_optional, has_default) in parameters.items() if is_optional and not has_default
    ]


@given(st.text(max_size=300))
def test_any_text_is_a_source_or_is_refused(text: str) -> None:
    for source in (text, one("def f(x: int):", text), one(f"def f({text}):", "x: what")):
        try:
            found = schemas(source)
        except InvalidRequest:
            continue
        assert found
