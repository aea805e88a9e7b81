"""The judge over a real store and real files: what was granted, used, revoked, written, and what follows from it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tektrad.clock import SystemClock
from tektrad.errors import Forbidden, GrantNotFound, InvalidRequest, StoreFailed
from tektrad.store.db import Store, open_store
from tektrad.trust.act import Act, Principal
from tektrad.trust.grant import Conditions, Grant, Pattern
from tektrad.trust.grants import Grants, Wish
from tektrad.trust.judge import Judge
from tektrad.trust.policy import Decision
from tektrad.trust.policy_changes import PolicyChanges
from tektrad.trust.policy_files import PolicyFiles
from tektrad.trust.users import Users
from tests.audit_logs import new_log

pytestmark = pytest.mark.anyio

UID = 1000
BY = Principal(UID)
ALLOW_ALL = 'permit (principal is Agent, action == Action::"use", resource);\n'
FORBID_ALL = 'forbid (principal is Agent, action == Action::"use", resource);\n'


class Calendar(SystemClock):
    """A clock whose time passes when it is told to."""

    def __init__(self) -> None:
        self.time = datetime.fromisoformat("2026-11-22T12:00:00+00:00")

    def now(self) -> str:
        return self.time.isoformat(timespec="microseconds").replace("+00:00", "Z")

    def passes(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


@dataclass
class Court:
    """A judge and everything around it."""

    store: Store
    grants: Grants
    judge: Judge
    folder: Path
    clock: Calendar = field(default_factory=Calendar)

    async def grant(self, decision: Any = "allow", action: str = "use", what: str = "x", **fields: Any) -> Grant:
        pattern = Pattern.of(action, what)
        return await self.grants.grant(Wish(decision=decision, uid=UID, action=action, pattern=pattern, **fields), BY)

    def act(self, what: str = "x", action: str = "use", **circumstances: Any) -> Act:
        return Act(principal=self.judge.principal(UID, "coder"), action=action, resource=what, **circumstances)

    async def decide(self, what: str = "x", **circumstances: Any) -> Decision:
        return await self.judge.decide(self.act(what, **circumstances))

    async def outcome(self, what: str = "x", **circumstances: Any) -> str:
        return (await self.decide(what, **circumstances)).outcome

    def write(self, name: str, text: str) -> Path:
        self.folder.mkdir(mode=0o700, exist_ok=True)
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o600)
        return path


@asynccontextmanager
async def opened(tmp_path: Path) -> AsyncIterator[Court]:
    clock = Calendar()
    async with open_store(tmp_path / "store.db") as store:
        audit = new_log(store, clock, tmp_path)
        grants = Grants(store, clock, audit)
        users = Users(store, clock, audit, UID, shared=False)
        files = PolicyFiles(tmp_path / "policies")
        own = tmp_path / "link" / ".." / "own"  # as a variable may name it
        yield Court(
            store,
            grants,
            Judge(store, grants, clock, PolicyChanges(store, audit, files), [own], users),
            files.folder,
            clock,
        )


@pytest.fixture
async def court(tmp_path: Path) -> AsyncIterator[Court]:
    async with opened(tmp_path) as court:
        yield court


async def test_a_grant_holds_at_once_and_no_longer_than_until_it_is_revoked(court: Court) -> None:
    assert await court.outcome() == "ask"
    made = await court.grant(why="because")
    decision = await court.decide()
    assert (decision.outcome, decision.rule, decision.why) == ("allow", f"grant#{made.id}", "because")
    await court.grants.revoke(made.id, BY)
    assert await court.outcome() == "ask"
    assert [each.revoked_at is not None for each in await court.grants.all()] == [True]


async def test_deny_goes_before_ask_and_ask_before_allow_in_whatever_order_they_came(court: Court) -> None:
    await court.grant("deny", what="both")
    for decision in ("allow", "ask"):
        await court.grant(decision)
        await court.grant(decision, what="both")
    assert (await court.outcome(), await court.outcome("both")) == ("ask", "deny")


async def test_a_grant_that_was_made_survives_a_restart(tmp_path: Path) -> None:
    async with opened(tmp_path) as court:
        limits = Conditions(confinement="B", cost=5, workspace="/work")
        made = await court.grant(conditions=limits, uses=3, seconds=60.0, agent="coder", why="日本")
    async with opened(tmp_path) as court:
        assert await court.grants.holding() == [made]
        assert await court.outcome(confinement="A", cost=5, workspace="/work") == "allow"
        assert await court.outcome(confinement="A", cost=6, workspace="/work") == "ask"


async def test_of_many_at_once_no_more_pass_than_there_are_uses(court: Court) -> None:
    made = await court.grant(uses=3)
    outcomes = await asyncio.gather(*(court.outcome() for _ in range(20)))
    assert sorted(outcomes) == ["allow"] * 3 + ["ask"] * 17
    assert (await court.grants.find(made.id)).uses_left == 0


async def test_two_stores_on_one_file_cannot_both_have_the_last_use(tmp_path: Path) -> None:
    async with opened(tmp_path) as first, opened(tmp_path) as second:
        await first.grant(scope="once")
        outcomes = await asyncio.gather(*(court.outcome() for court in (first, second) for _ in range(5)))
        assert sorted(outcomes) == ["allow"] + ["ask"] * 9


async def test_what_was_revoked_or_has_expired_meanwhile_cannot_be_spent(court: Court) -> None:
    revoked, expired, held = [await court.grant(uses=2, seconds=seconds) for seconds in (None, 1.0, None)]
    await court.grants.revoke(revoked.id, BY)
    court.clock.passes(1)
    async with court.store.transaction() as tx:
        assert [await court.grants.spend(tx, each.id) for each in (revoked, expired, held)] == [False, False, True]


async def test_when_one_is_used_up_the_next_is_used(court: Court) -> None:
    first, second = await court.grant(scope="once"), await court.grant(uses=2)
    rules = [(await court.decide()).rule for _ in range(4)]
    assert rules[:3].count(f"grant#{first.id}") == 1
    assert rules[:3].count(f"grant#{second.id}") == 2
    assert rules[3] == "default"


async def test_no_use_is_spent_where_something_else_decides(court: Court) -> None:
    counted = await court.grant(uses=1, what="counted")
    await court.grant("deny", what="counted")
    assert await court.outcome("counted") == "deny"
    endless = await court.grant(what="endless")
    await court.grant(uses=1, what="endless")
    assert (await court.decide("endless")).rule == f"grant#{endless.id}"
    assert (await court.grants.find(counted.id)).uses_left == 1


async def test_trying_spends_nothing(court: Court) -> None:
    await court.grant(scope="once")
    for _ in range(3):
        assert (await court.judge.test(court.act())).outcome == "allow"
    assert [await court.outcome(), (await court.judge.test(court.act())).outcome] == ["allow", "ask"]


async def test_a_use_comes_back_when_what_it_was_for_is_rolled_back(court: Court) -> None:
    await court.grant(scope="once")

    async def act_that_fails() -> None:
        async with court.store.transaction() as tx:
            assert (await court.judge.decide(court.act(), tx)).outcome == "allow"
            raise RuntimeError("the act did not happen")

    with pytest.raises(RuntimeError):
        await act_that_fails()
    assert [await court.outcome(), await court.outcome()] == ["allow", "ask"]


async def test_in_one_transaction_a_use_is_spent_once(court: Court) -> None:
    await court.grant(scope="once")
    async with court.store.transaction() as tx:
        outcomes = [(await court.judge.decide(court.act(), tx)).outcome for _ in range(3)]
    assert outcomes == ["allow", "ask", "ask"]
    assert (await court.judge.test(court.act())).outcome == "ask"


async def test_a_grant_ends_when_its_time_has_come(court: Court) -> None:
    await court.grant(seconds=60.0)
    await court.grant(seconds=60.0, uses=1, what="counted")
    court.clock.passes(59.999)
    assert await court.outcome() == "allow"
    court.clock.passes(0.001)
    assert (await court.outcome(), await court.outcome("counted")) == ("ask", "ask")
    assert await court.grants.holding() == []


async def test_a_grant_for_a_run_or_a_session_holds_in_that_one_only(court: Court) -> None:
    await court.grant(scope="run", bound_to="r1", what="a")
    await court.grant(scope="session", bound_to="r1", what="b")
    assert [await court.outcome("a", run=run) for run in ("r1", "r2", "")] == ["allow", "ask", "ask"]
    assert [await court.outcome("b", session=run) for run in ("r1", "r2", "")] == ["allow", "ask", "ask"]
    assert await court.outcome("a", session="r1") == "ask"


async def test_a_grant_for_one_agent_is_for_no_other_and_for_no_other_user(court: Court) -> None:
    await court.grant(agent="coder")
    assert await court.outcome() == "allow"
    for who in (court.judge.principal(UID, "writer"), court.judge.principal(UID + 1, "coder")):
        act = Act(principal=who, action="use", resource="x")
        assert (await court.judge.decide(act)).outcome == "ask"


async def test_a_policy_file_holds_as_soon_as_it_is_there_and_as_long(court: Court) -> None:
    assert await court.outcome() == "ask"
    file = court.write("mine.cedar", ALLOW_ALL)
    assert (await court.decide()).rule == "mine.cedar#1"
    other = court.write("other.cedar", FORBID_ALL)
    assert (await court.decide()).rule == "other.cedar#1"
    other.unlink()
    assert await court.outcome() == "allow"
    file.write_text(FORBID_ALL)
    assert await court.outcome() == "deny"
    file.rename(file.with_suffix(".off"))
    assert await court.outcome() == "ask"


async def test_a_file_that_is_replaced_by_one_of_the_same_length_and_time_is_noticed(court: Court) -> None:
    file = court.write("mine.cedar", ALLOW_ALL)
    assert await court.outcome() == "allow"
    info = file.stat()
    other = court.write("new", FORBID_ALL.replace("\n", " ")[: len(ALLOW_ALL)].ljust(len(ALLOW_ALL)))
    assert other.stat().st_size == info.st_size
    os.utime(other, ns=(info.st_atime_ns, info.st_mtime_ns))
    other.rename(file)
    assert await court.outcome() == "deny"


async def test_a_file_that_cannot_be_taken_denies_until_it_is_mended(court: Court) -> None:
    await court.grant()
    file = court.write("mine.cedar", "permit (")
    decision = await court.decide()
    assert (decision.outcome, decision.rule) == ("deny", "mine.cedar:1")
    with pytest.raises(Forbidden, match=r"mine\.cedar:1"):
        await court.judge.require(court.act())
    file.write_text(ALLOW_ALL)
    assert await court.outcome() == "allow"


@pytest.mark.parametrize("kind", ["link", "folder", "pipe", "open to others", "empty", "latin", "large"])
async def test_a_file_that_others_may_have_written_or_that_is_none_denies(court: Court, kind: str) -> None:
    file = court.write("mine.cedar", ALLOW_ALL)
    match kind:
        case "link":
            file.rename(court.folder / "real")
            file.symlink_to(court.folder / "real")
        case "folder":
            file.unlink()
            file.mkdir()
        case "pipe":
            file.unlink()
            os.mkfifo(file)
        case "open to others":
            file.chmod(0o602)
        case "empty":
            file.write_text("")
        case "latin":
            file.write_bytes("// ä\n".encode("latin-1"))
        case "large":
            file.write_text("// " + "x" * (300 << 10))
    decision = await court.decide()
    assert (decision.outcome, decision.source) == ("deny", "mine.cedar")


async def test_what_editors_leave_beside_a_file_is_not_read(court: Court) -> None:
    court.write(".mine.cedar", "permit (")
    court.write("mine.cedar~", "permit (")
    assert await court.outcome() == "ask"


async def test_files_that_change_all_the_time_never_open_what_all_of_them_forbid(court: Court) -> None:
    file = court.write("mine.cedar", FORBID_ALL)

    async def rewrite() -> None:
        for number in range(20):
            court.write("new", FORBID_ALL * (number % 3 + 1)).rename(file)
            await asyncio.sleep(0)

    *outcomes, _ = await asyncio.gather(*(court.outcome() for _ in range(20)), rewrite())
    assert set(outcomes) == {"deny"}


async def test_agents_do_not_get_at_tektra_s_own_folders_whatever_way_leads_there(tmp_path: Path) -> None:
    (tmp_path / "real" / "below").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "real" / "below")
    async with opened(tmp_path) as court:
        await court.grant(action="read", what="/")
        own = str(tmp_path / "real" / "own")
        assert await court.outcome(own + "/mine.cedar", action="read", workspace=str(tmp_path)) == "deny"
        assert await court.outcome(own + "-other/x", action="read") == "allow"


async def test_a_grant_is_found_by_the_beginning_of_its_id(court: Court) -> None:
    made = await court.grant()
    assert (await court.grants.find(made.id[:6])).id == made.id
    await court.grants.revoke(made.id[:6], BY)
    first = await court.grants.find(made.id)
    court.clock.passes(5)
    assert await court.grants.revoke(made.id, BY) == first
    for wrong in ("", "nothing", made.id + "x"):
        with pytest.raises(GrantNotFound):
            await court.grants.revoke(wrong, BY)


async def test_two_grants_of_the_same_beginning_are_not_confused(court: Court) -> None:
    initials: set[str] = set()
    while (initial := (await court.grant()).id[0]) not in initials:
        initials.add(initial)
    with pytest.raises(InvalidRequest, match="more than one"):
        await court.grants.revoke(initial, BY)


@pytest.mark.parametrize(("column", "value"), [("conditions", "{"), ("conditions", '{"nice": 1}'), ("kind", "glob")])
async def test_a_grant_in_the_store_that_cannot_be_understood_lets_nothing_pass(
    court: Court, column: str, value: str
) -> None:
    await court.grant()
    made = await court.grant("deny")
    await court.store.write(f"UPDATE grants SET {column} = ? WHERE id = ?", [value, made.id])
    with pytest.raises(StoreFailed, match=made.id):
        await court.decide()
