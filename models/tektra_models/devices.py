"""What llama.cpp can compute on: found by a short-lived process, since whoever asks imports no engine."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import msgspec

from tektra_models.errors import LoadFailed, Unsupported

Kind = Literal["cpu", "gpu", "igpu", "accel", "meta"]
SECONDS = 60.0
"""A driver may take long to wake a device, and a broken one for ever."""
LAST_WORDS = 400
HOST_LIBRARIES = ("base", "cpu", "blas", "rpc")
"""Parts of ggml that reach no device of this machine but its processor."""


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """One device by llama.cpp's name, and its memory."""

    name: str
    description: str
    backend: str
    kind: Kind
    free_bytes: int
    total_bytes: int

    @property
    def shares_memory(self) -> bool:
        """Whether its memory is the machine's."""
        return self.kind != "gpu" or self.backend in ("Metal", "MTL")


async def found() -> tuple[Device, ...]:
    """All devices, with their free memory now; raises LoadFailed when llama.cpp cannot say."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-m", "tektra_models.llamacpp_devices",
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        listed, words = await asyncio.wait_for(process.communicate(), SECONDS)
        return msgspec.json.decode(listed, type=tuple[Device, ...])
    except TimeoutError as error:
        raise LoadFailed(f"llama.cpp did not list its devices within {SECONDS:g} s", _HINT) from error
    except msgspec.MsgspecError as error:
        reason = words.decode("utf-8", "replace").strip()[-LAST_WORDS:] or f"it ended with code {process.returncode}"
        raise LoadFailed(f"llama.cpp could not list its devices: {reason}", _HINT) from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


_HINT = "Look at the GPU's driver; with gpu_layers = none no device is used."


def built_for_cpu_only(folder: Path | None = None) -> bool:
    """Whether the installed llama.cpp has no part for any GPU, told by its files; false where they do not tell."""
    folder = folder or _library_folder()
    libraries = [path.name for path in folder.glob("libggml-*")] if folder is not None else []
    parts = {name.removeprefix("libggml-").split(".")[0].split("-")[0] for name in libraries}
    return "base" in parts and parts <= set(HOST_LIBRARIES)


def _library_folder() -> Path | None:
    if chosen := os.environ.get("LLAMA_CPP_LIB_PATH"):
        return Path(chosen)
    spec = importlib.util.find_spec("llama_cpp")
    return Path(spec.origin).parent / "lib" if spec is not None and spec.origin else None


def for_layers(devices: Sequence[Device], named: Sequence[str] = ()) -> tuple[Device, ...]:
    """The devices that may hold layers: those that are named, or all GPUs of the first kind of them.

    Two backends may see the same GPU, so only one backend's are taken unasked; none that share the machine's memory or
    lie on another one. Raises Unsupported for a name that no device has.
    """
    names = [device.name for device in devices]
    for name in named:
        if name not in names:
            raise Unsupported(f"there is no device {name}", f"llama.cpp sees {', '.join(names)}.")
    if named:
        return tuple(device for device in devices if device.name in named and device.kind in ("gpu", "igpu"))
    gpus = [device for device in devices if device.kind == "gpu" and device.backend != "RPC"]
    return tuple(device for device in gpus if device.backend == gpus[0].backend)
