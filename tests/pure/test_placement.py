"""Which layers go to which device: never more than fits, and never fewer for more room."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tektra_models.devices import Device, for_layers
from tektra_models.errors import Unsupported
from tektra_models.fit import estimate
from tektra_models.gguf import Header, Tensor
from tektra_models.placement import Part, Room, by_device, parts_of, placed, split
from tektra_models.spec import Offload, Spec
from tektrad.errors import NoMemory
from tektrad.pool.devices import offload_of

SIZES = st.lists(st.integers(0, 50), max_size=40)
ROOMS = st.lists(st.integers(-10, 400), max_size=4)
FIXED = st.integers(0, 60)


@given(SIZES, FIXED, ROOMS)
def test_no_device_ever_holds_more_than_it_has_room_for(sizes: list[int], fixed: int, rooms: list[int]) -> None:
    counts = split(sizes, fixed, rooms)
    at = len(sizes) - sum(counts)
    for count, room in zip(counts, rooms, strict=True):
        held = sizes[at : at + count]
        at += count
        assert not held or fixed + sum(held) <= room


@given(SIZES, FIXED, ROOMS, st.integers(0, 3), st.integers(0, 100))
def test_more_room_never_holds_fewer(sizes: list[int], fixed: int, rooms: list[int], which: int, more: int) -> None:
    larger = [room + more if place == which else room for place, room in enumerate(rooms)]
    assert sum(split(sizes, fixed, larger)) >= sum(split(sizes, fixed, rooms))


@given(SIZES, FIXED, ROOMS, st.integers(1, 50))
def test_smaller_parts_never_fit_worse(sizes: list[int], fixed: int, rooms: list[int], less: int) -> None:
    smaller = [max(size - less, 0) for size in sizes]
    assert sum(split(smaller, max(fixed - less, 0), rooms)) >= sum(split(sizes, fixed, rooms))


@given(SIZES, FIXED, st.integers(-10, 400))
def test_one_more_would_not_have_fitted(sizes: list[int], fixed: int, room: int) -> None:
    (count,) = split(sizes, fixed, [room])
    if count < len(sizes):
        assert fixed + sum(sizes[len(sizes) - count - 1 :]) > room


def test_the_last_parts_fill_the_last_device_first() -> None:
    assert split([10, 10, 10, 10, 10], 5, [25, 35]) == (2, 3)
    assert split([10, 10, 10], 5, [100, 12]) == (3, 0)
    assert split([10, 10, 10], 5, []) == ()


def test_what_is_placed_says_what_it_takes_and_what_ram_is_spared() -> None:
    parts = [Part(10, 10), Part(20, 20), Part(30, 1)]
    assert placed(parts, 5, [Room("A", 24), Room("B", 40)]) == (
        Offload(device="B", layers=1, takes_bytes=35, frees_bytes=1),
    )
    assert placed(parts, 5, [Room("A", 25), Room("B", 40)]) == (
        Offload(device="A", layers=1, takes_bytes=25, frees_bytes=20),
        Offload(device="B", layers=1, takes_bytes=35, frees_bytes=1),
    )
    assert placed(parts, 5, [Room("M", 100, shares_memory=True)])[0].frees_bytes == 0


def test_devices_add_up_over_models() -> None:
    one = (Offload(device="A", layers=1, takes_bytes=3), Offload(device="B", layers=1, takes_bytes=4))
    assert by_device([one, one[:1], ()]) == {"A": 6, "B": 4}


FACTS = {
    "general.architecture": "llama",
    "llama.block_count": 3,
    "llama.embedding_length": 64,
    "llama.attention.head_count": 4,
    "llama.attention.head_count_kv": (2, 0, 1),
}
CELLS = 100 * 32 * 2
"""Bytes that one KV head of 16 and 16 numbers takes for 100 cells in f16."""
TENSORS = {
    "token_embd.weight": 1000,
    "output_norm.weight": 7,
    "blk.0.a": 10,
    "blk.0.b": 1,
    "blk.1.a": 20,
    "blk.2.a": 30,
}


def header(extra: dict[str, int] | None = None, **facts: int) -> Header:
    sizes = TENSORS | (extra or {})
    tensors = tuple(Tensor(name, (size,), "I8", size) for name, size in sizes.items())
    return Header(Path("x"), 3, 0, FACTS | {f"llama.{key}": value for key, value in facts.items()}, tensors)


def test_a_part_is_a_block_with_its_cells_and_the_output_comes_last() -> None:
    parts = parts_of(header({"output.weight": 500}), 100, 1)
    assert parts == [
        Part(11 + 2 * CELLS, 11 + 2 * CELLS),
        Part(20, 20),
        Part(30 + CELLS, 30 + CELLS),
        Part(507, 507),
    ]


def test_an_output_that_is_the_token_embeddings_is_there_twice() -> None:
    assert parts_of(header(), 100, 1)[-1] == Part(1007, 7)


def test_an_adapter_lies_with_the_layer_that_it_changes() -> None:
    adapter = Header(Path("a"), 3, 0, {}, (Tensor("blk.1.a.lora_a", (4,), "I8", 4),))
    assert parts_of(header(), 100, 1, adapters=[adapter])[1] == Part(24, 24)


@given(st.integers(0, 2**64), st.integers(0, 2**64))
def test_a_header_may_claim_any_number_of_layers(layers: int, heads: int) -> None:
    found = header({"blk.999999.x": 5}, block_count=layers)
    assert len(parts_of(found, 100, 1)) <= 5


@given(st.integers(1, 10**6), st.integers(1, 64))
def test_all_that_ram_can_be_spared_is_less_than_all(context: int, slots: int) -> None:
    spared = sum(part.frees for part in parts_of(header(), context, slots))
    assert spared <= estimate(header(), context, slots, 512).total_bytes


def device(name: str, kind: str = "gpu", backend: str = "CUDA") -> Device:
    return Device(name=name, description="x", backend=backend, kind=kind, free_bytes=1, total_bytes=2)  # type: ignore[arg-type]


CPU = device("CPU", "cpu", "CPU")


@pytest.mark.parametrize(
    ("devices", "chosen"),
    [
        ([CPU], []),
        ([device("CUDA0"), device("CUDA1"), CPU], ["CUDA0", "CUDA1"]),
        ([device("CUDA0"), device("Vulkan0", backend="Vulkan"), CPU], ["CUDA0"]),
        ([device("RPC0", backend="RPC"), device("CUDA0"), CPU], ["CUDA0"]),
        ([device("Vulkan0", "igpu", "Vulkan"), CPU], []),
    ],
)
def test_unasked_the_gpus_of_one_backend_hold_layers(devices: list[Device], chosen: list[str]) -> None:
    assert [each.name for each in for_layers(devices)] == chosen


def test_named_devices_hold_layers_and_no_others() -> None:
    devices = [device("CUDA0"), device("CUDA1"), device("Vulkan0", "igpu", "Vulkan"), CPU]
    assert [each.name for each in for_layers(devices, ["Vulkan0", "CUDA1"])] == ["CUDA1", "Vulkan0"]
    with pytest.raises(Unsupported, match="no device CUDA7") as refused:
        for_layers(devices, ["CUDA7"])
    assert "CUDA0" in refused.value.hint


PARTS = [Part(10, 10)] * 4
ROOM = [Room("CUDA0", 35)]


@pytest.mark.parametrize(("wanted", "layers"), [("auto", 3), (2, 2), (0, 0), (3, 3)])
def test_as_many_layers_as_asked_for(wanted: str | int, layers: int) -> None:
    spec = Spec(name="m", path="m", gpu_layers=wanted)  # type: ignore[arg-type]
    assert sum(share.layers for share in offload_of(spec, PARTS, 5, ROOM)) == layers


@pytest.mark.parametrize("wanted", ["all", 4, 100])
def test_layers_that_must_fit_and_do_not_are_refused_with_numbers(wanted: str | int) -> None:
    spec = Spec(name="m", path="m", gpu_layers=wanted)  # type: ignore[arg-type]
    with pytest.raises(NoMemory, match=r'4 layers of "m" need .* of CUDA0 can be had: 3 fit'):
        offload_of(spec, PARTS, 5, ROOM)
    assert offload_of(spec, PARTS, 5, [Room("CUDA0", 20), Room("CUDA1", 35)])[0].layers == 1
