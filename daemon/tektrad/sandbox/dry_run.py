"""Running the source of a tool once in confinement, to see what it tries as soon as it is loaded."""

from __future__ import annotations

import json

import msgspec

from tektrad.sandbox import tool_module
from tektrad.sandbox.confinement import Level, Limits, Outcome, Program, Stream
from tektrad.sandbox.identity import python
from tektrad.sandbox.sandbox import Sandbox
from tektrad.sandbox.uninterrupted import in_threads

LIMITS = Limits(seconds=10.0, memory_bytes=512 << 20, output_bytes=2 << 20)
MOST_ACTS = 200
HARNESS = """{install}
import json, os, sys
source = json.loads({source})
tool = sys.modules["tool"] = types.ModuleType("tool")
ours = (sys.prefix, sys.base_prefix, os.path.dirname(os.__file__))
acts, over = [], False
WATCHED = {{
    "os.system": 0, "os.exec": 0, "os.posix_spawn": 0, "os.remove": 0, "os.rmdir": 0, "os.rename": 0, "os.chmod": 0,
    "os.chown": 0, "os.link": 0, "os.symlink": 0, "os.truncate": 0, "shutil.rmtree": 0, "ctypes.dlopen": 0,
    "subprocess.Popen": 1, "socket.connect": 1, "socket.bind": 1, "socket.getaddrinfo": 0, "urllib.Request": 0,
    "os.fork": None,
}}
def hear(event, arguments):
    if over or len(acts) >= {most}:
        return
    if event == "open":
        path, _, flags = arguments
        writes = bool(isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
        if isinstance(path, str) and (writes or not path.startswith(ours)):
            acts.append(["write" if writes else "read", path])
    elif event in WATCHED:
        at = WATCHED[event]
        acts.append([event, "" if at is None else str(arguments[at])[:300]])
def denied(event, what):
    if event == "read":
        return not os.access(what, os.R_OK)
    if event == "write":
        return not os.access(what if os.path.exists(what) else os.path.dirname(what) or ".", os.W_OK)
    return event.startswith("socket.") or event.startswith("urllib.")
out = os.dup(1)
null = os.open(os.devnull, os.O_RDWR)
for number in (0, 1, 2):
    os.dup2(null, number)
sys.addaudithook(hear)
error = ""
try:
    exec(compile(source, "tool.py", "exec"), tool.__dict__)
except BaseException as caught:
    error = (type(caught).__name__ + ": " + str(caught))[:500]
over = True
told = [{{"event": e, "what": w, "denied": denied(e, w)}} for e, w in acts]
os.write(out, json.dumps({{"acts": told, "error": error}}).encode())
"""
"""What runs around it. It only listens: who runs inside could tell it anything, and what it tells is advice."""


class Attempt(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something that was tried, and whether the confinement denies it."""

    event: str
    what: str
    denied: bool


class DryRun(msgspec.Struct, frozen=True, kw_only=True):
    """What became of it. `error`: how the source ended, if not well; `denied` counts system calls by name."""

    level: Level
    ended_by: str
    code: int
    error: str
    acts: list[Attempt]
    denied: dict[str, int]


class _Told(msgspec.Struct, forbid_unknown_fields=True):
    acts: list[Attempt]
    error: str


async def dry_run(sandbox: Sandbox, source: str) -> DryRun:
    """Run it once, in an empty folder, with little time; raises as Sandbox.run does."""
    heard: list[bytes] = []

    def hear(stream: Stream, data: bytes) -> None:
        if stream == "stdout":
            heard.append(data)

    script = HARNESS.format(install=tool_module.INSTALL, source=repr(json.dumps(source)), most=MOST_ACTS)
    async with in_threads(sandbox.fresh_folder()) as folder:
        program = Program((python(), "-I", "-"), folder, script.encode("utf-8", "backslashreplace"))
        outcome = await sandbox.run(program, LIMITS, hear)
    return _told(outcome, b"".join(heard))


def _told(outcome: Outcome, said: bytes) -> DryRun:
    try:
        told = msgspec.json.decode(said, type=_Told)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        told = _Told([], "it ended before it could be told what it had tried")
    return DryRun(
        level=outcome.level,
        ended_by=outcome.ended_by,
        code=outcome.code,
        error=told.error,
        acts=told.acts[:MOST_ACTS],
        denied=outcome.denied,
    )
