"""llama-server, built from the sources of the llama.cpp that Tektra runs on."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tektra_models.machine import cores
from tests.bench.requests import MODEL
from tests.bench.servers import Peer
from tests.llama_sources import sources

NAME = "llama-server"
SLOTS = 8
CONTEXT = 5120
"""Of each slot: llama-server divides its cells among as many slots as it is told to have."""
OPTIONS = {
    "CMAKE_BUILD_TYPE": "Release",
    "GGML_NATIVE": "ON",
    "LLAMA_CURL": "OFF",
    "LLAMA_OPENSSL": "OFF",
    "LLAMA_BUILD_TESTS": "OFF",
    "LLAMA_BUILD_EXAMPLES": "OFF",
    "LLAMA_BUILD_UI": "OFF",
    "LLAMA_USE_PREBUILT_UI": "OFF",
}


def built(cache: Path) -> Path:
    """The program, built once and kept in `cache`; on two cores this takes ten minutes."""
    folder = sources(cache)
    program = folder / "build/bin" / NAME
    if not program.exists():
        if shutil.which("cmake") is None or shutil.which("c++") is None:
            raise SystemExit(f"{NAME} has to be built: install a C++ compiler, and cmake (pip install cmake ninja)")
        sys.stderr.write(f"building {NAME} in {folder / 'build'}\n")
        generator = ["-G", "Ninja"] if shutil.which("ninja") else []
        options = [f"-D{name}={value}" for name, value in OPTIONS.items()]
        build = str(folder / "build")
        for command in (
            ["cmake", "-S", str(folder), "-B", build, *generator, *options],
            ["cmake", "--build", build, "--target", NAME, "--parallel", str(cores())],
        ):
            subprocess.run(command, check=True, stdout=sys.stderr)
    return program


@contextmanager
def llama_server(cache: Path, model: Path, *more: str) -> Iterator[Peer]:
    """llama-server with eight slots on all cores, on a Unix socket as Tektra is; not started, and gone at the end."""
    program = built(cache)
    with tempfile.TemporaryDirectory(prefix="ls-", dir="/tmp") as folder:
        socket = Path(folder) / "llama.sock"
        command = [str(program), "--model", str(model), "--alias", MODEL, "--host", str(socket), "--offline"]
        command += ["--parallel", str(SLOTS), "--ctx-size", str(SLOTS * CONTEXT)]
        command += ["--threads", str(cores()), *more]
        peer = Peer(" ".join([NAME, *more]), command, socket, "/health")
        try:
            yield peer
        finally:
            peer.stop()
