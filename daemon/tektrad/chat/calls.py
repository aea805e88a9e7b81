"""What the audit log says of model calls: which model, how it was asked, and what came of it; never what was said."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from tektra_models.catalog import digest_of
from tektra_models.generation import Sampling, Usage
from tektrad.clock import Clock
from tektrad.pool.lease import Lease
from tektrad.trust.entry import Entry

MOST_BIASES = 16
SEED_BYTES = 4


def with_seed(sampling: Sampling, clock: Clock) -> Sampling:
    """The same with a seed, drawn here where none was given, so that the log can say by which an answer came about."""
    if sampling.seed is not None or sampling.temperature == 0:
        return sampling
    return msgspec.structs.replace(sampling, seed=int.from_bytes(clock.chance(SEED_BYTES), "big"))


def call(lease: Lease, what: str, **details: Any) -> Entry:
    """That a model is about to be asked; `what` is chat, completion, embedding or ranking."""
    info = lease.worker.info
    model = {"model": lease.model.name, "digest": digest_of(lease.model), "template": info.template if info else ""}
    party = lease.party
    return Entry(kind="model.call", uid=party.uid, agent=party.agent, details={"what": what} | model | details)


def sampler(sampling: Sampling) -> dict[str, Any]:
    """What differs from the usual, and always temperature and seed; a form and many biases by their digests."""
    usual = Sampling()
    said: dict[str, Any] = msgspec.to_builtins(sampling)
    kept = {name: value for name, value in said.items() if value != msgspec.to_builtins(getattr(usual, name))}
    for name in ("form", "logit_bias"):
        if name in kept and (name == "form" or len(kept[name]) > MOST_BIASES):
            kept[name] = f"sha256:{hashlib.sha256(msgspec.json.encode(kept[name])).hexdigest()}"
    return kept | {"temperature": sampling.temperature, "seed": sampling.seed}


def ended(model: str, usage: Usage, reason: str | None = None) -> dict[str, Any]:
    """What came of it: tokens read, of which known before, and written, and why it ended."""
    return {
        "model": model,
        "finish_reason": reason,
        "prompt_tokens": usage.prompt_tokens,
        "cached_tokens": usage.cached_tokens,
        "completion_tokens": usage.completion_tokens,
    }
