"""How many bytes a model is promised before anybody measured what it takes: estimated from the headers of its files."""

from __future__ import annotations

import functools
from pathlib import Path

from tektra_models.estimates import estimated
from tektra_models.fit import Estimate
from tektra_models.spec import Spec

SCRIPTED_BYTES = 64 << 20
"""What a worker without weights is taken to need: a Python process."""


def promised_bytes(spec: Spec) -> int:
    """Bytes of RAM that the model will need in this shape; reads the files' headers, raises BadModelFile."""
    if spec.backend == "scripted":
        return SCRIPTED_BYTES
    return estimate(spec).total_bytes - sum(share.frees_bytes for share in spec.offload)


def estimate(spec: Spec) -> Estimate:
    """What a model with weights will need in this shape, part by part; reads headers, raises BadModelFile."""
    try:
        found = Path(spec.path).stat()
    except OSError:
        return _estimate(spec, 0, 0)  # the reader says in words what is wrong with it
    return _estimate(spec, found.st_mtime_ns, found.st_size)


@functools.lru_cache(maxsize=256)
def _estimate(spec: Spec, modified_ns: int, size: int) -> Estimate:
    """Every request asks, and a large header takes tens of milliseconds: an unchanged file is read once."""
    return estimated(spec)
