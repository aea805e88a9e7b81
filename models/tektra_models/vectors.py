"""Vectors of texts: pure."""

from __future__ import annotations

import math
from collections.abc import Sequence


def unit_length(vector: Sequence[float]) -> list[float]:
    """The vector scaled to length 1; one of zeros stays as it is."""
    norm = math.sqrt(math.fsum(x * x for x in vector)) or 1.0
    return [x / norm for x in vector]
