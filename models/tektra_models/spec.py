"""A Spec says which file a worker shall hold, and how; equal specs share one worker."""

from __future__ import annotations

from typing import Literal

import msgspec

BackendName = Literal["llamacpp", "huggingface", "scripted"]
Weights = Literal["stored", "int8", "int4"]
KvType = Literal["f16", "q8_0", "q4_0"]
FlashAttention = Literal["auto", "on", "off"]
GpuLayers = Literal["auto", "all", "none"] | int
"""How many layers shall lie on GPUs: as many as fit, all, none, or so many; the output counts as one."""

IDLE_HOLDERS = 24
"""How many sequences may be kept beside those that run, for those who come again with the same beginning.

llama.cpp tells 256 apart in all; one more is needed to move cells.
"""


class Adapter(msgspec.Struct, frozen=True, kw_only=True):
    """A LoRA adapter's file, and how strongly it counts: 1 as it was trained, 0 not at all."""

    path: str
    scale: float = 1.0


class Offload(msgspec.Struct, frozen=True, kw_only=True):
    """The layers that one device holds, the bytes they take there, and those that RAM is spared."""

    device: str
    layers: int
    takes_bytes: int = 0
    frees_bytes: int = 0


class Spec(msgspec.Struct, frozen=True, kw_only=True):
    """Which file or directory, which backend, and the context it is opened with.

    `context` counts tokens that one sequence may hold and is also the number of KV cells that all sequences share;
    `slots` is how many sequences may run at once; `batch` is how many tokens one step may feed.
    """

    name: str
    path: str
    backend: BackendName = "llamacpp"
    context: int = 4096
    slots: int = 8
    batch: int = 512
    gap_s: float = 0.4
    """Seconds that an answer may wait between two tokens while others' prompts are read."""
    threads: int = 0
    """Computing threads; 0 means one per core that this process may use."""
    kv_type: KvType = "f16"
    """In what the cells keep what was computed; q8_0 takes about half the memory of f16, q4_0 a quarter."""
    micro_batch: int = 0
    """Tokens of a step that are computed at once; 0: all of them."""
    flash_attention: FlashAttention = "auto"
    """Whether attention is computed in one pass over the cells; auto: where the model can."""
    weights: Weights = "stored"
    """In what a model of transformers keeps its weights: as they are stored, or quantized while it loads."""
    gpu_layers: GpuLayers = "none"
    """What was asked for; `offload` is what came of it."""
    offload: tuple[Offload, ...] = ()
    """Where the last layers lie, in the devices' order; the others are in RAM."""
    drafts: int = 0
    """Tokens that may be drafted by looking up what followed the same tokens before; 0: none."""
    adapters: tuple[Adapter, ...] = ()
    """What is added to the weights."""
    digest: str = ""
    """What tells this model's file, with its adapters, from all others."""
    states_dir: str = ""
    """Where attention states are kept between loads; empty: nowhere."""
    states_bytes: int = 0
    """How many bytes all kept states may take."""

    @property
    def one_pass(self) -> bool:
        """Whether attention may be computed in one pass, without all scores in memory."""
        return self.flash_attention != "off"

    @property
    def at_once(self) -> int:
        """Tokens of a step that are computed at once."""
        return min(self.micro_batch or self.batch, self.batch)
