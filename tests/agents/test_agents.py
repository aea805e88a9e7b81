"""Which version of an agent a run gets, over a real store, and that it stays what it was."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tektrad.agents import agents as room
from tektrad.agents.agent import canonical, digest, parsed, renewed, version_of
from tektrad.agents.agents import MOST_AGENTS, Agents, shipped
from tektrad.clock import SystemClock
from tektrad.errors import AgentChanged, AgentNotFound, InvalidRequest, StoreFailed
from tektrad.memory.notes import Notes
from tektrad.store.db import Store, open_store
from tektrad.trust.act import Principal
from tektrad.trust.secrets import Secrets
from tektrad.trust.vault import Vault
from tests.audit_logs import new_log

ANNA, BEN = Principal(1001), Principal(1002)
FIRST = parsed({"name": "coder", "tools": ["read"]})
SECOND = renewed(FIRST, {"limits": {"steps": 7}})


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with open_store(tmp_path / "store.db") as opened:
        yield opened


@pytest.fixture
def agents(store: Store, tmp_path: Path) -> Agents:
    clock = SystemClock()
    log = new_log(store, clock, tmp_path)
    secrets = Secrets(store, clock, log, Vault(store, clock, tmp_path / "keys", "file"))
    return Agents(store, clock, log, Notes(store, clock, log, secrets))


async def test_a_run_has_its_version_after_an_edit_and_after_the_agent_is_removed(agents: Agents, store: Store) -> None:
    made = await agents.create(FIRST, ANNA)
    async with store.transaction() as tx:
        pinned = await agents.pin(tx, ANNA.uid, "coder")
    assert pinned == made
    edited = await agents.edit(SECOND, made.version, ANNA)
    await agents.remove("coder", edited.version, ANNA)
    assert await agents.version(ANNA.uid, "coder", pinned.version) == pinned
    async with store.transaction() as tx:
        with pytest.raises(AgentNotFound):
            await agents.pin(tx, ANNA.uid, "coder")


async def test_a_run_has_its_version_of_a_shipped_agent_though_another_tektra_ships_another(
    agents: Agents, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with store.transaction() as tx:
        pinned = await agents.pin(tx, ANNA.uid, "files")
    assert pinned == shipped()["files"]
    monkeypatch.setattr(room, "shipped", dict)
    assert await agents.version(ANNA.uid, "files", pinned.version[:8]) == pinned
    for uid in (ANNA.uid, BEN.uid):
        with pytest.raises(AgentNotFound):
            await agents.find(uid, "files")
    with pytest.raises(AgentNotFound):
        await agents.version(BEN.uid, "files", pinned.version)


async def test_a_shipped_version_that_a_run_has_becomes_ones_own_when_one_goes_back_to_it(
    agents: Agents, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    coming = shipped()["files"]
    async with store.transaction() as tx:
        await agents.pin(tx, ANNA.uid, "files")
    with pytest.raises(InvalidRequest, match="is at that version"):
        await agents.rollback("files", coming.version, None, ANNA)
    edited = await agents.edit(renewed(coming.agent, {"model": "m"}), coming.version, ANNA)
    back = await agents.rollback("files", coming.version, edited.version, ANNA)
    assert (back.source, back.made_by) == ("own", ANNA.uid)
    assert await agents.find(ANNA.uid, "files") == back
    async with store.transaction() as tx:
        await agents.pin(tx, BEN.uid, "files")
    monkeypatch.setattr(room, "shipped", dict)
    again = await agents.rollback("files", coming.version, None, BEN)
    assert (again.source, again.agent) == ("own", coming.agent)


async def test_of_two_edits_at_once_one_is_refused(agents: Agents) -> None:
    made = await agents.create(FIRST, ANNA)
    others = [renewed(FIRST, {"limits": {"steps": steps}}) for steps in (2, 3)]
    ends = await asyncio.gather(*(agents.edit(o, made.version, ANNA) for o in others), return_exceptions=True)
    assert [type(end) for end in ends].count(AgentChanged) == 1
    assert len((await agents.history(ANNA.uid, "coder", 9, None))[0]) == 2


async def test_a_content_that_was_there_before_is_the_same_version_again(agents: Agents) -> None:
    first = await agents.create(FIRST, ANNA)
    second = await agents.edit(SECOND, first.version, ANNA)
    again = await agents.edit(FIRST, second.version, ANNA)
    assert again == first
    assert [change.what for change in (await agents.history(ANNA.uid, "coder", 9, None))[0]] == [
        "edit",
        "edit",
        "create",
    ]


async def test_a_version_that_somebody_changed_in_the_store_is_not_used(agents: Agents, store: Store) -> None:
    made = await agents.create(FIRST, ANNA)
    await store.write("UPDATE agent_versions SET body = replace(body, 'read', 'shell')")
    with pytest.raises(StoreFailed, match="was changed"):
        await agents.version(ANNA.uid, "coder", made.version)


async def test_a_version_stays_readable_when_a_tool_of_it_is_no_tool_any_more(agents: Agents, store: Store) -> None:
    odd = parsed({"name": "coder"})
    odd = type(odd)(name="coder", tools=("telepathy",))
    made = await agents.create(odd, ANNA)
    assert (await agents.version(ANNA.uid, "coder", made.version)).agent.tools == ("telepathy",)


async def test_going_back_to_a_version_from_before_a_field_existed_is_going_back_to_that_version(
    agents: Agents, store: Store
) -> None:
    now = await agents.create(SECOND, ANNA)
    body = canonical(FIRST).replace(b'"thinking":false,', b"")
    row = [ANNA.uid, "coder", digest(body), body.decode(), "2026-01-01T00:00:00.000000Z", ANNA.uid]
    await store.write("INSERT INTO agent_versions VALUES (?, ?, ?, ?, ?, ?)", row)
    back = await agents.rollback("coder", digest(body), now.version, ANNA)
    assert (back.version, back.agent) == (digest(body), FIRST)
    assert await agents.find(ANNA.uid, "coder") == back


async def test_a_user_has_so_many_agents_and_others_as_many(agents: Agents) -> None:
    for number in range(MOST_AGENTS):
        await agents.create(parsed({"name": f"a{number}"}), ANNA)
    with pytest.raises(InvalidRequest, match="256 agents already"):
        await agents.create(FIRST, ANNA)
    with pytest.raises(InvalidRequest, match="256 agents already"):
        await agents.edit(renewed(shipped()["files"].agent, {"model": "m"}), shipped()["files"].version, ANNA)
    await agents.remove("a0", version_of(parsed({"name": "a0"})), ANNA)
    await agents.create(FIRST, ANNA)
    await agents.create(FIRST, BEN)
