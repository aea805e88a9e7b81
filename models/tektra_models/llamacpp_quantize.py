"""llama.cpp's quantizer: writes a file as another type, or tells what it would make of each tensor."""

from __future__ import annotations

import ctypes
import os
import re
from collections.abc import Callable

import llama_cpp.llama_cpp as llama

from tektra_models.errors import LoadFailed
from tektra_models.llamacpp_log import heard
from tektra_models.machine import cores

TENSOR_DONE = re.compile(rb"\[\s*(\d+)/\s*(\d+)\]\s+(\S+)")
"""How llama.cpp says that it quantizes the next tensor."""
TENSOR_TYPE = re.compile(rb"size = .* \((\w+)\)$")
"""How it says what the tensor becomes."""


def quantize_file(source: str, target: str, file_type: int, *, again: bool, report: Callable[[int, int], None]) -> bool:
    """Write `target` as `source` in another file type; tells how many of all tensors are done; false if it failed."""

    def hear(line: bytes) -> None:
        if found := TENSOR_DONE.match(line):
            report(int(found[1]), int(found[2]))

    return _quantize(source, target, file_type, hear, allow_requantize=again)


def types_in(source: str, file_type: int) -> dict[str, str]:
    """Which tensors of a file would get which type in another file type; raises LoadFailed."""
    types: dict[str, str] = {}
    name = ""

    def hear(line: bytes) -> None:
        nonlocal name
        if found := TENSOR_DONE.match(line):
            name = found[3].decode("utf-8", "replace")
        elif found := TENSOR_TYPE.match(line):
            types[name] = found[1].decode().upper()

    if not _quantize(source, os.devnull, file_type, hear, dry_run=True):
        raise LoadFailed(f"llama.cpp cannot quantize files like {source}")
    return types


def _quantize(source: str, target: str, file_type: int, hear: Callable[[bytes], None], **options: bool) -> bool:
    """Let llama.cpp quantize; `hear` is told every line that it says."""
    llama.llama_backend_init()
    params = llama.llama_model_quantize_default_params()
    params.ftype, params.nthread = file_type, cores()
    for name, value in options.items():
        setattr(params, name, value)
    with heard(hear):
        status = llama.llama_model_quantize(os.fsencode(source), os.fsencode(target), ctypes.byref(params))
    return bool(status == 0)
