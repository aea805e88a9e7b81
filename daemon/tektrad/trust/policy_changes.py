"""Changes of policy files: made here, checked and recorded; or noticed, when somebody made them by hand."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping, Sequence

import aiosqlite
import msgspec

from tektrad.errors import InvalidRequest, PolicyChanged
from tektrad.store.db import Store
from tektrad.trust.audit import AuditLog
from tektrad.trust.cedar import Source
from tektrad.trust.entry import SECURITY, Entry
from tektrad.trust.policy import Rulebook
from tektrad.trust.policy_files import BASE, PolicyFiles, check_name, check_text, shipped

CHANGED = "policy.changed"
UNREADABLE = "unreadable"
_LAST = "SELECT CAST(body AS BLOB) AS body FROM audit WHERE kind = ? ORDER BY number DESC LIMIT 1"


class _Details(msgspec.Struct):
    files: dict[str, str] = {}


class _Changed(msgspec.Struct):
    details: _Details


class PolicyChanges:
    """The only writer of policy files, and of what the audit log says about them."""

    def __init__(self, store: Store, audit: AuditLog, files: PolicyFiles) -> None:
        self._store = store
        self._audit = audit
        self.files = files
        self._changing = asyncio.Lock()
        self._known: Mapping[str, str] | None = None
        self._ours: set[tuple[str, str | None]] = set()
        """What was written here and was not noticed yet."""

    async def make(self, name: str, text: str | None, was: str | None, uid: int) -> str | None:
        """Write a file, or remove it where `text` is None; returns the new digest.

        `was` is the digest that it has now, None for none. Raises InvalidRequest, naming the line at which a text is no
        policy, and PolicyChanged where somebody else was quicker.
        """
        check_name(name)
        async with self._changing:
            sources = await asyncio.to_thread(self.files.sources)
            now = digests(sources).get(name)
            if now != was:
                raise PolicyChanged(f'"{name}" is not what it was', "Look at it again: tektra permissions edit")
            if text is not None:
                self._check(Source(name, text), sources)
            new = None if text is None else _digest(text)
            async with self._audit.telling(Entry(kind="policy.edit", uid=uid, details=_told(name, was, new))):
                self._ours.add((name, new))
                await asyncio.to_thread(self.files.write, name, text)
        return new

    async def notice(self, sources: Sequence[Source], book: Rulebook, tx: aiosqlite.Connection | None) -> None:
        """Record which files are in force from now on, if that is news; a change by hand is a security event.

        What was known before the daemon started is in the log. In `tx`, where somebody holds the writer. Raises
        StoreFailed: what cannot be recorded is not in force.
        """
        known = await self._remembered()
        files = digests(sources)
        changed = {name: files.get(name) for name in {*known, *files} if known.get(name) != files.get(name)}
        if not changed:
            return
        by_hand = sorted(name for name, digest in changed.items() if (name, digest) not in self._ours)
        wrong = {} if book.problem is None else {"problem": f"{book.problem.rule}: {book.problem.message}"}
        entries = [Entry(kind=CHANGED, uid=None, details={"files": files, "changed": sorted(changed)} | wrong)]
        if by_hand:
            entries.append(Entry(kind=SECURITY + "policy_changed", uid=None, details={"by_hand": by_hand}))
        if tx is None:
            await self._audit.record(*entries)
            self._known = files
            self._ours.difference_update(changed.items())
            return
        for entry in entries:
            await self._audit.append(tx, entry)
        self._known = None  # should that come to nothing, this is news again

    async def _remembered(self) -> Mapping[str, str]:
        if self._known is None:
            rows = await self._store.rows(_LAST, [CHANGED])
            self._known = msgspec.json.decode(rows[0]["body"], type=_Changed).details.files if rows else {}
        return self._known

    def _check(self, wanted: Source, sources: Sequence[Source]) -> None:
        check_text(wanted.text, sum(source.name not in (BASE, wanted.name) for source in sources))
        problem = Rulebook(shipped("schema.cedarschema"), [wanted]).problem
        if problem is not None:
            raise InvalidRequest(f"{problem.rule}: {problem.message}", "Nothing was changed.", param="text")


def digests(sources: Sequence[Source]) -> dict[str, str]:
    """The SHA-256 of every policy file, by its name; of the shipped ones nobody asks."""
    return {each.name: UNREADABLE if each.problem else _digest(each.text) for each in sources if each.name != BASE}


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _told(name: str, was: str | None, new: str | None) -> dict[str, str | None]:
    return {"path": name, "was": was, "sha256": new}
