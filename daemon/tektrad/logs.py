"""JSON logs on stderr, one object a line, with the request id that is current."""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Callable
from typing import Any, Literal, TextIO, cast

import structlog


class _Patient:
    """A stream that loses what cannot be written: a full disk below the log must not stop what is logged about."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        """Write, or lose it."""
        with contextlib.suppress(OSError, ValueError):
            self._stream.write(text)

    def flush(self) -> None:
        """Flush, or leave it."""
        with contextlib.suppress(OSError, ValueError):
            self._stream.flush()


class _Redaction:
    """The last look at a line before it is written; what cannot be looked at is not written."""

    def __init__(self) -> None:
        self.redact: Callable[[Any], Any] = _as_it_is

    def __call__(self, _: Any, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
        try:
            return cast("structlog.typing.EventDict", self.redact(event))
        except Exception as error:  # noqa: BLE001  logging must not break what is logged about
            return {"event": "a line could not be redacted and was left out", "why": type(error).__name__}


def _as_it_is(thing: Any) -> Any:
    return thing


_REDACTION = _Redaction()


def redact_with(redact: Callable[[Any], Any]) -> None:
    """Let `redact` change every line before it is written, from now on: loggers that exist already too."""
    _REDACTION.redact = redact


def configure_logs(level: Literal["debug", "info", "warning", "error"]) -> None:
    """Send our own events and those of libraries to stderr as JSON lines."""
    number = getattr(logging, level.upper())
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        structlog.processors.format_exc_info,
        _REDACTION,
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(cast("TextIO", _Patient(sys.stderr))),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(_Patient(sys.stderr))
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(processor=structlog.processors.JSONRenderer(), foreign_pre_chain=shared)
    )
    logging.basicConfig(handlers=[handler], level=max(number, logging.WARNING), force=True)
