"""The audit log: how fast it grows, alone and beside a running chat, and how fast a long one is checked."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from tektrad.clock import SystemClock
from tektrad.store.db import open_store
from tektrad.trust.audit import AuditLog
from tektrad.trust.entry import Entry
from tektrad.trust.keys import make_key, read_key
from tests.harness import Tektra, installation

APPENDED = 2000
AT_ONCE = 5000
DETAILS = {
    "what": "chat",
    "model": "tektra-starter",
    "digest": "2f" * 32,
    "template": "sha256:" + "3a" * 32,
    "sampler": {"seed": 3148503565, "temperature": "0.7"},
    "conversation": "psjerrrdfl3s",
    "prompt_tokens": 1300,
}
"""As a chat leaves them."""
ACT = Entry(kind="model.call", uid=1000, act="a2zmkwazcmwc", outcome="begun", details=DETAILS)


def measure_audit(entries: int) -> dict[str, Any]:
    """Microseconds for one entry, and entries checked per second, each beside its floor."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        make_key(folder / "audit.key", folder / "audit.pub")
        alone = asyncio.run(_appending(folder))
        with installation() as tektra, _chatting(tektra.start()):
            beside = asyncio.run(_appending(folder))
        grown = asyncio.run(_grown(folder, entries))
        checked = _checked(folder)
        floor = _hashing(folder)
    return {
        "append_us": {"alone": alone, "beside a running chat": beside, "aim (median)": 1000},
        "append_in_one_transaction_per_s": round(grown),
        "entries": entries,
        "verify_per_s": round(checked),
        "verify_aim_per_s": 50_000,
        "floor_per_s": {"reading and hashing the same bytes": round(floor)},
        "share_of_floor": round(checked / floor, 2),
    }


async def _appending(folder: Path) -> dict[str, float]:
    """Each entry in a transaction of its own, as an act waits for it; and the same transaction with nothing in it."""
    took: list[float] = []
    empty: list[float] = []
    async with open_store(folder / "store.db") as store:
        log = AuditLog(store, SystemClock(), read_key(folder / "audit.key"))
        for _ in range(APPENDED):
            began = time.perf_counter()
            await log.record(ACT)
            took.append(time.perf_counter() - began)
            began = time.perf_counter()
            async with store.transaction():
                pass
            empty.append(time.perf_counter() - began)
    return {
        "median": round(statistics.median(took) * 1e6),
        "p99": round(statistics.quantiles(took, n=100)[98] * 1e6),
        "median of an empty transaction": round(statistics.median(empty) * 1e6),
    }


async def _grown(folder: Path, entries: int) -> float:
    """Make the log so long; entries a second."""
    async with open_store(folder / "store.db") as store:
        log = AuditLog(store, SystemClock(), read_key(folder / "audit.key"))
        ((have,),) = await store.rows("SELECT count(*) FROM audit")
        began = time.perf_counter()
        for start in range(have, entries, AT_ONCE):
            await log.record(*[ACT] * min(AT_ONCE, entries - start))
        return (entries - have) / (time.perf_counter() - began)


def _checked(folder: Path) -> float:
    """The verifier's own process, from its start to its word."""
    place = ["--store", str(folder / "store.db"), "--key-file", str(folder / "audit.key")]
    began = time.perf_counter()
    line = [sys.executable, "-m", "tektrad.trust.verify", *place]
    done = subprocess.run(line, capture_output=True, text=True, check=True)
    took = time.perf_counter() - began
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["ok"], found
    return float(found["entries"]) / took


def _hashing(folder: Path) -> float:
    """What cannot be left out: every row out of SQLite, one SHA-256 and one HMAC of it."""
    key, before, count = bytes(32), bytes(32), 0
    with closing(sqlite3.connect(folder / "store.db")) as store:
        store.text_factory = bytes
        began = time.perf_counter()
        for body, _, _ in store.execute("SELECT body, hash, seal FROM audit ORDER BY number"):
            before = hashlib.sha256(before + body).digest()
            hmac.digest(key, before, "sha256")
            count += 1
        return count / (time.perf_counter() - began)


@contextmanager
def _chatting(tektra: Tektra) -> Iterator[None]:
    """Somebody goes on chatting with the built-in model."""
    over = threading.Event()
    body = {"content": "Tell me a long story.", "stream": False, "sampling": {"max_tokens": 200}}

    def chat() -> None:
        with tektra.client() as client:
            while not over.is_set():
                assert client.post("/api/chat", json=body).status_code == 200

    thread = threading.Thread(target=chat)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
