"""Continuous batching over one backend: add, cancel, step.

Owns the sequences and the order in which they came. Who steps next is decided in batcher.py, what need not be computed
again in cells.py; what a step computes happens in the backend; nothing here knows about processes, sockets or files.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING

from tektra_models.answers.marks import ANY
from tektra_models.answers.usual import CALLS
from tektra_models.backend import Backend, Feed, Sheet
from tektra_models.batcher import FEW, GROWTH, Limits, Plan, Queued, plan_step
from tektra_models.cells import Cells
from tektra_models.chat_format import ChatFormat
from tektra_models.errors import BadRequest, ContextExceeded, ModelError, Unsupported
from tektra_models.generation import Delta, Finish, FinishReason, Form, Pooling, Prompt, Sampling, Score
from tektra_models.kv_store import KvStore
from tektra_models.lookup import Lookup
from tektra_models.pace import Pace
from tektra_models.prefix import common_length
from tektra_models.recall import Recall
from tektra_models.sequence import Sequence
from tektra_models.shares import Shares
from tektra_models.spec import Spec
from tektra_models.text_stream import TextStream

if TYPE_CHECKING:
    from tektra_models.forms import Follower

Event = tuple[str, Delta | Finish | ModelError]
"""A request's id and what came of it; an error ends this one request."""

DRAFTING = 4
"""Running sequences up to which drafts are made: with more, a step has little to spare."""
BATCH_TURN = 4
"""One step in so many is for batch sequences too, while interactive ones run."""
PATIENCE_S = 30.0
"""After which a waiting batch sequence goes before those that come later."""
WRITTEN = 4.0
"""What a written token counts for a party's share, beside one that was read: reading shares a step with many others."""
RECENT_S = 10.0
"""For so long the latest conversation stays in cells, whatever it costs others: it may go on at once."""
WORTH_WAITING = 32
"""Tokens that a newcomer lets another read for both of them; for fewer, entering at once is as good."""


class Engine:
    """Runs many sequences over one loaded model; not thread-safe, driven by its worker's loop."""

    def __init__(
        self,
        backend: Backend,
        spec: Spec,
        now: Callable[[], float] = time.monotonic,
        states: KvStore | None = None,
    ) -> None:
        self.backend = backend
        self._now = now
        self._pace = Pace(spec.gap_s)
        self.limits = Limits(slots=spec.slots, cells=backend.context, batch=spec.batch)
        self._name = spec.name
        self._drafts = min(spec.drafts, FEW - 1) if backend.can_share else 0
        self._format = ChatFormat(backend.chat_template, bos=backend.bos, eos=backend.eos)
        self._waiting: dict[int, Sequence] = {}
        self._running: dict[int, Sequence] = {}
        self._cells = Cells(backend)
        self.recall = Recall(backend, self._cells, states)
        self._orders = itertools.count()
        self._shares = Shares()
        self._steps = 0
        self._crowded = False
        self._left_at = -RECENT_S

    @property
    def running(self) -> int:
        """Sequences under way."""
        return len(self._running)

    @property
    def waiting(self) -> int:
        """Sequences in line."""
        return len(self._waiting)

    def add(self, request_id: str, prompt: Prompt, sampling: Sampling, party: str = "") -> int:
        """Put a sequence in line, where its party's share counts, and return its prompt's token count.

        Raises ContextExceeded, TemplateFailed, Unsupported or BadRequest.
        """
        if not self.backend.can_generate:
            raise Unsupported(f'"{self._name}" only makes embeddings', "Choose a chat model; tektra models list")
        text = self._text(prompt)
        tokens = self._tokens(prompt, text)
        self._check_length(len(tokens))
        most = self.backend.context if sampling.max_tokens is None else max(sampling.max_tokens, 1)
        limit = min(len(tokens) + most, self.backend.context)
        answer = self._format.answer(text, prompt.tools) if prompt.messages or prompt.tools else None
        follower = self._follower(sampling.form, prompt, begun=answer is not None and answer.reasoning)
        owed = follower.begin(limit - len(tokens) - 1) if follower is not None else []
        order = next(self._orders)
        waiting = self._waiting[order] = Sequence(
            id=request_id,
            order=order,
            tokens=[*tokens, *owed],
            prompt_length=len(tokens),
            limit=limit,
            owed=owed,
            sampling=sampling,
            sampler=self.backend.sampler(sampling, tokens),
            text=TextStream(sampling.stop),
            answer=answer,
            follower=follower,
            added_at=self._now(),
            waiting_since=self._now(),
            batch=prompt.batch,
            party=party,
            private=prompt.private,
            sheet=None if sampling.scores is None else Sheet(sampling.scores),
            lookup=Lookup(self._drafts) if self._drafts and follower is None else None,
        )
        self._shares.came(party)
        self.recall.bring_back(tokens, waiting.owner)
        return len(tokens)

    def _follower(self, form: Form | None, prompt: Prompt, *, begun: bool) -> Follower | None:
        """What keeps an answer to its form, behind its reasoning if there is any; which may have begun."""
        if form is None:
            return None
        from tektra_models.forms import after_reasoning, grammar_of  # llguidance loads for 30 ms, few need it

        learned = self._format.learned
        control = {data.decode(): token for token, data in self._marks.items() if not self.backend.token_bytes(token)}
        grammar = grammar_of(form, prompt.tools or [], learned.form.calls or CALLS, control)
        if begun or (learned.reasons and prompt.messages and prompt.think is not False):
            grammar = after_reasoning(grammar, learned.form.reasoning, control, begun=begun)
        return self.backend.follower(grammar)

    def cancel(self, request_id: str) -> list[Event]:
        """End a sequence now; its last event says `cancelled`. Unknown ids are those that just ended: no event."""
        for sequence in [*self._running.values(), *self._waiting.values()]:
            if sequence.id == request_id:
                return self._finish(sequence, "cancelled")
        return []

    def step(self) -> list[Event]:
        """Compute one batch and return what came of it, in order."""
        self._end_patience()
        self._make_drafts()
        plan = plan_step(self._under_way(), self._in_line(), self._limits_now())
        self._seat(plan)
        fed = [(self._running[order], count) for order, count in plan.feeds.items()]
        writing = sum(sequence.writing for sequence, _ in fed)
        reading = sum(count for sequence, count in fed if not sequence.writing)
        self._make_room(sum(plan.feeds.values()))
        begun = self._now()
        tokens = self.backend.decode([self._feed(sequence, count) for sequence, count in fed])
        drafted = sum(plan.feeds.values()) - reading - writing
        self._pace.took(self._now() - begun, read=reading, written=writing, drafted=drafted)
        return list(itertools.chain.from_iterable(map(self._take, fed, tokens)))

    def fail_all(self) -> list[str]:
        """Drop every sequence after a failed decode and return their request ids."""
        sequences = [*self._running.values(), *self._waiting.values()]
        for sequence in sequences:
            self._release(sequence)
        self._cells.forget()
        return [sequence.id for sequence in sequences]

    def tokens(self, prompt: Prompt) -> list[int]:
        """Render and tokenize a prompt; raises TemplateFailed or BadRequest."""
        return self._tokens(prompt, self._text(prompt))

    def _text(self, prompt: Prompt) -> str:
        """The prompt as text, if it is one."""
        if prompt.messages is not None:
            return self._format.render(prompt.messages, prompt.tools, think=prompt.think)
        return prompt.text or ""

    def _tokens(self, prompt: Prompt, text: str) -> list[int]:
        if prompt.tokens is not None:
            if not all(0 <= t < self.backend.vocabulary for t in prompt.tokens):
                raise BadRequest("a token of the prompt is outside the vocabulary")
            tokens = list(prompt.tokens)
        else:
            tokens = self.backend.tokenize(text, special=prompt.messages is not None)
        if not tokens:
            raise BadRequest("the prompt is empty", "Send at least one character.")
        return tokens

    def embed(self, tokens: list[int], pooling: Pooling | None = None) -> list[float]:
        """Return the vector of one input; raises Unsupported or ContextExceeded."""
        return self.backend.embed(tokens, pooling)

    def _check_length(self, length: int) -> None:
        if length >= self.backend.context:
            raise ContextExceeded(
                f'the prompt is {length} tokens long and "{self._name}" is loaded with a context of '
                f"{self.backend.context}; nothing was cut",
                "Shorten it, or load the model with a larger context (tektra models load … --context N).",
            )

    def _limits_now(self) -> Limits:
        self._steps += 1
        turn = self._steps % BATCH_TURN == 0
        return replace(self.limits, reading=self._pace.chunk, tile=self._pace.tile, turn=turn)

    def _end_patience(self) -> None:
        """Who has waited too long has time no more."""
        for sequence in self._waiting.values():
            if sequence.batch and self._now() - sequence.waiting_since > PATIENCE_S:
                sequence.batch = False

    def _under_way(self) -> list[Queued]:
        """What the batcher has to know of the running sequences."""
        older: set[int] = set()
        queued: list[Queued] = []
        for order, sequence in sorted(self._running.items()):
            shared = self._cells.shared(sequence.holder, older)
            length = len(sequence.tokens) + len(sequence.draft)
            queued.append(Queued(order=order, length=length, held=sequence.held, shared=shared, batch=sequence.batch))
            older.add(sequence.holder)
        return queued

    def _standings(self) -> dict[int, tuple[bool, float]]:
        """Where the waiting sequences stand in line: their class, and their party's share."""
        standings: dict[int, tuple[bool, float]] = {}
        for batch in (False, True):
            members = {order: s for order, s in sorted(self._waiting.items()) if s.batch == batch}
            shares = self._shares.standings((s.party, len(s.tokens)) for s in members.values())
            standings |= {order: (batch, share) for order, share in zip(members, shares, strict=True)}
        return standings

    def _in_line(self) -> list[Queued]:
        """What the batcher has to know of those who may enter: what they need not compute, and whom they follow."""
        if not self._waiting:
            return []
        free = self.limits.slots - len(self._running)
        if not free and not any(sequence.batch for sequence in self._running.values()):
            return []
        reading = [(s.owner, s.tokens) for s in self._running.values() if not s.writing]
        queued: list[Queued] = []
        standings = self._standings()
        for order in sorted(standings, key=lambda order: (*standings[order], order))[: self.limits.slots * 2]:
            owner, tokens = self._waiting[order].owner, self._waiting[order].tokens
            match = self._cells.find(tokens, owner)
            coming = max((common_length(tokens, others) for whose, others in reading if whose == owner), default=0)
            follows = self.backend.can_share and min(coming, len(tokens) - 1) >= match.length + WORTH_WAITING
            queued.append(Queued(order, len(tokens), match.length, match.in_use, follows, *standings[order]))
            if not follows:
                reading.append((owner, tokens))
        return queued

    def _seat(self, plan: Plan) -> None:
        for order in plan.preempt:
            sequence = self._running.pop(order)
            self._leave(sequence)
            sequence.status, sequence.draft, sequence.waiting_since = "waiting", [], self._now()
            self._waiting[order] = sequence
        self._crowded = self._crowded or bool(plan.enter)
        for order in plan.enter:
            sequence = self._waiting.pop(order)
            self._shares.served(sequence.party, (s.party for s in self._waiting.values() if s.batch == sequence.batch))
            match = self._cells.find(sequence.tokens, sequence.owner)
            sequence.holder = self._cells.enter(match, private=sequence.private, owner=sequence.owner)
            sequence.held = match.length
            if not sequence.entered_at:
                sequence.cached = match.length
            sequence.status = "running"
            sequence.entered_at = sequence.entered_at or self._now()
            self._running[order] = sequence

    def _make_room(self, count: int) -> None:
        """Let idle cells go for those that are needed, and those that only slow down a step."""
        self.recall.make_room(count)
        if self._crowded and not self._waiting:  # who waits may be about to need what is idle
            self._crowded = self.recall.relieve(spare_latest=self._now() - self._left_at < RECENT_S)
        self._cells.settle()

    def _make_drafts(self) -> None:
        """Guess what comes next where few write, and only into cells that nobody would have to leave for it."""
        if not self._drafts or len(self._running) > DRAFTING:
            return
        taken = sum(len(sequence.tokens) + GROWTH for sequence in self._running.values())
        writers = len(self._running)
        cost = partial(self._pace.draft_cost, writers=writers)
        for sequence in self._running.values():
            if sequence.lookup is not None and sequence.writing:
                free = (self.limits.cells - taken) // len(self._running)
                room = min(sequence.limit - len(sequence.tokens) - 1, free)
                sequence.draft = sequence.lookup.draft(sequence.tokens, room, cost, writers)

    def _feed(self, sequence: Sequence, count: int) -> Feed:
        end = sequence.held + count
        known = len(sequence.tokens)
        return Feed(
            holder=sequence.holder,
            tokens=[*sequence.tokens[sequence.held : end], *sequence.draft[: max(0, end - known)]],
            position=sequence.held,
            sampler=sequence.sampler if end >= known else None,
            follower=sequence.follower,
            drafts=max(0, end - known),
            sheet=sequence.sheet,
        )

    def _take(self, fed: tuple[Sequence, int], tokens: list[int]) -> list[Event]:
        """What comes of the tokens that were drawn for one sequence; drafts that were wrong leave no trace."""
        sequence, count = fed
        drafts, right = max(0, sequence.held + count - len(sequence.tokens)), max(0, len(tokens) - 1)
        computed = [*sequence.tokens[sequence.held :], *sequence.draft][: count - drafts + right]
        if right < drafts:
            self.backend.cut(sequence.holder, sequence.held + len(computed))
        self._cells.computed(sequence.holder, computed)
        sequence.held += len(computed)
        sequence.draft = []
        self._shares.charge(sequence.party, len(computed) + WRITTEN * len(tokens))
        events: list[Event] = []
        for token in tokens:
            events += self._drew(sequence, token)
            if sequence.status == "finished":
                break
        return events

    def _drew(self, sequence: Sequence, token: int) -> list[Event]:
        sequence.first_token_at = sequence.first_token_at or self._now()
        score = self._score(sequence, token)
        ended = self.backend.is_end(token) and not sequence.sampling.ignore_end
        follower = sequence.follower
        forced = follower.take(token) if follower is not None and not ended else []
        if follower is not None and follower.error is not None:
            self._release(sequence)
            return [(sequence.id, follower.error)]
        events = self._say_owed(sequence)
        if ended:
            return events + self._finish(sequence, "stop")
        for place, written in enumerate((token, *forced)):
            if sequence.sheet is not None:
                sequence.scores.append(score if score is not None and place == 0 else self._certain(written))
            sequence.tokens.append(written)
            events += self._say(sequence, written)
            if sequence.text.stopped:
                return events + self._finish(sequence, "stop")
            if len(sequence.tokens) >= sequence.limit:
                return events + self._finish(sequence, "length")
        for known in forced:
            self.backend.accept(sequence.sampler, known)
        if follower is not None and follower.complete:
            return events + self._finish(sequence, "stop")
        return events

    def _certain(self, token: int) -> Score:
        """The score of a token that had to come."""
        return Score(data=self.backend.token_bytes(token), logprob=0.0)

    def _score(self, sequence: Sequence, token: int) -> Score | None:
        """What the backend wrote of this token."""
        if sequence.sheet is None or not sequence.sheet.rows:
            return None
        _, logprob, others = sequence.sheet.rows.pop(0)
        likeliest = tuple((self.backend.token_bytes(other), chance) for other, chance in others)
        return Score(data=self.backend.token_bytes(token), logprob=logprob, likeliest=likeliest)

    def _say(self, sequence: Sequence, token: int) -> list[Event]:
        data = self.backend.token_bytes(token)
        if not data and sequence.answer is not None:
            data = self._marks.get(token, b"")
        text = sequence.text.push(data)
        return [(sequence.id, delta) for delta in sequence.say(text)]

    @cached_property
    def _marks(self) -> dict[int, bytes]:
        """The control tokens with which this model marks the parts of its answers."""
        texts = [part for text in self._format.learned.form.texts for part in text.split(ANY)]
        tokens = {token for text in texts for token in self.backend.tokenize(text, special=True)}
        tokens -= set(self.backend.tokenize("", special=True))  # what begins every text is no mark
        return {token: self.backend.mark_bytes(token) for token in tokens}

    def _say_owed(self, sequence: Sequence) -> list[Event]:
        owed, sequence.owed = sequence.owed, []
        for token in owed:
            self.backend.accept(sequence.sampler, token)
            if sequence.sheet is not None:
                sequence.scores.append(self._certain(token))
        return list(itertools.chain.from_iterable(self._say(sequence, token) for token in owed))

    def _finish(self, sequence: Sequence, reason: FinishReason) -> list[Event]:
        self._release(sequence)
        sequence.reason = reason
        events: list[Event] = [(sequence.id, delta) for delta in sequence.close_text()]
        timings = sequence.timings(self._now())
        return [*events, (sequence.id, Finish(reason=sequence.final_reason, usage=sequence.usage, timings=timings))]

    def _release(self, sequence: Sequence) -> None:
        if self._running.pop(sequence.order, None) is not None:
            self._leave(sequence)
        self._waiting.pop(sequence.order, None)
        self.backend.free_sampler(sequence.sampler)
        self._shares.left(sequence.party)
        sequence.status = "finished"

    def _leave(self, sequence: Sequence) -> None:
        self._cells.leave(sequence.holder)
        self._crowded, self._left_at = True, self._now()
        sequence.holder, sequence.held = -1, 0
