"""How much a workspace may hold, and what is said of what it does not."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import msgspec

from tektrad.sandbox.naming import shown

GIB = 1 << 30
FOLDER_BYTES = 3 * GIB
"""What programs may make of a private copy: of a GiB at the start, no more than is looked through, and some more."""
MOST_TOLD = 100


class Extent(msgspec.Struct, frozen=True):
    """What the copy of a folder may take at the start: bytes of files, names, and folders within each other."""

    bytes: int = GIB
    names: int = 100_000
    levels: int = 100


class LeftOut(msgspec.Struct, frozen=True):
    """Something that is not there, or that is not looked at, and why."""

    path: str
    why: str


@dataclass(slots=True)
class Said:
    """What was left out, the first hundred of each reason."""

    all: list[LeftOut] = field(default_factory=list)
    _count: Counter[str] = field(default_factory=Counter)

    def leave_out(self, path: tuple[str, ...] | str, why: str) -> None:
        """Tell of something."""
        self._count[why] += 1
        if self._count[why] <= MOST_TOLD:
            self.all.append(LeftOut(shown(path if isinstance(path, str) else "/".join(path)), why))

    def told(self) -> list[LeftOut]:
        """All of it, with how many more there are."""
        more = [LeftOut("…", f"{count - MOST_TOLD} more: {why}") for why, count in self._count.items()
                if count > MOST_TOLD]  # fmt: skip
        return sorted(self.all, key=lambda each: each.path) + more
