"""Folders of root's in the hands of confined programs' user for as long as programs run in them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import stat
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

from tektrad.errors import Busy
from tektrad.sandbox.tree import visit_still
from tektrad.sandbox.uninterrupted import uninterrupted


class Lending:
    """What is lent to one user just now, and by how many programs each folder is used."""

    def __init__(self, user: int) -> None:
        self._user = user
        self._used: Counter[Path] = Counter()
        self._given: set[Path] = set()
        self._turn = asyncio.Lock()

    @contextlib.asynccontextmanager
    async def lent(self, folder: Path) -> AsyncIterator[None]:
        """Give what root owns in a folder to the user; the last who uses it takes back all that is the user's.

        Files with several names stay root's, since another name may lie elsewhere. What comes back has no set-uid bit.
        Raises Busy where another program has a folder that lies in this one or around it.
        """
        for other in self._used:
            if other != folder and (other.is_relative_to(folder) or folder.is_relative_to(other)):
                raise Busy(f"a program is at work in {other}, which overlaps with {folder}", "Wait for its end.")
        self._used[folder] += 1
        try:
            await uninterrupted(self._give(folder))
            yield
        finally:
            await uninterrupted(self._return(folder))

    async def _give(self, folder: Path) -> None:
        async with self._turn:
            if folder not in self._given:  # else a program is at work there
                self._given.add(folder)
                await asyncio.to_thread(visit_still, folder, self._give_one)

    async def _return(self, folder: Path) -> None:
        async with self._turn:
            try:
                if self._used[folder] == 1:
                    self._given.discard(folder)
                    await asyncio.to_thread(visit_still, folder, self._take_back_one)
            finally:
                self._used -= Counter([folder])

    def _give_one(self, name: str, at: int, found: os.stat_result) -> None:
        if found.st_uid == 0 and (found.st_nlink == 1 or stat.S_ISDIR(found.st_mode)):
            os.chown(name, self._user, -1, dir_fd=at, follow_symlinks=False)

    def _take_back_one(self, name: str, at: int, found: os.stat_result) -> None:
        if found.st_uid != self._user:
            return
        os.chown(name, 0, 0 if found.st_gid == self._user else -1, dir_fd=at, follow_symlinks=False)
        if not stat.S_ISLNK(found.st_mode):  # not before it is root's: nobody else can put a link in its place then
            os.chmod(name, stat.S_IMODE(found.st_mode) & 0o1777, dir_fd=at)
