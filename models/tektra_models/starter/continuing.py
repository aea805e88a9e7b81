"""Going on from a GGUF file of an earlier run, whose checkpoint is gone: its tokenizer, and its weights as they are.

What is known of words beforehand is part of its table of embeddings already, so here it is nothing.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from gguf import GGUFReader
from gguf.quants import dequantize

from tektra_models.starter.network import Network, Size
from tektra_models.starter.optimizer import optimizers
from tektra_models.starter.tokenizer import tokenizer_of
from tektra_models.starter.training import PRESETS, Plan, Run

STILL = "rope_freqs.weight"
"""Names the pairs that RoPE does not turn, where there are any."""
ATTENTION = re.compile(r"^(blk\.\d+\.)(attn_(?:q|k|v|output)\.)")


def begin_from(model: Path, work: Path, plan: Plan, preset: str, step: int) -> None:
    """Make the work directory one of a run that has come to `step` with the weights of `model`.

    Raises ValueError where there is a run already, or where the file is of another size than the preset.
    """
    checkpoint = work / "checkpoint.pt"
    if checkpoint.exists():
        raise ValueError(f"{checkpoint} is there already: leave out --from to go on from it, or name another --work")
    tokenizer = tokenizer_of(model)
    read = {own_name(tensor.name): tensor for tensor in GGUFReader(model).tensors}
    size = Size(vocabulary=tokenizer.get_vocab_size(), **PRESETS[preset][0])
    network = Network(size if STILL in read else replace(size, turning=1.0))
    with torch.no_grad():
        network.kinship.weight.zero_()
        for name, weight in network.named_parameters():
            if name == "kinship.weight":
                continue
            values = dequantize(read[name].data, read[name].tensor_type).astype(np.float32)
            if values.shape != tuple(weight.shape):
                raise ValueError(f"{name} is {values.shape} in {model}, and {tuple(weight.shape)} by the preset")
            weight.copy_(torch.from_numpy(values))
    average = Network(network.size)
    average.load_state_dict(network.state_dict())
    work.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(work / "tokenizer.json"))
    Run(network, average, optimizers(network, plan.rate, plan.rows_rate), step).save(checkpoint)


def own_name(name: str) -> str:
    """The network's name of one of llama.cpp's weights."""
    return ATTENTION.sub(r"\1attention.\2", name)
