"""Denied system calls are heard of, and denied whether anybody hears of them or not."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tektrad.sandbox import bubblewrap, cgroup, launch, seccomp
from tektrad.sandbox.confinement import Limits, Program
from tektrad.sandbox.identity import SYSTEM_PYTHON, interpreter, is_root
from tektrad.sandbox.listener import AT_ONCE
from tektrad.sandbox.pipe import readable
from tektrad.sandbox.uninterrupted import in_threads
from tests.sandbox import escapes
from tests.sandbox.conftest import Confined, Outside

PYTHON = interpreter() or SYSTEM_PYTHON
CALLS = """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
def call(number, *arguments):
    ctypes.set_errno(0)
    result = libc.syscall(number, *arguments)
    return ctypes.get_errno() if result < 0 else "made"
"""
HEARD = {
    "ptrace": ["101, 16, 1, 0, 0"],
    "keyctl": ["250, 0, -3, 0"],
    "mount": ["165, b'none', b'/tmp', b'tmpfs', 0, 0", "165, b'none', b'/usr', b'tmpfs', 0, 0"],
    "unshare": ["272, 0x10000000", "272, 0x20000", "272, 0x40000000"],
    "clone": ["56, 0x10000000 | 17, 0, 0, 0, 0"],
    "setns": ["308, 0, 0"],
    "bpf": ["321, 5, b'\\0' * 128, 128"],
    "process_vm_readv": ["310, 1, b'x' * 16, 1, b'x' * 16, 1, 0"],
    "perf_event_open": ["298, b'\\0' * 120, 0, -1, -1, 0"],
    "init_module": ["175, b'', 0, b''"],
    "kexec_load": ["246, 0, 0, 0, 0"],
    "ioctl": ["16, 0, 0x5412, b'x'", "16, 0, 0x541C, b'x'"],
}
UNHEARD = {
    "memfd_create": ("319, b'x', 0", errno.EPERM),
    "clone3": ("435, b'\\0' * 64, 64", errno.ENOSYS),
    "sched_setaffinity": ("203, 0, 8, b'\\xff' * 8", errno.EPERM),
    "io_uring_setup": ("425, 1, b'\\0' * 120", errno.EPERM),
    "a socket to the host of a virtual machine": ("41, 40, 1, 0", errno.EPERM),
}
"""What libraries try on their own."""
x86_64 = pytest.mark.skipif(os.uname().machine != "x86_64", reason="the numbers of these calls are those of x86-64")


@pytest.fixture(scope="module", autouse=True)
def _hearing(confined: Confined) -> None:
    footing = asyncio.run(confined.sandbox.footing())
    if footing.unseen:
        pytest.skip(f"nobody hears of denied calls here: {footing.unseen}")


@x86_64
def test_what_is_denied_says_so_as_ever_and_is_counted_by_its_name(confined: Confined) -> None:
    lines = [f"print(call({each}))" for made in HEARD.values() for each in made]
    outcome, said = confined.python(CALLS + "\n".join(lines))
    assert set(said.split()) == {str(errno.EPERM)}
    assert outcome.denied == {name: len(made) for name, made in HEARD.items()}


@x86_64
@pytest.mark.parametrize(("call", "error"), UNHEARD.values(), ids=UNHEARD.keys())
def test_what_libraries_try_on_their_own_is_denied_without_a_word(confined: Confined, call: str, error: int) -> None:
    outcome, said = confined.python(CALLS + f"print(call({call}))")
    assert (said.strip(), outcome.denied) == (str(error), {})


def test_a_flood_is_answered_to_its_end_and_counted_to_the_last(confined: Confined) -> None:
    each = 2 * AT_ONCE + 1
    code = f"""
import os
def flood():
    for _ in range({each}):
        try: os.chroot("/")
        except PermissionError: pass
for _ in range(3):
    if os.fork() == 0: flood(); os._exit(0)
flood()
while True:
    try: os.wait()
    except ChildProcessError: break
print("done")
"""
    outcome, said = confined.python(code)
    assert (said, outcome.code, outcome.denied) == ("done\n", 0, {"chroot": 4 * each})


def test_a_flood_ends_with_its_time(confined: Confined) -> None:
    code = "import os\nwhile True:\n    try: os.chroot('/')\n    except PermissionError: pass"
    outcome, _ = confined.python(code, limits=Limits(seconds=1))
    assert outcome.ended_by == "time"
    assert outcome.denied["chroot"] > 0


def test_what_outlives_its_program_is_heard_until_it_is_ended(confined: Confined) -> None:
    code = """
import os
read, write = os.pipe()
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        count = 0
        while True:
            try: os.chroot("/")
            except PermissionError: count += 1
            if count == 5: os.write(write, b".")
    os._exit(0)
os.read(read, 1)
"""
    outcome, _ = confined.python(code)
    assert (outcome.code, outcome.ended_by) == (0, "itself")
    assert outcome.denied["chroot"] >= 5


def test_a_session_tells_of_each_run_what_was_denied_to_it(confined: Confined) -> None:
    denied = "import os\ntry: os.chroot('/')\nexcept PermissionError: pass"

    async def work() -> list[dict[str, int]]:
        sandbox = confined.sandbox
        async with in_threads(sandbox.fresh_folder()) as folder, sandbox.interpreter(folder, Limits()) as session:
            return [(await session.run(code, 60.0)).denied for code in (denied, "1 + 1", 2 * f"{denied}\n")]

    assert asyncio.run(work()) == [{"chroot": 1}, {}, {"chroot": 2}]


def test_nobody_inside_has_the_listener_or_can_have_one(confined: Confined) -> None:
    """Whoever has it could let calls be made."""
    code = f"""
import ctypes, os
for number in range(3, 256):
    try: print(number, os.fstat(number))
    except OSError: pass
libc = ctypes.CDLL(None, use_errno=True)
class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_char_p)]
allow = bytes.fromhex("060000000000ff7f")
program = Program(1, allow)
print(libc.syscall({seccomp.own_number()}, 1, 8, ctypes.byref(program)), ctypes.get_errno())
"""
    _, said = confined.python(code)
    assert said.splitlines() == [f"-1 {errno.EBUSY}"]


NOBODY_LISTENS = [
    pytest.param(code, id=f"{kind}: {name}")
    for kind in ("NAMESPACES", "PROCESSES", "KERNEL")
    for name, code in getattr(escapes, kind).items()
]


@pytest.mark.parametrize("code", NOBODY_LISTENS)
def test_nothing_gets_out_when_nobody_listens_any_more(confined: Confined, outside: Outside, code: str) -> None:
    with confined.folder() as folder:
        outside.place(folder)
        assert "ESCAPED" not in _while_nobody_listens(confined, folder, escapes.PRELUDE + code)
        assert outside.untouched()


@x86_64
def test_what_nobody_listens_to_is_refused_by_the_kernel(confined: Confined) -> None:
    lines = [f"print(call({each}))" for made in HEARD.values() for each in made]
    with confined.folder() as folder:
        said = _while_nobody_listens(confined, folder, CALLS + "\n".join(lines))
    assert set(said.split()) == {str(errno.ENOSYS)}


def _while_nobody_listens(confined: Confined, folder: Path, code: str) -> str:
    """What a program says whose listener was closed as soon as it came; the program waits for that."""
    waiting = f"import sys; sys.stdin.read()\n{code}"
    program = Program((PYTHON, "-c", waiting), folder)
    with contextlib.ExitStack() as held:
        group = held.enter_context(cgroup.made(Limits(), "tektra-test")) if is_root() else cgroup.Group(())
        ours, theirs = (held.enter_context(each) for each in socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET))
        if confined.level == "A":
            files = [held.enter_context(readable(data)) for data in launch.descriptors(is_heard=True)]
            line = launch.level_a(bubblewrap.find(), program, Limits(), files, group.members, theirs.fileno())
        else:
            control, kept = os.pipe()
            files = [control]
            held.callback(os.close, control)
            held.callback(os.close, kept)
            scratch = held.enter_context(confined.folder())
            line = launch.level_b(program, scratch, Limits(), control, group.members, theirs.fileno())
        process = subprocess.Popen(
            line,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=(*files, theirs.fileno()),
            cwd="/",
            env={},
        )
        _, (listener,), _, _ = socket.recv_fds(ours, 1, 1)
        os.close(listener)
        said, _ = process.communicate()
        return said.decode("utf-8", "replace")


ANOTHER_LISTENS = f"""
import asyncio, ctypes, os, socket, sys, tempfile
from pathlib import Path
import pyseccomp
from tektrad.sandbox import inside, seccomp
from tektrad.sandbox.confinement import Limits, Program
from tektrad.sandbox.sandbox import Sandbox

async def main(level):
    with tempfile.TemporaryDirectory(dir="/var/tmp") as scratch:
        sandbox = Sandbox(Path(scratch), [], at_most=level)
        print(await sandbox.footing())
        said = []
        with sandbox.fresh_folder() as folder:
            program = Program(({PYTHON!r}, "-c", "import os; os.chroot('/')"), folder)
            outcome = await sandbox.run(program, Limits(), lambda _, data: said.append(data))
        print(b"".join(said).decode().splitlines()[-1], outcome.denied)

rules = pyseccomp.SyscallFilter(defaction=pyseccomp.ALLOW)
rules.add_rule(pyseccomp.NOTIFY, "reboot")
ctypes.CDLL(None).prctl(38, 1, 0, 0, 0)
ours, theirs = socket.socketpair()
inside.be_heard(theirs.detach(), seccomp.own_number(), seccomp.exported(rules))
asyncio.run(main(sys.argv[1]))
ours.close()
"""


def test_where_another_listens_already_calls_are_denied_unheard_and_that_is_said(confined: Confined) -> None:
    """As in a container whose host hears of its calls."""
    line = [sys.executable, "-W", "error", "-c", ANOTHER_LISTENS, confined.level]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    footing, *ended = done.stdout.splitlines()
    assert f"level='{confined.level}'" in footing, done.stderr
    assert "nobody can be told of denied calls: Device or resource busy" in footing
    assert ended == ["PermissionError: [Errno 1] Operation not permitted: '/' {}"]
