"""The log as news: every entry is an event once it is there for good; a security event is an alert."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from tektrad.events import Events
from tektrad.trust.audit import Written
from tektrad.trust.entry import SECURITY

MOST_BYTES = 4096
"""Of an entry whose details an event repeats; a longer one is read in the log."""


def news(events: Events) -> Callable[[Written], None]:
    """What makes events of entries; who may see them is who may read the log."""

    def tell(written: Written) -> None:
        entry = written.entry
        said = {"number": written.number, "kind": entry.kind, "outcome": entry.outcome, "uid": entry.uid}
        said |= {"agent": entry.agent, "act": entry.act}
        if entry.kind.startswith(SECURITY):
            events.publish("alert", said | {"details": _details(written.body)}, entry.uid)
        else:
            events.publish("entry", said, entry.uid)

    return tell


def _details(body: bytes) -> Mapping[str, Any]:
    if len(body) > MOST_BYTES:
        return {"too_long": {"bytes": len(body)}}
    details: Mapping[str, Any] = msgspec.json.decode(body)["details"]
    return details
