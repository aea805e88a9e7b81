"""Reads the headers of a model's files and says what the model will take, whatever its format."""

from __future__ import annotations

from tektra_models.fit import Estimate, estimate, estimate_directory
from tektra_models.gguf import read_header
from tektra_models.model_directory import read_model_directory
from tektra_models.spec import Spec


def estimated(spec: Spec) -> Estimate:
    """Bytes that a model takes when loaded so; raises BadModelFile."""
    if spec.backend == "huggingface":
        found = read_model_directory(spec.path)
        return estimate_directory(found, spec.context, spec.slots, spec.batch, spec.weights)
    adapters = [read_header(adapter.path) for adapter in spec.adapters]
    return estimate(read_header(spec.path), spec.context, spec.slots, spec.at_once, spec.kv_type, adapters)
