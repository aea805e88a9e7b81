"""`python -m tests.bench [PART ...]`: measures and prints one JSON document; --help names the parts.

Run it on a quiet machine; every figure stands beside its floor, measured in the same run.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
from pathlib import Path

import platformdirs

from tests.bench.commands import measure_commands, measure_first_token
from tests.bench.decode import measure
from tests.bench.drafts import measure_drafts
from tests.bench.gaps import measure_gaps
from tests.bench.prefixes import measure_prefixes
from tests.bench.restart import measure_restart
from tests.bench.swaps import measure_swaps

PARTS = ("decode", "prefixes", "gaps", "restart", "drafts", "swaps", "commands", "start")


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="|".join(PARTS), help="what to measure (default: all)")
    parser.add_argument(
        "--pairs", type=int, default=3, help="pairs of runs in `decode`, runs in `prefixes` and `restart` (default 3)"
    )
    parser.add_argument("--runs", type=int, default=10, help="runs of each command (default 10)")
    parser.add_argument(
        "--cache", type=Path, default=platformdirs.user_cache_path("tektra") / "bench", help="where models are kept"
    )
    args = parser.parse_args()
    unknown = set(args.parts) - set(PARTS)
    if unknown:
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    parts = args.parts or list(PARTS)
    report: dict[str, object] = {
        "schema": "tektra.benchmark/1",
        "machine": {"processor": platform.processor() or platform.machine(), "cores": len(os.sched_getaffinity(0))},
    }
    if "commands" in parts:
        report["commands"] = measure_commands(args.runs)
    if "start" in parts:
        report["start"] = measure_first_token(3)
    if "decode" in parts:
        report["decode"] = measure(args.cache, args.pairs)
    if "prefixes" in parts:
        report["prefixes"] = measure_prefixes(args.cache, args.pairs)
    if "gaps" in parts:
        report["gaps"] = measure_gaps(args.cache)
    if "restart" in parts:
        report["restart"] = measure_restart(args.cache, args.pairs)
    if "drafts" in parts:
        report["drafts"] = measure_drafts(args.cache, args.pairs)
    if "swaps" in parts:
        report["swaps"] = measure_swaps(args.cache)
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
