"""Who asks: those between whom models are shared fairly."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Party:
    """A user as the kernel names it, or one agent of that user; nothing that a client merely says counts."""

    uid: int
    agent: str = ""

    @property
    def key(self) -> str:
        """The name by which the pool and the engine count what it has had."""
        return f"{self.uid}/{self.agent}" if self.agent else str(self.uid)
