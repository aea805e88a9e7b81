"""What a family is as GGUF: its tensors, its measures, and what is checked before a byte is written."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any, NamedTuple

import msgspec
from gguf import MODEL_ARCH, GGUFWriter, get_tensor_name_map
from numpy.typing import NDArray

from tektra_models.convert.folder import ModelFolder, Weights
from tektra_models.convert.number_types import KINDS
from tektra_models.errors import BadModelFile, Unsupported

Size = Annotated[int, msgspec.Meta(ge=1, le=1 << 24)]
Layers = Annotated[int, msgspec.Meta(ge=1, le=1024)]
Positive = Annotated[float, msgspec.Meta(gt=0, lt=1e12)]


class Wanted(NamedTuple):
    """A tensor that a family has, by the folder's name and as the folder shapes it."""

    name: str
    shape: tuple[int, ...]
    heads: int = 0
    """So many heads have their rows reordered."""
    optional: bool = False
    exact: bool = False
    """It stays F32 whatever the others become."""


class Placed(NamedTuple):
    """A tensor as it will be written."""

    name: str
    wanted: Wanted
    weights: Weights


@dataclass(frozen=True, slots=True)
class Plan:
    """One model of one family."""

    architecture: MODEL_ARCH
    layers: int
    vocabulary: int
    wanted: list[Wanted]
    describe: Callable[[GGUFWriter], None]
    """Writes the family's measures."""
    made: dict[str, NDArray[Any]] = field(default_factory=dict)
    """Tensors that the folder does not have, by llama.cpp's name."""
    ignored: re.Pattern[str] = re.compile(r"(?!)")
    """Tensors that the folder may have and llama.cpp has no use for."""
    renamed: Callable[[str], str] = str
    """What the folder's name of a tensor is without the ways in which folders differ."""

    def placed(self, folder: ModelFolder) -> list[Placed]:
        """Each tensor with its new name; raises a ModelError unless the folder has just what the family has."""
        there = self._by_name(folder)
        names = get_tensor_name_map(self.architecture, self.layers)
        found: list[Placed] = []
        for wanted in self.wanted:
            weights = there.pop(wanted.name, None)
            if weights is None:
                if not wanted.optional:
                    raise BadModelFile(f"{folder.path} lacks the tensor {wanted.name}.", "Copy or download all of it.")
                continue
            _check(folder, wanted, weights)
            name = names.get_name(wanted.name, try_suffixes=(".weight", ".bias"))
            assert name is not None, wanted.name
            found.append(Placed(name, wanted, weights))
        if there:
            raise Unsupported(
                f"{folder.path} has tensors that its family does not have: {', '.join(sorted(there)[:3])}.",
                "It may be a variant, which llama.cpp would compute wrongly.",
            )
        return found

    def _by_name(self, folder: ModelFolder) -> dict[str, Weights]:
        there: dict[str, Weights] = {}
        for name, weights in folder.tensors.items():
            plain = self.renamed(name)
            if plain in there:
                raise BadModelFile(f"{folder.path} has the tensor {plain} twice.")
            if not self.ignored.fullmatch(plain):
                there[plain] = weights
        return there


def _check(folder: ModelFolder, wanted: Wanted, weights: Weights) -> None:
    tensor = weights.tensor
    if tensor.shape != wanted.shape:
        raise BadModelFile(
            f"{weights.file}: {tensor.name} is {list(tensor.shape)}, and by its config.json it is {list(wanted.shape)}."
        )
    if tensor.dtype not in KINDS:
        raise Unsupported(
            f"{weights.file}: {tensor.name} is kept as {tensor.dtype}, which cannot be converted.",
            f"Get the model with weights as {', '.join(KINDS)}.",
        )
