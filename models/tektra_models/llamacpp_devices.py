"""The devices that llama.cpp can compute on: `python -m tektra_models.llamacpp_devices` lists them as JSON and ends.

A process of its own, since looking at a GPU takes memory there for as long as the process lives.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Sequence
from typing import Any

import llama_cpp.llama_cpp as llama
import msgspec

from tektra_models.devices import Device, Kind
from tektra_models.errors import LoadFailed

KINDS: tuple[Kind, ...] = ("cpu", "gpu", "igpu", "accel", "meta")
"""By ggml's numbers."""


def _function(name: str, result: Any, *arguments: Any) -> Any:
    found = getattr(llama._lib, name)  # llama-cpp-python declares none of these
    found.restype, found.argtypes = result, list(arguments)
    return found


_size_p = ctypes.POINTER(ctypes.c_size_t)
_count = _function("ggml_backend_dev_count", ctypes.c_size_t)
_get = _function("ggml_backend_dev_get", ctypes.c_void_p, ctypes.c_size_t)
_name = _function("ggml_backend_dev_name", ctypes.c_char_p, ctypes.c_void_p)
_description = _function("ggml_backend_dev_description", ctypes.c_char_p, ctypes.c_void_p)
_kind = _function("ggml_backend_dev_type", ctypes.c_int, ctypes.c_void_p)
_memory = _function("ggml_backend_dev_memory", None, ctypes.c_void_p, _size_p, _size_p)
_registry = _function("ggml_backend_dev_backend_reg", ctypes.c_void_p, ctypes.c_void_p)
_registry_name = _function("ggml_backend_reg_name", ctypes.c_char_p, ctypes.c_void_p)
_by_name = _function("ggml_backend_dev_by_name", ctypes.c_void_p, ctypes.c_char_p)


def device_list() -> list[Device]:
    """All devices, in llama.cpp's order."""
    return [_device(_get(place)) for place in range(_count())]


def _device(pointer: int) -> Device:
    free, total = ctypes.c_size_t(), ctypes.c_size_t()
    _memory(pointer, ctypes.byref(free), ctypes.byref(total))
    kind = _kind(pointer)
    return Device(
        name=_text(_name(pointer)),
        description=_text(_description(pointer)).strip(),
        backend=_text(_registry_name(_registry(pointer))),
        kind=KINDS[kind] if kind < len(KINDS) else "meta",
        free_bytes=free.value,
        total_bytes=total.value,
    )


def _text(data: bytes | None) -> str:
    return (data or b"").decode("utf-8", "replace")


def pointers(names: Sequence[str]) -> Any:
    """A list of devices as llama.cpp takes it, ended by a null; of none at all, it uses none."""
    found = [_by_name(name.encode()) for name in names]
    for name, pointer in zip(names, found, strict=True):
        if not pointer:
            raise LoadFailed(f"llama.cpp has no device {name} any more", "tektra models devices lists those there are.")
    return (ctypes.c_void_p * (len(names) + 1))(*found, None)


if __name__ == "__main__":
    llama.llama_backend_init()
    sys.stdout.buffer.write(msgspec.json.encode(device_list()) + b"\n")
