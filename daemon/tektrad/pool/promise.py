"""How many bytes a model is promised before anybody measured what it takes: estimated from the headers of its files."""

from __future__ import annotations

import functools
from pathlib import Path

from tektra_models import attention, fit
from tektra_models.gguf import read_header
from tektra_models.model_directory import read_model_directory
from tektra_models.spec import Spec

SCRIPTED_BYTES = 64 << 20
"""What a worker without weights is taken to need: a Python process."""


def promised_bytes(spec: Spec) -> int:
    """Bytes of RAM that the model will need in this shape; reads the files' headers, raises BadModelFile."""
    if spec.backend == "scripted":
        return SCRIPTED_BYTES
    return estimate(spec).total_bytes - sum(share.frees_bytes for share in spec.offload)


def estimate(spec: Spec) -> fit.Estimate:
    """What a model with weights will need in this shape, part by part; reads headers, raises BadModelFile."""
    try:
        found = Path(spec.path).stat()
    except OSError:
        return _estimate(spec, 0, 0)  # the reader says in words what is wrong with it
    return _estimate(spec, found.st_mtime_ns, found.st_size)


@functools.lru_cache(maxsize=256)
def _estimate(spec: Spec, modified_ns: int, size: int) -> fit.Estimate:
    """Every request asks, and a large header takes tens of milliseconds: an unchanged file is read once."""
    if spec.backend == "huggingface":
        found = read_model_directory(spec.path)
        return fit.estimate_directory(found, spec.context, spec.slots, spec.batch, spec.weights)
    adapters = [read_header(adapter.path) for adapter in spec.adapters]
    header = read_header(spec.path)
    spec = attention.settled(spec, header)
    return fit.estimate(header, spec.context, spec.slots, spec.at_once, spec.kv_type, adapters, one_pass=spec.one_pass)
