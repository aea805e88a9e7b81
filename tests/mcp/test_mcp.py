"""MCP servers at work, over real confinement and a real store: what they answer, and what hostile ones come to."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from tektrad.clock import SystemClock
from tektrad.errors import InvalidRequest, McpChanged, McpExists, McpFailed, McpNotFound, StoreFailed, TektraError
from tektrad.mcp import mcp as room
from tektrad.mcp.answer import Answer
from tektrad.mcp.mcp import Mcp
from tektrad.mcp.server import Server, checked
from tektrad.mcp.servers import Servers
from tektrad.sandbox.sandbox import Sandbox
from tektrad.store.db import Store, open_store
from tektrad.trust.act import Principal
from tektrad.trust.alarms import Alarms
from tektrad.trust.secrets import Secrets
from tektrad.trust.vault import Vault
from tests.audit_logs import new_log
from tests.mcp_servers import GREET, RUN, SUM, Web, command, tool
from tests.sandboxes import sandbox_at

ANNA, BEN = Principal(1001), Principal(1002)
CHILD = "import subprocess; result = subprocess.Popen(['sleep', '1000']).pid"
PLAIN = [
    tool(name) for name in ("image", "fail", "count", "die", "hang", "garbage", "flood", "endless", "odd", "later")
]


@dataclass
class Place:
    """An installation's part that MCP needs."""

    mcp: Mcp
    store: Store
    secrets: Secrets
    folder: Path

    async def add(self, tools: list[dict[str, Any]], name: str = "ours", behaviour: str = "", **fields: Any) -> Server:
        """Add a server of ours, and approve it."""
        return await self.approved(Server(name=name, command=tuple(command(tools, behaviour)), **fields))

    async def approved(self, server: Server, by: Principal = ANNA) -> Server:
        kept = await self.mcp.add(checked(server), by)
        return (await self.mcp.servers.approve(server.name, kept.pin, by)).server

    async def call(self, tool: str, by: Principal = ANNA, server: str = "ours", **arguments: Any) -> Answer:
        return await self.mcp.call(by.uid, server, tool, arguments)

    async def kinds(self) -> list[str]:
        """Of all entries in the log."""
        return [json.loads(row["body"])["kind"] for row in await self.store.rows("SELECT body FROM audit")]


@pytest.fixture(params=["A", "B"])
async def sandbox(request: pytest.FixtureRequest, tmp_path: Path) -> Sandbox:
    return await sandbox_at(request.param, tmp_path / "scratch")


@pytest.fixture
async def place(sandbox: Sandbox, tmp_path: Path) -> AsyncIterator[Place]:
    clock = SystemClock()
    async with open_store(tmp_path / "store.db") as store:
        log = new_log(store, clock, tmp_path)
        vault = Vault(store, clock, tmp_path / "keys", "file")
        secrets = Secrets(store, clock, log, vault)
        mcp = Mcp(Servers(store, clock, log), sandbox, secrets, log, Alarms(log, clock))
        async with mcp.running():
            yield Place(mcp, store, secrets, tmp_path)


async def test_a_tool_of_a_confined_program_is_called(place: Place) -> None:
    await place.add([GREET, SUM, *PLAIN])
    assert await place.call("greet", who="Anna") == Answer(text="hello Anna")
    assert await place.call("sum", a=2, b=3) == Answer(text='{"sum": 5}', data={"sum": 5})
    assert (await place.call("image")).text == "[image, image/png, 5 bytes]"
    assert await place.call("fail") == Answer(text="it went wrong", ok=False)
    kinds = await place.kinds()
    assert (kinds.count("mcp.add"), kinds.count("mcp.approve"), kinds.count("mcp.start")) == (1, 1, 2)


async def test_a_program_stays_for_several_calls_and_calls_may_come_at_once(place: Place) -> None:
    await place.add(PLAIN)
    answers = await asyncio.gather(*(place.call("count") for _ in range(5)))
    assert sorted(answer.text for answer in answers) == ["1", "2", "3", "4", "5"]
    assert (await place.kinds()).count("mcp.start") == 2


async def test_a_program_that_nobody_calls_for_a_while_is_ended(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "IDLE_S", 0.0)
    await place.add(PLAIN)
    for _ in range(2):
        assert (await place.call("count")).text == "1"
        while place.mcp._live:  # noqa: ASYNC110  the timer is due at once
            await asyncio.sleep(0)


async def test_what_runs_confined_reaches_no_files_no_network_and_no_variables_but_its_own(place: Place) -> None:
    canary = place.folder / "canary"
    canary.write_text("alive")
    await place.add([RUN], env={"COLOUR": "blue"})
    for code in (
        f"open({str(canary)!r}).read()",
        f"import os; os.remove({str(canary)!r})",
        f"import os; os.listdir({str(Path.home())!r})",
        "import socket; socket.create_connection(('127.0.0.1', 1), 1).send(b'x')",
        "import socket; socket.create_connection(('192.0.2.1', 80), 1)",
    ):
        assert (await place.call("run", code=code)).ok is False, code
    assert canary.read_text() == "alive"
    seen = await place.call("run", code="import os; result = sorted(set(os.environ) - {'LC_CTYPE', 'PWD', 'HOME'})")
    assert "COLOUR" in seen.text
    assert not {name for name in os.environ if name.startswith(("PYTEST", "TEKTRA"))} & set(eval(seen.text))


@pytest.fixture
def lent() -> Iterator[Path]:
    """A folder that others may reach: as root, programs run as somebody else."""
    path = Path(tempfile.mkdtemp(prefix="tk-mcp-", dir="/tmp"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


async def test_a_folder_that_is_lent_is_seen_and_changed(place: Place, lent: Path) -> None:
    (lent / "note").write_text("hello")
    server = await place.add([RUN], folder=str(lent))
    assert server.effect == "outside"
    assert (await place.call("run", code="result = open('note').read(); open('new', 'w').write('x')")).text == "hello"
    assert (lent / "new").read_text() == "x"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("die", "code 3: out of luck"),
        ("garbage", "is no JSON-RPC: this is no JSON-RPC"),
        ("flood", "more than 16 MiB"),
        ("endless", "a line of more than 4 MiB"),
        ("odd", "nobody understands"),
    ],
)
async def test_a_server_that_dies_floods_or_speaks_nonsense_fails_in_words_and_the_next_call_has_another(
    place: Place, name: str, why: str
) -> None:
    await place.add([GREET, *PLAIN], timeout=30.0)
    with pytest.raises(McpFailed, match=why):
        await place.call(name)
    assert (await place.call("greet", who="Ben")).text == "hello Ben"


async def test_a_server_that_hangs_is_given_up_and_so_is_one_that_never_begins(place: Place) -> None:
    await place.add([GREET, *PLAIN], timeout=5.0)
    with pytest.raises(McpFailed, match="within 5 s"):
        await place.call("hang")
    assert (await place.call("greet", who="Ben")).text == "hello Ben"
    with pytest.raises(McpFailed, match="within 1 s"):
        await place.add([GREET], "slow", "hangs", timeout=1.0)
    with pytest.raises(McpFailed, match="code 1: I have no key"):
        await place.add([GREET], "dead", "dies")
    with pytest.raises(McpFailed, match="127: nowhere: No such file"):
        await place.approved(Server(name="none", command=("nowhere",)))
    assert [kept.server.name for kept in await place.mcp.servers.all(ANNA.uid)] == ["ours"]


async def test_a_call_that_is_cancelled_leaves_the_server_well(place: Place) -> None:
    await place.add([GREET, *PLAIN], timeout=30.0)
    await place.call("greet", who="Ben")
    hanging = asyncio.create_task(place.call("hang"))
    while not place.mcp._live[ANNA.uid, "ours"].session.calls:  # noqa: ASYNC110
        await asyncio.sleep(0)
    hanging.cancel()
    with pytest.raises(asyncio.CancelledError):
        await hanging
    assert place.mcp._live[ANNA.uid, "ours"].session.calls == 0


async def test_a_program_may_greet_before_it_speaks(place: Place) -> None:
    await place.add([GREET], behaviour="greets")
    assert (await place.call("greet", who="Ben")).text == "hello Ben"


async def test_nothing_is_called_before_it_is_approved_and_what_was_looked_at_is_what_is_approved(place: Place) -> None:
    kept = await place.mcp.add(Server(name="ours", command=tuple(command([GREET]))), ANNA)
    assert kept.state == "new"
    with pytest.raises(McpChanged, match="not approved yet"):
        await place.call("greet", who="Ben")
    with pytest.raises(McpChanged, match="not approved yet"):
        await place.mcp.given(ANNA.uid, "ours")
    with pytest.raises(McpChanged, match="not what you looked at"):
        await place.mcp.servers.approve("ours", "0" * 64, ANNA)
    with pytest.raises(McpExists):
        await place.mcp.add(Server(name="ours", command=("true",)), ANNA)


async def test_a_server_that_offers_less_from_now_on_is_suspended(place: Place) -> None:
    await place.add([GREET, *PLAIN])
    assert (await place.call("later")).text == "from now on I offer less"
    for _ in range(2):
        with pytest.raises(McpChanged, match="count removed") as refused:
            await place.call("count")
        assert refused.value.hint.endswith("tektra mcp approve ours")
    assert (await place.mcp.servers.find(ANNA.uid, "ours")).state == "changed"
    assert (await place.kinds()).count("security.mcp_changed") == 1
    assert [each.name for _, each in await place.mcp.given(ANNA.uid, "ours/count")] == ["count"]  # a run goes on
    # Started anew it offers what it did: whoever looks at it finds nothing changed.
    assert (await place.mcp.check(ANNA.uid, "ours")).state == "approved"
    assert (await place.call("count")).text == "1"


async def test_servers_are_their_user_s_alone(place: Place) -> None:
    await place.add([GREET])
    with pytest.raises(McpNotFound):
        await place.call("greet", by=BEN, who="Ben")
    for refused in (
        place.mcp.given(BEN.uid, "ours"),
        place.mcp.check(BEN.uid, "ours"),
        place.mcp.remove("ours", BEN),
        place.mcp.servers.approve("ours", "0" * 64, BEN),
    ):
        with pytest.raises(McpNotFound):
            await refused
    await place.approved(Server(name="ours", command=tuple(command([SUM]))), BEN)
    assert (await place.call("sum", by=BEN, a=1, b=1)).data == {"sum": 2}
    assert (await place.call("greet", who="Anna")).text == "hello Anna"
    await place.mcp.remove("ours", BEN)
    assert (await place.call("greet", who="Anna")).text == "hello Anna"


async def test_what_was_approved_and_then_changed_in_the_store_is_not_used(place: Place) -> None:
    await place.add([GREET])
    await place.store.write("UPDATE mcp_tools SET body = replace(body, 'Greets', 'Obeys')")
    with pytest.raises(StoreFailed, match="was changed"):
        await place.call("greet", who="Anna")
    await place.mcp.remove("ours", ANNA)


async def test_a_secret_reaches_the_program_and_nobody_else(place: Place) -> None:
    await place.secrets.set("TOKEN", b"correct horse", ANNA.uid)
    server = await place.add([RUN], secrets={"KEY": "TOKEN"})
    assert "correct" not in json.dumps(server.identity)
    shown = await place.call("run", code="import os; result = os.environ['KEY'], len(os.environ['KEY'])")
    assert shown.text == "('[secret TOKEN]', 13)"
    found = await place.call("run", code="import sys; result = 'correct' in str(sys.orig_argv)")
    assert found.text == "False"
    with pytest.raises(TektraError, match="no secret"):
        await place.add([RUN], "other", secrets={"KEY": "NOTHING"})


async def test_an_ordinary_program_has_the_user_s_files_and_no_variables_of_the_daemon(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAEMONS_OWN", "secret")
    canary = place.folder / "canary"
    canary.write_text("alive")
    server = await place.add([RUN, *PLAIN], network=True, env={"COLOUR": "blue"})
    assert (server.kind, server.effect) == ("ordinary", "outside")
    assert (await place.call("run", code=f"result = open({str(canary)!r}).read()")).text == "alive"
    names = set(eval((await place.call("run", code="import os; result = list(os.environ)")).text))
    assert names - {"LC_CTYPE"} == {"PATH", "HOME", "LANG", "COLOUR"}
    child = psutil.Process(int((await place.call("run", code=CHILD)).text))
    with pytest.raises(McpFailed, match="out of luck"):
        await place.call("die")
    _, alive = psutil.wait_procs([child], 30)
    assert not alive or child.status() == psutil.STATUS_ZOMBIE


async def test_a_server_by_http_is_called_with_its_header(place: Place) -> None:
    await place.secrets.set("TOKEN", b"correct horse", ANNA.uid)
    with Web([GREET]) as web:
        server = await place.approved(Server(name="ours", url=web.url, headers={"X-Key": "TOKEN"}))
        assert (server.kind, server.effect) == ("http", "outside")
        assert (await place.call("greet", who="Anna")).text == "hello Anna"
        assert {each["x-key"] for each in web.headers} == {"correct horse"}
        web.tools = [GREET, SUM]
        assert (await place.mcp.check(ANNA.uid, "ours")).changes == {"sum": "added"}
        with pytest.raises(McpChanged, match="sum added"):
            await place.call("greet", who="Anna")


async def test_a_server_by_http_that_leads_elsewhere_packs_floods_or_is_gone_fails_in_words(place: Place) -> None:
    with Web([GREET]) as web, Web([GREET]) as other:
        await place.approved(Server(name="ours", url=web.url, timeout=20.0))
        for switch, value, why in (
            ("redirect", other.url, "not followed"),
            ("encoding", "gzip", "packs"),
            ("endless", True, "more than 16 MiB"),
            ("status", 500, "ours"),
        ):
            before = getattr(web, switch)
            setattr(web, switch, value)
            with pytest.raises(McpFailed, match=why):
                await place.call("greet", who="Anna")
            setattr(web, switch, before)
            assert (await place.call("greet", who="Anna")).text == "hello Anna"
        assert other.headers == []
    with pytest.raises(McpFailed, match="gives no answer: All connection attempts failed"):
        await place.mcp.check(ANNA.uid, "ours")


async def test_more_servers_than_may_be_at_work_take_turns(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "MOST_AT_ONCE", 1)
    await place.add(PLAIN, "one")
    await place.add(PLAIN, "two")
    said = [(await place.call("count", server=name)).text for name in ("one", "one", "two", "one")]
    assert said == ["1", "2", "1", "1"]


async def test_names_that_would_mislead_are_refused_before_anything_is_kept(place: Place) -> None:
    for tools, why in (
        ([tool("gre\u0435t")], r"gre\u0435t|the name"),
        ([tool("greet\u200b")], "u200b"),
        ([tool("a.b"), tool("a_b")], "both ours_a_b"),
        ([tool("same"), tool("same")], "both ours_same"),
        ([tool("x", "y", **{"p\u200b": {"type": "string"}})], "parameter"),
        ([tool(f"t{number}") for number in range(200)], "128 are allowed"),
    ):
        with pytest.raises(McpFailed, match=why):
            await place.add(tools)
    with pytest.raises(McpFailed, match="something else"):
        await place.add([tool("answer")], "final")
    with pytest.raises(InvalidRequest):
        await place.add([GREET], "gre\u0435t")
    assert await place.mcp.servers.all(ANNA.uid) == []
