"""Users over a real store: what is in memory is what is in the store, and both only with an audit entry."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tektrad.api.listening import Place
from tektrad.clock import SystemClock
from tektrad.errors import StoreFailed, UserNotFound
from tektrad.store.db import Store, open_store
from tektrad.trust.act import Principal
from tektrad.trust.alarms import Alarms
from tektrad.trust.audit import AuditLog
from tektrad.trust.keys import AuditKey, make_key, read_key
from tektrad.trust.users import Users

pytestmark = pytest.mark.anyio

OWNER = 1000
BY = Principal(OWNER)


@dataclass
class House:
    """Users, their store and their log."""

    store: Store
    audit: AuditLog
    users: Users

    async def kinds(self) -> list[str]:
        return [row[0] for row in await self.store.rows("SELECT kind FROM audit ORDER BY number")]


@asynccontextmanager
async def opened(folder: Path, *, shared: bool = True) -> AsyncIterator[House]:
    async with open_store(folder / "store.db") as store:
        audit = AuditLog(store, SystemClock(), _key(folder))
        users = Users(store, SystemClock(), audit, OWNER, shared=shared)
        await users.recall()
        yield House(store, audit, users)


def _key(folder: Path) -> AuditKey:
    place = folder / "audit.key"
    return read_key(place) if place.exists() else make_key(place, folder / "audit.pub")


async def test_roles_are_those_that_were_given_also_after_a_restart(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        assert [house.users.role(uid) for uid in (OWNER, 1001, None)] == ["owner", None, None]
        await house.users.add(1001, "user", BY)
        await house.users.add(1002, "auditor", BY)
        await house.users.add(1001, "operator", BY)
        await house.users.remove(1002, BY)
        assert await house.kinds() == ["user.add", "user.add", "user.add", "user.remove"]
    async with opened(tmp_path) as house:
        assert [house.users.role(uid) for uid in (OWNER, 1001, 1002)] == ["owner", "operator", None]
    async with opened(tmp_path, shared=False) as house:
        assert [house.users.role(uid) for uid in (OWNER, 1001, 1002)] == ["owner", None, None]


async def test_nobody_is_added_or_removed_without_an_entry(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        await house.users.add(1001, "user", BY)
        await house.store.write("ALTER TABLE audit RENAME TO elsewhere")
        with pytest.raises(StoreFailed):
            await house.users.add(1002, "user", BY)
        with pytest.raises(StoreFailed):
            await house.users.remove(1001, BY)
        assert [house.users.role(uid) for uid in (1001, 1002)] == ["user", None]
        assert [row["uid"] for row in await house.store.rows("SELECT uid FROM users")] == [1001]


async def test_a_row_that_nobody_wrote_keeps_the_daemon_from_guessing(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        await house.store.write("DROP TABLE users")
        await house.store.write("CREATE TABLE users (uid, role, added_at, added_by)")
        await house.store.write("INSERT INTO users VALUES (1001, 'king', '', 0)")
        with pytest.raises(StoreFailed, match="cannot be understood"):
            await house.users.recall()


async def test_who_was_never_added_cannot_be_removed(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        with pytest.raises(UserNotFound):
            await house.users.remove(1001, BY)


class Steps(SystemClock):
    """A clock that does something at each sleep, and ends when there is nothing more to do."""

    def __init__(self, *steps: Any) -> None:
        self.steps = list(steps)

    async def sleep(self, seconds: float) -> None:
        if not self.steps:
            raise asyncio.CancelledError
        self.steps.pop(0)()


async def test_a_file_that_takes_the_socket_s_place_is_noticed_while_the_daemon_runs(tmp_path: Path) -> None:
    place, other = tmp_path / "tektra.sock", tmp_path / "other"
    place.touch()
    other.touch()
    async with opened(tmp_path) as house:
        alarms = Alarms(house.audit, SystemClock())
        with pytest.raises(asyncio.CancelledError):
            await Place(place, alarms).watch(Steps(lambda: None))
        assert await house.kinds() == []
        with pytest.raises(asyncio.CancelledError):
            await Place(place, alarms).watch(Steps(lambda: other.replace(place), lambda: None))
        assert await house.kinds() == ["security.socket_taken"]
