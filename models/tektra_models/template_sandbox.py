"""Where a template from a model file is rendered: Jinja's immutable sandbox, and bounds that it does not have.

A template is a program of a stranger (CVE-2024-34359). The sandbox bounds neither time nor memory; so time is bounded
by an alarm, memory by a limit on the process for as long as it renders, and the operators that make large values out
of small ones are checked. An alarm is only heard between two steps of the interpreter: a single step that does not end
(comparing two lists that hold each other a billion times over) is ended together with the process.
"""

from __future__ import annotations

import faulthandler
import json
import resource
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import GeneratorType
from typing import Any, Literal, NoReturn

import jinja2
from jinja2.exceptions import SecurityError
from jinja2.ext import Extension
from jinja2.filters import do_round
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment

from tektra_models.errors import TemplateFailed

MAX_REPEAT = 1 << 20
MAX_PRECISION = 64
RENDER_SECONDS = 5.0
RENDER_BYTES = 512 << 20
REMINDER_SECONDS = 0.1
"""After which the alarm comes again: one that rings while Python collects garbage is lost."""
LAST_RESORT = 2
"""How many times RENDER_SECONDS may pass before the process is ended."""


@contextmanager
def bounded() -> Iterator[None]:
    """Let the block take RENDER_SECONDS and grow the process by RENDER_BYTES; raises TemplateFailed or MemoryError."""
    with _deadline(RENDER_SECONDS), _memory(RENDER_BYTES):
        yield


class _Environment(ImmutableSandboxedEnvironment):
    intercepted_binops = frozenset(["*", "**", "%"])

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Lists may be appended to, as templates do; a template is given copies of what it could change so."""
        return (isinstance(obj, list) and attr == "append") or super().is_safe_attribute(obj, attr, value)

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if operator == "*" and _product_size(left, right) > MAX_REPEAT:
            raise SecurityError("the template multiplies a sequence beyond its bounds")
        if operator == "**" and _power_size(left, right) > MAX_REPEAT:
            raise SecurityError("the template raises a number beyond its bounds")
        if operator == "%" and isinstance(left, str):
            raise SecurityError("the template formats text with %, which can ask for any width")
        return super().call_binop(context, operator, left, right)


def _product_size(left: Any, right: Any) -> int:
    if isinstance(left, int) and isinstance(right, int):
        return max(left.bit_length(), right.bit_length())
    sequence, count = (left, right) if hasattr(left, "__len__") else (right, left)
    return len(sequence) * count if hasattr(sequence, "__len__") and isinstance(count, int) else 0


def _power_size(left: Any, right: Any) -> int:
    return left.bit_length() * right if isinstance(left, int) and isinstance(right, int) else 0


class _Generation(Extension):
    """`{% generation %} … {% endgeneration %}`: what the assistant says, marked for training; printed as it is."""

    tags = {"generation"}  # noqa: RUF012  as Jinja declares it

    def parse(self, parser: Parser) -> list[jinja2.nodes.Node]:
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


def environment() -> _Environment:
    """What templates may use: that which transformers offers them."""
    sandbox = _Environment(
        trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols", _Generation], autoescape=False
    )
    sandbox.filters |= {"tojson": _tojson, "round": _round}
    sandbox.globals["raise_exception"] = _raise_exception
    sandbox.globals["strftime_now"] = lambda form: datetime.now().astimezone().strftime(form)
    del sandbox.globals["lipsum"]
    return sandbox


def _raise_exception(message: Any) -> NoReturn:
    raise jinja2.TemplateError(str(message))


def _round(value: float, precision: int = 0, method: Literal["common", "ceil", "floor"] = "common") -> float:
    """Jinja's filter computes ten to the power of `precision`."""
    if abs(precision) > MAX_PRECISION:
        raise SecurityError("the template rounds to a precision beyond its bounds")
    return do_round(value, precision, method)


def _tojson(
    value: Any,
    ensure_ascii: bool = False,
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    """JSON as the templates of transformers expect it: not escaped for HTML."""
    return json.dumps(
        value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys, default=_listed
    )


def _listed(value: Any) -> list[Any]:
    """What Jinja's own filters give, such as `map`, as a list."""
    if isinstance(value, GeneratorType):
        return list(value)
    raise TypeError(f"a {type(value).__name__} is no JSON")


@contextmanager
def _deadline(seconds: float) -> Iterator[None]:
    """Raise TemplateFailed in this thread after `seconds`; off the main thread there is only the last resort."""
    faulthandler.dump_traceback_later(seconds * LAST_RESORT, exit=True, file=2)
    try:
        with _alarm(seconds):
            yield
    finally:
        faulthandler.cancel_dump_traceback_later()


@contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def expire(signum: int, frame: object) -> NoReturn:
        raise TemplateFailed(f"the model's chat template ran longer than {seconds:g} s and was stopped")

    before = signal.signal(signal.SIGALRM, expire)
    signal.setitimer(signal.ITIMER_REAL, seconds, REMINDER_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextmanager
def _memory(extra: int) -> Iterator[None]:
    """Let the process grow by at most `extra` bytes meanwhile; without effect where there is no /proc."""
    try:
        taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except OSError:
        yield
        return
    before, hard = resource.getrlimit(resource.RLIMIT_AS)
    bounds = [bound for bound in (taken + extra, before, hard) if bound != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_AS, (min(bounds), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (before, hard))
