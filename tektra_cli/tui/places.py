"""The dashboard's places: their names, their keys, and where they are found. A place is imported when it is entered."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tektra_cli.tui.place import Place


@dataclass(frozen=True)
class Entrance:
    """A place, before it is entered: `module:class` below tektra_cli.tui.screens."""

    title: str
    target: str
    summary: str

    @property
    def kind(self) -> type[Place]:
        """Its class, imported."""
        module, name = self.target.split(":")
        found: type[Place] = getattr(importlib.import_module(f"tektra_cli.tui.screens.{module}"), name)
        return found

    def enter(self) -> Place:
        """Import it and make it."""
        return self.kind()


PLACES: Mapping[str, Entrance] = {
    "chat": Entrance("Chat", "chat:Chat", "Talk to a model; all conversations"),
    "models": Entrance("Models", "models:Models", "What is loaded, and what it takes; load, pull, import"),
    "runs": Entrance("Runs", "runs:Runs", "What agents do, step by step; what they changed"),
    "asks": Entrance("Asks", "asks:Asks", "What waits for a yes or a no"),
    "agents": Entrance("Agents", "agents:Agents", "Who works here; make, edit, run"),
    "audit": Entrance("Audit", "audit:Audit", "What was done, in the log that can prove it"),
    "system": Entrance("System", "system:System", "How the daemon is; users, permissions, logs"),
}
