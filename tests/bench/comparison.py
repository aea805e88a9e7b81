"""Pure: what was measured of several servers in turn, as rows of ratios with their aims."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Figures = Mapping[str, float]
Runs = Mapping[str, Sequence[Figures]]
"""Of one workload: each server's figures, run by run, in the order in which they were measured."""

OURS = "tektra"
FLOOR = "bare"


@dataclass(frozen=True)
class Row:
    """One figure of a workload, and what its ratio to the peer's is to be; `more` says that more is better.

    An absolute aim is one of our own figure.
    """

    workload: str
    figure: str
    title: str
    unit: str
    peer: str
    aim: float | None = None
    more: bool = False
    absolute: bool = False

    @property
    def aim_text(self) -> str:
        """The aim as people write it."""
        return "" if self.aim is None else f"{'≥' if self.more else '≤'} {self.aim:g}"

    def compare(self, runs: Runs) -> dict[str, Any]:
        """Medians of all servers; ratios of ours to the peer's in the same pair, and their median."""
        series = {server: [run[self.figure] for run in each if self.figure in run] for server, each in runs.items()}
        series = {server: values for server, values in series.items() if values}
        pairs = zip(series.get(OURS, []), series.get(self.peer, []), strict=False)
        ratios = [ours / theirs for ours, theirs in pairs if theirs]
        ratio = statistics.median(ratios) if ratios else None
        judged = statistics.median(series.get(OURS) or [math.nan]) if self.absolute else ratio
        return {
            "workload": self.workload,
            "figure": self.figure,
            "title": self.title,
            "unit": self.unit,
            "peer": self.peer,
            "more": self.more,
            "medians": {server: round(statistics.median(values), 4) for server, values in series.items()},
            "ratio": None if ratio is None else round(ratio, 4),
            "ratios": [round(each, 4) for each in ratios],
            "aim": self.aim_text or None,
            "met": None if judged is None or self.aim is None else self._meets(judged),
        }

    def _meets(self, judged: float) -> bool:
        assert self.aim is not None
        return judged >= self.aim if self.more else judged <= self.aim


def compared(pairs: Sequence[tuple[float, float]], ours: str, theirs: str) -> dict[str, Any]:
    """Medians of both sides' tokens per second, each pair's ratio, and the median of those."""
    ratios = [one / other for one, other in pairs]
    return {
        f"{ours}_tokens_per_s": round(statistics.median(one for one, _ in pairs), 2),
        f"{theirs}_tokens_per_s": round(statistics.median(other for _, other in pairs), 2),
        "ratio": round(statistics.median(ratios), 3),
        "ratios": [round(each, 3) for each in ratios],
    }


def table(rows: Sequence[Mapping[str, Any]], other: str) -> str:
    """The rows in Markdown; `other` is a server that stands beside without a ratio."""
    lines = [
        f"| workload | unit | Tektra | peer | ratio (pairs) | aim | {other} | bare loop |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        medians = row["medians"]
        ratio = "–" if row["ratio"] is None else f"**{row['ratio']:.3g}** ({_span(row['ratios'])})"
        cells = [_number(medians.get(server)) for server in (OURS, row["peer"], other, FLOOR)]
        lines.append(
            f"| {row['title']} | {row['unit']} | {cells[0]} | {cells[1]} | {ratio} | {row['aim'] or '–'} "
            f"| {cells[2]} | {cells[3]} |"
        )
    return "\n".join(lines)


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g}"


def _span(ratios: Sequence[float]) -> str:
    return f"{min(ratios):.3g} to {max(ratios):.3g}"
