"""What llama.cpp says: warnings and errors go to stderr, of which the daemon quotes the last when a worker dies."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import llama_cpp.llama_cpp as llama

MOST_BYTES = 4096
"""Of one message: a hostile file's names may be endless."""
_WARNING, _ERROR = 3, 4


@llama.llama_log_callback  # type: ignore[untyped-decorator]
def _keep(level: int, text: bytes, user_data: Any) -> None:
    """Keep warnings and errors, drop the chatter; a module global, since collected callbacks crash."""
    if level in (_WARNING, _ERROR):
        _write(text)


def keep_warnings() -> None:
    """Let llama.cpp's warnings and errors go to stderr."""
    llama.llama_log_set(_keep, ctypes.c_void_p(0))


@contextmanager
def heard(hear: Callable[[bytes], None]) -> Iterator[None]:
    """Meanwhile `hear` is told every line that llama.cpp says; errors also go to stderr."""

    @llama.llama_log_callback  # type: ignore[untyped-decorator]
    def listen(level: int, text: bytes, user_data: Any) -> None:
        hear(text.rstrip())
        if level == _ERROR:
            _write(text)

    llama.llama_log_set(listen, ctypes.c_void_p(0))
    try:
        yield
    finally:
        keep_warnings()


def _write(text: bytes) -> None:
    sys.stderr.write(text[:MOST_BYTES].decode("utf-8", "replace"))
    sys.stderr.flush()
