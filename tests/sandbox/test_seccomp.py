"""No system call that is forbidden is passed over."""

from __future__ import annotations

import errno
import subprocess
import sys

import pytest

from tektrad.sandbox.confinement import Level
from tektrad.sandbox.seccomp import ALONE, FORBIDDEN, HEARD, UNNAMED, bpf, names, number

pyseccomp = pytest.importorskip(
    "pyseccomp", reason="libseccomp is missing", exc_type=(ImportError, RuntimeError, OSError)
)
ON_X86_ONLY = {
    "modify_ldt", "iopl", "ioperm", "uselib", "ustat", "sysfs", "chmod", "chown", "lchown", "utime", "utimes",
    "futimesat",
}  # fmt: skip
"""What newer architectures never had: `…at` took the place of most."""


def test_every_forbidden_call_of_this_kind_of_machine_has_a_number() -> None:
    assert None not in {number(name, pyseccomp.Arch.X86_64) for name in (*HEARD, *FORBIDDEN, *ALONE)}


@pytest.mark.parametrize("architecture", ["AARCH64", "RISCV64"])
def test_elsewhere_only_calls_that_there_are_not_go_without_one(architecture: str) -> None:
    found = {name: number(name, getattr(pyseccomp.Arch, architecture)) for name in (*HEARD, *FORBIDDEN, *ALONE)}
    assert {name for name, each in found.items() if each is None} <= ON_X86_ONLY


ALONE_IN_FORCE = """
import ctypes, sys
program = bytes.fromhex(sys.argv[1])
class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_char_p)]
libc = ctypes.CDLL(None, use_errno=True)
if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, ctypes.byref(Program(len(program) // 8, program)), 0, 0):
    sys.exit("no filter")
for number in sys.argv[2:]:
    print(libc.syscall(int(number), *(ctypes.c_long(-1) for _ in range(6))), ctypes.get_errno())
"""


def test_a_call_that_nobody_knows_is_an_error_and_not_passed_over() -> None:
    with pytest.raises(RuntimeError, match="no_such_call"):
        number("no_such_call", pyseccomp.Arch.NATIVE)


def test_numbers_of_our_own_are_those_that_libseccomp_knows() -> None:
    for name, ours in UNNAMED.items():
        assert pyseccomp.resolve_syscall(pyseccomp.Arch.NATIVE, name) in (ours, -1)


def test_every_call_that_is_heard_of_has_a_name() -> None:
    assert {*HEARD, "clone", "unshare", "ioctl"} - set(names().values()) <= ON_X86_ONLY


@pytest.mark.parametrize("level", ["A", "B"])
def test_what_is_heard_of_is_refused_also_before_anybody_can_hear_of_it(level: Level) -> None:
    numbers = {name: str(each) for each, name in names().items() if name != "ioctl"}
    line = [sys.executable, "-I", "-c", ALONE_IN_FORCE, bpf(level, is_heard=True).hex(), *numbers.values()]
    said = subprocess.run(line, capture_output=True, text=True, check=True).stdout.splitlines()
    assert dict(zip(numbers, said, strict=True)) == dict.fromkeys(numbers, f"-1 {errno.ENOSYS}")
