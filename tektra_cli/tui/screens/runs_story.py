"""Pure: what a run told, as lines in their order: each of its agent's steps, and beneath it what was done in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Told = Mapping[str, Any]
Kind = Literal["task", "step", "tool", "code", "ask", "note", "left_out", "applied", "dropped", "state", "end"]
PLAIN: Mapping[str, Kind] = {"note": "note", "left_out": "left_out", "applied": "applied", "dropped": "dropped"}
"""Events that are a line by themselves."""
CLOSES = {"result": "tool", "ran": "code"}
ENDS = ("succeeded", "failed", "cancelled")


@dataclass
class Line:
    """Something that a run did, from where it began to where it ended, if it has."""

    key: str
    kind: Kind
    opened: Told
    closed: Told | None = None
    depth: int = 0
    step: int = 0
    """In which of its agent's steps."""
    since: str = ""
    """When it began, which is before it was told of: a step begins with asking the model."""
    agent: str = ""
    """Which other agent's it is, where it was asked by the one that runs."""
    took: Mapping[str, int] = field(default_factory=dict)
    """Of a step: the tokens."""

    @property
    def data(self) -> Mapping[str, Any]:
        """What was told at its beginning."""
        found: Mapping[str, Any] = self.opened["data"]
        return found

    @property
    def outcome(self) -> Mapping[str, Any]:
        """What was told at its end."""
        found: Mapping[str, Any] = self.closed["data"] if self.closed is not None else {}
        return found

    @property
    def error(self) -> str:
        """What went wrong, in words."""
        if self.kind == "end":
            return str(self.outcome.get("error") or self.data.get("error") or "")
        return str(self.outcome.get("error") or "")


@dataclass
class _Scope:
    """One agent at work: the run's own, or one that it asked."""

    agent: str
    depth: int
    since: str = ""
    steps: int = 0
    spent: Mapping[str, int] = field(default_factory=dict)
    current: Line | None = None


class Story:
    """The lines of one run, which grow with every event that it tells."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.last = 0
        """The number of the last event that was heard."""
        self._scopes = [_Scope("", 0)]
        self._open: list[tuple[Line, _Scope]] = []
        """What has begun and not ended, the innermost last; and whose it is."""

    @property
    def now(self) -> Line | None:
        """What is under way, if something is."""
        return self._open[-1][0] if self._open else None

    @property
    def since(self) -> str:
        """Since when the agent thinks, where nothing else is under way."""
        return self._scopes[-1].since

    @property
    def steps(self) -> int:
        """How many steps the run's agent has finished."""
        return self._scopes[0].steps

    @property
    def took(self) -> Mapping[str, int]:
        """Tokens so far."""
        return self._scopes[0].spent

    def hear(self, events: Sequence[Told]) -> None:
        """Take in what a run told; what was heard already is not heard again."""
        for event in events:
            if event["number"] > self.last:
                self.last = event["number"]
                self._hear(event)

    def _hear(self, event: Told) -> None:
        kind, data = event["type"], event["data"]
        match kind:
            case "tool" | "code":
                scope = self._scope(event)
                self._step(scope, event)
                line = self._add(event, kind, scope, scope.depth + 1 + self._beneath(scope))
                self._open.append((line, scope))
            case "result" | "ran":
                self._close(event, CLOSES[kind])
            case "step":
                self._end_step(self._scope(event), event)
            case "ask":
                scope = self._scopes[-1]
                self._step(scope, event)
                self._add(event, "ask", scope, self._open[-1][0].depth + 1 if self._open else scope.depth + 1)
            case "answer":
                for line in reversed(self.lines):
                    if line.kind == "ask" and line.data["ask"] == data["ask"]:
                        line.closed = event
                        break
            case "state":
                self._state(event)
            case _ if kind in PLAIN:
                self._add(event, PLAIN[kind], self._scopes[-1], 0)
            case _:
                pass

    def _add(self, event: Told, kind: Kind, scope: _Scope, depth: int) -> Line:
        number = scope.current.step if scope.current is not None else 0
        line = Line(f"{event['number']}", kind, event, depth=depth, step=number, since=event["time"], agent=scope.agent)
        self.lines.append(line)
        return line

    def _step(self, scope: _Scope, event: Told) -> Line:
        """The line of the step that is under way; its first act tells that it is."""
        if scope.current is None:
            number = scope.steps + 1
            since = scope.since or event["time"]
            key = f"step {scope.agent} {event['number']}"
            scope.current = Line(key, "step", event, depth=scope.depth, step=number, since=since, agent=scope.agent)
            self.lines.append(scope.current)
        return scope.current

    def _end_step(self, scope: _Scope, event: Told) -> None:
        line, data = self._step(scope, event), event["data"]
        took = data.get("took", {})
        line.closed, line.step = event, data["step"]
        line.took = {name: took.get(name, 0) - scope.spent.get(name, 0) for name in took if name != "steps"}
        scope.spent, scope.steps, scope.since, scope.current = took, data["step"], event["time"], None

    def _scope(self, event: Told) -> _Scope:
        """Whose an event is: each agent that was asked works inside the call that asked it."""
        agent = event["data"].get("agent", "")
        for place in reversed(range(len(self._scopes))):
            if self._scopes[place].agent == agent:
                del self._scopes[place + 1 :]
                return self._scopes[place]
        depth = self._open[-1][0].depth + 1 if self._open else 1
        since = self._open[-1][0].since if self._open else event["time"]
        self._scopes.append(_Scope(agent, depth, since))
        return self._scopes[-1]

    def _beneath(self, scope: _Scope) -> int:
        """What code calls lies beneath it."""
        return sum(1 for line, whose in self._open if whose is scope and line.kind == "code")

    def _close(self, event: Told, kind: str) -> None:
        agent = event["data"].get("agent", "")
        for place in reversed(range(len(self._open))):
            line, scope = self._open[place]
            if line.kind == kind and scope.agent == agent:
                line.closed = event
                del self._open[place:]
                return

    def _state(self, event: Told) -> None:
        state = event["data"]["state"]
        root = self._scopes[0]
        if state in ENDS:
            self._add(event, "end", root, 0)
        elif state == "running" and (not root.since or self._has_ended()):
            root.since = event["time"]
            self._add(event, "state", root, 0)

    def _has_ended(self) -> bool:
        """Whether the last of its states was an end: then it was taken up again."""
        return next((line.kind == "end" for line in reversed(self.lines) if line.kind in ("state", "end")), False)
