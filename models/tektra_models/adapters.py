"""Whether a LoRA adapter fits the model that it is meant for: its header is checked before llama.cpp opens the file."""

from __future__ import annotations

import math
from typing import NoReturn

from tektra_models.errors import BadModelFile
from tektra_models.gguf_header import Header, Tensor

TYPES = ("F32", "F16", "BF16", "Q8_0")
"""What adapters are converted to; llama.cpp ends the process for types that it cannot multiply with."""
A, B = ".lora_a", ".lora_b"
EMBEDDINGS, OUTPUT = "token_embd.weight", "output.weight"
IGNORED = "_norm.weight"
"""Norms stand beside the pairs in some adapters; llama.cpp passes over them."""
CONVERT = "Convert a LoRA with llama.cpp's convert_lora_to_gguf.py."
USE_ITS_OWN = "Use the adapter with the model that it was trained for."
INVOCATION = "adapter.alora.invocation_tokens"


def check_adapter(adapter: Header, base: Header) -> None:
    """Raise BadModelFile with the reason unless the adapter is one for this base."""
    if adapter.kind != "adapter":
        what = "a whole model" if adapter.kind == "model" else f"something else ({adapter.kind})"
        _refuse(adapter, f"is {what}, not an adapter", CONVERT)
    if adapter.metadata.get("adapter.type") != "lora":
        _refuse(adapter, "is an adapter, but no LoRA", "Only LoRA adapters can be used.")
    alpha = adapter.metadata.get("adapter.lora.alpha", 1.0)
    if not isinstance(alpha, float) or not math.isfinite(alpha):
        _refuse(adapter, f"has the strength {alpha!r:.60}, which is no number to multiply with", CONVERT)
    if INVOCATION in adapter.metadata:
        _refuse(adapter, "is an activated LoRA, which is to begin in the middle of a text", "Use an ordinary LoRA.")
    if adapter.architecture != base.architecture:
        _refuse(
            adapter, f'was made for "{adapter.architecture}" models and {base.path} is one of "{base.architecture}"'
        )
    pairs = _pairs(adapter)
    if not pairs:
        _refuse(adapter, "changes nothing: it holds no pairs of matrices")
    weights = {tensor.name: tensor for tensor in base.tensors}
    for name, pair in pairs.items():
        if len(pair) != 2:
            _refuse(adapter, f"has only one of two matrices for {name!r}")
        if name not in weights:
            _refuse(adapter, f"changes {name!r}, which {base.path} does not have")
        if not _fits(pair[A], pair[B], weights[name]):
            shapes = f"{_shape(pair[A])} and {_shape(pair[B])} for {_shape(weights[name])}"
            _refuse(adapter, f"has matrices of other sizes than {base.path} for {name!r} ({shapes})")
    if EMBEDDINGS in pairs and OUTPUT not in weights and not base.encoder:
        # llama.cpp multiplies with the pair in both places, and ends the process where it lies the other way round.
        what = f"changes the token embeddings, which {base.path} uses for its output too; llama.cpp cannot do that"
        _refuse(adapter, what, "Train an adapter that leaves the embeddings alone, or merge it into the weights.")


def _pairs(adapter: Header) -> dict[str, dict[str, Tensor]]:
    """Both matrices of each weight that is changed, by its name."""
    pairs: dict[str, dict[str, Tensor]] = {}
    for tensor in adapter.tensors:
        name, end = tensor.name[: -len(A)], tensor.name[-len(A) :]
        if end not in (A, B):
            if tensor.name.endswith(IGNORED):
                continue
            _refuse(adapter, f"has a tensor {tensor.name!r}, which belongs to no pair of matrices")
        if tensor.type not in TYPES:
            _refuse(
                adapter, f"has {tensor.name!r} as {tensor.type}", f"Convert it again, as one of {', '.join(TYPES)}."
            )
        pairs.setdefault(name, {})[end] = tensor
    return pairs


def _fits(a: Tensor, b: Tensor, weight: Tensor) -> bool:
    """Whether `weight + b · a` can be computed; token embeddings are looked up, and have theirs the other way round."""
    if not 2 <= len(a.shape) == len(b.shape) == len(weight.shape) or not a.elements * b.elements:
        return False
    if weight.name == EMBEDDINGS:
        return a.shape[0] == b.shape[0] and (b.shape[1], a.shape[1]) == weight.shape
    inner, outer, *others = weight.shape
    return a.shape[0] == inner and b.shape[1] == outer and a.shape[1] == b.shape[0] and _same(a, b, others)


def _same(a: Tensor, b: Tensor, others: list[int]) -> bool:
    """Experts have a pair each."""
    return list(a.shape[2:]) == list(b.shape[2:]) == others


def _shape(tensor: Tensor) -> str:
    return "×".join(map(str, tensor.shape))


def _refuse(
    adapter: Header, what: str, hint: str = "Use the adapter with the model that it was trained for."
) -> NoReturn:
    raise BadModelFile(f"{adapter.path} {what}.", hint)
