"""Conversations and their messages in the store: the only module that reads or writes those tables."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import anyio
import msgspec
import structlog

from tektra_models.generation import Usage
from tektrad.chat.calls import ended
from tektrad.clock import Clock
from tektrad.errors import ConversationNotFound, InvalidRequest, StoreFailed
from tektrad.store.db import Row, Store
from tektrad.store.reference import by_reference
from tektrad.trust.audit import AuditLog
from tektrad.trust.entry import Entry

TITLE_LENGTH = 60
BRANCH = "Branch: "
FLUSH_SECONDS = 0.2
LATEST = "latest"

log = structlog.get_logger()


class Conversation(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation without its messages; `messages` counts them."""

    id: str
    title: str
    system: str | None
    model: str
    created_at: str
    updated_at: str
    messages: int
    pinned: bool


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One message as it was said."""

    id: str
    role: str
    content: str
    status: str
    model: str | None
    finish_reason: str | None
    usage: Usage
    created_at: str


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """Some messages of a conversation in the order they were said, and the ids to ask for what is before and behind."""

    messages: list[Message]
    earlier: str | None
    later: str | None


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """A message that a search found."""

    conversation_id: str
    title: str
    message_id: str
    role: str
    snippet: str
    created_at: str


@dataclass(slots=True)
class Draft:
    """An answer that is being written; whoever writes it appends, `Conversations.draft` keeps it on disk."""

    call: Entry
    """The model call that it comes of, as the audit log knows it."""
    replaces: bool = False
    text: list[str] = field(default_factory=list)
    status: str = "interrupted"
    finish_reason: str | None = None
    usage: Usage = field(default_factory=Usage)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def id(self) -> str:
        """The message's id; empty when it is not kept."""
        return self.call.act

    def append(self, text: str) -> None:
        """Add what was generated."""
        self.text.append(text)
        self.changed.set()

    def complete(self, reason: str) -> None:
        """Mark the answer as whole; without this it ends as interrupted."""
        self.status, self.finish_reason = "complete", reason

    def came_to(self) -> dict[str, Any]:
        """What the audit log says of its end."""
        return ended(self.call.details["model"], self.usage, self.finish_reason)


_SELECT = """
    SELECT c.id, c.title, c.system, c.model, c.created_at, c.updated_at, c.pinned,
           (SELECT count(*) FROM messages m WHERE m.conversation_id = c.id) AS messages
    FROM conversations c
"""


class Conversations:
    """Everything that was said, and how to find it again: for whoever said it, by uid, and for nobody else."""

    def __init__(self, store: Store, clock: Clock, audit: AuditLog, owner: int) -> None:
        self._store = store
        self._audit = audit
        self._clock = clock
        self._owner = owner
        self._leftovers: list[tuple[str, Draft]] = []

    async def recover(self) -> int:
        """Mark answers that a crash cut off as interrupted; returns how many. Called once at the start.

        What is from before there were several users becomes the owner's.
        """
        async with self._store.transaction() as tx:
            await tx.execute("UPDATE conversations SET uid = ? WHERE uid IS NULL", [self._owner])
            cut = list(await tx.execute_fetchall("SELECT id FROM messages WHERE status = 'generating'"))
            for (message,) in cut:
                why = {"why": "the daemon ended"}
                entry = Entry(kind="model.call", uid=None, act=message, outcome="interrupted", details=why)
                await self._audit.append(tx, entry)
            await tx.execute("UPDATE messages SET status = 'interrupted' WHERE status = 'generating'")
        return len(cut)

    async def count(self, uid: int) -> int:
        """How many conversations somebody has."""
        return int((await self._store.rows("SELECT count(*) FROM conversations WHERE uid = ?", [uid]))[0][0])

    async def page(self, uid: int, limit: int, before: str | None) -> tuple[list[Conversation], str | None]:
        """Those that are pinned, then all others, newest first, at most `limit`; with a cursor for the next page."""
        parameters: list[Any] = [uid]
        where = "WHERE c.uid = ?"
        if before is not None:
            where += " AND (c.pinned, c.updated_at, c.id) < (?, ?, ?)"
            parameters += _place(before)
        rows = await self._store.rows(
            f"{_SELECT} {where} ORDER BY c.pinned DESC, c.updated_at DESC, c.id DESC LIMIT ?", [*parameters, limit + 1]
        )
        found = [_conversation(row) for row in rows[:limit]]
        last = found[-1] if found else None
        return found, f"{int(last.pinned)}|{last.updated_at}|{last.id}" if last and len(rows) > limit else None

    async def find(self, reference: str, uid: int) -> Conversation:
        """One of somebody's, by id, by unique beginning of an id, or `latest`.

        Raises ConversationNotFound, also for somebody else's, or InvalidRequest.
        """
        if reference == LATEST:
            newest = await self._store.rows(
                f"{_SELECT} WHERE c.uid = ? ORDER BY c.updated_at DESC, c.id DESC LIMIT 1", [uid]
            )
            row = newest[0] if newest else None
        else:
            row = await by_reference(self._store, _SELECT, "c.id", reference, "conversation", "c.uid = ?", [uid])
        if row is None:
            what = "there is no conversation yet" if reference == LATEST else f'no conversation "{reference}"'
            raise ConversationNotFound(what, "tektra conversations list shows them.")
        return _conversation(row)

    async def messages(self, conversation_id: str) -> list[Message]:
        """All messages in the order they were said."""
        rows = await self._store.rows(
            "SELECT * FROM messages WHERE conversation_id = ? ORDER BY position", [conversation_id]
        )
        return [_message(row) for row in rows]

    async def piece(
        self, conversation_id: str, limit: int, before: str | None, after: str | None, around: str | None
    ) -> Piece:
        """At most `limit` messages: the newest, or those next to a message, or that one among its neighbours."""
        if around is not None:
            place = await self._position(conversation_id, around, "around")
            until = await self._messages(conversation_id, "position < ?", place, "DESC", limit // 2 + 1)
            since = await self._messages(conversation_id, "position >= ?", place, "ASC", limit - limit // 2 + 1)
            kept = until[: limit // 2], since[: limit - limit // 2]
            found = [*reversed(kept[0]), *kept[1]]
            return _piece(found, has_earlier=len(until) > len(kept[0]), has_later=len(since) > len(kept[1]))
        if after is not None:
            place = await self._position(conversation_id, after, "after")
            rows = await self._messages(conversation_id, "position > ?", place, "ASC", limit + 1)
            return _piece(rows[:limit], has_earlier=True, has_later=len(rows) > limit)
        where, place = "position > ?", -1
        if before is not None:
            where, place = "position < ?", await self._position(conversation_id, before, "before")
        rows = await self._messages(conversation_id, where, place, "DESC", limit + 1)
        return _piece([*reversed(rows[:limit])], has_earlier=len(rows) > limit, has_later=before is not None)

    async def _messages(self, conversation_id: str, where: str, place: int, order: str, limit: int) -> list[Row]:
        return await self._store.rows(
            f"SELECT * FROM messages WHERE conversation_id = ? AND {where} ORDER BY position {order} LIMIT ?",  # noqa: S608
            [conversation_id, place, limit],
        )

    async def _position(self, conversation_id: str, message_id: str, param: str) -> int:
        rows = await self._store.rows(
            "SELECT position FROM messages WHERE conversation_id = ? AND id = ?", [conversation_id, message_id]
        )
        if not rows:
            raise InvalidRequest(f'this conversation has no message "{message_id}"', param=param)
        return int(rows[0][0])

    async def search(self, uid: int, words: str, limit: int) -> list[Hit]:
        """Somebody's messages that contain all words (the last one may be unfinished), best first."""
        query = _fts_query(words)
        if not query:
            raise InvalidRequest("there is no word to search for", param="q")
        rows = await self._store.rows(
            """
            SELECT m.conversation_id, c.title, m.id AS message_id, m.role, m.created_at,
                   snippet(messages_fts, 0, '«', '»', '…', 16) AS snippet
            FROM messages_fts JOIN messages m ON m.position = messages_fts.rowid
            JOIN conversations c ON c.id = m.conversation_id
            WHERE messages_fts MATCH ? AND c.uid = ? ORDER BY messages_fts.rank LIMIT ?
            """,
            [query, uid, limit],
        )
        return [Hit(**dict(row)) for row in rows]

    async def change(
        self, conversation: Conversation, uid: int, title: str | None, pinned: bool | None
    ) -> Conversation:
        """Give one of somebody's another title, pin it or unpin it; when it was last used stays as it is."""
        changed = {
            name: value
            for name, value in (("title", title), ("pinned", pinned))
            if value is not None and value != getattr(conversation, name)
        }
        if not changed:
            return conversation
        after = msgspec.structs.replace(conversation, **changed)
        details = {"conversation": conversation.id, "changed": sorted(changed)}
        async with self._store.transaction() as tx:
            await self._audit.append(tx, Entry(kind="conversation.change", uid=uid, details=details))
            await tx.execute(
                "UPDATE conversations SET title = ?, pinned = ? WHERE id = ? AND uid = ?",
                [after.title, after.pinned, after.id, uid],
            )
        return after

    async def branch(
        self, conversation: Conversation, uid: int, message_id: str | None, *, is_left_out: bool
    ) -> Conversation:
        """A new conversation with all that was said up to a message, or up to the one before it.

        `message_id` None: with all of it. An answer that is being written comes along as far as it has come.
        """
        if message_id is None:
            where, place = "position >= ?", 0
        else:
            where = "position < ?" if is_left_out else "position <= ?"
            place = await self._position(conversation.id, message_id, "message_id")
        identity, now = self._clock.new_id(), self._clock.now()
        details = {"conversation": identity, "of": conversation.id}
        async with self._store.transaction() as tx:
            await self._audit.append(tx, Entry(kind="conversation.branch", uid=uid, details=details))
            await tx.execute(
                """INSERT INTO conversations (id, uid, title, system, model, created_at, updated_at)
                   SELECT ?, uid, ?, system, model, ?, ? FROM conversations WHERE id = ?""",
                [identity, branch_title(conversation.title), now, now, conversation.id],
            )
            said = await tx.execute_fetchall(
                # {where} is one of ours
                f"""SELECT role, content, iif(status = 'generating', 'interrupted', status), model, finish_reason,
                    prompt_tokens, completion_tokens, created_at
                    FROM messages WHERE conversation_id = ? AND {where} ORDER BY position""",  # noqa: S608
                [conversation.id, place],
            )
            await tx.executemany(
                """INSERT INTO messages (id, conversation_id, role, content, status, model, finish_reason,
                   prompt_tokens, completion_tokens, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
                [(self._clock.new_id(), identity, *message) for message in said],
            )
        return await self.find(identity, uid)

    async def remove(self, conversation_id: str, uid: int) -> None:
        """Delete a conversation of somebody's with its messages."""
        async with self._store.transaction() as tx:
            await self._audit.append(
                tx, Entry(kind="conversation.remove", uid=uid, details={"conversation": conversation_id})
            )
            await tx.execute("DELETE FROM conversations WHERE id = ? AND uid = ?", [conversation_id, uid])

    @asynccontextmanager
    async def draft(
        self, conversation_id: str | None, *, question: str | None, system: str | None, model: str, call: Entry
    ) -> AsyncIterator[tuple[str, Draft]]:
        """Record a question and keep the answer to it while it is written: yields (conversation id, draft).

        A new conversation, of whoever makes the call, begins when `conversation_id` is None; with `question` None the
        last answer is replaced.
        `call` is audited in the same transactions: that it begins, and how it ended.
        Whatever ends the block, what was written so far is kept, complete or marked as interrupted.
        """
        await self._settle_leftovers()
        conversation = conversation_id or self._clock.new_id()
        details = {**call.details, "conversation": conversation}
        call = msgspec.structs.replace(call, act=self._clock.new_id(), details=details)
        draft = Draft(call, replaces=question is None)
        flushing: asyncio.Task[None] | None = None
        try:
            await self._begin(conversation, conversation_id is None, draft, question, system, model)
            flushing = asyncio.create_task(self._flush(draft))
            yield conversation, draft
        finally:
            with anyio.CancelScope(shield=True):
                if flushing is not None:
                    flushing.cancel()
                    await asyncio.wait([flushing])
                await self._settle(conversation, draft)

    async def _begin(
        self, conversation: str, is_new: bool, draft: Draft, question: str | None, system: str | None, model: str
    ) -> None:
        now = self._clock.now()
        async with self._store.transaction() as tx:
            await self._audit.append(tx, msgspec.structs.replace(draft.call, outcome="begun"))
            if is_new:
                await tx.execute(
                    """INSERT INTO conversations (id, uid, title, system, model, created_at, updated_at)
                       VALUES (?, ?, ?, ?, ?, ?, ?)""",
                    [conversation, draft.call.uid, title_of(question or ""), system, model, now, now],
                )
            if question is not None:
                await tx.execute(_INSERT, [self._clock.new_id(), conversation, "user", question, "complete", None, now])
            await tx.execute(_INSERT, [draft.id, conversation, "assistant", "", "generating", model, now])
            await tx.execute(
                "UPDATE conversations SET model = ?, updated_at = ? WHERE id = ?", [model, now, conversation]
            )

    async def _flush(self, draft: Draft) -> None:
        """Write what has grown, again and again, so that a kill -9 loses next to nothing."""
        while True:
            await draft.changed.wait()
            draft.changed.clear()
            try:
                await self._store.write("UPDATE messages SET content = ? WHERE id = ?", ["".join(draft.text), draft.id])
            except StoreFailed as error:
                log.error("an answer under way could not be kept", message=draft.id, error=error.message)
            await self._clock.sleep(FLUSH_SECONDS)

    async def _settle(self, conversation: str, draft: Draft) -> None:
        """Record how the answer ended; when the disk is full, remember to do it with the next answer."""
        try:
            await self._record_end(conversation, draft)
        except StoreFailed:
            self._leftovers.append((conversation, draft))
            raise

    async def _settle_leftovers(self) -> None:
        leftovers, self._leftovers = self._leftovers, []
        for conversation, draft in leftovers:
            await self._settle(conversation, draft)

    async def _record_end(self, conversation: str, draft: Draft) -> None:
        outcome = "ok" if draft.status == "complete" else "interrupted"
        last = msgspec.structs.replace(draft.call, outcome=outcome, details=draft.came_to())
        async with self._store.transaction() as tx:
            await self._audit.append(tx, last)
            await tx.execute(
                """UPDATE messages SET content = ?, status = ?, finish_reason = ?, prompt_tokens = ?,
                   completion_tokens = ? WHERE id = ?""",
                [
                    "".join(draft.text), draft.status, draft.finish_reason,
                    draft.usage.prompt_tokens, draft.usage.completion_tokens, draft.id,
                ],
            )  # fmt: skip
            if draft.replaces:
                complete = draft.id if draft.status == "complete" else ""
                await tx.execute(_DROP_REPLACED, [conversation, complete, draft.id])
            await tx.execute("UPDATE conversations SET updated_at = ? WHERE id = ?", [self._clock.now(), conversation])


_DROP_REPLACED = """
    DELETE FROM messages WHERE conversation_id = ?1 AND role = 'assistant'
    AND position > (SELECT max(position) FROM messages WHERE conversation_id = ?1 AND role = 'user')
    AND ((?2 <> '' AND id <> ?2) OR (?2 = '' AND id = ?3 AND content = ''))
"""
"""A complete new answer replaces those before it; an interrupted one stays beside them, unless it is empty."""

_INSERT = """INSERT INTO messages (id, conversation_id, role, content, status, model, created_at)
             VALUES (?, ?, ?, ?, ?, ?, ?)"""


def title_of(text: str) -> str:
    """The first line of the first message, shortened at a word."""
    line = next((line.strip() for line in text.splitlines() if line.strip()), "untitled")
    if len(line) <= TITLE_LENGTH:
        return line
    return line[:TITLE_LENGTH].rsplit(" ", 1)[0] + "…"


def branch_title(title: str) -> str:
    """Of which conversation it is a branch; a branch of a branch says so once."""
    return title if title.startswith(BRANCH) else BRANCH + title


def _place(cursor: str) -> list[Any]:
    """Where a page ended. What has no mark of pinned ones was given before there were any."""
    parts = cursor.split("|")
    pinned, moment, identity = ["0", *parts, ""][-3:] if len(parts) < 3 else parts[:3]
    return [int(pinned == "1"), moment, identity]


def _piece(rows: list[Row], *, has_earlier: bool, has_later: bool) -> Piece:
    found = [_message(row) for row in rows]
    return Piece(
        messages=found,
        earlier=found[0].id if found and has_earlier else None,
        later=found[-1].id if found and has_later else None,
    )


def _fts_query(words: str) -> str:
    """Quote each word for FTS5, so that no character of it is an operator; the last one matches as a beginning."""
    found = re.findall(r"\w+", words)
    return " ".join(f'"{word}"' for word in found) + "*" if found else ""


def _conversation(row: Row) -> Conversation:
    return Conversation(**dict(row) | {"pinned": bool(row["pinned"])})


def _message(row: Row) -> Message:
    return Message(
        id=row["id"],
        role=row["role"],
        content=row["content"],
        status=row["status"],
        model=row["model"],
        finish_reason=row["finish_reason"],
        usage=Usage(prompt_tokens=row["prompt_tokens"], completion_tokens=row["completion_tokens"]),
        created_at=row["created_at"],
    )
