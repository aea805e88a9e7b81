"""Pure: what is typed into the audit's bar, `kind:tool since:2h rm`, what it asks for, and how it may go on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from tektra_cli import wording
from tektra_cli.errors import UsageError

NAMES = ("kind", "agent", "user", "run", "outcome", "since", "until", "act")
"""What stands before a colon; anything else is a word that an entry must hold."""
OUTCOMES = ("begun", "ok", "failed", "cancelled", "interrupted", "denied")
SPANS = ("15m", "1h", "2h", "1d", "7d", "30d")
KINDS = (
    "agent", "agent.create", "agent.edit", "agent.remove", "agent.rollback", "audit", "audit.checkpoint",
    "audit.export", "audit.pruned", "audit.verify", "consent", "consent.answer", "consent.ask", "consent.expire",
    "consent.use", "conversation", "conversation.remove", "daemon", "daemon.started", "daemon.stopped", "mcp",
    "mcp.add", "mcp.approve", "mcp.remove", "mcp.start", "mfa", "mfa.check", "model", "model.adapt", "model.call",
    "model.import", "model.load", "model.pull", "model.quantize", "model.remove", "model.tune", "model.unload",
    "permission", "permission.decide", "permission.grant", "permission.revoke", "policy", "policy.changed",
    "policy.edit", "run", "run.state", "sandbox", "sandbox.run", "secret", "secret.remove", "secret.set",
    "secret.show", "secret.use", "security", "security.denied", "security.log_damaged", "security.unusual_rate",
    "tool", "tool.add", "tool.call", "tool.check", "user", "user.add", "user.login", "user.remove",
)  # fmt: skip
"""That are offered beside those that were seen."""
MOST = 8
"""Ways to go on that are offered at once."""
Known = Mapping[str, Sequence[str]]
"""Values that there are, by the name of a filter."""


def query(said: str, now: datetime) -> dict[str, Any]:
    """What the daemon is asked for; raises UsageError."""
    asked: dict[str, Any] = {}
    words: list[str] = []
    for part in said.split():
        name, colon, value = part.partition(":")
        if not colon or name not in NAMES:
            words.append(part)
            continue
        if not value:
            raise UsageError(f"{name}: what?", f"Write {name}:{_example(name)}")
        if ("uid" if name == "user" else name) in asked:
            raise UsageError(f"{name} is there twice", "Leave one of them out.")
        asked |= _asked(name, value, now)
    return asked | ({"words": " ".join(words)} if words else {})


def completions(said: str, known: Known) -> list[str]:
    """What the last part of `said` may become, the likeliest first."""
    last = said.rsplit(" ", 1)[-1]
    name, colon, begun = last.partition(":")
    if not colon:
        there = {part.partition(":")[0] for part in said.split(" ")[:-1]}
        return [f"{each}:" for each in NAMES if each.startswith(last) and each not in there][:MOST]
    if name not in NAMES:
        return []
    values = _values(name, known)
    fitting = [value for value in values if value.startswith(begun) and value != begun]
    fitting += [value for value in values if begun and begun in value and not value.startswith(begun)]
    return [f"{name}:{value}" for value in fitting][:MOST]


def completed(said: str, chosen: str) -> str:
    """`said` with its last part as chosen, ready to be gone on with."""
    before = said.rpartition(" ")[0]
    return f"{before} {chosen}".lstrip() + ("" if chosen.endswith(":") else " ")


def _asked(name: str, value: str, now: datetime) -> dict[str, Any]:
    match name:
        case "user":
            return {"uid": wording.uid(value)}
        case "since" | "until":
            return {name: wording.moment(value, now)}
        case "outcome" if value not in OUTCOMES:
            raise UsageError(f'"{value}" is no outcome', f"There are {', '.join(OUTCOMES)}.")
        case _:
            return {name: value}


def _values(name: str, known: Known) -> list[str]:
    match name:
        case "outcome":
            return list(OUTCOMES)
        case "since" | "until":
            return list(SPANS)
        case "kind":
            return sorted({*KINDS, *known.get("kind", ())})
        case _:
            return list(known.get(name, ()))


def _example(name: str) -> str:
    examples = {"kind": "tool", "agent": "files", "user": "1000", "run": "ID", "act": "ID", "outcome": "failed"}
    return examples.get(name, "2h")
