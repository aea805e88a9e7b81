"""Second factors: a code counts once, and nobody may guess."""

from __future__ import annotations

import base64
import sqlite3
import time
from collections import Counter
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, closing
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import anyio
import httpx2
import pyotp
import pytest

from tektrad.clock import SystemClock
from tektrad.errors import CodeNeeded, TooManyTries, WrongCode
from tektrad.store.db import open_store
from tektrad.trust.alarms import Alarms
from tektrad.trust.mfa import Mfa
from tektrad.trust.vault import Vault
from tests.audit_logs import new_log
from tests.harness import Tektra

UID = 7
QUARTER = 15 * 60


class MovedClock(SystemClock):
    """The machine's clock, with a wall clock that stands where it is put."""

    at = 1_800_000_000.0

    def wall(self) -> float:
        return self.at


@asynccontextmanager
async def opened(folder: Path, clock: MovedClock) -> AsyncIterator[Mfa]:
    async with open_store(folder / "tektra.db") as store:
        vault = Vault(store, clock, folder / "keys", "file")
        audit = new_log(store, clock, folder)
        mfa = Mfa(store, clock, audit, Alarms(audit, clock), vault)
        await vault.recover()
        yield mfa


async def enrolled(mfa: Mfa, clock: MovedClock) -> tuple[pyotp.TOTP, list[str]]:
    """An authenticator, and the recovery codes; the clock stands at a step whose code was not used."""
    totp = pyotp.TOTP((await mfa.enroll(UID, "someone")).secret)
    codes = await mfa.confirm(UID, totp.at(int(clock.at)))
    clock.at += 60
    return totp, codes


def wrong(totp: pyotp.TOTP, clock: MovedClock) -> str:
    near = {totp.at(int(clock.at) + 30 * aside) for aside in range(-3, 4)}
    return next(code for code in map("{:06}".format, range(10)) if code not in near)


@pytest.mark.parametrize("aside", [-1, 0, 1])
async def test_a_code_of_a_step_beside_this_one_is_taken_and_only_once(tmp_path: Path, aside: int) -> None:
    clock = MovedClock()
    async with opened(tmp_path, clock) as mfa:
        totp, _ = await enrolled(mfa, clock)
        await mfa.require(UID, totp.at(int(clock.at) + 30 * aside))
        with pytest.raises(WrongCode, match="used already"):
            await mfa.require(UID, totp.at(int(clock.at) + 30 * aside))
    async with opened(tmp_path, clock) as mfa:
        with pytest.raises(WrongCode, match="used already"):
            await mfa.require(UID, totp.at(int(clock.at) + 30 * aside))


@pytest.mark.parametrize("aside", [-2, 2])
async def test_a_code_of_a_step_further_away_is_wrong(tmp_path: Path, aside: int) -> None:
    clock = MovedClock()
    async with opened(tmp_path, clock) as mfa:
        totp, _ = await enrolled(mfa, clock)
        with pytest.raises(WrongCode, match="not the code"):
            await mfa.require(UID, totp.at(int(clock.at) + 30 * aside))


async def test_of_many_requests_with_one_code_one_is_let_through(tmp_path: Path) -> None:
    clock = MovedClock()
    outcomes: list[type] = []
    async with opened(tmp_path, clock) as mfa:
        totp, _ = await enrolled(mfa, clock)

        async def ask() -> None:
            try:
                await mfa.require(UID, totp.at(int(clock.at)))
                outcomes.append(type(None))
            except (WrongCode, TooManyTries) as error:
                outcomes.append(type(error))

        async with anyio.create_task_group() as group:
            for _ in range(10):
                group.start_soon(ask)
    assert Counter(outcomes) == {type(None): 1, WrongCode: 5, TooManyTries: 4}


async def test_after_five_wrong_codes_none_is_taken_until_the_quarter_of_an_hour_is_over(tmp_path: Path) -> None:
    clock = MovedClock()
    async with opened(tmp_path, clock) as mfa:
        totp, recovery = await enrolled(mfa, clock)
        began = clock.at
        for _ in range(5):
            with pytest.raises(WrongCode):
                await mfa.require(UID, wrong(totp, clock))
            clock.at += 60
        for right in (totp.at(int(clock.at)), recovery[0]):
            with pytest.raises(TooManyTries) as refusal:
                await mfa.require(UID, right)
            assert refusal.value.retry_after == QUARTER - 300
    clock.at = began + QUARTER - 1
    async with opened(tmp_path, clock) as mfa:  # a restart forgives nothing
        with pytest.raises(TooManyTries):
            await mfa.require(UID, totp.at(int(clock.at)))
        clock.at += 1
        await mfa.require(UID, totp.at(int(clock.at)))
        with pytest.raises(WrongCode):  # the four later ones still count
            await mfa.require(UID, wrong(totp, clock))
        with pytest.raises(TooManyTries):
            await mfa.require(UID, recovery[0])


async def test_the_tries_of_one_user_are_not_those_of_another(tmp_path: Path) -> None:
    clock = MovedClock()
    async with opened(tmp_path, clock) as mfa:
        totp, _ = await enrolled(mfa, clock)
        for _ in range(5):
            with pytest.raises(WrongCode):
                await mfa.require(UID, wrong(totp, clock))
        await mfa.require(UID + 1, None)
        assert (await mfa.standing(UID)).locked_for_s == QUARTER
        assert (await mfa.standing(UID + 1)).locked_for_s == 0


async def test_ending_and_beginning_anew_gives_no_more_tries(tmp_path: Path) -> None:
    clock = MovedClock()
    async with opened(tmp_path, clock) as mfa:
        totp, _ = await enrolled(mfa, clock)
        for _ in range(4):
            with pytest.raises(WrongCode):
                await mfa.require(UID, wrong(totp, clock))
        await mfa.disable(UID, totp.at(int(clock.at)))
        totp = pyotp.TOTP((await mfa.enroll(UID, "someone")).secret)
        with pytest.raises(WrongCode):
            await mfa.confirm(UID, wrong(totp, clock))
        with pytest.raises(TooManyTries):
            await mfa.confirm(UID, totp.at(int(clock.at)))


async def test_a_recovery_code_takes_the_place_of_a_code_once_and_also_without_the_key(tmp_path: Path) -> None:
    clock = MovedClock()
    async with opened(tmp_path, clock) as mfa:
        totp, recovery = await enrolled(mfa, clock)
        assert len(set(recovery)) == 10
        await mfa.require(UID, recovery[3].upper().replace("-", " "))
        with pytest.raises(WrongCode):
            await mfa.require(UID, recovery[3])
        assert (await mfa.standing(UID)).recovery_codes_left == 9
    for key in (tmp_path / "keys").glob("secrets-*"):
        key.unlink()
    async with opened(tmp_path, clock) as mfa:
        await mfa.disable(UID, recovery[4])
        await mfa.require(UID, None)
        await mfa.enroll(UID, "someone")  # with a key of its own
    with closing(sqlite3.connect(tmp_path / "tektra.db")) as store:
        kept = "\n".join(store.iterdump())
    assert not [code for code in recovery if code in kept or code.replace("-", "") in kept]
    assert totp.secret not in kept


async def test_an_enrolment_that_was_not_ended_keeps_nobody_from_a_new_key(tmp_path: Path) -> None:
    clock = MovedClock()
    async with opened(tmp_path, clock) as mfa:
        await mfa.enroll(UID, "someone")
    for key in (tmp_path / "keys").glob("secrets-*"):
        key.unlink()
    async with opened(tmp_path, clock) as mfa:
        totp = pyotp.TOTP((await mfa.enroll(UID, "someone")).secret)
        assert len(await mfa.confirm(UID, totp.at(int(clock.at)))) == 10


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "１２３４５６", "' OR 1=1 --", "\0" * 6])
async def test_what_is_no_code_is_a_wrong_one(tmp_path: Path, code: str) -> None:
    clock = MovedClock()
    async with opened(tmp_path, clock) as mfa:
        await enrolled(mfa, clock)
        with pytest.raises(WrongCode):
            await mfa.require(UID, code)


async def test_without_a_code_nothing_is_counted(tmp_path: Path) -> None:
    clock = MovedClock()
    async with opened(tmp_path, clock) as mfa:
        totp, _ = await enrolled(mfa, clock)
        for _ in range(10):
            with pytest.raises(CodeNeeded):
                await mfa.require(UID, None)
        await mfa.require(UID, totp.at(int(clock.at)))


def begun(client: httpx2.Client) -> pyotp.TOTP:
    document = client.post("/api/mfa/enroll", json={"account": "me@here"}).json()
    uri = urlsplit(document["uri"])
    assert (uri.scheme, uri.netloc) == ("otpauth", "totp")
    assert parse_qs(uri.query)["secret"] == [document["secret"]]
    return pyotp.TOTP(document["secret"])


def answered(response: httpx2.Response) -> tuple[int, str]:
    return response.status_code, response.json().get("error", {}).get("code", "")


def test_over_http_a_value_is_shown_only_with_a_code_once_an_authenticator_is_enrolled(tektra: Tektra) -> None:
    tektra.start()
    with tektra.client() as client:
        value = base64.b64encode(b"a value to show").decode()
        client.post("/api/secrets", json={"name": "A", "value": value})

        def show(**body: str) -> httpx2.Response:
            return client.post("/api/secrets/A/show", json=body)

        assert client.get("/api/mfa").json()["state"] == "off"
        assert show().status_code == 200
        totp = begun(client)
        assert client.get("/api/mfa").json()["state"] == "pending"
        assert show().status_code == 200  # it counts only when a code has shown that it works
        now = int(time.time())
        recovery = client.post("/api/mfa/confirm", json={"code": totp.at(now)}).json()["recovery_codes"]
        assert client.get("/api/mfa").json()["recovery_codes_left"] == 10
        assert answered(client.post("/api/mfa/enroll", json={})) == (400, "invalid_request")
        assert answered(show()) == (403, "code_needed")
        assert answered(show(code=totp.at(now))) == (403, "wrong_code")  # the enrolment took it
        with ThreadPoolExecutor(4) as several:
            answers = list(several.map(lambda _: show(code=totp.at(now + 30)), range(4)))
        assert sorted(map(answered, answers)) == [(200, ""), *[(403, "wrong_code")] * 3]
        assert next(a for a in answers if a.status_code == 200).json()["value"] == value
        assert client.post("/api/secrets/rotate", json={}).json()["sealed"] == 2
    tektra.kill()
    tektra.start()
    with tektra.client() as client:
        assert answered(client.post("/api/secrets/A/show", json={"code": totp.at(now + 30)})) == (403, "wrong_code")
        locked = client.post("/api/mfa/disable", json={"code": recovery[0]})
        assert answered(locked) == (429, "too_many_tries")
        assert 0 < int(locked.headers["retry-after"]) <= QUARTER


def test_over_http_ending_needs_a_code(tektra: Tektra) -> None:
    tektra.start()
    with tektra.client() as client:
        assert answered(client.post("/api/mfa/disable", json={})) == (404, "not_found")
        assert answered(client.post("/api/mfa/confirm", json={"code": "123456"})) == (400, "invalid_request")
        totp = begun(client)
        codes = client.post("/api/mfa/confirm", json={"code": totp.now()}).json()["recovery_codes"]
        assert answered(client.post("/api/mfa/disable", json={})) == (403, "code_needed")
        assert client.post("/api/mfa/disable", json={"code": codes[0]}).json()["state"] == "off"


def test_what_shall_hold_for_ever_needs_a_code_and_a_wrong_or_replayed_one_is_a_security_event(tektra: Tektra) -> None:
    with tektra.start().client() as client:
        enrolment = client.post("/api/mfa/enroll", json={}).json()
        totp = pyotp.TOTP(enrolment["secret"])
        first = totp.now()
        recovery = client.post("/api/mfa/confirm", json={"code": first}).json()["recovery_codes"]
        grant = {"decision": "allow", "action": "use", "resource": "github", "agent": "coder"}
        needed = client.post("/api/permissions", json=grant)
        assert (needed.status_code, needed.json()["error"]["code"]) == (403, "code_needed")
        replayed = client.post("/api/permissions", json=grant | {"code": first})
        assert replayed.json()["error"]["code"] == "wrong_code"
        assert client.post("/api/permissions", json=grant | {"scope": "once"}).status_code == 201
        assert client.post("/api/permissions", json=grant | {"decision": "deny"}).status_code == 201
        assert client.post("/api/permissions", json=grant | {"code": recovery[0]}).status_code == 201
        ask = {"action": "use", "resource": "other", "agent": "coder"}
        asked = client.post("/api/permissions/ask", json=ask).json()["ask"]["id"]
        always = {"answer": "allow", "scope": "always"}
        assert client.post(f"/api/approvals/{asked}", json=always).json()["error"]["code"] == "code_needed"
        assert client.post(f"/api/approvals/{asked}", json=always | {"code": recovery[1]}).status_code == 200
        told = client.get("/api/audit", params={"kind": "mfa"}).json()["entries"]
        (alarm,) = client.get("/api/audit", params={"kind": "security"}).json()["entries"]
    assert [(each["kind"], each["outcome"]) for each in reversed(told)] == [
        ("mfa.enroll", "ok"), ("mfa.confirm", "ok"), ("mfa.check", "denied"), ("mfa.check", "ok"), ("mfa.check", "ok"),
    ]  # fmt: skip
    assert (alarm["kind"], alarm["details"]["why"]) == ("security.code_refused", "this code was used already")
