"""A program: rotates the vault's key, killed at the first line that this reaches, then at the second, and so on.

Each time a process of its own is killed (SIGKILL), and another one then reads everything. It prints how often it was
killed, how often the old key was current afterwards, and how often the new one.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
import signal
import sqlite3
import sys
from collections.abc import Callable, Coroutine
from contextlib import closing
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

import tektrad.trust
from tektrad.clock import SystemClock
from tektrad.store.db import open_store
from tektrad.trust.alarms import Alarms
from tektrad.trust.mfa import Mfa
from tektrad.trust.secrets import Secrets
from tektrad.trust.vault import Vault
from tests.audit_logs import new_log

ROOM = Path(tektrad.trust.__file__).parent
FILES = {str(ROOM / name) for name in ("vault.py", "key_file.py", "own_file.py", "secrets.py", "mfa.py")}
VALUES = {f"S{number}": f"value number {number}".encode() for number in range(2)}


async def opened(folder: Path, act: Callable[[Vault, Secrets, Mfa], Coroutine[Any, Any, None]]) -> None:
    async with open_store(folder / "tektra.db") as store:
        clock = SystemClock()
        vault = Vault(store, clock, folder / "keys", "file")
        audit = new_log(store, clock, folder)
        secrets, mfa = Secrets(store, clock, audit, vault), Mfa(store, clock, audit, Alarms(audit, clock), vault)
        await vault.recover()
        await act(vault, secrets, mfa)


async def prepare(_: Vault, secrets: Secrets, mfa: Mfa) -> None:
    for name, value in VALUES.items():
        await secrets.set(name, value, 0)
    await mfa.enroll(0, "someone")


async def check(vault: Vault, secrets: Secrets, _: Mfa) -> None:
    for name, value in VALUES.items():
        assert await secrets.reveal(name, 0) == value
    await vault.rotate("")  # also what is sealed for second factors opens


def killed_at(number: int) -> Callable[[Vault, Secrets, Mfa], Coroutine[Any, Any, None]]:
    """Rotate, and be killed before so many lines were reached for the first time."""

    async def rotate(vault: Vault, _: Secrets, __: Mfa) -> None:
        reached: set[tuple[str, int]] = set()

        def watch(frame: FrameType, event: str, _: Any) -> Any:
            if frame.f_code.co_filename not in FILES:
                return None
            if event == "line":
                reached.add((frame.f_code.co_filename, frame.f_lineno))
                if len(reached) == number:
                    os.kill(os.getpid(), signal.SIGKILL)
            return watch

        sys.settrace(watch)
        await vault.rotate("")
        sys.settrace(None)

    return rotate


def in_child(work: Callable[[], None]) -> int:
    """The exit code, or minus the signal."""
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException as error:  # noqa: BLE001  told by the exit code
            sys.stderr.write(f"{type(error).__name__}: {error}\n")
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def current(folder: Path) -> str:
    with closing(sqlite3.connect(folder / "tektra.db")) as store:
        ((found,),) = store.execute("SELECT id FROM vault_keys WHERE state = 'current'")
    return str(found)


def main(place: Path) -> int:
    first = place / "first"
    first.mkdir()
    assert in_child(lambda: asyncio.run(opened(first, prepare))) == 0
    old, folder = current(first), place / "again"
    sides = [0, 0]
    for number in itertools.count(1):
        shutil.copytree(first, folder)
        ended = in_child(partial(run, folder, killed_at(number)))
        assert ended in (0, -signal.SIGKILL)
        if ended:
            sides[current(folder) != old] += 1
        assert in_child(partial(run, folder, check)) == 0, f"killed at {number}"
        assert len(list((folder / "keys").glob("secrets-*"))) == 1, f"killed at {number}"
        if not ended:
            break
        shutil.rmtree(folder)
    sys.stdout.write(f"{number - 1} {sides[0]} {sides[1]}\n")
    return 0


def run(folder: Path, act: Callable[[Vault, Secrets, Mfa], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(opened(folder, act))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
