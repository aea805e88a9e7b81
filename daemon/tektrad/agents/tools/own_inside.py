"""The one who calls a tool of somebody's own, in confinement: its source and arguments in, what it gives out.

Run as `python -I -c SOURCE REQUESTS FRAMES STDOUT STDERR`. Whatever the tool does with these descriptors, the other end
believes nothing of what comes.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

LENGTH_BYTES = 4
MOST_BYTES = 1 << 19
"""Of a result: in a frame to the agent there is more beside it."""
MOST_LINES = 12
MOST_CHARACTERS = 4_000
"""Of what was raised: its last lines."""


def main() -> None:
    """Take one call, do it, tell what came of it."""
    requests, frames, out, err = map(int, sys.argv[1:])
    for descriptor, standard in ((out, 1), (err, 2)):
        os.dup2(descriptor, standard)
        os.close(descriptor)
    for descriptor in (requests, frames):
        os.set_inheritable(descriptor, False)
    sys.argv[:] = [""]
    asked = json.loads(_read(requests, int.from_bytes(_read(requests, LENGTH_BYTES), "big")))
    exec(asked["install"], {})  # noqa: S102  Tektra's own
    own = os.getpid()
    told = _told(asked)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BaseException:  # noqa: BLE001, S110  the tool may have put anything there
            pass
    if os.getpid() != own:
        os._exit(0)  # a fork that the tool forgot to end
    view = memoryview(len(told).to_bytes(LENGTH_BYTES, "big") + told)
    while view:
        view = view[os.write(frames, view) :]
    os._exit(0)  # threads that the tool left have nothing to say any more


def _told(asked: dict[str, Any]) -> bytes:
    """A frame's bytes: a value, or an error in words."""
    name = asked["name"] + ".py"
    try:
        module = type(sys)("tool")  # a real one: dataclasses and type hints look for it
        sys.modules["tool"] = module
        exec(compile(asked["source"], name, "exec", dont_inherit=True), module.__dict__)  # noqa: S102  confined
        value = getattr(module, asked["name"])(**asked["arguments"])
    except BaseException as error:  # noqa: BLE001  also what would end a program
        return _encoded(error=_words(error, name, asked["source"]))
    try:
        data = _encoded(value=value)
    except (TypeError, ValueError, RecursionError) as error:
        return _encoded(error=f"it gave something that is no JSON ({type(value).__name__}): {error}"[:MOST_CHARACTERS])
    if len(data) > MOST_BYTES:
        return _encoded(error=f"it gave {len(data)} bytes, and {MOST_BYTES} are allowed")
    return data


def _encoded(value: Any = None, error: str | None = None) -> bytes:
    text = json.dumps({"value": value, "error": error}, allow_nan=False, ensure_ascii=False)
    return text.encode("utf-8", "replace")  # names of files may hold what is no text


def _words(error: BaseException, name: str, source: str) -> str:
    """The last lines of what was raised, with the tool's own lines only, whatever its methods do."""
    try:
        import linecache
        import traceback

        linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
        trace = error.__traceback__
        while trace is not None and trace.tb_frame.f_code.co_filename != name:
            trace = trace.tb_next
        lines = "".join(traceback.format_exception(type(error), error, trace)).rstrip().splitlines()
        text = "\n".join(lines[-MOST_LINES:])[-MOST_CHARACTERS:]
        return text.encode("utf-8", "replace").decode()
    except BaseException:  # noqa: BLE001
        return type(error).__name__


def _read(descriptor: int, count: int) -> bytes:
    data = b""
    while len(data) < count:
        more = os.read(descriptor, count - len(data))
        if not more:
            os._exit(0)
        data += more
    return data


if __name__ == "__main__":
    main()
