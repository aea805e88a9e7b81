"""Quantizing: a smaller file that works, or nothing at all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path

import pytest

from tektra_models.engine import Engine
from tektra_models.errors import ModelError
from tektra_models.generation import Finish, Prompt, Sampling
from tektra_models.gguf import read_header
from tektra_models.quantize import TYPES, Progress, Quantized, quantized
from tektra_models.spec import Spec
from tektra_models.starter import MODEL_PATH
from tektra_models.worker import open_backend
from tests.bench.random_model import TINY, _write_f16

Quantize = Callable[..., list[Progress | Quantized]]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "tiny-f16.gguf"
    _write_f16(TINY, path, counting=False)
    return path


def told(source: Path, target: Path, wanted: str, **options: bool) -> list[Progress | Quantized]:
    async def all_of() -> list[Progress | Quantized]:
        return [event async for event in quantized(source, target, wanted, **options)]

    return asyncio.run(all_of())


@pytest.mark.parametrize("wanted", ["q8_0", "Q4_K_M", "iq4_nl", "bf16"])
def test_the_new_file_is_of_the_type_and_writes_text(whole: Path, tmp_path: Path, wanted: str) -> None:
    target = tmp_path / "small.gguf"
    *steps, done = told(whole, target, wanted)
    assert isinstance(done, Quantized)
    assert (done.path, done.quantization) == (str(target), wanted.upper())
    assert (done.size_bytes, done.source_bytes) == (target.stat().st_size, whole.stat().st_size)
    counts = [step.done for step in steps if isinstance(step, Progress)]
    assert counts == sorted(counts)
    assert counts[-1] == len(read_header(target).tensors)
    assert read_header(target).quantization == wanted.upper()
    spec = Spec(name="m", path=str(target), threads=1, context=256)
    engine = Engine(open_backend(spec), spec)
    engine.add("a", Prompt(tokens=[5, 6, 7]), Sampling(max_tokens=3, ignore_end=True))
    events = [said for _ in range(4) if engine.running or engine.waiting for _, said in engine.step()]
    assert isinstance(events[-1], Finish)
    engine.backend.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["small.gguf"]


def test_what_is_quantized_already_is_only_quantized_again_when_told(tmp_path: Path) -> None:
    target = tmp_path / "smaller.gguf"
    with pytest.raises(ModelError, match="quantized already"):
        told(MODEL_PATH, target, "q4_0")
    assert isinstance(told(MODEL_PATH, target, "q4_0", again=True)[-1], Quantized)
    assert target.stat().st_size < MODEL_PATH.stat().st_size


@pytest.mark.parametrize("wanted", ["q4", "", "iq1_s", "q4_k_m; rm", "F32"])
def test_types_that_cannot_be_made_are_refused(whole: Path, tmp_path: Path, wanted: str) -> None:
    with pytest.raises(ModelError):
        told(whole, tmp_path / "x.gguf", wanted)
    assert list(tmp_path.iterdir()) == []


def test_no_file_is_overwritten(whole: Path, tmp_path: Path) -> None:
    target = tmp_path / "there.gguf"
    target.write_text("mine")
    with pytest.raises(ModelError, match="there already"):
        told(whole, target, "q8_0")
    assert target.read_text() == "mine"


def test_garbage_and_missing_files_and_folders_are_refused(whole: Path, tmp_path: Path) -> None:
    garbage = tmp_path / "garbage.gguf"
    garbage.write_bytes(b"GGUF" + bytes(100))
    for source, target in (
        (garbage, tmp_path / "a"),
        (tmp_path / "no", tmp_path / "b"),
        (whole, tmp_path / "no" / "c"),
    ):
        with pytest.raises(ModelError):
            told(source, target, "q8_0")
    assert [path.name for path in tmp_path.iterdir()] == ["garbage.gguf"]


def test_a_truncated_file_leaves_nothing(whole: Path, tmp_path: Path) -> None:
    half = tmp_path / "half.gguf"
    half.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    with pytest.raises(ModelError):
        told(half, tmp_path / "x.gguf", "q8_0")
    assert [path.name for path in tmp_path.iterdir()] == ["half.gguf"]


def test_stopping_in_the_middle_leaves_nothing(whole: Path, tmp_path: Path) -> None:
    async def stopped() -> None:
        async with aclosing(quantized(whole, tmp_path / "x.gguf", "q4_k_m")) as events:
            await anext(events)

    asyncio.run(stopped())
    assert list(tmp_path.iterdir()) == []


def test_every_type_has_the_number_that_llama_cpp_gives_it() -> None:
    import llama_cpp.llama_cpp as llama

    assert {name: getattr(llama, f"LLAMA_FTYPE_MOSTLY_{name}") for name in TYPES} == TYPES
