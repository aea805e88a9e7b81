"""The Python inside: takes code in frames, keeps what it defines, and answers each in a frame.

Run as `python -I -c SOURCE FUNCTIONS REQUESTS ANSWERS STDOUT STDERR`, confined: the standard library only, and of that
what loads fast. FUNCTIONS are what code may call at the other end, as JSON: names and their parameters. Whatever runs
here can do with these descriptors what it likes; the other end believes nothing of it.
"""

from __future__ import annotations

import _ast  # ast itself, json, traceback and their like would load for 50 ms
import _thread
import builtins
import os
import sys

try:
    from _json import encode_basestring_ascii as quoted
    from _json import scanstring
except ImportError:
    from json.decoder import scanstring  # type: ignore[attr-defined,no-redef]
    from json.encoder import encode_basestring_ascii as quoted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

LENGTH_BYTES = 4
MOST_CHARACTERS = 25_000
"""Of each text: three of them fit into a frame, however JSON writes them."""
LONGEST_LINE = 300
MOST_BYTES = 512 << 10
"""Of a call: half of what a frame may hold."""
ONLY_AST = 0x400
sources: dict[str, str] = {}
"""What was run, by the name that tracebacks give it."""


def main() -> None:
    """Answer until nobody asks any more: a request is code, as a string of JSON."""
    requests, answers, out, err = map(int, sys.argv[2:])
    os.dup2(out, 1)
    os.dup2(err, 2)
    for descriptor in (out, err):
        os.close(descriptor)
    for descriptor in (requests, answers):
        os.set_inheritable(descriptor, False)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    functions = sys.argv[1]
    sys.argv[:] = [""]
    sys.path.insert(0, "")
    module = type(sys)("__main__")
    module.__dict__["__builtins__"] = builtins
    sys.modules["__main__"] = module
    caller, show = Caller(requests, answers), repr  # type: Caller, Callable[[Any], str]
    if functions != "{}":
        module.__dict__.update(caller.functions(functions))
        show = str
    own, number = os.getpid(), 0
    while True:
        number += 1
        request = _frame(requests)
        caller.number = number
        value, error = _run(scanstring(request.decode(), 1)[0], f"<run {number}>", module.__dict__, show)
        caller.over()
        for each in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__):
            try:
                each.flush()  # type: ignore[union-attr]
            except BaseException:  # noqa: BLE001, S110  the code may have put anything there
                pass
        if os.getpid() != own:
            os._exit(0)  # a fork that the code forgot to end
        _write(answers, f'{{"says":"answer","id":{number},"value":{_json(value)},"error":{_json(error)}}}'.encode())


class CallFailed(Exception):
    """What somebody at the other end says went wrong."""


class CodeEnded(BaseException):
    """The code is over: somebody at the other end says so."""


class Caller:
    """Calls what is not here: one function at a time, while code runs."""

    def __init__(self, requests: int, answers: int) -> None:
        self.number = 0
        """Of the code that runs; 0: none does."""
        self._requests, self._answers = requests, answers
        self._own = os.getpid()
        self._turn = _thread.allocate_lock()

    def functions(self, declared: str) -> dict[str, Any]:
        """Functions by their names; code that calls them shall do the same each time, so chance is the same too."""
        import json
        import random

        random.seed(0)
        self._json = json
        made = {name: self._function(name, parameters) for name, parameters in json.loads(declared).items()}
        return {**made, CallFailed.__name__: CallFailed}

    def over(self) -> None:
        """The code has come to its end; a call that one of its threads still makes comes to its own first."""
        with self._turn:
            self.number = 0

    def _function(self, name: str, parameters: list[str]) -> Callable[..., Any]:
        def function(*places: Any, **names: Any) -> Any:
            if len(places) > len(parameters):
                raise TypeError(f"{name}() takes {len(parameters)} arguments, and {len(places)} were given")
            given = dict(zip(parameters, places))  # noqa: B905
            for each in names:
                if each in given:
                    raise TypeError(f"{name}() got {each} twice")
            with self._turn:
                return self._called(name, {**given, **names})

        function.__name__ = function.__qualname__ = name
        return function

    def _called(self, name: str, arguments: dict[str, Any]) -> Any:
        if not self.number or os.getpid() != self._own:
            raise RuntimeError(f"{name}() can be called by the code alone, while it runs, and by no process of its own")
        call = {"says": "call", "id": self.number, "name": name, "arguments": self._plain(arguments)}
        data = self._json.dumps(call, ensure_ascii=False).encode("utf-8", "replace")
        if len(data) > MOST_BYTES:
            raise ValueError(f"{len(data)} bytes are too many for {name}()")
        _write(self._answers, data)
        said = self._json.loads(_frame(self._requests))
        if "error" in said:
            raise CallFailed(said["error"])
        if "result" not in said:
            raise CodeEnded
        return said["result"]

    def _plain(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Each as JSON, where it is that; paths as texts, all else as it would be shown."""
        plain = {}
        for name, value in arguments.items():
            try:
                plain[name] = self._json.loads(self._json.dumps(value, allow_nan=False, default=_shown))
            except (ValueError, TypeError, RecursionError):
                plain[name] = repr(value)
        return plain


def _shown(value: Any) -> str:
    return os.fsdecode(value) if isinstance(value, os.PathLike) else repr(value)


def _run(
    code: str, name: str, namespace: dict[str, Any], show: Callable[[Any], str]
) -> tuple[str | None, dict[str, str] | None]:
    """The last expression's value as text, and what was raised."""
    sources[name] = code
    try:
        tree = compile(code, name, "exec", ONLY_AST)
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], _ast.Expr) else None
        exec(compile(tree, name, "exec"), namespace)  # noqa: S102  confined
        if last is None:
            return None, None
        value = eval(compile(_ast.Expression(last.value), name, "eval"), namespace)  # noqa: S307  confined
        return (None if value is None else _cut(show(value))), None
    except CodeEnded:
        return None, None
    except BaseException as error:  # noqa: BLE001  also what would end a program
        return None, _told(error)


def _told(error: BaseException) -> dict[str, str]:
    """What was raised, whatever its own methods do."""
    told = {"type": type(error).__name__, "message": "", "traceback": "", "line": ""}
    try:
        import linecache
        import traceback

        for name, code in sources.items():
            linecache.cache[name] = (len(code), None, code.splitlines(keepends=True), name)
        trace = error.__traceback__
        while trace is not None and trace.tb_frame.f_code.co_filename not in sources:
            trace = trace.tb_next
        told["message"] = str(error)
        told["line"] = _line(error)[:LONGEST_LINE]
        told["traceback"] = "".join(traceback.format_exception(type(error), error, trace))
    except BaseException:  # noqa: BLE001, S110
        pass
    return {name: _cut(text) for name, text in told.items()}


def _line(error: BaseException) -> str:
    """The innermost line of the code where it came up."""
    if isinstance(error, SyntaxError) and error.filename in sources:
        return (error.text or "").strip()
    line, trace = "", error.__traceback__
    while trace is not None:
        lines = sources.get(trace.tb_frame.f_code.co_filename, "").splitlines()
        if 0 < trace.tb_lineno <= len(lines):
            line = lines[trace.tb_lineno - 1].strip()
        trace = trace.tb_next
    return line


def _cut(text: str) -> str:
    """The beginning and the end of a long text, in characters that can be encoded."""
    if len(text) > MOST_CHARACTERS:
        half = (MOST_CHARACTERS - 5) // 2
        text = f"{text[:half]}\n…\n{text[-half:]}"
    return text.encode("utf-8", "replace").decode()


def _json(value: str | dict[str, str] | None) -> str:
    if value is None:
        return "null"
    if isinstance(value, dict):
        return "{" + ",".join(f"{quoted(name)}:{quoted(text)}" for name, text in value.items()) + "}"
    return str(quoted(value))


def _read(descriptor: int, count: int) -> bytes:
    data = b""
    while len(data) < count:
        more = os.read(descriptor, count - len(data))
        if not more:
            os._exit(0)
        data += more
    return data


def _frame(descriptor: int) -> bytes:
    return _read(descriptor, int.from_bytes(_read(descriptor, LENGTH_BYTES), "big"))


def _write(descriptor: int, data: bytes) -> None:
    view = memoryview(len(data).to_bytes(LENGTH_BYTES, "big") + data)
    while view:
        view = view[os.write(descriptor, view) :]


if __name__ == "__main__":
    main()
