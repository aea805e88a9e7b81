"""Devices: what llama.cpp lists, what follows for a model that is loaded, and GPUs that are made up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from tektra_models import devices
from tektra_models.catalog import Catalog, digest_of
from tektra_models.devices import Device, built_for_cpu_only
from tektra_models.errors import LoadFailed, Unsupported
from tektra_models.fit import buffers_bytes
from tektra_models.gguf import read_header
from tektra_models.placement import MARGIN, parts_of
from tektra_models.spec import GpuLayers, Offload, Spec
from tektra_models.starter import MODEL_PATH
from tektra_models.tuning import Best, Tuning
from tektra_models.worker import open_backend
from tektrad.clock import SystemClock
from tektrad.config import Settings
from tektrad.errors import NoMemory
from tektrad.events import Events
from tektrad.pool.devices import Devices
from tektrad.pool.lease import Wish
from tektrad.pool.measured import Measured
from tektrad.pool.pool import Pool
from tektrad.pool.tuned import Tuned
from tektrad.store.db import open_store
from tests.ggufs import write_gguf
from tests.harness import Tektra

GIB = 1 << 30


async def test_llama_cpp_lists_the_processor_and_its_memory() -> None:
    found = await devices.found()
    (processor,) = [device for device in found if device.kind == "cpu"]
    assert processor.backend == "CPU"
    assert 0 < processor.free_bytes <= processor.total_bytes


async def test_a_llama_cpp_that_cannot_be_loaded_is_told_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLAMA_CPP_LIB_PATH", str(tmp_path))
    with pytest.raises(LoadFailed, match="could not list its devices"):
        await devices.found()


@pytest.mark.parametrize(
    ("files", "only_cpu"),
    [
        (["libggml.so", "libggml-base.so", "libggml-cpu.so.0.25", "libllama.so"], True),
        (["libggml-base.dylib", "libggml-cpu-haswell.dylib", "libggml-blas.dylib"], True),
        (["libggml-base.so", "libggml-cpu.so", "libggml-cuda.so"], False),
        (["libllama.so"], False),
        ([], False),
    ],
)
def test_files_tell_whether_llama_cpp_can_reach_a_gpu(tmp_path: Path, files: list[str], only_cpu: bool) -> None:
    for file in files:
        (tmp_path / file).touch()
    assert built_for_cpu_only(tmp_path) is only_cpu


def test_a_device_that_is_gone_is_told_when_the_model_is_opened() -> None:
    spec = Spec(name="m", path=str(MODEL_PATH), context=64, offload=(Offload(device="CUDA9", layers=1),))
    with pytest.raises(LoadFailed, match="no device CUDA9"):
        open_backend(spec)


def gpu(name: str, free: int) -> Device:
    return Device(name=name, description="made up", backend="CUDA", kind="gpu", free_bytes=free, total_bytes=GIB)


@pytest.fixture
def spec(tmp_path: Path) -> Spec:
    path = write_gguf(tmp_path / "m.gguf", layers=6)
    return Spec(name="m", path=str(path), context=512, slots=2, batch=64)


def asking(spec: Spec, gpu_layers: GpuLayers) -> Spec:
    return msgspec.structs.replace(spec, gpu_layers=gpu_layers)


def room_for(spec: Spec, layers: int) -> int:
    """Exactly what so many of the last layers take."""
    header = read_header(spec.path)
    parts = parts_of(header, spec.context, spec.slots)
    fixed = buffers_bytes(header, spec.context, spec.slots, spec.batch) + MARGIN
    return fixed + sum(part.takes for part in parts[len(parts) - layers :])


def made_up(*found: Device, named: str = "") -> Devices:
    async def look() -> tuple[Device, ...]:
        return found

    return Devices(named, look)


async def test_as_many_layers_as_fit_go_to_a_gpu_and_ram_is_spared_them(spec: Spec) -> None:
    placed = await made_up(gpu("CUDA0", room_for(spec, 4))).placed(asking(spec, "auto"), {}, {})
    (share,) = placed.offload
    assert (share.device, share.layers, share.takes_bytes) == ("CUDA0", 4, room_for(spec, 4))
    parts = parts_of(read_header(spec.path), spec.context, spec.slots)
    assert share.frees_bytes == sum(part.frees for part in parts[-4:])


async def test_nothing_is_divided_but_what_llama_cpp_runs(spec: Spec) -> None:
    folder = msgspec.structs.replace(asking(spec, "auto"), backend="huggingface")
    assert await made_up(gpu("CUDA0", room_for(spec, 4))).placed(folder, {}, {}) == folder


async def test_what_idle_models_hold_counts_as_room_and_what_others_use_does_not(spec: Spec) -> None:
    free, idle = room_for(spec, 1), room_for(spec, 7) - room_for(spec, 1)
    one = made_up(gpu("CUDA0", free))
    alone = await one.placed(asking(spec, "auto"), {}, {})
    beside_idle = await one.placed(asking(spec, "auto"), {"CUDA0": idle}, {})
    beside_busy = await one.placed(asking(spec, "auto"), {"CUDA0": idle}, {"CUDA0": idle})
    assert [placed.offload[0].layers for placed in (alone, beside_idle, beside_busy)] == [1, 7, 1]
    assert one.rooms == {"CUDA0": free + idle}
    everything = await one.placed(asking(spec, "all"), {"CUDA0": idle}, {"CUDA0": idle})
    assert everything.offload[0].layers == 7  # it waits for those who use it


async def test_layers_spread_over_the_devices_that_may_hold_them(spec: Spec) -> None:
    found = gpu("CUDA0", room_for(spec, 7)), gpu("CUDA1", room_for(spec, 3))
    both = await made_up(*found).placed(asking(spec, 5), {}, {})
    assert [(share.device, share.layers) for share in both.offload] == [("CUDA0", 2), ("CUDA1", 3)]
    one = await made_up(*found, named="CUDA0").placed(asking(spec, 5), {}, {})
    assert [(share.device, share.layers) for share in one.offload] == [("CUDA0", 5)]


async def test_layers_that_must_fit_and_do_not_are_refused(spec: Spec) -> None:
    with pytest.raises(NoMemory, match="6 fit"):
        await made_up(gpu("CUDA0", room_for(spec, 6))).placed(asking(spec, "all"), {}, {})


async def test_without_a_gpu_nothing_is_placed_and_what_must_be_is_refused(spec: Spec) -> None:
    processor = Device(name="CPU", description="x", backend="CPU", kind="cpu", free_bytes=GIB, total_bytes=GIB)
    assert (await made_up(processor).placed(asking(spec, "auto"), {}, {})).offload == ()
    for wanted in ("all", 1):
        with pytest.raises(Unsupported, match="sees no GPU"):
            await made_up(processor).placed(asking(spec, wanted), {}, {})


async def test_a_broken_driver_stops_only_those_who_need_it(spec: Spec) -> None:
    async def broken() -> tuple[Device, ...]:
        raise LoadFailed("the driver is broken")

    found = Devices("", broken)
    assert (await found.placed(asking(spec, "auto"), {}, {})).offload == ()
    assert (await found.placed(asking(spec, "none"), {}, {})).offload == ()
    with pytest.raises(LoadFailed):
        await found.placed(asking(spec, "all"), {}, {})


async def test_what_was_timed_on_the_processor_counts_only_without_a_device(tmp_path: Path) -> None:
    catalog, clock = Catalog(tmp_path / "models"), SystemClock()
    model = catalog.add_link(write_gguf(tmp_path / "m.gguf", layers=6), "m")
    best = Best(threads=3, micro_batch=64, flash_attention="off")
    found = Tuning(
        model="m", weights=1, layers=6, of_layers=6, speeds=(), trials=(), chosen="Q4_0", best=best, seconds=1.0,
        load_average=0.1,
    )  # fmt: skip
    async with open_store(tmp_path / "store.db") as store:
        tuned = Tuned(store, clock)
        await tuned.keep(digest_of(model), found)
        measured, found_here = Measured(store, clock), made_up(gpu("CUDA0", GIB))
        pool = Pool(catalog, Settings(), clock, tmp_path / "states", measured, tuned, found_here, Events(clock))
        on_gpu, in_ram = [await pool.placed(model, Wish(gpu_layers=wanted)) for wanted in ("all", "none")]
        asked = await pool.placed(model, Wish(gpu_layers="all", micro_batch=128))
    assert (bool(on_gpu.offload), on_gpu.micro_batch, on_gpu.flash_attention) == (True, 0, "auto")
    assert (in_ram.offload, in_ram.micro_batch, in_ram.flash_attention) == ((), 64, "off")
    assert (bool(asked.offload), asked.micro_batch, asked.threads) == (True, 128, 0)


async def test_smaller_micro_batches_leave_more_room_on_a_gpu(spec: Spec) -> None:
    placed = made_up(gpu("CUDA0", room_for(spec, 3) - 1)).placed
    assert (await placed(asking(spec, "auto"), {}, {})).offload[0].layers == 2
    smaller = msgspec.structs.replace(asking(spec, "auto"), micro_batch=32)
    assert (await placed(smaller, {}, {})).offload[0].layers > 2


def test_devices_are_listed_over_the_socket(shared: Tektra) -> None:
    with shared.client() as client:
        document = client.get("/api/devices").json()
    assert document["schema"] == "tektra.devices/1"
    assert {"name", "kind", "free_bytes", "total_bytes", "promised_bytes"} <= set(document["devices"][0])


def load(shared: Tektra, **body: Any) -> Any:
    with shared.client() as client:
        return client.post("/api/models/tektra-starter/load", json=body).json()


@pytest.mark.skipif(not built_for_cpu_only(), reason="this llama.cpp may have a GPU")
def test_a_machine_without_a_gpu_says_so_only_when_one_is_asked_for(shared: Tektra) -> None:
    assert load(shared, gpu_layers="auto")["model"]["offload"] == []
    first = load(shared)["model"]
    assert load(shared, gpu_layers="auto")["model"]["pid"] == first["pid"]
    assert load(shared, gpu_layers="none")["model"]["pid"] != first["pid"]
    for wanted in ("all", 2):
        error = load(shared, gpu_layers=wanted)["error"]
        assert (error["code"], "no GPU" in error["message"]) == ("unsupported", True)
    assert load(shared, gpu_layers=-1)["error"]["code"] == "invalid_request"
    assert load(shared, gpu_layers="most")["error"]["code"] == "invalid_request"


def test_the_settings_are_read_from_the_environment(tektra: Tektra) -> None:
    tektra.start(TEKTRA_GPU_LAYERS="0", TEKTRA_DEVICES="CUDA0,CUDA1")
    assert tektra.json("models", "load", "tektra-starter")["model"]["gpu_layers"] == 0
