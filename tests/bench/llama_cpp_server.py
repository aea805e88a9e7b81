"""`python -m llama_cpp.server`, the example server of llama-cpp-python, in a virtual environment of its own."""

from __future__ import annotations

import subprocess
import sys
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tektra_models.machine import cores
from tests.bench.requests import MODEL
from tests.bench.servers import Peer, free_port
from tests.llama_sources import PACKAGE, installed_version

NAME = "llama_cpp.server"
CONTEXT = 5120


def installed(cache: Path) -> Path:
    """The Python that has the server, in the same version as the bindings here; made once and kept in `cache`."""
    folder = cache / f"{PACKAGE}-{installed_version()}-server"
    done = folder / "installed"
    if not done.exists():
        sys.stderr.write(f"installing {NAME} into {folder}\n")
        venv.create(folder, clear=True, with_pip=True)
        wanted = f"{PACKAGE}[server]=={installed_version()}"
        subprocess.run(
            [folder / "bin/python", "-m", "pip", "install", "--quiet", wanted], check=True, stdout=sys.stderr
        )
        done.touch()
    return folder / "bin/python"


@contextmanager
def llama_cpp_server(cache: Path, model: Path) -> Iterator[Peer]:
    """The server on all cores, answering one request after the other; not started, and gone at the end."""
    threads, port = str(cores()), free_port()
    settings = {
        "model": str(model),
        "model_alias": MODEL,
        "host": "127.0.0.1",
        "port": str(port),
        "n_ctx": str(CONTEXT),
        "n_threads": threads,
        "n_threads_batch": threads,
        "logits_all": "false",  # those of prompts, which nobody asks for
        "interrupt_requests": "false",  # else a new request ends the one under way
    }
    options = [text for name, value in settings.items() for text in (f"--{name}", value)]
    peer = Peer(NAME, [str(installed(cache)), "-m", "llama_cpp.server", *options], port, "/v1/models")
    try:
        yield peer
    finally:
        peer.stop()
