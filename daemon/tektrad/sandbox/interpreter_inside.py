"""The Python inside: takes code in frames, keeps what it defines, and answers each in a frame.

Run as `python -I -c SOURCE REQUESTS ANSWERS STDOUT STDERR`, confined: the standard library only, and of that what loads
fast. Whatever runs here can do with these descriptors what it likes; the other end believes nothing of it.
"""

from __future__ import annotations

import _ast  # ast itself, json, traceback and their like would load for 50 ms
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
    from typing import Any

LENGTH_BYTES = 4
MOST_CHARACTERS = 25_000
"""Of each text: three of them fit into a frame, however JSON writes them."""
ONLY_AST = 0x400
sources: dict[str, str] = {}
"""What was run, by the name that tracebacks give it."""


def main() -> None:
    """Answer until nobody asks any more: a request is code, as a string of JSON."""
    requests, answers, out, err = map(int, sys.argv[1:])
    os.dup2(out, 1)
    os.dup2(err, 2)
    for descriptor in (out, err):
        os.close(descriptor)
    for descriptor in (requests, answers):
        os.set_inheritable(descriptor, False)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    sys.argv[:] = [""]
    sys.path.insert(0, "")
    module = type(sys)("__main__")
    module.__dict__["__builtins__"] = builtins
    sys.modules["__main__"] = module
    own, number = os.getpid(), 0
    while True:
        number += 1
        request = _read(requests, int.from_bytes(_read(requests, LENGTH_BYTES), "big"))
        value, error = _run(scanstring(request.decode(), 1)[0], f"<run {number}>", module.__dict__)
        for each in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__):
            try:
                each.flush()  # type: ignore[union-attr]
            except BaseException:  # noqa: BLE001, S110  the code may have put anything there
                pass
        if os.getpid() != own:
            os._exit(0)  # a fork that the code forgot to end
        data = f'{{"id":{number},"value":{_json(value)},"error":{_json(error)}}}'.encode()
        _write(answers, len(data).to_bytes(LENGTH_BYTES, "big") + data)


def _run(code: str, name: str, namespace: dict[str, Any]) -> tuple[str | None, dict[str, str] | None]:
    """The last expression's value as text, and what was raised."""
    sources[name] = code
    try:
        tree = compile(code, name, "exec", ONLY_AST)
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], _ast.Expr) else None
        exec(compile(tree, name, "exec"), namespace)  # noqa: S102  confined
        if last is None:
            return None, None
        value = eval(compile(_ast.Expression(last.value), name, "eval"), namespace)  # noqa: S307  confined
        return (None if value is None else _cut(repr(value))), None
    except BaseException as error:  # noqa: BLE001  also what would end a program
        return None, _told(error)


def _told(error: BaseException) -> dict[str, str]:
    """What was raised, whatever its own methods do."""
    told = {"type": type(error).__name__, "message": "", "traceback": ""}
    try:
        import linecache
        import traceback

        for name, code in sources.items():
            linecache.cache[name] = (len(code), None, code.splitlines(keepends=True), name)
        trace = error.__traceback__
        while trace is not None and trace.tb_frame.f_code.co_filename not in sources:
            trace = trace.tb_next
        told["message"] = str(error)
        told["traceback"] = "".join(traceback.format_exception(type(error), error, trace))
    except BaseException:  # noqa: BLE001, S110
        pass
    return {name: _cut(text) for name, text in told.items()}


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


def _write(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


if __name__ == "__main__":
    main()
