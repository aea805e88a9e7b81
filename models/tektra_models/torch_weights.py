"""Loads a transformers model from its directory, with its linear layers' weights in fewer bits where asked for.

int8 keeps one scale for each row; int4 a scale and a zero for each 32 values of a row, 5 bits a weight in all. They are
quantized one after another while they are read, so that the whole model never lies in memory. On processors, torch has
its own products of such weights with bfloat16; elsewhere a layer's weights are brought back while they are used.
(torchao 0.18 brings them back on processors too, and is three times as slow there as not quantizing.)
"""

from __future__ import annotations

import ctypes
from typing import Any

import torch
import transformers
from torch import Tensor, nn
from torch.nn.functional import linear
from transformers.core_model_loading import ConversionOps
from transformers.quantizers import HfQuantizer
from transformers.quantizers.auto import register_quantization_config, register_quantizer
from transformers.quantizers.quantizers_utils import get_module_from_name
from transformers.utils.quantization_config import QuantizationConfigMixin

from tektra_models.errors import LoadFailed
from tektra_models.model_directory import ModelDirectory
from tektra_models.spec import Weights

METHOD = "tektra"
BITS = {"int8": 8, "int4": 4}
COMPUTED_AS = {"F32": torch.float32, "F64": torch.float32, "F16": torch.float16}
"""Types of stored weights → types to compute in, where it is not bfloat16."""
LOADING = frozenset(
    {"attn_implementation", "experts_implementation", "transformers_weights", "dtype", "torch_dtype"}
    | {"num_labels", "id2label", "label2id"}
)
"""What a configuration says of how to load it, which is decided here, and of labels, which may be billions."""
GROUP = 32
"""Values that share a scale in int4."""
ROWS = 16
"""The products with int4 want whole blocks of so many rows."""
LEAST = 1e-8
BLOCK = 4096


transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()


def load_model(directory: ModelDirectory, weights: Weights, device: torch.device) -> Any:
    """Load the weights, all of them and only from safetensors files; raises LoadFailed."""
    few = None if weights == "stored" else FewBits(BITS[weights], fast=device.type == "cpu")
    dtype = COMPUTED_AS.get(directory.dtype, torch.bfloat16)
    if few is not None or (dtype == torch.float16 and device.type == "cpu"):
        dtype = torch.bfloat16  # processors are slow in float16, and the products with few bits want bfloat16
    said = {key: v for key, v in directory.config.items() if not key.startswith("_") and key not in LOADING}
    try:
        config = transformers.AutoConfig.for_model(**said)
        model, found = transformers.AutoModelForCausalLM.from_pretrained(
            str(directory.path),
            config=config,
            dtype=dtype,
            quantization_config=few,
            attn_implementation="eager",
            use_safetensors=True,
            trust_remote_code=False,
            local_files_only=True,
            output_loading_info=True,
        )
    except Exception as error:  # foreign code, which fails in its own ways
        reason = f"{type(error).__name__}: {str(error)[:300]}"
        raise LoadFailed(
            f"transformers could not load {directory.path} ({reason})",
            "It may be of a family that this version does not know; a GGUF version of the model may work.",
        ) from error
    if lacking := sorted(map(str, [*found["missing_keys"], *found["mismatched_keys"]])):
        raise LoadFailed(f"{directory.path} has no right weights for {lacking[0][:200]}", "Get the whole model.")
    if few is not None:  # what stays as it was stored lies in a mapping of the whole file, which is not needed any more
        for kept in model.parameters():
            kept.data = kept.data.clone()
    return model.eval().requires_grad_(False).to(device)


class FewBitLinear(nn.Module):  # type: ignore[misc]
    """A linear layer whose weights are kept as int8 or int4; `fast` lets torch's own products for processors do it."""

    def __init__(self, layer: nn.Linear, bits: int, *, fast: bool) -> None:
        super().__init__()
        self.in_features, self.out_features = layer.in_features, layer.out_features
        whole = layer.in_features % GROUP == 0  # torch's products read past the end of other rows
        self._bits = bits if whole and layer.out_features % ROWS == 0 else 8
        self._fast = fast and whole
        self.weight: nn.Parameter | None = layer.weight
        self.bias = layer.bias

    def quantize(self, weight: Tensor) -> None:
        """Take the weights, and keep them in fewer bits."""
        self.weight = None
        packed, scales = _int8(weight) if self._bits == 8 else _int4(weight, fast=self._fast)
        self.register_buffer("packed", packed)  # persistent ones: transformers empties the others after loading
        self.register_buffer("scales", scales)
        _give_back()

    def forward(self, inputs: Tensor) -> Tensor:
        """The product with inputs of bfloat16, (…, in_features)."""
        rows = inputs.reshape(-1, self.in_features)
        if self._bits == 8:
            found = self._by_int8(rows)
        elif self._fast:
            found = torch.ops.aten._weight_int4pack_mm_for_cpu(rows, self.packed, GROUP, self.scales)
        else:
            found = linear(rows, _whole(self.packed, self.scales))
        found = found.view(*inputs.shape[:-1], self.out_features)
        return found if self.bias is None else found + self.bias

    def _by_int8(self, rows: Tensor) -> Tensor:
        if self._fast:
            return torch._weight_int8pack_mm(rows, self.packed, self.scales)
        return linear(rows, self.packed.to(rows.dtype)) * self.scales


def _give_back() -> None:
    """Return freed memory to the system: what one layer took while it was quantized would be kept otherwise."""
    libc = ctypes.CDLL(None)
    if hasattr(libc, "malloc_trim"):
        libc.malloc_trim(0)


def _int8(weight: Tensor) -> tuple[Tensor, Tensor]:
    """Values (rows, columns) and scales (rows,); rounded to the scales as they are kept, so these cost no precision."""
    scales = (weight.abs().amax(1).float() / 127).clamp(min=LEAST).to(torch.bfloat16)
    values = torch.empty(weight.shape, dtype=torch.int8)
    for begin in range(0, len(weight), BLOCK):  # a vocabulary's rows take gigabytes in float
        rows = slice(begin, begin + BLOCK)
        steps = weight[rows].float() / scales[rows].float()[:, None]
        values[rows] = steps.round().clamp(-127, 127).to(torch.int8)
    return values, scales


def _int4(weight: Tensor, *, fast: bool) -> tuple[Tensor, Tensor]:
    """Two values a byte, and scales and zeros (groups, rows, 2); `fast` in the order that torch's product wants."""
    rows, columns = weight.shape
    groups = weight.float().view(rows, columns // GROUP, GROUP)
    least, most = groups.aminmax(dim=-1)
    scales = ((most - least) / 15).clamp(min=LEAST).to(torch.bfloat16)
    zeros = (least + 8 * scales.float()).to(torch.bfloat16)
    steps = (groups - zeros.float()[..., None]) / scales.float()[..., None]
    values = (steps.round() + 8).clamp(0, 15).to(torch.int32).view(rows, columns)
    both = torch.stack([scales, zeros], -1).transpose(0, 1).contiguous()
    if fast:
        return torch.ops.aten._convert_weight_to_int4pack_for_cpu(values, 1), both
    return (values[:, ::2] | values[:, 1::2] << 4).to(torch.uint8), both


def _whole(packed: Tensor, both: Tensor) -> Tensor:
    """The weights that int4 stands for, (rows, columns)."""
    values = torch.stack([packed & 15, packed >> 4], -1).view(packed.shape[0], -1, GROUP).to(both.dtype) - 8
    scales, zeros = both.transpose(0, 1).unbind(-1)
    return (values * scales[..., None] + zeros[..., None]).view(packed.shape[0], -1)


@register_quantization_config(METHOD)
class FewBits(QuantizationConfigMixin):  # type: ignore[misc]
    """In how many bits weights shall be kept, and whether a processor will use them."""

    def __init__(self, bits: int, *, fast: bool) -> None:
        super().__init__(quant_method=METHOD)
        self.bits, self.fast = bits, fast


@register_quantizer(METHOD)
class _Quantizer(HfQuantizer):  # type: ignore[misc]
    """Quantizes while transformers loads. Weights that are also the input embedding stay, as does the rest."""

    def param_needs_quantization(self, model: nn.Module, param_name: str, **_: object) -> bool:
        module, name = get_module_from_name(model, param_name)
        return isinstance(module, FewBitLinear) and name == "weight"

    def _process_model_before_weight_loading(self, model: Any, **_: object) -> None:
        head = model.get_output_embeddings()
        tied = head is not None and model.config.get_text_config().tie_word_embeddings
        how = self.quantization_config
        for name, module in list(model.named_modules()):
            if type(module) is nn.Linear and not (module is head and tied):
                bits = 8 if module is head else how.bits
                model.set_submodule(name, FewBitLinear(module, bits, fast=how.fast))

    def get_quantize_ops(self) -> ConversionOps:
        return _Quantize()

    def is_serializable(self) -> bool:
        return False

    @property
    def is_trainable(self) -> bool:
        return False


class _Quantize(ConversionOps):  # type: ignore[misc]
    def convert(
        self, input_dict: dict[str, Any], *, model: nn.Module, full_layer_name: str, missing_keys: set[str], **_: object
    ) -> dict[str, Tensor]:
        (weight,) = input_dict.values()
        module, _ = get_module_from_name(model, full_layer_name)
        module.quantize(weight[0] if isinstance(weight, list) else weight)
        missing_keys.discard(full_layer_name)
        return {}
