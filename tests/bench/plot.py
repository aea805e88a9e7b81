"""Pure: ratios as a small picture."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape

WIDTH, LINE, LEFT, RIGHT = 860, 26, 390, 110
MET, MISSED, PLAIN = "#2e7d32", "#b26a00", "#5c6b7a"


def bars(rows: Sequence[Mapping[str, Any]], title: str) -> str:
    """One bar for each row on a logarithmic scale: to the right where we are better; a brown one misses its aim."""
    gains = [math.log(row["ratio"]) * (1 if row["more"] else -1) for row in rows]
    reach = max([1.0, *map(abs, gains)])
    middle, unit = LEFT + (WIDTH - LEFT - RIGHT) / 2, (WIDTH - LEFT - RIGHT) / 2 / reach
    height = LINE * (len(rows) + 1) + 10
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" font-family="sans-serif">',
        f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
        f'<text x="10" y="{LINE - 8}" font-weight="bold">{escape(title)}</text>',
    ]
    for place, (row, gain) in enumerate(zip(rows, gains, strict=True), 1):
        top, begin, width = LINE * place + 4, min(middle, middle + gain * unit), abs(gain * unit)
        color = {True: MET, False: MISSED, None: PLAIN}[row["met"]]
        label = f"{row['ratio']:.3g}" + (f" (aim {row['aim']})" if row["aim"] else "")
        parts += [
            f'<text x="{LEFT - 10}" y="{top + 14}" text-anchor="end" font-size="13">{escape(row["title"])}</text>',
            f'<rect x="{begin:.1f}" y="{top}" width="{width:.1f}" height="{LINE - 8}" fill="{color}"/>',
            f'<text x="{WIDTH - RIGHT + 4}" y="{top + 14}" font-size="13">{escape(label)}</text>',
        ]
    parts.append(f'<path d="M{middle:.1f} {LINE}V{height - 10}" stroke="black"/>')
    return "\n".join([*parts, "</svg>\n"])
