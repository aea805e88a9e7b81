"""One turn of a conversation: lease a model, fit the history, stream the answer, keep it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass, field, replace
from typing import Any

import anyio
import msgspec

from tektra_models import frames
from tektra_models.generation import Delta, Finish, Prompt, Sampling, Timings, Usage
from tektrad.chat.calls import call, sampler, with_seed
from tektrad.chat.conversations import Conversation, Conversations, Draft
from tektrad.chat.prompt import Fitted, alternating, fit_history
from tektrad.clock import Clock
from tektrad.errors import ConversationBusy, InvalidRequest, NotFound
from tektrad.pool.lease import Lease
from tektrad.pool.party import Party
from tektrad.pool.place import Notice
from tektrad.pool.pool import Pool
from tektrad.trust.audit import AuditLog
from tektrad.trust.entry import Entry
from tektrad.trust.secrets import Secrets


class Start(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="start"):
    """The model is ready and the question recorded."""

    conversation_id: str | None
    message_id: str | None
    model: str
    source: str
    context: int


class Status(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="status"):
    """What the client is waiting for."""

    state: str
    detail: str = ""
    position: int | msgspec.UnsetType = msgspec.UNSET
    estimate_s: float | msgspec.UnsetType = msgspec.UNSET


class Text(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="delta"):
    """A piece of the answer."""

    text: str


class Reasoning(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="reasoning"):
    """A piece of what the model thinks before it answers; it is shown, and not kept."""

    text: str


class Done(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="finish"):
    """The answer is whole."""

    reason: str
    usage: dict[str, int]
    timings: dict[str, float]
    message_id: str | None
    conversation_id: str | None


TurnEvent = Start | Status | Reasoning | Text | Done


@dataclass(frozen=True, slots=True)
class Turn:
    """What a client asks for; see POST /api/chat in docs/design/api.md."""

    content: str
    asker: Party
    conversation_id: str | None = None
    model: str | None = None
    system: str | None = None
    sampling: Sampling = field(default_factory=Sampling)
    save: bool = True
    regenerate: bool = False
    think: bool | None = None
    batch: bool = False
    keep_alive: float | None = None


class Turns:
    """Runs turns, at most one at a time in each conversation."""

    def __init__(
        self,
        pool: Pool,
        conversations: Conversations,
        audit: AuditLog,
        secrets: Secrets,
        clock: Clock,
        default_model: str,
    ) -> None:
        self._pool = pool
        self._audit = audit
        self._secrets = secrets
        self._conversations = conversations
        self._clock = clock
        self._default_model = default_model
        self._busy: set[str] = set()

    async def run(self, turn: Turn) -> AsyncGenerator[TurnEvent, None]:
        """Yield the events of one turn; closing the iterator cancels it and keeps what was generated.

        Raises TektraError or ModelError.
        """
        began = self._clock.monotonic()
        turn = replace(turn, content=self._secrets.redact_text(turn.content))  # neither kept nor shown to a model
        conversation = await self._conversation(turn)
        try:
            model = turn.model or (conversation.model if conversation else None) or self._default_model
            system = self._secrets.redact(turn.system or (conversation.system if conversation else None))
            history = await self._history(turn, conversation)
            async with AsyncExitStack() as stack:
                async with aclosing(self._lease(stack, turn, model)) as waiting:
                    async for event in waiting:
                        if isinstance(event, Lease):
                            lease = event
                        else:
                            yield event
                fitted = await self._fit(lease, system, history, turn.sampling.max_tokens)
                answer = _Answer(turn, lease, fitted, system, conversation.id if conversation else None, began)
                async with aclosing(self._answer(answer)) as events:
                    async for said in events:
                        yield said
        finally:
            if conversation is not None:
                self._busy.discard(conversation.id)

    def refuse_if_busy(self, conversation_id: str) -> None:
        """Raise ConversationBusy while a turn runs there."""
        if conversation_id in self._busy:
            raise ConversationBusy(
                f'conversation "{conversation_id}" is being answered at this moment', "Wait for it, or stop it with ^C."
            )

    async def _conversation(self, turn: Turn) -> Conversation | None:
        if turn.conversation_id is None:
            if turn.regenerate:
                raise InvalidRequest("there is no answer to write again without a conversation", param="regenerate")
            return None
        conversation = await self._conversations.find(turn.conversation_id, turn.asker.uid)
        self.refuse_if_busy(conversation.id)
        self._busy.add(conversation.id)
        return conversation

    async def _history(self, turn: Turn, conversation: Conversation | None) -> list[dict[str, Any]]:
        """All earlier messages and the question, in the templates' shape; empty interrupted answers are left out."""
        messages = await self._conversations.messages(conversation.id) if conversation else []
        # What became a secret only after it was said is no less one.
        earlier = [(m.role, self._secrets.redact_text(m.content), m.status) for m in messages]
        if not turn.regenerate:
            return alternating([*earlier, ("user", turn.content, "complete")])
        questions = [at for at, (role, _, _) in enumerate(earlier) if role == "user"]
        if not questions:
            raise NotFound("there is no question yet to answer again")
        return alternating(earlier[: questions[-1] + 1])

    async def _lease(self, stack: AsyncExitStack, turn: Turn, model: str) -> AsyncGenerator[Status | Lease, None]:
        """Tell what the pool is doing while it does it, then give the lease that `stack` will end."""
        heard: asyncio.Queue[Notice] = asyncio.Queue()
        leasing = self._pool.lease(
            model, turn.asker, batch=turn.batch, keep_alive=turn.keep_alive, notify=heard.put_nowait
        )
        entering = asyncio.create_task(stack.enter_async_context(leasing))
        listening: asyncio.Task[Notice] | None = None
        try:
            while not entering.done():
                listening = asyncio.create_task(heard.get())
                await asyncio.wait([entering, listening], return_when=asyncio.FIRST_COMPLETED)
                if listening.done():
                    yield _status(listening.result(), model)
        finally:
            with anyio.CancelScope(shield=True):
                for task in filter(None, (entering, listening)):
                    if not task.done():
                        task.cancel()
                        await asyncio.wait([task])
        yield entering.result()

    async def _fit(
        self, lease: Lease, system: str | None, history: list[dict[str, Any]], max_tokens: int | None
    ) -> Fitted:
        async def count(messages: list[dict[str, Any]]) -> int:
            return await lease.worker.count(Prompt(messages=messages))

        return await fit_history(system, history, count, lease.context, max_tokens)

    async def _answer(self, answer: _Answer) -> AsyncGenerator[TurnEvent, None]:
        """Begin to generate before anything is recorded, so that a refused prompt leaves no trace."""
        turn = answer.turn
        prompt = Prompt(messages=answer.fitted.messages, think=turn.think, private=not turn.save, batch=turn.batch)
        sampling = with_seed(turn.sampling, self._clock)
        async with aclosing(answer.lease.generate(prompt, sampling)) as stream:
            began = await anext(stream)
            assert isinstance(began, frames.Began)
            asked = {"sampler": sampler(sampling), "prompt_tokens": began.prompt_tokens}
            if answer.fitted.dropped:
                yield Status(
                    state="shortened",
                    detail=f"the {answer.fitted.dropped} oldest messages no longer fit and were left out",
                )
            async with AsyncExitStack() as stack:
                conversation, draft = await self._record(stack, answer, call(answer.lease, "chat", **asked))
                draft.usage = Usage(prompt_tokens=began.prompt_tokens)
                yield answer.start(conversation, draft.id if conversation else None)
                thoughts, words = self._secrets.text_redactor(), self._secrets.text_redactor()
                async for said in stream:
                    if isinstance(said, Delta):
                        answer.first_at = answer.first_at or self._clock.monotonic()
                        if thought := thoughts.feed(said.reasoning):
                            yield Reasoning(text=thought)
                        if text := words.feed(said.text):
                            draft.append(text)
                            yield Text(text=text)
                    elif isinstance(said, Finish):
                        if thought := thoughts.end():
                            yield Reasoning(text=thought)
                        if text := words.end():
                            draft.append(text)
                            yield Text(text=text)
                        draft.usage = said.usage
                        draft.complete(said.reason)
                        finish = said
            yield answer.done(finish, conversation, draft)

    async def _record(self, stack: AsyncExitStack, answer: _Answer, called: Entry) -> tuple[str | None, Draft]:
        if not answer.turn.save:
            telling = await stack.enter_async_context(self._audit.telling(called))
            draft = Draft(called)
            stack.callback(lambda: telling.details.update(draft.came_to()))
            return None, draft
        held: set[str] = set()
        stack.callback(lambda: self._busy.difference_update(held))  # runs after the answer is settled
        conversation, draft = await stack.enter_async_context(
            self._conversations.draft(
                answer.conversation_id,
                question=None if answer.turn.regenerate else answer.turn.content,
                system=answer.system,
                model=answer.lease.model.name,
                call=called,
            )
        )
        held.add(conversation)
        self._busy.add(conversation)
        return conversation, draft


@dataclass(slots=True)
class _Answer:
    """What is known once the model is ready, gathered for the events."""

    turn: Turn
    lease: Lease
    fitted: Fitted
    system: str | None
    conversation_id: str | None
    began: float
    first_at: float = 0.0

    def start(self, conversation: str | None, message: str | None) -> Start:
        return Start(
            conversation_id=conversation,
            message_id=message,
            model=self.lease.model.name,
            source=self.lease.model.source,
            context=self.lease.context,
        )

    def done(self, finish: Finish, conversation: str | None, draft: Draft) -> Done:
        usage = finish.usage
        return Done(
            reason=finish.reason,
            usage={
                "prompt_tokens": usage.prompt_tokens,
                "completion_tokens": usage.completion_tokens,
                "cached_tokens": usage.cached_tokens,
                "context": self.lease.context,
            },
            timings=_timings(finish.timings, usage, max(self.first_at - self.began, 0.0)),
            message_id=draft.id or None,
            conversation_id=conversation,
        )


def _status(notice: Notice, model: str) -> Status:
    if notice.position is None or notice.estimate_s is None:
        return Status(state=notice.state, detail=model)
    return Status(state=notice.state, detail=model, position=notice.position, estimate_s=notice.estimate_s)


def _timings(timings: Timings, usage: Usage, first_token_s: float) -> dict[str, float]:
    speed = (usage.completion_tokens - 1) / timings.decode_s if timings.decode_s > 0 else 0.0
    return {
        "queued_s": round(timings.queued_s, 6),
        "prompt_s": round(timings.prompt_s, 6),
        "decode_s": round(timings.decode_s, 6),
        "first_token_s": round(first_token_s, 6),
        "tokens_per_s": round(max(speed, 0.0), 2),
    }
