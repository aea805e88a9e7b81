"""The sources of the llama.cpp that is installed: in the source distribution of llama-cpp-python, which pip fetches."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
from importlib.metadata import version
from pathlib import Path

import platformdirs

PACKAGE = "llama-cpp-python"
INSIDE = "vendor/llama.cpp/"
CACHE = platformdirs.user_cache_path("tektra") / "bench"
"""Where what takes long to make or to fetch is kept."""


def installed_version() -> str:
    """The version of llama-cpp-python that Tektra runs on here."""
    return version(PACKAGE)


def sources(cache: Path = CACHE) -> Path:
    """The folder of llama.cpp's sources, fetched and unpacked once and kept in `cache`."""
    final = cache / f"llama.cpp-{installed_version()}"
    if not final.exists():
        partial = final.with_name(f"{final.name}.part")
        shutil.rmtree(partial, ignore_errors=True)
        _unpack(_fetched(cache), partial)
        partial.rename(final)
    return final


def _fetched(cache: Path) -> Path:
    """The source distribution, 77 MB."""
    path = cache / f"{PACKAGE.replace('-', '_')}-{installed_version()}.tar.gz"
    if not path.exists():
        cache.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", PACKAGE]
        command += ["--dest", str(cache), f"{PACKAGE}=={installed_version()}"]
        subprocess.run(command, check=True, stdout=sys.stderr)
    return path


def _unpack(archive: Path, into: Path) -> None:
    with tarfile.open(archive) as files:
        for member in files:
            path = member.name.partition("/")[2]
            if path.startswith(INSIDE):
                member.name = path.removeprefix(INSIDE)
                files.extract(member, into, filter="data")
