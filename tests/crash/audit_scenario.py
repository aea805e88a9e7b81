"""`python -m tests.crash.audit_scenario FOLDER`: a piece of a daemon's life, killed at each of its writes in turn.

Every try is a process of its own, forked from this one before it has any thread. Prints how many writes there are.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

from tektrad.chat.conversations import Conversations
from tektrad.clock import SystemClock
from tektrad.store.db import open_store
from tektrad.trust import audit
from tektrad.trust.entry import Entry
from tektrad.trust.keys import make_key, read_key

CHECKPOINT_EVERY = 3


async def play(folder: Path, kill_at: int) -> int:
    """Start, answer, load, prune, stop, with a SIGKILL at statement `kill_at`; returns how many there were."""
    count = 0

    def counted(_: str) -> None:
        nonlocal count
        count += 1
        if count == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    clock = SystemClock()
    key = read_key(folder / "audit.key")
    async with open_store(folder / "store.db") as store:
        async with store.transaction() as tx:
            await tx.set_trace_callback(counted)
        async with audit.open_audit(store, clock, key, {}) as log:
            conversations = Conversations(store, clock, log, 0)
            await conversations.recover()
            called = Entry(kind="model.call", uid=0, details={"model": "m"})
            async with conversations.draft(None, question="q", system=None, model="m", call=called) as (_, draft):
                draft.append("answer")
                draft.complete("stop")
            async with log.telling(Entry(kind="model.load", uid=0)):
                pass
            await log.prune(clock.now(), 0)
            await log.record(Entry(kind="one", uid=0), Entry(kind="two", uid=0))
    return count


def forked(folder: Path, kill_at: int) -> int:
    """Play in a process of its own; returns how it ended, as os.waitpid says it."""
    pid = os.fork()
    if pid == 0:
        asyncio.run(play(folder, kill_at))
        os._exit(0)
    return os.waitpid(pid, 0)[1]


def main() -> None:
    """Play it whole, then once for each write, and each of these once more without being killed."""
    audit.CHECKPOINT_EVERY = CHECKPOINT_EVERY
    place = Path(sys.argv[1])
    make_key(place / "audit.key", place / "audit.pub")
    writes = asyncio.run(play(place, 0))
    sys.stdout.write(f"{writes}\n")
    sys.stdout.flush()  # forks must not write it again
    for kill_at in range(1, writes + 1):
        folder = place / str(kill_at)
        make_key(folder / "audit.key", folder / "audit.pub")
        assert os.WTERMSIG(forked(folder, kill_at)) == signal.SIGKILL
        killed = folder / "killed"
        killed.mkdir()
        for file in folder.glob("store.db*"):
            (killed / file.name).write_bytes(file.read_bytes())
        assert forked(folder, 0) == 0


if __name__ == "__main__":
    main()
