"""Tools of one's own, called as the door calls them: real confinement, and tools that fail in every way."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tektrad.agents.agent import Agent, Limits
from tektrad.agents.own_tools import OwnTools
from tektrad.agents.tool import Here, Result, ToolFailed
from tektrad.agents.tool_source import schemas
from tektrad.agents.toolbox import Toolbox
from tektrad.agents.tools import own as room
from tektrad.clock import SystemClock
from tektrad.errors import InvalidRequest, StoreFailed, ToolNotFound
from tektrad.sandbox.sandbox import Sandbox
from tektrad.store.db import Store, open_store
from tektrad.trust.act import Principal
from tektrad.trust.audit import open_audit
from tektrad.trust.keys import opened_key

pytestmark = pytest.mark.anyio
ANNA, BERT = Principal(uid=1), Principal(uid=2)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with open_store(tmp_path / "tektra.db") as opened:
        yield opened


@pytest.fixture
async def own(store: Store, tmp_path: Path) -> AsyncIterator[OwnTools]:
    key = opened_key(tmp_path / "key", tmp_path / "key.pub", False)
    async with open_audit(store, SystemClock(), key, {}) as audit:
        yield OwnTools(store, SystemClock(), audit)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The private copy of a folder: what a sandbox's user may write."""
    path = tmp_path / "folder" / "copy"
    path.mkdir(parents=True)
    for each in (path, path.parent, tmp_path, tmp_path.parent, tmp_path.parent.parent):
        each.chmod(0o755)
    return path


def source(body: str, signature: str = "()", doc: str = '"""Try it."""', mark: str = "@tool(timeout=20)") -> str:
    lines = "\n    ".join([doc, *body.splitlines()])
    return f"import os, sys\nfrom tektra import tool\n\n{mark}\ndef attempt{signature}:\n    {lines}\n"


async def added(own: OwnTools, text: str, by: Principal = ANNA) -> None:
    await own.add(text, schemas(text), 0, by)


async def called(sandbox: Sandbox, own: OwnTools, root: Path, text: str = "", **arguments: Any) -> Result:
    if text:
        await added(own, text)
    box = Toolbox((), {"file": lambda uid, name: room.given(sandbox, own, uid, name)})
    agent = Agent(name="a", tools=("file:attempt",), limits=Limits(memory_bytes=256 << 20))
    (tool,), missing = await box.given(1, agent)
    assert (missing, tool.writes, tool.declared.name) == ([], True, "attempt")
    here = Here(1, "run", "run/1", agent, root.parent, root)
    wish = tool.wish(here, arguments)
    assert (wish.action, wish.resource, wish.effect) == ("call", "file:attempt", "inside")
    return await tool.work(here, wish.said)


async def test_a_tool_is_given_typed_arguments_and_gives_a_text_or_a_value(
    confined: Sandbox, own: OwnTools, copy: Path
) -> None:
    doc = '"""Try it.\n\n    Args:\n        a: one\n        b: two\n        c: three\n    """'
    signature = "(a: int, b: 'Literal[1, 2]' = 2, *, c: 'str | None')"
    text = source("return {'a': a, 'b': b, 'c': c, 'é': [1.5]}", signature, doc)
    result = await called(confined, own, copy, text, a="3", b=None)
    assert (result.text, result.data) == (
        '{"a": 3, "b": 2, "c": null, "é": [1.5]}',
        {"a": 3, "b": 2, "c": None, "é": [1.5]},
    )
    for arguments, why in (
        ({}, "a"),
        ({"a": "x"}, "int"),
        ({"a": 1, "b": 3}, "enum"),
        ({"a": 1, "d": 3}, "unknown field"),
    ):
        with pytest.raises(ToolFailed, match=why):
            await called(confined, own, copy, **arguments)
    said = await called(confined, own, copy, source("return 'a text'"))
    assert (said.text, said.data) == ("a text", "a text")
    odd = await called(confined, own, copy, source("return [os.fsdecode(b'\\xff'), 'é']"))
    assert odd.data == ["?", "é"]
    nothing = await called(confined, own, copy, source("pass"))
    assert (nothing.text, nothing.data) == ("it gave nothing", None)


async def test_a_tool_works_in_the_private_copy_and_reaches_nothing_else(
    confined: Sandbox, own: OwnTools, copy: Path
) -> None:
    (copy / "in.txt").write_text("tea")
    (copy / "json.py").write_text("raise SystemExit")
    body = """import socket
open('out.txt', 'w').write(open('in.txt').read() * 2)
try:
    open('/etc/shadow').read()
except OSError as error:
    first = type(error).__name__
try:
    socket.create_connection(('192.0.2.1', 80), 1)
except OSError as error:
    return [first, 'no network']"""
    result = await called(confined, own, copy, source(body))
    assert result.data[1] == "no network"
    assert result.data[0] in ("PermissionError", "FileNotFoundError")
    assert (copy / "out.txt").read_text() == "teatea"


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("x = {}\nreturn x['kettle']", r"line 8, in attempt\n    return x\['kettle'\]\n.*\nKeyError: 'kettle'"),
        ("print('on the way'); raise ValueError('no tea')", "ValueError: no tea\nstdout: on the way"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("class E(Exception):\n  def __str__(self): raise self\nraise E", "E"),
        ("return object()", "is no JSON .object."),
        ("return float('nan')", "is no JSON .float."),
        ("x = []; x.append(x); return x", "is no JSON .list."),
        ("return 'x' * (2 << 20)", "it gave 20971.. bytes, and 524288 are allowed"),
        ("os._exit(7)", r"ended without a result \(code 7\)"),
        ("os.kill(os.getpid(), 9)", r"ended without a result"),
        ("sys.stderr.write('last words'); sys.stderr.flush(); os._exit(1)", r"code 1\)\nstderr: last words"),
        ("while True: print('x' * 10_000)", "it printed too much\nstdout: x"),
        ("x = bytearray(1 << 30)", "MemoryError|more memory"),
        (
            "for n in range(3, 30):\n  try: os.write(n, b'\\xff' * 8)\n  except OSError: pass\n"
            "import time; time.sleep(9)",
            "no answer",
        ),
    ],
)
async def test_a_tool_that_fails_tells_how_in_words(
    confined: Sandbox, own: OwnTools, copy: Path, body: str, why: str
) -> None:
    with pytest.raises(ToolFailed, match=why):
        await called(confined, own, copy, source(body))


async def test_a_tool_s_source_is_a_module_like_any_other(confined: Sandbox, own: OwnTools, copy: Path) -> None:
    text = source("return vars(Cup('tea')) | {'hint': str(Cup.__annotations__['of'])}")
    head = (
        "from __future__ import annotations\nfrom dataclasses import dataclass\n@dataclass\nclass Cup:\n    of: str\n"
    )
    assert (await called(confined, own, copy, head + text)).data == {"of": "tea", "hint": "str"}
    plain = await called(
        confined, own, copy, source("return str(Cup.__annotations__['of'])") + "class Cup:\n    of: str\n"
    )
    assert plain.text == "<class 'str'>"


async def test_a_source_that_cannot_even_be_loaded_says_where(confined: Sandbox, own: OwnTools, copy: Path) -> None:
    with pytest.raises(ToolFailed, match=r'File "attempt.py", line 8, in <module>\n.*\n.*ModuleNotFoundError'):
        await called(confined, own, copy, source("return 1") + "import nothing_of_that_name\n")


async def test_a_tool_that_hangs_is_ended_with_all_that_it_started(
    confined: Sandbox, own: OwnTools, copy: Path
) -> None:
    hangs = source("import time\nos.fork()\nprint('waiting', flush=True)\ntime.sleep(1000)", mark="@tool(timeout=1)")
    with pytest.raises(ToolFailed, match="more than 1 seconds\nstdout: waiting"):
        await called(confined, own, copy, hangs)


async def test_a_tool_is_tried_again_as_often_as_it_says(confined: Sandbox, own: OwnTools, copy: Path) -> None:
    body = "open('tries', 'a').write('x')\nn = len(open('tries').read())\nif n < 3: raise OSError(n)\nreturn f'at {n}'"
    result = await called(confined, own, copy, source(body, mark="@tool(retries=3)"))
    assert result.text == "at 3\n[it worked at try 3 of 4]"
    (copy / "tries").unlink()
    with pytest.raises(ToolFailed, match=r"attempt failed 2 times; the last time: (?s:.)*OSError: 2"):
        await called(confined, own, copy, source(body, mark="@tool(retries=1)"))


async def test_a_tool_that_was_changed_disabled_or_removed_is_so_in_runs_that_go_on(
    confined: Sandbox, own: OwnTools, copy: Path
) -> None:
    await added(own, source("return 1"))
    (tool,) = await room.given(confined, own, 1, "attempt")
    here = Here(1, "run", "run/1", Agent(name="a"), copy.parent, copy)
    assert (await tool.work(here, {})).data == 1
    await own.switch("attempt", False, ANNA)
    assert await room.given(confined, own, 1, "attempt") == []
    with pytest.raises(ToolFailed, match="is disabled"):
        await tool.work(here, {})
    await added(own, source("return 2"))
    with pytest.raises(ToolFailed, match="was changed since this run began"):
        await tool.work(here, {})
    await own.remove("attempt", ANNA)
    with pytest.raises(ToolFailed, match="was removed"):
        await tool.work(here, {})


async def test_everybody_has_tools_of_their_own_pinned_to_a_source_that_goes_with_the_last_of_them(
    own: OwnTools, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = source("return 1") + '\n@tool\ndef other():\n    """Do."""\n'
    await added(own, both)
    await added(own, source("return 3"), BERT)
    assert [each.tool.name for each in await own.all(1)] == ["attempt", "other"]
    first = (await own.all(1))[0]
    assert await own.source(1, first.sha256) == both
    with pytest.raises(StoreFailed):
        await own.source(2, first.sha256)
    with pytest.raises(ToolNotFound):
        await own.switch("other", False, BERT)
    await own.remove("attempt", ANNA)
    assert await own.source(1, first.sha256) == both
    await own.remove("other", ANNA)
    with pytest.raises(StoreFailed):
        await own.source(1, first.sha256)
    found = await own.find(2, "attempt")
    await store.write("UPDATE tool_sources SET source = 'x'")
    with pytest.raises(StoreFailed, match="not in the store as it was added"):
        await own.source(2, found.sha256)
    kinds = [row["kind"] for row in await store.rows("SELECT kind FROM audit WHERE kind LIKE 'tool.%' ORDER BY number")]
    assert kinds == ["tool.add", "tool.add", "tool.add", "tool.remove", "tool.remove"]
    monkeypatch.setattr("tektrad.agents.own_tools.MOST_TOOLS", 1)
    with pytest.raises(InvalidRequest, match="tools already"):
        await added(own, both, BERT)
