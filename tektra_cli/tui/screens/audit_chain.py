"""How it stands with the chain of entries: how long it is, how far it is signed, and whether it was found unchanged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from textual.content import Content
from textual.widgets import Static

from tektra_cli import wording
from tektra_cli.columns import width
from tektra_cli.terminal import clean_line
from tektra_cli.tui.widgets.cells import DIM

BAR = 20


@dataclass(frozen=True)
class Verdict:
    """What a verification found, and when."""

    time: str
    ok: bool
    entries: int
    bad: int | None = None
    why: str = ""

    @classmethod
    def of(cls, time: str, found: Mapping[str, Any]) -> Verdict:
        """As the verifier says it, or the log's entry of it."""
        bad = found.get("first_bad") or {}
        return cls(time, bool(found["ok"]), int(found["entries"]), bad.get("number"), str(bad.get("why") or ""))


@dataclass(frozen=True)
class Chain:
    """All that the line tells; `share` is how far a verification is that is under way."""

    entries: int | None = None
    head: str = ""
    signed: int | None = None
    verdict: Verdict | None = None
    share: float | None = None
    checked: int = 0


def line(chain: Chain, space: int, now: datetime, *, live: str) -> Content:
    """One line; at its right whether what happens is shown as it happens."""
    left = _checking(chain) if chain.share is not None else _standing(chain, space, now)
    right = Content.styled(live, DIM)
    gap = max(1, space - width(left.plain) - width(right.plain))
    return Content.assemble(left, " " * gap, right)


def alarm(verdict: Verdict, now: datetime) -> str:
    """What nobody may overlook."""
    where = "" if verdict.bad is None else f" The first bad entry is {verdict.bad:,}: {clean_line(verdict.why)}."
    ago = wording.distance(verdict.time, now)
    return (
        f"✗ THE LOG WAS CHANGED.{where} Verified {ago}; the {verdict.entries:,} before it are as they were written.\n"
        "Leave the store as it is, and compare it with an exported file: tektra audit verify FILE"
    )


def _standing(chain: Chain, space: int, now: datetime) -> Content:
    if chain.entries is None:
        return Content()
    parts = [Content.assemble((f"{chain.entries:,}", "bold"), " entries")]
    if space >= 120 and chain.head:
        number, _, digits = chain.head.partition(":")
        parts.append(Content(f"head {int(number):,}:{digits[:12]}"))
    if chain.signed is not None:
        parts.append(Content(f"signed through {chain.signed:,}"))
    parts.append(_judged(chain.verdict, now))
    return Content(" · ").join(parts)


def _judged(verdict: Verdict | None, now: datetime) -> Content:
    if verdict is None:
        return Content.styled("never verified", "$warning")
    ago = wording.distance(verdict.time, now)
    if verdict.ok:
        return Content.styled(f"✓ verified {ago}", "$success")
    return Content.styled(f"✗ CHANGED, verified {ago}", "bold $error")


def _checking(chain: Chain) -> Content:
    share = chain.share or 0.0
    full = round(share * BAR)
    return Content.assemble(
        "verifying ",
        ("█" * full, "$primary"),
        ("░" * (BAR - full), "$foreground 30%"),
        f" {share:4.0%}  {chain.checked:,} entries  ",
        ("c", "$accent"),
        " cancels",
    )


class ChainLine(Static):
    """The line below the list."""

    DEFAULT_CSS = "ChainLine { height: 1; padding: 0 1; background: $surface; color: $foreground 80%; }"

    def __init__(self) -> None:
        super().__init__(markup=False)
        self.chain = Chain()
        self._live = ""

    def show(self, chain: Chain, live: str, now: datetime) -> None:
        """How it stands."""
        self.chain, self._live = chain, live
        self.update(line(chain, max(20, self.size.width - 2), now, live=live))


class Alarm(Static):
    """A damaged log: above everything, until a verification finds it whole."""

    DEFAULT_CSS = """
    Alarm { height: auto; padding: 1 2; background: $error; color: $background; text-style: bold; display: none; }
    Alarm.sounding { display: block; }
    """

    def __init__(self) -> None:
        super().__init__(markup=False)

    def show(self, verdict: Verdict | None, now: datetime) -> None:
        """Sound, or be quiet."""
        sounding = verdict is not None and not verdict.ok
        self.set_class(sounding, "sounding")
        if verdict is not None and sounding:
            self.update(Content(alarm(verdict, now)))
