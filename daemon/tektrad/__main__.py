"""`python -m tektrad`: the daemon in the foreground, JSON logs on stderr."""

from __future__ import annotations

import argparse
import gc
import json
import os
import sys

import structlog
import uvloop

from tektrad.config import load_settings
from tektrad.daemon import serve
from tektrad.errors import CannotStart
from tektrad.logs import configure_logs
from tektrad.paths import Paths, UnsafePath, find_paths


def main() -> int:
    """Run until stopped; exit code 0, or 1 when it could not start."""
    parser = argparse.ArgumentParser(prog="python -m tektrad", description=__doc__)
    parser.add_argument("--ready-fd", type=int, default=None, help="write each step of the start there, as JSON lines")
    args = parser.parse_args()
    configure_logs("info")
    ready = _Ready(args.ready_fd)
    try:
        paths = _paths()
        settings = load_settings(paths.config_file)
        configure_logs(settings.log_level)
        gc.freeze()  # what start-up made stays: the collector need not look at it again
        uvloop.run(serve(settings, paths, ready.step))
    except CannotStart as error:
        structlog.get_logger().error("cannot start", code=error.code, error=error.message, hint=error.hint)
        ready.send({"error": {"code": error.code, "message": error.message, "hint": error.hint}})
        return 1
    return 0


def _paths() -> Paths:
    try:
        return find_paths()
    except UnsafePath as error:
        raise CannotStart(error.message, error.hint) from error


class _Ready:
    """The pipe to whoever started us; silent when there is none or when they have gone."""

    def __init__(self, fd: int | None) -> None:
        self._fd = fd

    def step(self, name: str) -> None:
        self.send({"ready": True} if name == "ready" else {"step": name})
        if name == "ready":
            self.close()

    def send(self, message: dict[str, object]) -> None:
        if self._fd is None:
            return
        try:
            os.write(self._fd, json.dumps(message).encode() + b"\n")
        except OSError:
            self.close()

    def close(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None


if __name__ == "__main__":
    sys.exit(main())
