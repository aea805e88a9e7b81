"""What this machine computes with: a name that changes when figures measured here are worth nothing any more."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")


def machine() -> str:
    """Processor, cores that may be used, and engine."""
    return f"{_processor()}, {cores()} cores, llama-cpp-python {version('llama-cpp-python')}"


def cores() -> int:
    """Processors that this process, and so its children, may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)


def _processor() -> str:
    """The name, and what decides on speed: names are often alike where abilities are not."""
    try:
        lines = dict(line.split(":", 1) for line in CPUINFO.read_text().split("\n\n")[0].splitlines() if ":" in line)
    except (OSError, ValueError):
        lines = {}
    facts = {key.strip(): value.strip() for key, value in lines.items()}
    name = facts.get("model name") or platform.processor() or platform.machine()
    abilities = facts.get("flags") or facts.get("Features") or ""
    wide = [each for each in ("avx512f", "avx512_vnni", "avx2", "asimddp", "i8mm", "sve") if each in abilities.split()]
    return " ".join([name, *wide])
