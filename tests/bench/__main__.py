"""`python -m tests.bench [PART ...]`: measures and prints one JSON document; --help names the parts.

Run it on a quiet machine; every figure stands beside its floor, measured in the same run.
"""

from __future__ import annotations

import argparse
import json
import platform
import signal
import sys
from pathlib import Path
from typing import Any

from tektra_models.machine import cores
from tests.bench.at_once import measure_at_once
from tests.bench.attention import measure_attention
from tests.bench.audit import measure_audit
from tests.bench.commands import measure_commands, measure_first_token
from tests.bench.dashboard import measure_dashboard
from tests.bench.decode import measure
from tests.bench.door import measure_door
from tests.bench.drafts import measure_drafts
from tests.bench.gaps import measure_gaps
from tests.bench.guest import measure_guest
from tests.bench.interpreter import measure_interpreter
from tests.bench.peers import WORKLOADS, measure_peers
from tests.bench.policy import measure_policy
from tests.bench.prefixes import measure_prefixes
from tests.bench.restart import measure_restart
from tests.bench.sandbox import measure_sandbox
from tests.bench.swaps import measure_swaps
from tests.bench.tuned import measure_tuned
from tests.bench.workspace import measure_workspace
from tests.llama_sources import CACHE

PARTS = (
    "decode",
    "prefixes",
    "gaps",
    "restart",
    "drafts",
    "attention",
    "tuned",
    "swaps",
    "commands",
    "start",
    "audit",
    "policy",
    "sandbox",
    "workspace",
    "guest",
    "door",
    "at-once",
    "dashboard",
)
PEERS = "peers"
"""Only when it is asked for: it builds and installs other servers."""


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument(
        "parts", nargs="*", metavar="|".join((*PARTS, PEERS)), help="what to measure (default: all but the peers)"
    )
    parser.add_argument("--json", action="store_true", help="what is printed anyway: one JSON document")
    parser.add_argument(
        "--pairs", type=int, default=3, help="pairs of runs, in `prefixes` and `restart` runs (default 3)"
    )
    parser.add_argument("--runs", type=int, default=10, help="runs of each command, and in `guest` (default 10)")
    parser.add_argument("--entries", type=int, default=1_000_000, help="length of the log in `audit` (default 1000000)")
    parser.add_argument(
        "--rounds", type=int, default=40, help="rounds of `sandbox`; `door` takes ten times as many (default 40)"
    )
    parser.add_argument(
        "--session", type=float, default=360.0, help="seconds of the session in `dashboard` (default 360)"
    )
    parser.add_argument("--cache", type=Path, default=CACHE, help="where models, sources and peers are kept")
    parser.add_argument("--quick", action="store_true", help="`peers` in small, to see whether all works")
    parser.add_argument("--only", action="append", metavar="WORKLOAD", help="of `peers`, such as 'long prompt'; repeat")
    parser.add_argument("--plot", type=Path, metavar="FILE.svg", help="draw the ratios of `peers`")
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that no server is left behind
    unknown = set(args.parts) - {*PARTS, PEERS}
    if unknown:
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    unknown = set(args.only or ()) - WORKLOADS
    if unknown:
        parser.error(f"no such workload: {', '.join(sorted(unknown))}; there are {', '.join(sorted(WORKLOADS))}")
    parts = args.parts or list(PARTS)
    report: dict[str, Any] = {
        "schema": "tektra.benchmark/1",
        "machine": {"processor": platform.processor() or platform.machine(), "cores": cores()},
    }
    if "commands" in parts:
        report["commands"] = measure_commands(args.runs)
    if "sandbox" in parts:
        report["sandbox"] = measure_sandbox(args.rounds) | {"interpreter": measure_interpreter(args.rounds)}
    if "guest" in parts:
        report["guest"] = measure_guest(args.runs)
    if "at-once" in parts:
        report["at_once"] = measure_at_once()
    if "door" in parts:
        report["door"] = measure_door(args.rounds * 10)
    if "dashboard" in parts:
        report["dashboard"] = measure_dashboard(args.runs, args.session)
    if "workspace" in parts:
        report["workspace"] = measure_workspace()
    if "start" in parts:
        report["start"] = measure_first_token(3)
    if "audit" in parts:
        report["audit"] = measure_audit(args.entries)
    if "policy" in parts:
        report["policy"] = measure_policy()
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
    if "attention" in parts:
        report["attention"] = measure_attention(args.cache)
    if "swaps" in parts:
        report["swaps"] = measure_swaps(args.cache)
    if PEERS in parts:
        only = frozenset(args.only or WORKLOADS)
        report["peers"] = measure_peers(args.cache, args.pairs, quick=args.quick, only=only, plot=args.plot)
    if "tuned" in parts:
        report["tuned"] = measure_tuned(args.cache, args.pairs)
    print(json.dumps(report, indent=2))
    sys.exit(bool(report.get("peers", {}).get("failures")))


if __name__ == "__main__":
    main()
