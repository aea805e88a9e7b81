"""Files for timing: what they are made of is what a real file of that shape and type is made of, and they work."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import gguf
import pytest

from tektra_models.backend import Feed
from tektra_models.errors import Unsupported
from tektra_models.generation import Sampling
from tektra_models.gguf import read_header
from tektra_models.gguf_writer import tensor, write_gguf
from tektra_models.llamacpp import LlamaCppBackend
from tektra_models.llamacpp_quantize import quantize_file
from tektra_models.quantize import TYPES
from tektra_models.random_weights import Shape, cut, half_b, shape_of, write_random
from tektra_models.spec import Spec
from tektra_models.starter import MODEL_PATH
from tektra_models.tuning import CLASSES
from tests.bench.random_model import HALF_B, TINY, _write_f16
from tests.ggufs import write_gguf as write_with_library

ODD = replace(TINY, name="odd", layers=8, width=288, heads=9, kv_heads=3, hidden=768)
"""Rows of 288 values are no whole blocks of 256, so that other types have to stand in."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "odd-f16.gguf"
    _write_f16(ODD, path, counting=False)
    return path


@pytest.fixture(scope="module")
def shape(whole: Path) -> Shape:
    return shape_of(read_header(whole), "odd")


@pytest.mark.parametrize("quantization", [name for types in CLASSES.values() for name in types])
def test_every_type_is_made_of_what_the_quantizer_makes_and_computes(
    whole: Path, shape: Shape, tmp_path: Path, quantization: str
) -> None:
    path = tmp_path / "random.gguf"
    write_random(shape, quantization, TYPES[quantization], path)
    made = read_header(path)
    target = tmp_path / "real.gguf"
    assert quantize_file(str(whole), str(target), TYPES[quantization], again=False, report=lambda *_: None)
    real = read_header(target)
    assert {each.name: each.type for each in made.tensors} == {each.name: each.type for each in real.tensors}
    assert made.quantization == quantization
    backend = LlamaCppBackend(Spec(name="m", path=str(path), threads=1, context=256), read_header(path))
    sampler = backend.sampler(Sampling(temperature=0.0), [])
    assert 0 <= backend.decode([Feed(0, [1, 2, 3], 0, sampler)])[0][0] < TINY.vocabulary
    backend.cut(0, 0)
    assert 0 < backend.surprise(list(range(40)), range(20, 40)) < float("inf")
    backend.free_sampler(sampler)
    backend.close()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["random.gguf", "real.gguf"]


def test_the_half_billion_shape_is_the_one_that_benchmarks_use() -> None:
    shape = half_b()
    assert (shape.layers, shape.metadata["llama.vocab_size"]) == (HALF_B.layers, HALF_B.vocabulary)
    assert 490e6 < shape.weights < 500e6
    assert len(shape.tensors) == 2 + 9 * HALF_B.layers


def test_a_shape_that_is_too_large_keeps_its_first_layers_and_as_large_a_part_of_its_vocabulary(tmp_path: Path) -> None:
    small = cut(half_b(), 90_000_000)
    assert (small.layers, small.of_layers) == (4, 24)
    assert abs(small.weights / half_b().weights - 4 / 24) < 0.01
    path = tmp_path / "cut.gguf"
    write_random(small, "Q4_0", TYPES["Q4_0"], path)
    header = read_header(path)
    assert (header.layers, header.vocabulary) == (4, 25_312)
    backend = LlamaCppBackend(Spec(name="m", path=str(path), threads=1, context=256), read_header(path))
    assert backend.vocabulary == 25_312
    backend.close()
    assert cut(half_b(), 10**9) == half_b()
    assert cut(half_b(), 1).layers == 1


def test_lists_of_one_number_for_each_layer_are_cut_with_the_layers(shape: Shape) -> None:
    heads = replace(shape, metadata=shape.metadata | {"llama.attention.head_count_kv": (3,) * 8})
    assert (
        cut(heads, shape.weights // 2).metadata["llama.attention.head_count_kv"]
        == (3,) * cut(heads, shape.weights // 2).layers
    )


def test_the_built_in_model_s_shape_is_its_own() -> None:
    header = read_header(MODEL_PATH)
    shape = shape_of(header, "tektra-starter")
    assert shape.weights == header.parameters
    assert {each.name for each in shape.tensors} == {each.name for each in header.tensors}


def test_what_writes_no_text_has_no_shape_for_timing(tmp_path: Path) -> None:
    path = write_with_library(tmp_path / "bert.gguf", "bert")
    with pytest.raises(Unsupported, match="writes text"):
        shape_of(read_header(path), "bert")


def test_a_written_file_is_what_others_read(tmp_path: Path) -> None:
    path = tmp_path / "a.gguf"
    metadata: dict[str, object] = {
        "general.architecture": "llama", "a.flag": True, "a.small": -3, "a.large": 1 << 40, "a.half": 0.5,
        "a.list": (1, 2, 3), "a.words": ["é", ""],
    }  # fmt: skip
    tensors = [tensor("one", (32, 2), "Q8_0"), tensor("two", (5,), "F32")]
    write_gguf(path, metadata, tensors, lambda each: bytes([each.bytes % 251]) * each.bytes)
    reader = gguf.GGUFReader(path)
    read = {key: field.contents() for key, field in reader.fields.items() if not key.startswith("GGUF.")}
    assert read == metadata | {"a.list": [1, 2, 3]}
    assert [(each.name, each.data.tobytes()) for each in reader.tensors] == [
        ("one", bytes([68]) * 68),
        ("two", bytes([20]) * 20),
    ]
    with pytest.raises(FileExistsError):
        write_gguf(path, metadata, tensors, None)
