"""What `tektra doctor` looks at: one function a check, each returning findings and never raising."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

from tektra_cli import __version__, wording
from tektra_cli.client import Client
from tektra_cli.errors import CliError, DaemonUnreachable
from tektrad.paths import Paths, UnsafePath, check_private, check_socket_path, shared_by

GIB = 1 << 30
DEVICE_SECONDS = 60.0


@dataclass(frozen=True)
class Check:
    """One finding: how it is, what was found, and how to mend it."""

    name: str
    status: Literal["ok", "warn", "fail"]
    detail: str
    fix: str = ""


def all_checks(paths: Paths) -> Iterator[Check]:
    """Every check, cheapest first; none of them needs the daemon, and none starts it."""
    yield _python()
    yield _engine()
    yield _devices()
    yield _starter()
    yield _socket(paths)
    yield _writable("data directory", paths.data_dir)
    yield _writable("state directory", paths.state_dir)
    yield _disk(paths.data_dir)
    yield _sqlite()
    yield _memory()
    yield _bubblewrap()
    yield from _daemon(paths)
    yield _log(paths)


def _python() -> Check:
    return Check("python", "ok", f"{sys.version.split()[0]} at {sys.executable}")


def _engine() -> Check:
    if importlib.util.find_spec("llama_cpp") is None:
        return Check("engine", "fail", "llama-cpp-python is not installed", "pip install llama-cpp-python")
    try:
        return Check("engine", "ok", f"llama-cpp-python {metadata.version('llama-cpp-python')}")
    except metadata.PackageNotFoundError:
        return Check("engine", "warn", "llama_cpp is there, its version is not", "pip install llama-cpp-python")


def _devices() -> Check:
    """Ask llama.cpp in a process of its own: this also shows whether it can be loaded at all."""
    command = [sys.executable, "-P", "-m", "tektra_models.llamacpp_devices"]
    try:
        done = subprocess.run(command, capture_output=True, timeout=DEVICE_SECONDS, check=True)
        found = json.loads(done.stdout)
    except subprocess.CalledProcessError as error:
        words = error.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
        reason = words[0] if words else f"it ended with code {error.returncode}"
        return Check("devices", "fail", f"llama.cpp cannot be loaded: {reason}", "Install llama-cpp-python again.")
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        return Check("devices", "fail", f"llama.cpp lists none: {error}", "Look at the GPU's driver.")
    gpus = [device for device in found if device["kind"] in ("gpu", "igpu")]
    if not gpus:
        return Check("devices", "ok", "the processor; this llama-cpp-python sees no GPU")
    return Check("devices", "ok", ", ".join(f"{gpu['name']} ({_gpu_words(gpu)})" for gpu in gpus))


def _gpu_words(gpu: dict[str, Any]) -> str:
    free, total = wording.size(gpu["free_bytes"]), wording.size(gpu["total_bytes"])
    return f"{gpu['description']}, {free} of {total} free"


def _starter() -> Check:
    spec = importlib.util.find_spec("tektra_models")
    folders = list(spec.submodule_search_locations or []) if spec else []
    found = [file for folder in folders for file in Path(folder, "starter").glob("*.gguf")]
    if not found:
        return Check("built-in model", "fail", "its file is missing", "Install Tektra again.")
    return Check("built-in model", "ok", f"{found[0]} ({wording.size(found[0].stat().st_size)})")


def _socket(paths: Paths) -> Check:
    directory = paths.socket.parent
    try:
        check_socket_path(paths.socket)
        check_private(directory, shared_by())
    except UnsafePath as error:
        return Check("socket", "fail", error.message, error.hint)
    except FileNotFoundError:
        return Check("socket", "ok", f"{paths.socket} (its directory is made when the daemon starts)")
    except OSError as error:
        return Check("socket", "fail", f"{directory}: {error.strerror}", "Set TEKTRA_SOCKET to a place of your own.")
    return Check("socket", "ok", str(paths.socket))


def _writable(name: str, directory: Path) -> Check:
    there = _existing(directory)
    if os.access(there, os.W_OK | os.X_OK) and there.is_dir():
        return Check(name, "ok", str(directory))
    variable = "TEKTRA_DATA_DIR" if name.startswith("data") else "TEKTRA_STATE_DIR"
    return Check(name, "fail", f"{there} cannot be written to", f"Make it writable, or set {variable}.")


def _existing(directory: Path) -> Path:
    return next(place for place in (directory, *directory.parents) if place.exists())


def _disk(directory: Path) -> Check:
    free = shutil.disk_usage(_existing(directory)).free
    detail = f"{wording.size(free)} free"
    if free < GIB // 4:
        return Check("disk", "fail", detail, "Make room: conversations could no longer be saved.")
    if free < 5 * GIB:
        return Check("disk", "warn", detail, "Larger models will not fit.")
    return Check("disk", "ok", detail)


def _bubblewrap() -> Check:
    path = shutil.which("bwrap", path="/usr/bin:/bin:/usr/local/bin")
    if path is None:
        fix = "Install it: apt install bubblewrap. What confines programs until then: tektra sandbox probe"
        return Check("bubblewrap", "warn", "not installed: programs are confined less well, or refused", fix)
    return Check("bubblewrap", "ok", path)


def _sqlite() -> Check:
    version = sqlite3.sqlite_version
    with contextlib.closing(sqlite3.connect(":memory:")) as database:
        try:
            database.execute("CREATE VIRTUAL TABLE probe USING fts5(text)")
        except sqlite3.OperationalError:
            return Check("sqlite", "fail", f"{version} without FTS5", "Use a Python whose SQLite has FTS5.")
    return Check("sqlite", "ok", f"{version} with FTS5")


def _memory() -> Check:
    import psutil

    memory = psutil.virtual_memory()
    detail = f"{wording.size(memory.available)} of {wording.size(memory.total)} available"
    if memory.available < GIB // 2:
        return Check("memory", "warn", detail, "Close something, or unload models: tektra models ps")
    return Check("memory", "ok", detail)


def _daemon(paths: Paths) -> Iterator[Check]:
    client = Client(paths.socket)
    try:
        status = client.get("/api/status", timeout=5.0)
        models = client.get("/api/models", timeout=5.0)["models"]
        permissions = client.get("/api/permissions", timeout=5.0)
    except DaemonUnreachable:
        yield Check("daemon", "ok", "not running; it starts when it is needed")
        return
    except (CliError, UnsafePath, OSError) as error:
        yield Check("daemon", "fail", str(error), "tektra daemon logs says more; tektra daemon stop ends it.")
        return
    yield _same_version(status["version"], status["pid"])
    yield _files([model["name"] for model in models if model["missing"]], len(models))
    yield _policies(permissions, paths.policies_dir)


def _same_version(running: str, pid: int) -> Check:
    if running != __version__:
        detail = f"runs version {running}, this command is {__version__}"
        return Check("daemon", "warn", detail, "Start the new one: tektra daemon stop, then tektra daemon start")
    return Check("daemon", "ok", f"runs (pid {pid}, version {running})")


def _files(missing: list[str], count: int) -> Check:
    if missing:
        fix = "Put the file back, or forget it: tektra models rm NAME"
        return Check("model files", "warn", f"missing: {', '.join(missing)}", fix)
    return Check("model files", "ok", f"{wording.plural(count, 'model')}, every file is there")


def _policies(permissions: dict[str, Any], folder: Path) -> Check:
    problem = permissions["problem"]
    if problem:
        detail = f"every act is denied: {problem['source']}:{problem['line']}: {problem['message']}"
        return Check("policies", "fail", detail, f"Correct or remove the file in {folder}.")
    return Check("policies", "ok", f"{wording.plural(len(permissions['rules']), 'rule')}, all understood")


def _log(paths: Paths) -> Check:
    if not paths.log_file.exists():
        return Check("log", "ok", f"{paths.log_file} (not written yet)")
    return Check("log", "ok", f"{paths.log_file} ({wording.size(paths.log_file.stat().st_size)})")
