"""Notes in a real store: whose they are, what they hold, what is found, and that none is kept twice."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import aiosqlite
import pytest

from tektrad.clock import SystemClock
from tektrad.errors import InvalidRequest, NoteNotFound
from tektrad.memory.notes import MOST_NOTES, Notes
from tektrad.store.db import Store, open_store
from tektrad.trust.act import Principal
from tektrad.trust.audit import AuditLog
from tektrad.trust.secrets import Secrets
from tektrad.trust.vault import Vault
from tests.audit_logs import new_log

pytestmark = pytest.mark.anyio
ANNA, BEN = 1001, 1002


async def on(tx: aiosqlite.Connection) -> bool:
    return True


async def off(tx: aiosqlite.Connection) -> bool:
    return False


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with open_store(tmp_path / "store.db") as opened:
        yield opened


@pytest.fixture
def log(store: Store, tmp_path: Path) -> AuditLog:
    return new_log(store, SystemClock(), tmp_path)


@pytest.fixture
def secrets(store: Store, log: AuditLog, tmp_path: Path) -> Secrets:
    clock = SystemClock()
    return Secrets(store, clock, log, Vault(store, clock, tmp_path / "keys", "file"))


@pytest.fixture
def notes(store: Store, log: AuditLog, secrets: Secrets) -> Notes:
    return Notes(store, SystemClock(), log, secrets)


async def add(notes: Notes, text: str, uid: int = ANNA, agent: str = "coder", key: str | None = None) -> int:
    return (await notes.add(uid, agent, text, "run", key or f"run/{uid}/{agent}/{text}", on)).id


async def texts(notes: Notes, uid: int = ANNA, agent: str = "coder") -> list[str]:
    return [note.text for note in await notes.all(uid, agent)]


async def test_the_same_step_done_again_after_a_crash_keeps_one_note(notes: Notes) -> None:
    first = await notes.add(ANNA, "coder", "the host is blue", "run", "run/3", on)
    assert await notes.add(ANNA, "coder", "the host is blue", "run", "run/3", on) == first
    assert await notes.add(ANNA, "coder", "the host is blue", "run", "run/3", off) == first
    assert await notes.all(ANNA, "coder") == [first]


async def test_a_text_that_is_noted_already_is_not_noted_again(notes: Notes) -> None:
    assert [await add(notes, "a", key=key) for key in ("1", "2")] == [1, 1]
    assert [await add(notes, "b"), await add(notes, "a")] == [2, 1]


async def test_nobody_else_s_and_no_other_agent_s_notes_are_seen_found_or_forgotten(notes: Notes) -> None:
    for uid, agent in ((ANNA, "coder"), (ANNA, "writer"), (BEN, "coder")):
        assert await add(notes, f"blue of {uid} {agent}", uid, agent) == 1
    assert await texts(notes) == ["blue of 1001 coder"]
    assert [note.text for note in await notes.search(ANNA, "coder", "blue", 9)] == ["blue of 1001 coder"]
    await notes.drop(ANNA, "coder", 1)
    assert await notes.forget(ANNA, "coder", None, Principal(ANNA)) == []
    assert await texts(notes, ANNA, "writer") == ["blue of 1001 writer"]
    assert await texts(notes, BEN) == ["blue of 1002 coder"]
    assert [await notes.count(ANNA, "coder"), await notes.count(BEN, "coder")] == [0, 1]


async def test_any_of_the_words_is_found_and_whoever_holds_most_of_them_first(notes: Notes) -> None:
    for text in ("the staging database is called blue", "a database sleeps at night", "tea at five"):
        await add(notes, text)
    found = await notes.search(ANNA, "coder", "What are staging databases called?", 9)
    assert [note.id for note in found] == [1, 2]
    assert [note.id for note in await notes.search(ANNA, "coder", "dat", 1)] == [2]
    assert await notes.search(ANNA, "coder", 'five" OR 1=1) --', 9) == [(await notes.all(ANNA, "coder"))[0]]
    assert await notes.search(ANNA, "coder", "_ NEAR", 9) == []
    with pytest.raises(InvalidRequest, match="no word"):
        await notes.search(ANNA, "coder", '"*', 9)
    await notes.drop(ANNA, "coder", 3)
    assert await notes.search(ANNA, "coder", "tea", 9) == []


async def test_a_number_never_comes_again_and_what_is_gone_may_be_forgotten_again(notes: Notes) -> None:
    assert [await add(notes, "a"), await add(notes, "b")] == [1, 2]
    for _ in range(2):
        await notes.drop(ANNA, "coder", 2)
    assert await add(notes, "c") == 3
    for number in (0, -1, 4):
        with pytest.raises(NoteNotFound, match=f"no note {number}: recall"):
            await notes.drop(ANNA, "coder", number)


async def test_a_person_forgets_all_that_they_name_or_nothing(notes: Notes, store: Store) -> None:
    for text in "abc":
        await add(notes, text)
    with pytest.raises(NoteNotFound, match='"coder" has no note 9'):
        await notes.forget(ANNA, "coder", [1, 9], Principal(ANNA))
    assert await notes.forget(ANNA, "coder", [3, 1, 3], Principal(ANNA)) == [1, 3]
    assert await texts(notes) == ["b"]
    assert await notes.forget(ANNA, "coder", None, Principal(ANNA)) == [2]
    rows = await store.rows("SELECT body FROM audit WHERE kind = 'note.forget' ORDER BY number")
    told = [json.loads(row["body"])["details"] for row in rows]
    assert told == [{"name": "coder", "notes": [1, 3]}, {"name": "coder", "notes": [2]}]


async def test_there_are_so_many_notes_and_no_more(notes: Notes) -> None:
    for number in range(MOST_NOTES):
        await add(notes, f"note {number}")
    with pytest.raises(InvalidRequest, match="200 notes, which is the most: forget one"):
        await add(notes, "one more")
    assert await add(notes, "another agent's", agent="writer") == 1
    await notes.drop(ANNA, "coder", 7)
    assert await add(notes, "one more") == MOST_NOTES + 1


async def test_nothing_is_noted_for_an_agent_that_is_to_keep_nothing(notes: Notes) -> None:
    with pytest.raises(InvalidRequest, match="switched off, or it is gone"):
        await notes.add(ANNA, "coder", "a", "run", "run/1", off)
    assert await notes.all(ANNA, "coder") == []


async def test_a_secret_is_taken_out_before_a_note_is_kept_and_out_of_those_that_are_there(
    notes: Notes, secrets: Secrets, store: Store
) -> None:
    await add(notes, "it was hunter2hunter2 before")
    for name, value in (("OLD", b"hunter2hunter2"), ("NEW", b"correct horse")):
        await secrets.set(name, value, ANNA)
    await add(notes, "the key is correct horse")
    assert await texts(notes) == ["the key is [secret NEW]", "it was [secret OLD] before"]
    assert (await store.rows("SELECT text FROM notes WHERE number = 2"))[0][0] == "the key is [secret NEW]"
    assert [note.id for note in await notes.search(ANNA, "coder", "horse", 9)] == []
